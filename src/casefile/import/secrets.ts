// Where secrets stand in calls to a real provider. What names and shapes secrets have, and taking them out in every spelling, is left to redact.ts.
import type { Provider } from '../../provider.ts'
import {
  hiding,
  HIDDEN,
  isForeignSecretField,
  isForeignSecretHeader,
  keysIn,
  secretsIn,
  textsNamed,
  withoutSecretShapes,
} from '../../text/redact.ts'
import { jsonBody } from './bodies.ts'
import type { Pair } from './exchange.ts'

/** Shorter texts are words. */
const SHORTEST = 8

export function isSecretHeader(name: string, { keyHeader }: Provider): boolean {
  return isForeignSecretHeader(name) || name === keyHeader
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
  return (text) => withoutSecretShapes(hideKnown(text))
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
  return [...new URLSearchParams(query ?? '')].flatMap(([name, value]) => (isForeignSecretField(name) ? [value] : []))
}

function inBody(body: Buffer | undefined): string[] {
  const json = jsonBody(body)
  if (!json) return []
  return [...secretsIn(body!.toString('utf8')), ...textsNamed(json.value, isForeignSecretField)]
}
