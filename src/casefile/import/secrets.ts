// What lets somebody in, in calls to a real provider: found by where it stands and by what it looks like. Taking it out in every spelling is left to
// redact.ts.
import { HIDDEN, hiding, keysIn, SECRET, secretsIn, withoutLogins } from '../../text/redact.ts'
import type { Provider } from '../../provider.ts'
import { jsonBody } from './bodies.ts'
import type { Pair } from './exchange.ts'

/** Beside the headers that are secret everywhere: what partners, proxies and browsers add. */
const MORE_HEADERS = /session|passw|auth|credential|csrf|xsrf|jwt|bearer|secret/
/** Names of fields and of query values that are secret. */
const SECRET_FIELD =
  /secret|signature|passw(or)?d|credential|(^|[_-])(api|access|private|auth|bearer|refresh|session)[_-]?(key|token|id)$|^(authorization|sig|jwt)$/i
/** What a secret of any provider looks like, however it is escaped in a URL or in JSON. */
const UNDERSCORE = '(?:_|%(?:25)*5f|\\\\u005f)'
const LOOKS_SECRET: readonly (readonly [pattern: RegExp, stands: string])[] = [
  [new RegExp(`sk${UNDERSCORE}(?:live|test)(?:${UNDERSCORE}|[A-Za-z0-9-]|%(?:25)*[2-7][0-9a-f])+`, 'gi'), HIDDEN],
  [/\b(bearer|basic)(\s+|%20|\+)(?=\S*\d|\S{20})[A-Za-z0-9._~+/=-]{8,}/gi, `$1$2${HIDDEN}`],
  [/\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?/g, HIDDEN],
]
/** Shorter texts are words. */
const SHORTEST = 8

export function isSecretHeader(name: string, { keyHeader }: Provider): boolean {
  return SECRET.test(name) || name === keyHeader || MORE_HEADERS.test(name)
}

export function isSecretField(name: string): boolean {
  return SECRET_FIELD.test(name)
}

/** What of one call may hold secrets; only what was drawn at random is looked for elsewhere. */
interface Spoken {
  readonly headers: readonly Pair[] | undefined
  readonly answerHeaders: readonly Pair[] | undefined
  readonly query: string | undefined
  readonly bodies: readonly (Buffer | undefined)[]
}

// rule: sandgate.import.secrets
/** Takes out of a text whatever the calls, the demo accounts and the config file have of secrets. */
export function secretsOut(calls: readonly Spoken[], provider: Provider, settings: unknown): (text: string) => string {
  const spoken = calls.flatMap((call) => [
    ...inHeaders(call, provider),
    ...inQuery(call.query),
    ...call.bodies.flatMap(inBody),
  ])
  const demo = provider.demo.flatMap(({ key, secret }) => (secret === undefined ? [key] : [key, secret]))
  const texts = [...spoken.filter((text) => text.length >= SHORTEST), ...demo, ...keysIn(settings)]
  const hideKnown = hiding(new Map(texts.map((text) => [text, HIDDEN])))
  return (text) =>
    withoutLogins(LOOKS_SECRET.reduce((left, [pattern, stands]) => left.replace(pattern, stands), hideKnown(text)))
}

/** Drawn by somebody, and not a word, a path or a media type: many a header of a proxy is called a key. */
const LOOKS_DRAWN = /^(?!\/)(?=.*\d)(?=.*[A-Za-z])\S+$/
/** Longer than what a partner calls its customers. */
const SHORTEST_OF_OTHERS = 16

function inHeaders({ headers, answerHeaders }: Spoken, provider: Provider): string[] {
  const others = [...(headers ?? []), ...(answerHeaders ?? [])].filter(
    ([name]) => isSecretHeader(name, provider) && !isOfCaller(name, provider),
  )
  const values = others.flatMap(([name, value]) =>
    /cookie/.test(name) ? value.split(/[;,]\s*/).map((pair) => pair.slice(pair.indexOf('=') + 1)) : [value],
  )
  const own = (headers ?? [])
    .filter(([name]) => isOfCaller(name, provider))
    .flatMap(([, value]) => {
      const bare = value.replace(/^\w+ +/, '')
      return [value, bare, ...(/^basic /i.test(value) ? Buffer.from(bare, 'base64').toString('utf8').split(':') : [])]
    })
  return [...own, ...values.filter((value) => value.length >= SHORTEST_OF_OTHERS && LOOKS_DRAWN.test(value))]
}

/** What the call itself was made with. */
function isOfCaller(name: string, { keyHeader }: Provider): boolean {
  return name === keyHeader || /^(proxy-)?authorization$|sign/.test(name)
}

function inQuery(query: string | undefined): string[] {
  return [...new URLSearchParams(query ?? '')].flatMap(([name, value]) => (isSecretField(name) ? [value] : []))
}

function inBody(body: Buffer | undefined): string[] {
  const json = jsonBody(body)
  if (!json) return []
  const found = secretsIn(body!.toString('utf8'))
  const walk = (value: unknown, name: string): void => {
    if (typeof value === 'string' && isSecretField(name)) found.push(value)
    if (Array.isArray(value)) value.forEach((item) => walk(item, name))
    else if (typeof value === 'object' && value !== null)
      Object.entries(value).forEach(([key, item]) => walk(item, key))
  }
  walk(json.value, '')
  return found
}
