// What a client may have signed by mistake, made from what it should have signed: other bytes of the body, another secret, path, time or nonce. Which of
// them is what mistake stands in mistakes.ts.
import type { Call, Credential, Provider, SignedParts, SignedText, Signing } from '../provider.ts'
import { encodings, formOf, jsonForms } from './rewritings.ts'

/** What is known when a signature is wrong. */
export interface Case {
  readonly call: Call
  readonly provider: Provider
  readonly signing: Signing
  readonly credentials: readonly Credential[]
  /** What should have been signed. */
  readonly parts: SignedParts
}

/** What was signed by mistake: parts that differ, another text, another digest, another use of it. */
export interface SignatureVariant extends Partial<SignedParts> {
  readonly text?: SignedText
  readonly digest?: string
  /** What went into a hash, where an HMAC is expected. */
  readonly plain?: (secret: string, text: SignedText) => readonly SignedText[]
  /** The key of the HMAC and its text changed places. */
  readonly swapped?: true
  /** What is different about the body. */
  readonly as?: string
  /** Nothing was signed: there would be more to try, and it would cost too much. */
  readonly more?: true
}

/** Of the other secrets of an account, and of those of other accounts, so many are tried. */
const SECRETS_MAX = 8

// rule: sandgate.hints.cost
/** Bytes of a body beyond which it is not written anew, and of all the forms that are made of one. */
export const REWRITTEN_MAX = 64 * 1024
const FORMS_BYTES = 256 * 1024

/** UTF-8's byte order mark. */
export const MARK = Buffer.from([0xef, 0xbb, 0xbf])

export function only(possible: boolean, variant: SignatureVariant): readonly SignatureVariant[] {
  return possible ? [variant] : []
}

export function bodies(texts: readonly string[]): SignatureVariant[] {
  return texts.map((text) => ({ body: Buffer.from(text) }))
}

export function bodyOf(body: Buffer, end: string): SignatureVariant {
  return { body: Buffer.concat([body, Buffer.from(end)]) }
}

/** Without the blanks around it. A pattern would look at each blank inside as if it were the last one. */
export function bared(body: Buffer): readonly SignatureVariant[] {
  const isBlank = (byte: number | undefined) => byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d
  let [start, end] = [0, body.length]
  while (start < end && isBlank(body[start])) start++
  while (end > start && isBlank(body[end - 1])) end--
  return only(end - start < body.length, { body: body.subarray(start, end) })
}

export function otherThan(body: Buffer, texts: readonly string[]): string[] {
  return texts.filter((text) => text !== textOf(body))
}

/** There would be more to try, and it would cost too much. */
export const MORE: readonly SignatureVariant[] = [{ more: true }]

export function* formsOf(body: Buffer): Iterable<SignatureVariant> {
  if (body.length > REWRITTEN_MAX) return yield* MORE
  const seen = new Set([textOf(body)])
  let left = FORMS_BYTES
  for (const { text, as } of jsonForms(textOf(body))) {
    if (left < 0) return yield* MORE
    left -= Math.max(text.length, body.length)
    if (seen.has(text)) continue
    seen.add(text)
    yield { body: Buffer.from(text), as }
  }
}

export function textOf(body: Buffer): string {
  return body.toString('utf8')
}

export function withEnds(body: Buffer, end: string): string {
  return textOf(body).replace(/\r?\n/g, end)
}

export function isAscii(body: Buffer): boolean {
  return !/[^\0-\x7f]/.test(textOf(body))
}

export function unescaped(text: string): string {
  return text.replace(/\\(["\\/n])/g, (_, char: string) => (char === 'n' ? '\n' : char))
}

export function percentEncoded(text: string): string[] {
  try {
    return [encodeURIComponent(text), encodeURI(text)]
  } catch {
    // Half a character cannot be encoded.
    return []
  }
}

export function title(digest: string): string {
  return digest.replace('sha', 'SHA-')
}

export function otherSecrets({ call, provider, credentials, parts }: Case): {
  own: SignatureVariant[]
  foreign: SignatureVariant[]
} {
  const account = credentials.find(({ key }) => key === call.headers[provider.keyHeader])?.account
  const secretsOf = (rows: readonly Credential[]) =>
    new Set(rows.flatMap(({ secret }) => (secret === undefined || secret === parts.secret ? [] : [secret])))
  const variants = (secrets: Set<string>) => [...secrets].slice(0, SECRETS_MAX).map((secret) => ({ secret }))
  return {
    own: variants(secretsOf(credentials.filter((row) => row.account === account))),
    foreign: variants(secretsOf(credentials.filter((row) => row.account !== account))),
  }
}

/** Only the accounts that everybody knows are named. */
export function holder(secret: string | undefined, { demo }: Provider): string {
  const published = demo.find((row) => row.secret === secret)
  return published ? `the demo account ${published.account}` : 'another account'
}

/** Tried once, in place of the provider's own path. */
export function otherPaths({ call, signing, parts }: Case): SignatureVariant[] {
  if (parts.path !== call.path) return []
  const { path } = call
  const own = [path.slice(1), `/${path}`, ...encodings(path), path.toLowerCase()]
  return [...new Set([...signing.otherPaths(call), ...own])]
    .filter((other) => other !== path && other !== call.linePath)
    .map((path) => ({ path }))
}

/** As a header can hold it. */
export function printable(path: string): string {
  return path.replace(/[^\x20-\x7e]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** Seconds, milliseconds, microseconds and nanoseconds of the same instant. */
export function inOtherUnits(nonce: string): string[] {
  return [10, 13, 16, 19]
    .filter((digits) => digits !== nonce.length)
    .map((digits) => nonce.slice(0, digits).padEnd(digits, '0'))
}

/** The same second as languages write instants. */
export function inOtherForms(seconds: number): string[] {
  const iso = new Date(seconds * 1000).toISOString()
  return [
    `${seconds}.0`,
    iso,
    iso.replace('.000', ''),
    iso.replace('.000Z', '+00:00'),
    iso.slice(0, 19),
    `${seconds}000000`,
    `${seconds}000000000`,
  ]
}

export function asFloats(nonce: string): string[] {
  const float = Number(nonce)
  const digits = float.toExponential()
  return [String(BigInt(float)), `${nonce}.0`, digits, digits.replace('e', 'E')].filter((text) => text !== nonce)
}

export function withNonce(text: string, nonce: string): string[] {
  if (text === '') return [`nonce=${nonce}`, `{"nonce":"${nonce}"}`, `{"nonce":${nonce}}`]
  if (!text.startsWith('{')) return []
  const comma = text.slice(1).trimStart() === '}' ? '' : ','
  return [
    ...[nonce, `"${nonce}"`].flatMap((value) => [
      `{"nonce":${value}${comma}${text.slice(1)}`,
      `${text.slice(0, -1)}${comma}"nonce":${value}}`,
    ]),
    ...formOf(text).map((form) => `nonce=${nonce}&${form}`),
  ]
}
