// An answer for an operation that no provider models: Prism picks the response as the document says, json-schema-faker fills it, seeded by name.
// Prism takes seconds to import, so it is loaded when the first such call arrives and never before.
import type { IHttpOperation } from '@stoplight/types'
import type { Answer, Call } from '../provider.ts'
import type { World } from '../world/world.ts'
import type { Contract, Match } from './contract.ts'
import type { Served } from './reply.ts'

type Prism = Awaited<ReturnType<typeof loadPrism>>

/** Makes samples for a set of contracts; what it has loaded it keeps. */
export class Sampler {
  #prism: Promise<Prism> | undefined
  readonly #operations = new Map<string, Promise<IHttpOperation[]>>()

  /** Resolves with what makes the answer, in one turn; what has to be waited for comes before. */
  readonly answer = async (served: Served, call: Call, match: Match): Promise<(world: World) => Answer> => {
    // rule: sandgate.sampled
    const prism = await (this.#prism ??= loadPrism())
    const operations = await this.#operationsOf(served.contract, prism)
    const resource = operations.find(({ iid }) => iid === match.operation.id)
    if (!resource) throw new Error(`Prism does not know ${match.operation.id}`)

    const found = await prism.request(served.contract, resource, call)
    return (world) => {
      const number = world.change(() => world.next(`samples/${call.provider}`))
      const seed = world.draw('sample', call.provider, match.operation.id, number).below(2 ** 32)
      const { status, mediaType, schema } = served.contract.responseOf(match.operation, found.status)
      const body = found.example ?? (schema && prism.generate(schema, seed))
      call.note('sampled', `${match.operation.id} is not modelled: this answer was made up from the document`)
      return { status, headers: { ...(mediaType && { 'content-type': mediaType }), 'x-sandgate': 'sampled' }, body }
    }
  }

  #operationsOf(contract: Contract, prism: Prism): Promise<IHttpOperation[]> {
    let operations = this.#operations.get(contract.name)
    if (!operations) this.#operations.set(contract.name, (operations = prism.read(contract)))
    return operations
  }
}

async function loadPrism() {
  const [http, { createLogger }, { generateSync }] = await Promise.all([
    import('@stoplight/prism-http'),
    import('@stoplight/prism-core'),
    import('json-schema-faker'),
  ])
  const instance = http.createInstance(
    { isProxy: false, checkSecurity: false, validateRequest: true, validateResponse: false, errors: false, upstreamProxy: undefined, mock: { dynamic: false } },
    { logger: createLogger('sandgate', { level: 'silent' }) },
  )
  return {
    read: (contract: Contract) => http.getHttpOperationsFromSpec(contract.file),
    /** What Prism would answer: the status it picks, and the body where the document gives an example. */
    request: async (contract: Contract, resource: IHttpOperation, call: Call) => {
      const outcome: any = await instance.request(
        {
          method: call.method.toLowerCase() as 'get',
          url: { path: call.path.slice(contract.basePath.length), query: Object.fromEntries(new URLSearchParams(call.query ?? '')) },
          headers: call.headers as Record<string, string>,
          body: call.content.kind === 'json' ? call.content.value : undefined,
        },
        [resource],
      )()
      if (outcome._tag === 'Left') return { status: Number(outcome.left.status ?? 500), example: undefined }
      const { output } = outcome.right
      const contents = resource.responses.find(({ code }) => code === String(output.statusCode))?.contents ?? []
      const given = contents.some(({ examples }) => examples && examples.length > 0)
      return { status: output.statusCode as number, example: given ? (output.body as unknown) : undefined }
    },
    generate: (schema: object, seed: number) => generateSync(schema as any, { seed }),
  }
}
