// The table of what clients get wrong when they sign: what to say of it, and what is signed by those who do it. What goes wrong with one provider
// only stands with that provider; how a signature is written down, and the search through this table, in hints.ts.
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
export interface Bent extends Partial<SignedParts> {
  readonly text?: SignedText
  readonly digest?: string
  /** What went into a hash, where an HMAC is expected. */
  readonly plain?: (secret: string, text: SignedText) => readonly SignedText[]
  /** The key of the HMAC and its text changed places. */
  readonly swapped?: true
}

export type Row = readonly [says: string | ((bent: Bent, about: Case) => string), bents: (about: Case) => Iterable<Bent>]

/** The whole table, the likely and cheap first. */
export function mistakesOf({ slips }: Signing): readonly Row[] {
  return [...MISTAKES, ...slips.map(([says, texts]): Row => [says, ({ parts, call }) => texts(parts, call).map((text) => ({ text }))]), ...REWRITINGS]
}

const DIGESTS = ['sha256', 'sha512', 'sha1', 'sha384']

/** Of the other secrets of an account, and of those of other accounts, so many are tried. */
const SECRETS_MAX = 8

const MISTAKES: readonly Row[] = [
  // None, so that a signature which is only written down wrongly is found too.
  ['', () => [{}]],

  ['the signed text had a trailing newline that the sent body has not', ({ parts: { body } }) => [{ body: Buffer.concat([body, Buffer.from('\n')]) }]],
  ['the sent body has a trailing newline that was not signed', ({ parts: { body } }) => only(textOf(body).endsWith('\n'), { body: Buffer.from(textOf(body).replace(/\r?\n$/, '')) })],
  ['the body was left out of the signed text', ({ parts: { body } }) => only(body.length > 0, { body: Buffer.alloc(0) })],
  ['an empty JSON object was signed, but no body was sent', ({ parts: { body } }) => only(body.length === 0, { body: Buffer.from('{}') })],
  [
    ({ body }) => `${textOf(body!)} was signed, but no body was sent`,
    ({ parts: { body } }) => (body.length > 0 ? [] : ['null', '[]', '""', 'undefined', 'None'].map((text) => ({ body: Buffer.from(text) }))),
  ],

  ['the query was left out of the signed text', ({ parts: { query } }) => only(query !== undefined, { query: undefined })],
  ['the query was signed with its question mark', ({ parts: { query, path } }) => only(query !== undefined && path !== undefined, { query: `?${query}` })],
  ['a question mark was signed, and there is no query', ({ parts: { query, path } }) => only(query === undefined && path !== undefined, { query: '' })],
  ['the query was sorted for signing: sign it as it is sent', ({ parts: { query = '' } }) => only(query.includes('&'), { query: query.split('&').sort().join('&') })],
  ['the query was encoded anew for signing: sign it as it is sent', ({ parts: { query = '' } }) => encodings(query).map((query) => ({ query }))],

  ['the secret was used as text: base64-decode it first', ({ parts }) => only(parts.secretEncoding === 'base64', { secretEncoding: 'utf8' })],
  ['the secret was base64-decoded: use it as text', ({ parts }) => only(parts.secretEncoding === 'utf8', { secretEncoding: 'base64' })],
  ['the secret was hex-decoded: use it as text', ({ parts: { secret, secretEncoding } }) => only(secretEncoding === 'utf8' && /^([0-9a-f]{2})+$/i.test(secret), { secretEncoding: 'hex' })],
  ['the secret had a trailing newline', ({ parts: { secret } }) => ['\n', '\r\n'].map((end) => ({ secret: `${secret}${end}`, secretEncoding: 'utf8' }))],
  ['the secret had quotes around it', ({ parts: { secret } }) => ['"', "'"].map((quote) => ({ secret: `${quote}${secret}${quote}`, secretEncoding: 'utf8' }))],
  ['the key was used as the secret', ({ call, provider, parts }) => [...new Set(['utf8', parts.secretEncoding] as const)].map((secretEncoding) => ({ secret: String(call.headers[provider.keyHeader]), secretEncoding }))],
  ['signed with the secret of another key of the same account', (about) => otherSecrets(about).own],
  [({ secret }, { provider }) => `signed with the secret of ${holder(secret, provider)}`, (about) => otherSecrets(about).foreign],

  [
    ({ digest }, { signing }) => `${title(digest!)} was used, ${title(signing.digest)} is expected`,
    ({ signing }) => DIGESTS.filter((digest) => digest !== signing.digest).map((digest) => ({ digest })),
  ],
  [
    (_, { signing }) => `a plain ${title(signing.digest)} was sent: an HMAC with the secret for its key is expected`,
    () => [{ plain: (secret, text) => [secret, text] }, { plain: (secret, text) => [text, secret] }, { plain: (_, text) => [text] }],
  ],
  ['secret and text changed places: the secret is the key of the HMAC', () => [{ swapped: true }]],

  ['milliseconds were signed, but seconds sent in the header', ({ parts: { timestamp } }) => only(timestamp !== undefined, { timestamp: `${timestamp}000` })],
  ['seconds expected, milliseconds sent', ({ parts: { timestamp = '' } }) => only(/^\d{13}$/.test(timestamp), { timestamp: timestamp.slice(0, 10) })],
  [
    'the timestamp that was signed is not the one in the header: read the clock once',
    ({ parts: { timestamp } }) => (timestamp === undefined ? [] : [-1, 1, -2, 2].map((seconds) => ({ timestamp: String(Number(timestamp) + seconds) }))),
  ],
  ['the nonce was left out of the signed text', ({ parts: { nonce } }) => only(nonce !== undefined, { nonce: '' })],
  ['the nonce was signed in another unit than it was sent in', ({ parts: { nonce } }) => (nonce === undefined ? [] : inOtherUnits(nonce).map((nonce) => ({ nonce })))],
  [
    'the nonce was signed as part of the body: it belongs in front of the body, and in its own header',
    ({ parts: { nonce, body } }) => (nonce === undefined ? [] : [nonce, ''].flatMap((before) => withNonce(textOf(body), nonce).map((text) => ({ nonce: before, body: Buffer.from(text) })))),
  ],

  [({ path }, { call }) => `the path was signed as ${path}; the sandbox saw ${call.path}`, otherPaths],
  ['the path was signed with a slash at its end', ({ parts: { path } }) => only(path !== undefined, { path: `${path}/` })],
]

/** What costs most to try. */
const REWRITINGS: readonly Row[] = [
  ['the body was re-serialised after signing', ({ parts: { body } }) => lazily(jsonForms(textOf(body)), (text) => ({ body: Buffer.from(text) }))],
  ['the body was JSON-encoded twice for signing', ({ parts: { body } }) => only(body.length > 0, { body: Buffer.from(JSON.stringify(textOf(body))) })],
  ['a form was signed, but JSON sent', ({ parts: { body } }) => formOf(textOf(body)).map((text) => ({ body: Buffer.from(text) }))],
  ['the body was signed in Latin-1, but sent in UTF-8', ({ parts: { body } }) => only(/[^\0-\x7f]/.test(textOf(body)), { body: Buffer.from(textOf(body), 'latin1') })],
]

function only(possible: boolean, bent: Bent): readonly Bent[] {
  return possible ? [bent] : []
}

function* lazily<T>(items: Iterable<T>, make: (item: T) => Bent): Iterable<Bent> {
  for (const item of items) yield make(item)
}

function textOf(body: Buffer): string {
  return body.toString('utf8')
}

function title(digest: string): string {
  return digest.replace('sha', 'SHA-')
}

function otherSecrets({ call, provider, credentials, parts }: Case): { own: Bent[]; foreign: Bent[] } {
  const account = credentials.find(({ key }) => key === call.headers[provider.keyHeader])?.account
  const secretsOf = (rows: readonly Credential[]) => new Set(rows.flatMap(({ secret }) => (secret === undefined || secret === parts.secret ? [] : [secret])))
  const bents = (secrets: Set<string>) => [...secrets].slice(0, SECRETS_MAX).map((secret) => ({ secret }))
  return { own: bents(secretsOf(credentials.filter((row) => row.account === account))), foreign: bents(secretsOf(credentials.filter((row) => row.account !== account))) }
}

/** Only the accounts that everybody knows are named. */
function holder(secret: string | undefined, { demo }: Provider): string {
  const published = demo.find((row) => row.secret === secret)
  return published ? `the demo account ${published.account}` : 'another account'
}

/** Tried once, in place of the provider's own path. */
function otherPaths({ call, signing, parts }: Case): Bent[] {
  if (parts.path !== call.path) return []
  return [...new Set(signing.otherPaths(call))].filter((path) => path !== call.path && path !== call.linePath).map((path) => ({ path }))
}

/** Seconds, milliseconds, microseconds and nanoseconds of the same instant. */
function inOtherUnits(nonce: string): string[] {
  return [10, 13, 16, 19].filter((digits) => digits !== nonce.length).map((digits) => nonce.slice(0, digits).padEnd(digits, '0'))
}

function withNonce(text: string, nonce: string): string[] {
  if (!text.startsWith('{')) return []
  const comma = text.slice(1).trimStart() === '}' ? '' : ','
  return [nonce, `"${nonce}"`].flatMap((value) => [`{"nonce":${value}${comma}${text.slice(1)}`, `${text.slice(0, -1)}${comma}"nonce":${value}}`])
}
