// Which refusal an answer of the real provider was: found in the provider's own table by status and body, when it is one that depends on who calls
// and how often, never on what is asked for. Such a call is refused again in a replay, because nobody here can know why.
import type { RecordedCall } from '../format.ts'
import type { Answer, Call, Provider } from '../../provider.ts'

type Refused = NonNullable<RecordedCall['refused']>

interface Candidate {
  /** Undefined: it depends on what is asked for. */
  readonly refused: Refused | undefined
  readonly fields: ReadonlyMap<string, string>
}

/** What a real provider answered; `status` and `body` are undefined where the file does not hold them, `body` also where it is no JSON. */
interface Context {
  readonly status: number | undefined
  readonly body: { readonly value: unknown } | undefined
  /** The file holds a body, of whatever kind. */
  readonly hasBody: boolean
}

// rule: sandgate.import.refused
export function refusedAs({ status, body, hasBody }: Context, call: Call, provider: Provider): Refused | undefined {
  const candidates = candidatesOf(status, call, provider)
  const own = candidates.filter(({ refused }) => refused)
  if (own.length === 0) return undefined
  if (status === undefined) return own.find(({ fields }) => body && isSame(fields, fieldsOf(body.value)))?.refused
  if (body) {
    const told = fieldsOf(body.value)
    // What all refusals of a status have in common tells none from another.
    const telling = (field: string) =>
      candidates.length === 1 || candidates.some(({ fields }) => fields.get(field) !== candidates[0]!.fields.get(field))
    const score = ({ fields }: Candidate) =>
      [...fields].filter(([field, value]) => telling(field) && told.get(field) === value).length
    const best = Math.max(...candidates.map(score))
    if (best > 0)
      return (own.find((candidate) => score(candidate) === best) ??
        candidates.find((candidate) => score(candidate) === best))!.refused
  }
  // Nothing tells which one it was: it is one of them where there are no others.
  const others = candidates.filter(
    ({ refused, fields }) => !refused && !own.some((candidate) => isSame(candidate.fields, fields)),
  )
  return others.length === 0 || !hasBody ? own[0]!.refused : undefined
}

function candidatesOf(status: number | undefined, call: Call, provider: Provider): Candidate[] {
  const own = (provider.identity.refuses ?? []).map(({ name, gate, detail }) => ({
    name,
    detail,
    refused: { gate: gate.id, name, ...(detail && { detail: { ...detail } }) },
  }))
  const others = Object.keys(provider.refusals)
    .filter((name) => !own.some((row) => row.name === name))
    .map((name) => ({ name, detail: undefined, refused: undefined }))
  return [...own, ...others].flatMap(({ name, detail, refused }) => {
    const answer = answerOf(name, detail ?? {}, call, provider)
    return answer && (status === undefined || answer.status === status)
      ? [{ refused, fields: fieldsOf(answer.body) }]
      : []
  })
}

/** Some refusals speak of what a call has, and this one may not have it. */
function answerOf(name: string, detail: object, call: Call, provider: Provider): Answer | undefined {
  try {
    return provider.refusals[name]!(detail, call)
  } catch {
    return undefined
  }
}

/** Each scalar in a body by the way to it. */
function fieldsOf(value: unknown, path = '$'): Map<string, string> {
  if (typeof value !== 'object' || value === null) return new Map([[path, JSON.stringify(value)]])
  return new Map(Object.entries(value).flatMap(([name, item]) => [...fieldsOf(item, `${path}.${name}`)]))
}

function isSame(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  return a.size === b.size && [...a].every(([field, value]) => b.get(field) === value)
}
