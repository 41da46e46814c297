// How clients of Payward sign, and their common mistakes, for the hints. The correct signature is in wire.ts.
import { hash } from 'node:crypto'
import type { Credential, Signing, SignedParts, Unsigned } from '../../provider.ts'
import { inner, signature, signedParts, target } from './wire.ts'

/** A client's headers: a nonce in nanoseconds, as the documents recommend, and the signature over it and the call. */
export function sign({ wallMs, ...call }: Unsigned, { key, secret = '' }: Credential): Record<string, string> {
  const nonce = String(BigInt(Math.floor(wallMs * 1000)) * 1000n)
  const signed = signature({ ...call, given: '', secret, secretEncoding: 'base64', nonce })
  return { 'API-Key': key, 'API-Nonce': nonce, 'API-Sign': signed.toString('base64') }
}

function joined(...parts: (string | Buffer)[]): Buffer {
  return Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)))
}

function behindTarget(parts: SignedParts, ...more: (string | Buffer)[]): Buffer[] {
  return [joined(target(parts), ...more)]
}

export const signing: Signing = {
  encoding: 'base64',
  digest: 'sha512',
  read: signedParts,
  text: (parts) => joined(target(parts), inner(parts)),
  shown: (parts) =>
    joined(
      target(parts),
      ' and, as 32 raw bytes, ',
      inner(parts).toString('hex'),
      ' which is the SHA-256 of ',
      parts.nonce!,
      parts.body,
    ),
  otherPaths: ({ path, linePath, origin }) => {
    const bare = path.replace(/^\/v1(?=\/)/, '')
    return [
      bare,
      bare.slice(1),
      path.slice(1),
      `/payward${path}`,
      `${origin}${linePath}`,
      `https://api.services.payward.com${path}`,
    ]
  },
  commonMistakes: [
    [
      'the SHA-256 of nonce and body was signed as hex: its 32 raw bytes are expected',
      (parts) => behindTarget(parts, inner(parts).toString('hex')),
    ],
    [
      'the SHA-256 of nonce and body was signed as base64: its 32 raw bytes are expected',
      (parts) => behindTarget(parts, inner(parts).toString('base64')),
    ],
    [
      'the SHA-256 of nonce and body was joined to the path as text, which spoils its bytes: join them as bytes',
      (parts) =>
        [inner(parts).toString('latin1'), inner(parts).toString('utf8'), String([...inner(parts)])].flatMap((text) =>
          behindTarget(parts, text),
        ),
    ],
    [
      'the SHA-256 of nonce and body was signed as hex in upper case: its 32 raw bytes are expected',
      (parts) => behindTarget(parts, inner(parts).toString('hex').toUpperCase()),
    ],
    [
      'nonce and body were hashed twice',
      (parts) =>
        [hash('sha256', inner(parts), 'buffer'), hash('sha256', inner(parts).toString('hex'), 'buffer')].flatMap(
          (twice) => behindTarget(parts, twice),
        ),
    ],
    [
      'nonce and body were joined by something: the body follows the nonce directly',
      (parts) =>
        parts.body.length > 0
          ? ['\n', ':', '&', ' ', ','].flatMap((by) =>
              behindTarget(parts, hash('sha256', joined(parts.nonce!, by, parts.body), 'buffer')),
            )
          : [],
    ],
    [
      'nonce and body were hashed with SHA-1 or MD5: SHA-256 is expected for them',
      (parts) =>
        ['sha1', 'md5'].flatMap((digest) =>
          behindTarget(parts, hash(digest, joined(parts.nonce!, parts.body), 'buffer')),
        ),
    ],
    [
      'path and SHA-256 were joined by something: the 32 bytes follow the path directly',
      (parts) => ['\n', ':', ' '].map((by) => joined(target(parts), by, inner(parts))),
    ],
    [
      'path and SHA-256 were hashed before they were signed',
      (parts) => [
        hash('sha512', joined(target(parts), inner(parts)), 'buffer'),
        hash('sha256', joined(target(parts), inner(parts)), 'buffer'),
      ],
    ],
    [
      'the key was signed: only path and hash are signed',
      (parts, { headers }) => [
        joined(String(headers['api-key']), target(parts), inner(parts)),
        joined(target(parts), String(headers['api-key']), inner(parts)),
      ],
    ],
    [
      'the SHA-256 was left out: nonce and body are hashed before they are signed',
      (parts) => behindTarget(parts, parts.nonce!, parts.body),
    ],
    [
      'nonce and body were hashed with SHA-512: SHA-256 is expected for them',
      (parts) => behindTarget(parts, hash('sha512', joined(parts.nonce!, parts.body), 'buffer')),
    ],
    [
      'only the path was signed: the SHA-256 of the nonce follows it also where there is no body',
      (parts) => [target(parts)],
    ],
    ['the path was left out: it comes before the SHA-256', (parts) => [inner(parts)]],
    ['the SHA-256 was signed before the path: it comes after it', (parts) => [joined(inner(parts), target(parts))]],
    [
      'the body was hashed before the nonce: the nonce comes first',
      (parts) =>
        parts.body.length > 0 ? behindTarget(parts, hash('sha256', joined(parts.body, parts.nonce!), 'buffer')) : [],
    ],
    [
      'the nonce was signed before the path: it is hashed, before the body',
      (parts) => [joined(parts.nonce!, target(parts), hash('sha256', parts.body, 'buffer'))],
    ],
    [
      'the method was signed: only path and hash are signed',
      (parts) => [joined(parts.method, target(parts), inner(parts))],
    ],
  ],
}
