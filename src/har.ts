// A partner's traffic with the real provider, out of a HAR file of a browser or a proxy, as a case file: the recorded answers are what the provider
// said, so a replay shows where the sandbox says something else.
import { z } from 'zod'
import { shapeOf } from './compare.ts'
import { version } from './control/version.ts'
import type { Contract } from './http/contract.ts'
import { FORMAT, hiding, HIDDEN, mapTexts, type RecordedCall, type Recording, secretsIn, type Shape, Unusable } from './keep/recording.ts'
import { SECRET } from './redact.ts'
import type { Provider } from './provider.ts'
import { Sandbox } from './sandbox.ts'

const NOTE =
  'Made from a HAR file: each answer is what the real provider said. Held against the sandbox\'s own: the status, the headers in compare.headers, and the body field by field, equal but for compare.fields, where only the shape must be the same. Every call is taken as made by the first demo account; ids and addresses that are others here are replaced in the calls that follow.'

/** Headers that are between client and server, and not part of a case. */
const HOP = /^(:|content-length$|connection$|host$|accept-encoding$|transfer-encoding$|sec-|user-agent$|referer$|origin$)/
const METHODS_WITHOUT_CASE = ['OPTIONS', 'CONNECT', 'HEAD']
/** The end of the year 9999. */
const LAST_MS = 253_402_300_799_999
const JSON_BODY = /^\s*[[{]/

/** The parts of an entry that count here; what is left out, some tools write as null. */
const Pairs = z.array(z.object({ name: z.string(), value: z.string() })).nullish()
const Content = z.object({ text: z.string().nullish(), encoding: z.string().nullish() }).nullish()
const Entry = z.object({
  startedDateTime: z.string().refine(isInstant, 'expected an instant such as 2026-05-16T19:00:00Z'),
  request: z.object({ method: z.string(), url: z.string(), headers: Pairs, postData: Content }),
  response: z.object({ status: z.int().max(999), headers: Pairs, content: Content }),
})

type HarPairs = z.output<typeof Pairs>
type HarEntry = z.output<typeof Entry>

/** Throws `Unusable` when the file is no HAR file, or has no call of this provider in it. */
export function importHar(text: string, provider: Provider, contract: Contract): Recording {
  const found = entriesOf(text).flatMap((entry) => {
    const target = targetOf(entry.request.url, provider.name)
    return target && !METHODS_WITHOUT_CASE.includes(entry.request.method) && entry.response.status > 0 ? [{ entry, ...target }] : []
  })
  // A path that the provider does not document may still be a call of it, when it went where the documented ones went.
  const hosts = new Set(found.filter(({ entry, path }) => contract.match(entry.request.method, path)).map(({ host }) => host))
  const calls = found.filter(({ host }) => hosts.has(host)).sort((a, b) => Date.parse(a.entry.startedDateTime) - Date.parse(b.entry.startedDateTime))
  if (calls.length === 0) throw new Unusable(`no request in it has a path of ${provider.title}, such as ${contract.operations[0]!.method} ${contract.basePath}${contract.operations[0]!.path}`)

  const start = new Date(calls[0]!.entry.startedDateTime).toISOString()
  const world = new Sandbox(new Map([[provider.name, provider]]), { clock: start }).world()!
  const who = provider.identity.of(provider.identity.callers(world)[0], world)
  const secrets = calls.flatMap(({ entry }) => [
    ...pairs(entry.request.headers).flatMap(([name, value]) => (isSecret(name, provider) && value.length >= 12 ? [value, value.replace(/^\w+ +/, '')] : [])),
    ...secretsIn(entry.request.postData?.text ?? undefined),
    ...secretsIn(bodyOf(entry)),
  ])
  const journal = calls.map(({ entry, path, query }, index): RecordedCall => asCall(entry, path, query, { entry: index + 1, provider, contract, who }))
  return mapTexts(
    {
      sandgate: 'recording',
      format: FORMAT,
      version,
      note: NOTE,
      contracts: {},
      seed: 'sandgate',
      clock: { start, mode: 'frozen' },
      settings: {},
      callbacks: {},
      limits: {},
      strict: false,
      assume: {},
      journal,
      end: { entry: journal.length, at: journal.at(-1)!.at },
    } satisfies Recording,
    hiding(new Map(secrets.map((secret) => [secret, HIDDEN]))),
  )
}

function entriesOf(text: string): readonly HarEntry[] {
  let har: any
  try {
    // Some tools begin their files with a byte order mark.
    har = JSON.parse(text.replace(/^\ufeff/, ''))
  } catch (error) {
    throw new Unusable(`it is not JSON: ${(error as Error).message}`)
  }
  const entries = har?.log?.entries
  if (!Array.isArray(entries)) throw new Unusable('it is no HAR file: it has no log.entries')
  return entries.map((entry, index) => {
    const parsed = Entry.safeParse(entry)
    if (parsed.success) return parsed.data
    const { path, message } = parsed.error.issues[0]!
    throw new Unusable(`log.entries[${index}]${path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('')}: ${message}`)
  })
}

function isInstant(text: string): boolean {
  const ms = Date.parse(text)
  return ms >= 0 && ms <= LAST_MS
}

/** The provider's own path and where it was sent; a sandbox's prefix is taken off. */
function targetOf(url: string, provider: string): { host: string; path: string; query: string | undefined } | undefined {
  const match = /^https?:\/\/([^/?#]+)([^?#]*)(?:\?([^#]*))?/i.exec(url)
  if (!match) return undefined
  const [, host, path, query] = match
  return { host: host!.toLowerCase(), path: path!.replace(new RegExp(`^(/w/[a-z0-9-]+)?/${provider}(?=/)`), '') || '/', query }
}

function asCall(entry: HarEntry, path: string, query: string | undefined, { entry: number, provider, contract, who }: { entry: number; provider: Provider; contract: Contract; who: RecordedCall['who'] }): RecordedCall {
  const { request, response, startedDateTime } = entry
  const at = new Date(startedDateTime).toISOString()
  const headers = pairs(request.headers).filter(([name]) => !HOP.test(name)).map(([name, value]) => [name, isSecret(name, provider) ? HIDDEN : value] as const)
  const body = bodyOf(entry)
  const type = pairs(response.headers).find(([name]) => name === 'content-type')?.[1]
  const operation = contract.match(request.method, path)?.operation.id
  const { text, encoding } = request.postData ?? {}
  const sent = [text ?? '', path, query ?? ''].join('\n')
  return {
    kind: 'call',
    entry: number,
    at,
    wall: at,
    provider: provider.name,
    ...(operation !== undefined && { operation }),
    method: request.method,
    path,
    ...(query !== undefined && { query }),
    origin: /^https?:\/\/[^/?#]+/i.exec(request.url)![0],
    ip: '127.0.0.1',
    headers: Object.fromEntries(headers),
    ...(text && (encoding === 'base64' ? { body_base64: text } : { body: text })),
    // Whoever was turned away at the door is turned away again.
    ...(response.status !== 401 && { who }),
    answer: { status: response.status, headers: type === undefined ? {} : { 'content-type': type }, ...(body !== undefined && { body }) },
    compare: { headers: body === undefined ? [] : ['content-type'], fields: body !== undefined && JSON_BODY.test(body) ? shapes(body, sent) : {} },
  }
}

function bodyOf({ response: { content } }: HarEntry): string | undefined {
  if (!content?.text) return undefined
  return content.encoding === 'base64' ? Buffer.from(content.text, 'base64').toString('utf8') : content.text
}

function pairs(headers: HarPairs): [string, string][] {
  return (headers ?? []).map(({ name, value }) => [name.toLowerCase(), value])
}

function isSecret(name: string, { keyHeader }: Provider): boolean {
  return SECRET.test(name) || name === keyHeader
}

/** The fields of an answer that need only the same shape. What the partner had sent itself must come back as it was. */
function shapes(body: string, sent: string): Record<string, Shape> {
  const found: Record<string, Shape> = {}
  const walk = (value: unknown, name: string, path: string): void => {
    if (Array.isArray(value)) return value.forEach((item) => walk(item, name, `${path}[*]`))
    if (typeof value === 'object' && value !== null) return Object.entries(value).forEach(([key, item]) => walk(item, key, `${path}.${key}`))
    const shape = shapeOf(name, value)
    if (shape !== undefined && !(String(value).length >= 4 && sent.includes(String(value)))) found[path] = shape
  }
  try {
    walk(JSON.parse(body), '', '$')
  } catch {
    return {}
  }
  return found
}
