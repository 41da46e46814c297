// Why a signature did not match: bends what the client should have signed in the ways clients really get wrong, and names the first one that
// yields what was sent. Says what the mistake looks like, never what the right signature is.
import { timingSafeEqual } from 'node:crypto'
import type { Call, Provider, Refusal, SignedParts, Signing } from '../provider.ts'
import type { World } from '../world/world.ts'

/** The sentence for `x-sandgate-hint`, if there is one. */
export function hintFor(refusal: Refusal, call: Call, provider: Provider, world: World): string | undefined {
  if (refusal.hint) return refusal.hint
  // rule: sandgate.hints
  if (refusal.name !== 'bad_signature' || !provider.signing) return undefined
  const { signing } = provider
  const parts = signing.read(call, world)
  if (!parts) return undefined
  // Both paths are right to sign, so a mistake may come on top of either.
  const right = parts.path === undefined || call.linePath === call.path ? [parts] : [parts, { ...parts, path: call.linePath }]
  for (const each of right) {
    const mistake = explain(each, signing)
    if (mistake) return mistake
  }
  return 'the signature matches none of the usual mistakes: compare the signed text byte for byte with the documentation of the provider'
}

function explain(parts: SignedParts, signing: Signing): string | undefined {
  const given = readings(parts.given, signing.encoding)
  for (const [mistake, bent] of variations(parts)) {
    const mac = signing.mac(bent)
    const reading = given.find(({ bytes }) => bytes.length === mac.length && timingSafeEqual(bytes, mac))
    if (!reading) continue
    return [mistake, reading.mistake].filter(Boolean).join('; ') || undefined
  }
  return undefined
}

/** The bytes the client may have meant, by how they could have been written down. */
function readings(given: string, expected: 'hex' | 'base64'): { bytes: Buffer; mistake: string }[] {
  const text = given.trim()
  const found: { bytes: Buffer; mistake: string }[] = []
  const hex = /^[0-9a-fA-F]+$/.test(text) && text.length % 2 === 0
  if (hex && expected === 'hex') found.push({ bytes: Buffer.from(text, 'hex'), mistake: /[A-F]/.test(text) ? 'lower-case hex expected, upper-case hex sent' : '' })
  if (hex && expected === 'base64') found.push({ bytes: Buffer.from(text, 'hex'), mistake: 'base64 expected, hex sent' })
  if (/^[0-9A-Za-z+/_-]+={0,2}$/.test(text)) {
    const urlSafe = /[-_]/.test(text) ? ' (and the URL-safe alphabet was used)' : ''
    const bytes = Buffer.from(text, 'base64')
    found.push({ bytes, mistake: expected === 'hex' ? `hex expected, base64 sent${urlSafe}` : urlSafe && `plain base64 expected${urlSafe}` })
    // base64 over the hex text instead of over the bytes
    const inner = bytes.toString('latin1')
    if (/^[0-9a-fA-F]{64,128}$/.test(inner)) {
      found.push({ bytes: Buffer.from(inner, 'hex'), mistake: 'the hex text was base64-encoded, instead of the bytes' })
    }
  }
  return found
}

/** One mistake at a time; the first entry is no mistake, so that a wrong encoding alone is found too. */
function* variations(parts: SignedParts): Generator<[mistake: string, bent: SignedParts]> {
  yield ['', parts]
  for (const [name, body] of rewritings(parts.body)) yield [name, { ...parts, body }]
  if (parts.query !== undefined) {
    yield ['the query was left out of the signed text', { ...parts, query: undefined }]
    if (parts.path !== undefined) yield ['the query was signed with its question mark', { ...parts, query: `?${parts.query}` }]
  }
  for (const path of parts.otherPaths) yield [`the path was signed as ${path}; the sandbox saw ${parts.path}`, { ...parts, path }]
  for (const secret of parts.otherSecrets) yield ['signed with the secret of another key of the same account', { ...parts, secret }]
  if (parts.secretEncoding === 'base64') yield ['the secret was used as text: base64-decode it first', { ...parts, secretEncoding: 'utf8' }]
  else yield ['the secret was base64-decoded: use it as text', { ...parts, secretEncoding: 'base64' }]
  if (parts.secret.trim() !== parts.secret) return
  yield ['the secret had a trailing newline', { ...parts, secret: `${parts.secret}\n`, ...(parts.secretEncoding === 'base64' ? { secretEncoding: 'utf8' } : {}) }]
  if (parts.timestamp !== undefined) yield* timestamps(parts, parts.timestamp)
  if (parts.nonce !== undefined) yield* nonces(parts, parts.nonce)
  if (parts.method !== parts.method.toLowerCase()) yield ['the method was signed in lower case', { ...parts, method: parts.method.toLowerCase() }]
}

function* rewritings(body: Buffer): Generator<[string, Buffer]> {
  yield ['the signed text had a trailing newline that the sent body has not', Buffer.concat([body, Buffer.from('\n')])]
  const text = body.toString('utf8')
  if (text.endsWith('\n')) yield ['the sent body has a trailing newline that was not signed', Buffer.from(text.replace(/\r?\n$/, ''))]
  if (body.length > 0) yield ['the body was left out of the signed text', Buffer.alloc(0)]
  else yield ['an empty JSON object was signed, but no body was sent', Buffer.from('{}')]
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return
  }
  const again = 'the body was re-serialised after signing'
  const compact = JSON.stringify(value)
  const written = [compact, spaced(value), JSON.stringify(value, null, 2), JSON.stringify(value, null, 4), JSON.stringify(sorted(value)), spaced(sorted(value))]
  for (const form of new Set(written)) {
    for (const escaped of new Set([form, asciiOnly(form), form.replaceAll('/', '\\/'), asciiOnly(form).replaceAll('/', '\\/')])) {
      if (escaped !== text) yield [again, Buffer.from(escaped)]
    }
  }
}

function* timestamps(parts: SignedParts, timestamp: string): Generator<[string, SignedParts]> {
  yield ['milliseconds were signed, but seconds sent in the header', { ...parts, timestamp: `${timestamp}000` }]
  if (/^\d{13}$/.test(timestamp)) yield ['seconds expected, milliseconds sent', { ...parts, timestamp: timestamp.slice(0, 10) }]
}

function* nonces(parts: SignedParts, nonce: string): Generator<[string, SignedParts]> {
  const text = parts.body.toString('utf8')
  yield ['the nonce was left out of the signed text', { ...parts, nonce: '' }]
  if (!text.startsWith('{')) return
  const rest = text.slice(1).trimStart()
  const comma = rest === '}' ? '' : ','
  for (const value of [nonce, `"${nonce}"`]) {
    for (const body of [`{"nonce":${value}${comma}${text.slice(1)}`, `${text.slice(0, -1)}${comma}"nonce":${value}}`]) {
      for (const before of [nonce, '']) {
        yield ['the nonce was signed as part of the body: it belongs in front of the body, and in its own header', { ...parts, nonce: before, body: Buffer.from(body) }]
      }
    }
  }
}

/** JSON with a space after each `:` and `,`, as Python's json.dumps writes it. */
function spaced(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(spaced).join(', ')}]`
  if (typeof value === 'object' && value !== null) return `{${Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}: ${spaced(item)}`).join(', ')}}`
  return JSON.stringify(value)
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, item]) => [key, sorted(item)]))
}

function asciiOnly(text: string): string {
  return text.replace(/[\u0080-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
