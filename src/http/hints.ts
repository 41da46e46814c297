// Why a call was not let in: finds in the table of mistakes the first one that yields the signature which was sent, and what a key that nobody
// has looks like. Says what the mistake looks like, never what the right signature is, and repeats neither key nor secret.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { closest } from 'fastest-levenshtein'
import type { Contract } from './contract.ts'
import type { Call, Provider, Refusal, Signing } from '../provider.ts'
import type { World } from '../world/world.ts'
import { type Bent, type Case, mistakesOf } from './mistakes.ts'

// rule: sandgate.hints.cost
/** Most MACs (and plain hashes) that one refusal costs, whatever was sent; what cannot be a signature costs none. A usual call takes 60 to 140. */
const MACS_MAX = 150
/** Most bytes of bodies that one refusal hashes, so that bodies over 14 KB are tried less often; but each at least so many times. */
const BYTES_MAX = 2 * 1024 * 1024
const MACS_MIN = 8
/** Characters of a path that are compared with those there are. */
const PATH_MAX = 200
/** Characters; longer than any way of writing a signature down. */
const GIVEN_MAX = 512

const NONE = 'the signature matches none of the usual mistakes: look whether the secret is the one of this key, then compare what you signed, byte for byte, with expected_text of the journal entry that x-sandgate-entry names'

/** The provider that was called, and all that there are. */
interface Company {
  readonly provider: Provider
  readonly providers: ReadonlyMap<string, Provider>
}

/** The sentence for `x-sandgate-hint`, if there is one. */
export function hintFor(refusal: Refusal, call: Call, company: Company, world: World): string | undefined {
  if (refusal.hint) return refusal.hint
  // rule: sandgate.hints
  if (refusal.name === 'bad_signature') return aboutSignature(call, company.provider, world)
  // rule: sandgate.hints.key
  return call.caller === undefined ? aboutKey(refusal, call, company, world) : undefined
}

// rule: sandgate.hints.path
/** Where a call that went nowhere may have been meant to go. */
export function nearestPath({ method, path }: Call, { basePath, operations }: Contract): string {
  const sent = path.slice(0, PATH_MAX)
  const parts = sent.split('/')
  // A value in the path is as good as any other.
  const asSent = (template: string) => template.split('/').map((part, index) => (part.startsWith('{') ? (parts[index] ?? part) : part)).join('/')
  const meant = new Map(operations.map((operation) => [`${operation.method} ${asSent(basePath + operation.path)}`, `${operation.method} ${basePath}${operation.path}`]))
  return `did you mean ${meant.get(closest(`${method} ${sent}`, [...meant.keys()]))}?`
}

function aboutSignature(call: Call, provider: Provider, world: World): string | undefined {
  const { signing } = provider
  const parts = signing?.read(call, world)
  if (!signing || !parts) return undefined
  const given = readings(parts.given, signing.encoding)
  if (given.length === 0) return NONE
  // Both paths are right to sign, so a mistake may come on top of either.
  const paths = parts.path === undefined || call.linePath === call.path ? [parts.path] : [parts.path, call.linePath]
  const cases = paths.map((path): Case => ({ call, provider, signing, credentials: provider.credentials(world), parts: { ...parts, path } }))
  let left = Math.max(MACS_MIN, Math.min(MACS_MAX, Math.floor(BYTES_MAX / Math.max(1, parts.body.length))))
  for (const [says, bents] of mistakesOf(signing)) {
    for (const about of cases) {
      for (const bent of bents(about)) {
        if (left-- === 0) return `${NONE}; not all of them were tried${parts.body.length > BYTES_MAX / MACS_MAX ? ', because the body is large' : ''}`
        const mac = macOf(bent, about)
        const reading = given.find(({ bytes }) => bytes.length === mac.length && timingSafeEqual(bytes, mac))
        if (reading) return [typeof says === 'string' ? says : says(bent, about), ...reading.mistakes].filter(Boolean).join('; ') || NONE
      }
    }
  }
  return NONE
}

function macOf(bent: Bent, { signing, parts }: Case): Buffer {
  const signed = { ...parts, ...bent }
  const { text = signing.text(signed), digest = signing.digest, plain, swapped } = bent
  if (plain) return plain(signed.secret, text).reduce((hash, part) => hash.update(part), createHash(digest)).digest()
  const key = Buffer.from(signed.secret, signed.secretEncoding)
  return swapped ? createHmac(digest, text).update(key).digest() : createHmac(digest, key).update(text).digest()
}

/** What stands around a signature, or inside it, and how it is without. */
const WRAPPINGS: readonly (readonly [says: string, bare: (text: string) => string])[] = [
  ['', (text) => text],
  ['quotes stand around the signature: send it bare', (text) => text.replace(/^b?["'`<](.*)["'`>]$/, '$1')],
  ['something stands in front of the signature, as in sha256=, hmac or a name: send it bare', (text) => text.replace(/^.*[=: ](?=[0-9A-Za-z+/_-]{20,}={0,2}$)/, '')],
  ['0x stands in front of the signature: send it bare', (text) => text.replace(/^0x/i, '')],
  ['the signature is cut into pieces: send it without blanks, colons or dashes', (text) => (/^[0-9a-f]+(?:[ :-][0-9a-f]+)+$/i.test(text) ? text.replace(/[ :-]/g, '') : text.replace(/\s/g, ''))],
  ['the + of the base64 became a blank: do not decode it as a form', (text) => text.replaceAll(' ', '+')],
  ['the signature was percent-encoded: send it bare', (text) => text.replace(/%([0-9a-f]{2})/gi, (_, code) => String.fromCharCode(parseInt(code, 16)))],
]

/** Bytes of SHA-1, SHA-256, SHA-384 and SHA-512. */
const MAC_BYTES = [20, 32, 48, 64]

interface Reading {
  readonly bytes: Buffer
  readonly mistakes: readonly string[]
}

/** The bytes the client may have meant, by how they could have been written down. */
function readings(given: string, expected: Signing['encoding']): Reading[] {
  if (given.length > GIVEN_MAX) return []
  return WRAPPINGS.flatMap(([says, bare]) => {
    const text = bare(given)
    if (says && text === given) return []
    return decoded(text, expected).filter(({ bytes }) => MAC_BYTES.includes(bytes.length)).map(({ bytes, mistake }) => ({ bytes, mistakes: [says, mistake] }))
  })
}

function decoded(text: string, expected: Signing['encoding']): { bytes: Buffer; mistake: string }[] {
  const found: { bytes: Buffer; mistake: string }[] = []
  const hex = /^[0-9a-fA-F]+$/.test(text) && text.length % 2 === 0
  if (hex && expected === 'hex') found.push({ bytes: Buffer.from(text, 'hex'), mistake: /[A-F]/.test(text) ? 'lower-case hex expected, upper-case hex sent' : '' })
  if (hex && expected === 'base64') found.push({ bytes: Buffer.from(text, 'hex'), mistake: 'base64 expected, hex sent' })
  if (/^[0-9A-Za-z+/_-]+={0,2}$/.test(text)) {
    const urlSafe = /[-_]/.test(text) ? ' (and the URL-safe alphabet was used)' : ''
    const bytes = Buffer.from(text, 'base64')
    const padding = bytes.toString('base64') === text ? '' : 'base64 with its = at the end expected'
    found.push({ bytes, mistake: expected === 'hex' ? `hex expected, base64 sent${urlSafe}` : urlSafe ? `plain base64 expected${urlSafe}` : padding })
    // base64 over the hex text instead of over the bytes
    const inner = bytes.toString('latin1')
    if (/^[0-9a-fA-F]{40,128}$/.test(inner)) {
      found.push({ bytes: Buffer.from(inner, 'hex'), mistake: 'the hex text was base64-encoded, instead of the bytes' })
    }
  }
  return found
}

/** A key that is nobody's: what to say when it is somebody's once both are read like this. */
const KEY_MISTAKES: readonly (readonly [says: string, read: (text: string) => string])[] = [
  ['the key stands behind the word Bearer: send it bare', (text) => text],
  ['the key stands in quotes or brackets: send it bare', (text) => text.replace(/^["'`<{]+|["'`>}]+$/g, '')],
  ['there are blanks or a newline around the key: send it bare', (text) => text.replace(/^(?:[^!-~]|%20|%0[ad]|\\[nr])+|(?:[^!-~]|%20|%0[ad]|\\[nr])+$/gi, '')],
  ['upper and lower case count in a key, and only in them this one differs from one that is known', (text) => text.toLowerCase()],
  ['the key ends in the name of a world, but the URL names one already: send the key without it', (text) => text.replace(/\.[a-z0-9-]+$/, '')],
]

function aboutKey(refusal: Refusal, call: Call, { provider, providers }: Company, world: World): string | undefined {
  const others = [...providers.values()].filter((other) => other !== provider)
  const header = call.headers[provider.keyHeader]
  if (typeof header !== 'string' || header === '') {
    const meant = others.find((other) => looksLike(call.headers[other.keyHeader], other, world))
    return meant && `the call carries a key of ${meant.title} in a header of ${meant.title}, but this is ${provider.title}: look at the base URL`
  }
  // A provider may have more than one name for this answer.
  if (provider.refusals[refusal.name] !== provider.refusals.unauthorized) return undefined
  const sent = keyIn(header)
  const known = provider.credentials(world)
  const mistake = KEY_MISTAKES.find(([, read]) => known.some(({ key }) => read(key) === read(sent)))
  if (mistake) return mistake[0]
  if (known.some(({ secret }) => secret === sent)) return 'this is a secret, not a key: send the key, and never the secret'
  const meant = shapeOf(sent) === shapeOf(provider.demo[0]?.key) ? undefined : others.find((other) => looksLike(header, other, world))
  return meant ? `the key looks like one of ${meant.title}, but this is ${provider.title}` : 'no account of this world has this key; the demo keys are printed when the sandbox starts'
}

function keyIn(header: string): string {
  return header.replace(/^bearer\s+/i, '')
}

/** Somebody's key there, or one that begins as the published ones do. */
function looksLike(header: unknown, { credentials, demo }: Provider, world: World): boolean {
  if (typeof header !== 'string') return false
  const sent = keyIn(header)
  const shape = shapeOf(sent)
  return (shape !== undefined && shape === shapeOf(demo[0]?.key)) || credentials(world).some(({ key }) => key === sent)
}

function shapeOf(key: string | undefined): string | undefined {
  return /^[a-z]+_/.exec(key ?? '')?.[0]
}
