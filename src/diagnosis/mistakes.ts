// The table of what clients get wrong when they sign: what to say of it, and what is signed by those who do it. What goes wrong with one provider
// only stands with that provider; how what was signed is made in variants.ts, how a signature is written down in signatures.ts, and the search through
// this table in hints.ts.
import type { Signing } from '../provider.ts'
import { asText, encodings, formOf, withLineEnds, withQuotes } from './rewritings.ts'
import {
  asFloats,
  bared,
  type SignatureVariant,
  bodies,
  bodyOf,
  type Case,
  formsOf,
  holder,
  inOtherForms,
  inOtherUnits,
  isAscii,
  MARK,
  MORE,
  only,
  otherPaths,
  otherSecrets,
  otherThan,
  percentEncoded,
  printable,
  REWRITTEN_MAX,
  textOf,
  title,
  unescaped,
  withEnds,
  withNonce,
} from './variants.ts'

/** `each`: what is signed by mistake depends on the path that should have been. */
export type Row = readonly [
  says: string | ((variant: SignatureVariant, about: Case) => string),
  variants: (about: Case) => Iterable<SignatureVariant>,
  each?: 'path',
]

/** The whole table, the likely and cheap first. */
export function mistakesOf({ commonMistakes }: Signing): readonly Row[] {
  return [
    ...MISTAKES,
    ...commonMistakes.map(([says, texts]): Row => [
      says,
      ({ parts, call }) => texts(parts, call).map((text) => ({ text })),
      'path',
    ]),
    ...REWRITINGS,
    ...RARE,
  ]
}

const DIGESTS = ['sha256', 'sha512', 'sha1', 'sha384']

const MISTAKES: readonly Row[] = [
  // None, so that a signature which is only written down wrongly is found too.
  ['', () => [{}]],

  [
    'the signed text had a trailing newline that the sent body has not',
    ({ parts: { body } }) => [bodyOf(body, '\n'), bodyOf(body, '\r\n')],
  ],
  [
    'the sent body has a trailing newline that was not signed',
    ({ parts: { body } }) =>
      only(textOf(body).endsWith('\n'), { body: Buffer.from(textOf(body).replace(/\r?\n$/, '')) }),
  ],
  ['blanks or line breaks around the body were sent, but not signed', ({ parts: { body } }) => bared(body)],
  [
    'the line ends were signed, but not sent: curl -d @file takes them out, --data-binary @file keeps them',
    ({ parts: { body } }) => (body.length > REWRITTEN_MAX ? MORE : bodies(withLineEnds(textOf(body)))),
  ],
  [
    'CR LF was signed as the end of each line, but LF sent',
    ({ parts: { body } }) =>
      bodies(/[^\r]\n/.test(textOf(body)) ? [withEnds(body, '\r\n'), `${withEnds(body, '\r\n')}\r\n`] : []),
  ],
  [
    'LF was signed as the end of each line, but CR LF sent',
    ({ parts: { body } }) =>
      bodies(
        textOf(body).includes('\r\n')
          ? [withEnds(body, '\n'), withEnds(body, '\n').trimEnd(), `${withEnds(body, '\n')}\n`]
          : [],
      ),
  ],
  [
    'the body was left out of the signed text',
    ({ parts: { body } }) => only(body.length > 0, { body: Buffer.alloc(0) }),
  ],
  [
    'an empty JSON object was signed, but no body was sent',
    ({ parts: { body } }) => only(body.length === 0, { body: Buffer.from('{}') }),
  ],
  [
    ({ body }) => `${textOf(body!)} was signed, but no body was sent`,
    ({ parts: { body } }) =>
      body.length > 0 ? [] : ['null', '[]', '""', 'undefined', 'None'].map((text) => ({ body: Buffer.from(text) })),
  ],
  [
    'the byte order mark in front of the body was sent, but not signed',
    ({ parts: { body } }) => only(body.subarray(0, 3).equals(MARK), { body: body.subarray(3) }),
  ],

  [
    'the query was left out of the signed text',
    ({ parts: { query } }) => only(query !== undefined, { query: undefined }),
  ],
  [
    'the query was signed with its question mark',
    ({ parts: { query, path } }) => only(query !== undefined && path !== undefined, { query: `?${query}` }),
  ],
  [
    'a question mark was signed, and there is no query',
    ({ parts: { query, path } }) => only(query === undefined && path !== undefined, { query: '' }),
  ],
  [
    'the query was sorted for signing: sign it as it is sent',
    ({ parts: { query = '' } }) => only(query.includes('&'), { query: query.split('&').sort().join('&') }),
  ],
  [
    'the query was encoded anew for signing: sign it as it is sent',
    ({ parts: { query = '' } }) => encodings(query).map((query) => ({ query })),
  ],

  [
    'the secret was used as text: base64-decode it first',
    ({ parts }) => only(parts.secretEncoding === 'base64', { secretEncoding: 'utf8' }),
  ],
  [
    'the secret was base64-decoded: use it as text',
    ({ parts }) => only(parts.secretEncoding === 'utf8', { secretEncoding: 'base64' }),
  ],
  [
    'the secret was hex-decoded: use it as text',
    ({ parts: { secret, secretEncoding } }) =>
      only(secretEncoding === 'utf8' && /^([0-9a-f]{2})+$/i.test(secret), { secretEncoding: 'hex' }),
  ],
  [
    'the secret had a trailing newline',
    ({ parts: { secret } }) =>
      ['\n', '\r\n', '\\n'].map((end) => ({ secret: `${secret}${end}`, secretEncoding: 'utf8' })),
  ],
  [
    'the secret had quotes around it',
    ({ parts: { secret } }) =>
      ['"', "'"].map((quote) => ({ secret: `${quote}${secret}${quote}`, secretEncoding: 'utf8' })),
  ],
  [
    'the secret had a blank or a byte order mark around it',
    ({ parts: { secret } }) =>
      [` ${secret}`, `${secret} `, `\ufeff${secret}`].map((secret) => ({ secret, secretEncoding: 'utf8' })),
  ],
  [
    'the secret was empty: the variable that should hold it is not set',
    () => ['', 'undefined', 'null', 'None'].map((secret) => ({ secret, secretEncoding: 'utf8' })),
  ],
  [
    'the secret was encoded once more: use it as it is',
    ({ parts: { secret } }) =>
      [Buffer.from(secret).toString('base64'), Buffer.from(secret).toString('hex'), encodeURIComponent(secret)]
        .filter((text) => text !== secret)
        .map((secret) => ({ secret, secretEncoding: 'utf8' })),
  ],
  [
    'the key was used as the secret',
    ({ call, provider, parts }) =>
      [...new Set(['utf8', parts.secretEncoding] as const)].map((secretEncoding) => ({
        secret: String(call.headers[provider.keyHeader]),
        secretEncoding,
      })),
  ],
  ['signed with the secret of another key of the same account', (about) => otherSecrets(about).own],
  [
    ({ secret }, { provider }) => `signed with the secret of ${holder(secret, provider)}`,
    (about) => otherSecrets(about).foreign,
  ],

  [
    ({ digest }, { signing }) => `${title(digest!)} was used, ${title(signing.digest)} is expected`,
    ({ signing }) => DIGESTS.filter((digest) => digest !== signing.digest).map((digest) => ({ digest })),
  ],
  [
    (_, { signing }) => `a plain ${title(signing.digest)} was sent: an HMAC with the secret for its key is expected`,
    () => [
      { plain: (secret, text) => [secret, text] },
      { plain: (secret, text) => [text, secret] },
      { plain: (_, text) => [text] },
    ],
  ],
  ['secret and text changed places: the secret is the key of the HMAC', () => [{ swapped: true }]],

  [
    'milliseconds were signed, but seconds sent in the header',
    ({ parts: { timestamp } }) => only(timestamp !== undefined, { timestamp: `${timestamp}000` }),
  ],
  [
    'seconds expected, milliseconds sent',
    ({ parts: { timestamp = '' } }) => only(/^\d{13}$/.test(timestamp), { timestamp: timestamp.slice(0, 10) }),
  ],
  [
    'the timestamp that was signed is not the one in the header: read the clock once',
    ({ parts: { timestamp } }) =>
      timestamp === undefined
        ? []
        : [-1, 1, -2, 2].map((seconds) => ({ timestamp: String(Number(timestamp) + seconds) })),
  ],
  [
    'the timestamp was signed in another form than it was sent in',
    ({ parts: { timestamp = '' } }) =>
      /^\d{1,11}$/.test(timestamp) ? inOtherForms(Number(timestamp)).map((timestamp) => ({ timestamp })) : [],
  ],
  [
    'the timestamp was left out of the signed text',
    ({ parts: { timestamp } }) => only(timestamp !== undefined, { timestamp: '' }),
  ],
  ['the nonce was left out of the signed text', ({ parts: { nonce } }) => only(nonce !== undefined, { nonce: '' })],
  [
    'the nonce was signed in another unit than it was sent in',
    ({ parts: { nonce } }) => (nonce === undefined ? [] : inOtherUnits(nonce).map((nonce) => ({ nonce }))),
  ],
  [
    'the nonce was signed as another number than it was sent as: keep it as text, because a double rounds it',
    ({ parts: { nonce = '' } }) => (/^\d{1,20}$/.test(nonce) ? asFloats(nonce).map((nonce) => ({ nonce })) : []),
  ],
  [
    'the nonce that was signed is not the one in the header: make it once',
    ({ parts: { nonce = '' } }) =>
      /^\d{1,20}$/.test(nonce) ? [-1n, 1n].map((more) => ({ nonce: String(BigInt(nonce) + more) })) : [],
  ],
  [
    'the nonce was signed as part of the body: it belongs in front of the body, and in its own header',
    ({ parts: { nonce, body } }) =>
      nonce === undefined
        ? []
        : [nonce, ''].flatMap((before) =>
            withNonce(textOf(body), nonce).map((text) => ({ nonce: before, body: Buffer.from(text) })),
          ),
  ],

  [
    ({ path }, { call }) => `the path was signed as ${printable(path!)}; the sandbox saw ${call.path}`,
    otherPaths,
    'path',
  ],
  [
    'the path was signed with a slash at its end',
    ({ parts: { path } }) => only(path !== undefined, { path: `${path}/` }),
    'path',
  ],
]

/** What costs most to try. */
const REWRITINGS: readonly Row[] = [
  [
    ({ as }) => `the body was re-serialised after signing${as ? `: what was signed has ${as}` : ''}`,
    ({ parts: { body } }) => formsOf(body),
  ],
  [
    'the body was JSON-encoded twice for signing',
    ({ parts: { body } }) => only(body.length > 0, { body: Buffer.from(JSON.stringify(textOf(body))) }),
  ],
  ['a form was signed, but JSON sent', ({ parts: { body } }) => bodies(formOf(textOf(body)))],
  [
    'the body was signed in Latin-1, but sent in UTF-8',
    ({ parts: { body } }) => only(!isAscii(body), { body: Buffer.from(textOf(body), 'latin1') }),
  ],
  [
    'a letter with an accent was signed as one character but sent as two, or the other way round: sign what is sent (Unicode NFC and NFD)',
    ({ parts: { body } }) =>
      isAscii(body) ? [] : bodies(otherThan(body, [textOf(body).normalize('NFC'), textOf(body).normalize('NFD')])),
  ],
]

/** What is left. */
const RARE: readonly Row[] = [
  [
    'the body was signed in UTF-16, but sent in UTF-8',
    ({ parts: { body } }) =>
      body.length > 0
        ? [{ body: Buffer.from(textOf(body), 'utf16le') }, { body: Buffer.from(`\ufeff${textOf(body)}`, 'utf16le') }]
        : [],
  ],
  [
    'a byte order mark was signed in front of the body, but not sent',
    ({ parts: { body } }) => only(body.length > 0, { body: Buffer.concat([MARK, body]) }),
  ],
  [
    'the body was signed in ASCII, with ? for every other character',
    ({ parts: { body } }) =>
      isAscii(body)
        ? []
        : bodies([textOf(body).replace(/[^\0-\x7f]/g, '?'), textOf(body).replace(/[^\0-\x7f]/gu, '?')]),
  ],
  [
    'the body was encoded in UTF-8 twice for signing',
    ({ parts: { body } }) => (isAscii(body) ? [] : bodies([body.toString('latin1')])),
  ],
  [
    'what the shell made of the body was signed: echo without -n adds a newline, and cmd keeps quotes and blanks',
    ({ parts: { body } }) =>
      body.length > 0
        ? bodies([
            `-n ${textOf(body)}\n`,
            `${textOf(body)} \r\n`,
            `'${textOf(body)}'`,
            `'${textOf(body)}'\n`,
            `'${textOf(body)}'\r\n`,
            `'${textOf(body)}' \r\n`,
          ])
        : [],
  ],
  [
    'the shell took the quotes out of the signed text',
    ({ parts: { body } }) =>
      textOf(body).includes('"')
        ? bodies([textOf(body).replaceAll('"', ''), `${textOf(body).replaceAll('"', '')}\n`])
        : [],
  ],
  [
    'the shell took the quotes out of the sent body (PowerShell does, in front of curl.exe): send it as --data-binary @file',
    ({ parts: { body } }) => bodies(withQuotes(textOf(body))),
  ],
  [
    'echo or printf read the backslashes of the signed text',
    ({ parts: { body } }) =>
      textOf(body).includes('\\')
        ? bodies(otherThan(body, [unescaped(textOf(body)), `${unescaped(textOf(body))}\n`]))
        : [],
  ],
  [
    'an object was signed as the text that the language shows for it, instead of as JSON',
    ({ parts: { body } }) => bodies(asText(textOf(body))),
  ],
  [
    "the bytes of the body were signed as Python shows them, b'...': decode them",
    ({ parts: { body } }) => (body.length > 0 ? bodies([`b'${textOf(body)}'`]) : []),
  ],
  [
    'the body was percent-encoded for signing',
    ({ parts: { body } }) => (body.length > 0 ? bodies(percentEncoded(textOf(body))) : []),
  ],
  [
    'base64 or hex of the body was signed',
    ({ parts: { body } }) => (body.length > 0 ? bodies([body.toString('base64'), body.toString('hex')]) : []),
  ],
]
