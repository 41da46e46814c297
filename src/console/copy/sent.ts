// A call of the journal taken apart, for those who write it down in another form: which path of the provider, which headers a client chose itself, where
// something was hidden.
import type { Entry } from '../api/shapes.ts'

/** What the journal shows in place of a secret. */
export const UNSEEN = '(hidden)'

/** Where the sandbox is, and which of its worlds is meant. */
export interface Place {
  /** `http://127.0.0.1:4010`. */
  readonly origin: string
  readonly world: string
  /** Whether its control API asks for a token. */
  readonly token: boolean
}

/** A call as it was sent. */
export interface Sent {
  readonly provider: string
  readonly method: string
  /** The provider's own path, with its query. */
  readonly target: string
  /** Those that a client chooses; secrets are `(hidden)`. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: string | undefined
  /** Whether a signature was among the headers. */
  readonly signed: boolean
  /** Whether the journal does not have all of the body. */
  readonly cut: boolean
}

/** Headers that every client sends without being asked. */
const BY_ITSELF: readonly string[] = [
  'accept',
  'accept-encoding',
  'accept-language',
  'connection',
  'content-length',
  'expect',
  'host',
  'sec-fetch-mode',
  'transfer-encoding',
  'user-agent',
]
/** How much of a body the journal shows. */
const BODY_CHARACTERS = 65_536

/** Undefined: the entry is not a call of a provider. */
export function sentOf({ kind, provider, method, path, request }: Entry): Sent | undefined {
  if (kind !== 'call' || provider === undefined || method === undefined || path === undefined) return undefined
  const headers = Object.entries(request?.headers ?? {})
    .filter(([name]) => !BY_ITSELF.includes(name.toLowerCase()))
    .flatMap(([name, value]) => (Array.isArray(value) ? value : [value]).map((one) => [name, String(one)] as const))
  const body = request?.body ?? undefined
  return {
    provider,
    method,
    target: ownPath(path, provider),
    headers,
    body,
    signed: headers.some(([name, value]) => /sign/i.test(name) && value.includes(UNSEEN)),
    cut: body !== undefined && body.length >= BODY_CHARACTERS,
  }
}

/** The path without the prefix of the world and that of the provider. */
function ownPath(path: string, provider: string): string {
  const inWorld = path.replace(/^\/w\/[^/?]+/, '')
  const own = inWorld.startsWith(`/${provider}`) ? inWorld.slice(provider.length + 1) : inWorld
  return own.startsWith('/') ? own : `/${own}`
}

/** Where a provider of a world is found. */
export function baseOf({ origin, world }: Place, provider: string): string {
  return `${worldAt({ origin, world })}/${provider}`
}

/** Where a world is found. */
export function worldAt({ origin, world }: Pick<Place, 'origin' | 'world'>): string {
  return world === 'default' ? origin : `${origin}/w/${world}`
}

/** A text as a word of a POSIX shell. What was hidden in it becomes `$SECRET`. */
export function quoted(text: string): string {
  const parts = text.split(UNSEEN).map((part) => `'${part.replaceAll("'", `'\\''`)}'`)
  return parts.join('"$SECRET"').replaceAll(/^''(?=")|(?<=")''$/g, '')
}

/** A sentence about an entry, for the head of what was copied. */
export function aboutOf(entry: Entry, { world }: Place): string {
  const answer = entry.status == null ? 'the connection was cut' : `it was answered with ${entry.status}`
  return `Entry ${entry.id} of the world ${world}, ${entry.at}: ${entry.method} ${entry.path}; ${answer}${
    entry.refusal === undefined ? '' : ` (${entry.refusal})`
  }.`.replaceAll(/\s+/g, ' ')
}
