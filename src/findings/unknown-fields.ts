// A field that the provider does not know and drops without a word: the call succeeds, and what it meant by the field never happens.
import { didYouMean } from '../text/suggest.ts'
import { type Detector, isObject } from './scene.ts'

/** How deep a body is looked into. */
const DEPTH_MAX = 10

// rule: sandgate.findings.unknown-field
export const unknownField: Detector = {
  kind: 'unknown-field',
  begin({ contract }, tell) {
    return {
      see(entry, call) {
        if (!call?.succeeded || call.pitfalls.ignoresFields !== true || !isObject(call.json)) return
        const operation = call.documented
        // A call that nobody models is answered with a sample, whatever it says.
        if (!operation?.body || !call.provider.operations[operation.id]) return
        const shape = contract(call.provider.name).shapeOf(operation)
        if (!shape) return
        const { names } = shape
        for (const path of unknown(call.json, names, 0)) {
          const field = path.slice(0, 100)
          const name = path.slice(path.lastIndexOf('.') + 1)
          tell({
            provider: call.provider.name,
            subject: `${call.name} ${field}`,
            says: `${call.name} was sent with ${field}, which it does not know: the provider answered ${entry.kind === 'call' ? entry.status : ''} and dropped it in silence${didYouMean(name, [...names])}`.replace(
              /([^?])$/,
              '$1.',
            ),
            advice:
              'Take it out, or write it as the documents do; check bodies against the OpenAPI document in your tests.',
            entries: [entry.id],
          })
        }
      },
    }
  },
}

/** The paths of the members that nobody declares. */
function* unknown(value: unknown, names: ReadonlySet<string>, depth: number, path = ''): Generator<string> {
  if (depth > DEPTH_MAX) return
  if (Array.isArray(value)) for (const item of value) yield* unknown(item, names, depth + 1, path)
  if (!isObject(value)) return
  for (const name of Object.keys(value)) {
    const at = path === '' ? name : `${path}.${name}`
    if (!names.has(name)) yield at
    else yield* unknown(value[name], names, depth + 1, at)
  }
}
