// Why a call was not let in: finds in the table of mistakes the first one that yields the signature which was sent, and where a path that is not
// there may have been meant to go. Says what the mistake looks like, never what the right signature is, and repeats neither key nor secret.
import { createHash, createHmac } from 'node:crypto'
import { closest } from 'fastest-levenshtein'
import type { Contract } from '../contract/contract.ts'
import type { Call, Provider, Refusal } from '../provider.ts'
import type { World } from '../world/world.ts'
import { aboutKey, type Company } from './keys.ts'
import { mistakesOf, type Row } from './mistakes.ts'
import { readings } from './signatures.ts'
import type { SignatureVariant, Case } from './variants.ts'

// rule: sandgate.hints.cost
/** Most MACs (and plain hashes) that one refusal costs, whatever was sent; what cannot be a signature costs none. A usual call takes 150 to 300. */
const MACS_MAX = 450
/** Most bytes of bodies that one refusal hashes, so that bodies over 4 KB are tried less often; but each at least so many times. */
const BYTES_MAX = 2 * 1024 * 1024
const MACS_MIN = 8
const LARGE = BYTES_MAX / MACS_MAX
/** Characters of a path that are compared with those there are. */
const PATH_MAX = 200

const NONE =
  'the signature matches none of the usual mistakes: look whether the secret is the one of this key, then compare what you signed, byte for byte, with expected_text of the journal entry that x-sandgate-entry names'

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
export function nearestPath({ method, path }: Call, { operations }: Contract, { formerPaths = [] }: Provider): string {
  const sent = path.slice(0, PATH_MAX)
  for (const { whose, paths } of formerPaths) {
    for (const [pattern, id] of paths) {
      const now = pattern.test(`${method} ${sent}`) ? operations.find((operation) => operation.id === id) : undefined
      if (now) return `it is a path of ${whose}; did you mean ${now.method} ${now.base}${now.path}?`
    }
  }
  const parts = sent.split('/')
  // A value in the path is as good as any other.
  const asSent = (template: string) =>
    template
      .split('/')
      .map((part, index) => (part.startsWith('{') ? (parts[index] ?? part) : part))
      .join('/')
  const meant = new Map(
    operations.map((operation) => [
      `${operation.method} ${asSent(operation.base + operation.path)}`,
      `${operation.method} ${operation.base}${operation.path}`,
    ]),
  )
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
  const cases = paths.map((path): Case => ({
    call,
    provider,
    signing,
    credentials: provider.credentials(world),
    parts: { ...parts, path },
  }))
  let left = Math.max(MACS_MIN, Math.min(MACS_MAX, Math.floor(BYTES_MAX / Math.max(1, parts.body.length))))
  let partly = false
  for (const [about, variant, says] of tries(cases, mistakesOf(signing))) {
    partly ||= variant.more === true || left === 0
    if (left === 0) break
    if (variant.more) continue
    left--
    const mac = macOf(variant, about)
    const reading = given.find(({ means }) => means(mac))
    if (reading)
      return (
        [typeof says === 'string' ? says : says(variant, about), ...reading.mistakes].filter(Boolean).join('; ') || NONE
      )
  }
  return partly
    ? `${NONE}; not all of them were tried${parts.body.length > LARGE ? ', because the body is large' : ''}`
    : NONE
}

/** Every mistake on top of every path; what costs much to make is made once for all of them. */
function* tries(
  cases: readonly Case[],
  rows: readonly Row[],
): Iterable<readonly [about: Case, variant: SignatureVariant, says: Row[0]]> {
  for (const [says, variants, each] of rows) {
    if (each === 'path') for (const about of cases) for (const variant of variants(about)) yield [about, variant, says]
    else for (const variant of variants(cases[0]!)) for (const about of cases) yield [about, variant, says]
  }
}

function macOf(variant: SignatureVariant, { signing, parts }: Case): Buffer {
  const signed = { ...parts, ...variant }
  const { text = signing.text(signed), digest = signing.digest, plain, swapped } = variant
  if (plain)
    return plain(signed.secret, text)
      .reduce((hash, part) => hash.update(part), createHash(digest))
      .digest()
  const key = Buffer.from(signed.secret, signed.secretEncoding)
  return swapped ? createHmac(digest, text).update(key).digest() : createHmac(digest, key).update(text).digest()
}
