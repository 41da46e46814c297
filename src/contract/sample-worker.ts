// The thread that makes samples: Prism picks the response and the example that the document gives, json-schema-faker fills a schema, seeded. Both take
// seconds to import, which nobody is to wait for but who asked for a sample. Whether a sample is on contract is left to sample.ts.
import { parentPort } from 'node:worker_threads'
import { createLogger } from '@stoplight/prism-core'
import { getHttpOperationsFromSpec } from '@stoplight/prism-http'
import mock from '@stoplight/prism-http/dist/mocker/index.js'
import { generateSync } from 'json-schema-faker'

/** What this thread is asked, one question a message. */
export type Question =
  | { readonly pick: { readonly file: string; readonly operation: string } }
  | { readonly fill: { readonly schema: object; readonly seed: number; readonly sparing: boolean } }

/** What the document itself says of the answer to a good call. */
export interface Picked {
  readonly status: number | undefined
  readonly example: unknown
}

const logger = createLogger('samples', { level: 'silent' })
const operations = new Map<string, ReturnType<typeof getHttpOperationsFromSpec>>()

const NOTHING: Picked = { status: undefined, example: undefined }

async function pick({ file, operation }: { readonly file: string; readonly operation: string }): Promise<Picked> {
  // A document that Prism does not take has no example; its schemas are filled all the same.
  if (!operations.has(file))
    operations.set(
      file,
      getHttpOperationsFromSpec(file).catch(() => []),
    )
  const found = (await operations.get(file)!).find(({ iid }) => iid === operation)
  if (!found) return NOTHING
  // Callbacks would be sent; the call itself was judged before it came here.
  const { callbacks: _, ...resource } = found
  const input = {
    validations: [],
    data: { method: resource.method as 'get', url: { path: resource.path, query: {} }, headers: {}, body: undefined },
  }
  const outcome: any = (mock as any).default({ resource, input, config: { dynamic: false } })(logger)
  if (outcome._tag === 'Left') return NOTHING
  const { statusCode, body } = outcome.right
  const contents = resource.responses.find(({ code }) => code === String(statusCode))?.contents ?? []
  return {
    status: statusCode,
    example: contents.some(({ examples }) => examples && examples.length > 0) ? body : undefined,
  }
}

async function answer(question: Question): Promise<unknown> {
  if ('pick' in question) return pick(question.pick)
  const { schema, seed, sparing } = question.fill
  // Sparing: nothing that may be left out, which is where contradictions come from.
  return generateSync(schema as any, { seed, ...(sparing && { optionalsProbability: 0, maxDefaultItems: 1 }) })
}

parentPort!.on('message', async ({ id, question }: { readonly id: number; readonly question: Question }) => {
  try {
    parentPort!.postMessage({ id, answer: await answer(question) })
  } catch (error) {
    parentPort!.postMessage({ id, error: String(error) })
  }
})
