// How clients of CPG sign, and their common mistakes, for the hints. The correct signature is in wire.ts.
import { createHmac, hash } from 'node:crypto'
import type { Credential, Signing, SignedParts, Unsigned } from '../../provider.ts'
import { canonical, signature, signedParts } from './wire.ts'

/** A client's headers: the timestamp in seconds, and the signature over it and the call. */
export function sign({ wallMs, ...call }: Unsigned, { key, secret = '' }: Credential): Record<string, string> {
  const timestamp = String(Math.floor(wallMs / 1000))
  return {
    'X-CPG-Key': key,
    'X-CPG-Timestamp': timestamp,
    'X-CPG-Signature': signature({ ...call, secret, timestamp }).toString('hex'),
  }
}

function joined(
  { timestamp, method, path, query = '', body }: SignedParts,
  by: string,
  bodyLine = hash('sha256', body, 'hex'),
): string {
  return [timestamp, method, path, query, bodyLine].join(by)
}

export const signing: Signing = {
  encoding: 'hex',
  digest: 'sha256',
  read: signedParts,
  text: canonical,
  otherPaths: ({ path, linePath, origin }) => [
    linePath,
    `/cpg${path}`,
    path.replace(/^\/v1(?=\/)/, ''),
    `${origin}${linePath}`,
    `${origin.replace('http://', '')}${linePath}`,
  ],
  commonMistakes: [
    ['the method was signed in lower case', (parts) => [canonical({ ...parts, method: parts.method.toLowerCase() })]],
    [
      'the signed text ended in a newline: no newline follows the hash of the body',
      (parts) => [`${canonical(parts)}\n`],
    ],
    [
      'a backslash and an n were signed between the lines: real newlines are expected',
      (parts) => [joined(parts, '\\n')],
    ],
    ['the lines were joined by CR and LF: LF alone is expected', (parts) => [joined(parts, '\r\n')]],
    [
      'the five lines were joined by something other than newlines',
      (parts) => ['', ' ', '|', ':', ',', '.', '&', '\t'].map((by) => joined(parts, by)),
    ],
    [
      'the line of the query was left out: it stays, empty, where there is no query',
      ({ timestamp, method, path, query, body }) => [
        [timestamp, method, query === undefined ? path : `${path}?${query}`, hash('sha256', body, 'hex')].join('\n'),
      ],
    ],
    [
      'the query was signed as part of the path: it has a line of its own',
      (parts) =>
        parts.query === undefined ? [] : [canonical({ ...parts, path: `${parts.path}?${parts.query}`, query: '' })],
    ],
    [
      'the body was signed, instead of its SHA-256',
      (parts) => (parts.body.length > 0 ? [joined(parts, '\n', parts.body.toString())] : []),
    ],
    [
      'the hash of the body was left out: a call without a body has the SHA-256 of nothing',
      (parts) => {
        const others = joined(parts, '\n', '')
        return parts.body.length > 0 ? [] : [...new Set([others, others.slice(0, -1), others.trimEnd()])]
      },
    ],
    [
      'the SHA-256 of the body was signed in upper case: lower-case hex is expected',
      (parts) => [joined(parts, '\n', hash('sha256', parts.body, 'hex').toUpperCase())],
    ],
    [
      'the SHA-256 of the body was signed as base64: lower-case hex is expected',
      (parts) => [
        joined(parts, '\n', hash('sha256', parts.body, 'base64')),
        joined(parts, '\n', hash('sha256', parts.body, 'buffer').toString('base64url')),
      ],
    ],
    [
      'the SHA-256 of the body was signed as raw bytes: lower-case hex is expected',
      (parts) => [Buffer.concat([Buffer.from(joined(parts, '\n', '')), hash('sha256', parts.body, 'buffer')])],
    ],
    [
      'the SHA-256 of the body was signed as text that its raw bytes are not: lower-case hex is expected',
      (parts) =>
        ['latin1', 'utf8'].map((encoding) =>
          joined(parts, '\n', hash('sha256', parts.body, 'buffer').toString(encoding as 'utf8')),
        ),
    ],
    [
      'the body was hashed twice',
      (parts) =>
        [
          hash('sha256', hash('sha256', parts.body, 'buffer'), 'hex'),
          hash('sha256', hash('sha256', parts.body, 'hex'), 'hex'),
        ].map((twice) => joined(parts, '\n', twice)),
    ],
    [
      'the HMAC of the body was signed, instead of its SHA-256',
      (parts) => [joined(parts, '\n', createHmac('sha256', parts.secret).update(parts.body).digest('hex'))],
    ],
    [
      'the MD5 or SHA-1 of the body was signed, instead of its SHA-256',
      (parts) => ['md5', 'sha1'].map((digest) => joined(parts, '\n', hash(digest, parts.body, 'hex'))),
    ],
    [
      'the five lines were hashed before they were signed: sign the lines',
      (parts) => [
        hash('sha256', canonical(parts), 'hex'),
        hash('sha256', canonical(parts), 'buffer'),
        hash('sha256', canonical(parts), 'base64'),
      ],
    ],
    ['the line of the timestamp was left out', (parts) => [canonical(parts).slice(`${parts.timestamp}\n`.length)]],
    [
      'the line of the method was left out',
      ({ timestamp, path, query = '', body }) => [[timestamp, path, query, hash('sha256', body, 'hex')].join('\n')],
    ],
    [
      'the method and the path are on one line: each has its own',
      ({ timestamp, method, path, query = '', body }) =>
        [' ', ''].map((by) => [timestamp, `${method}${by}${path}`, query, hash('sha256', body, 'hex')].join('\n')),
    ],
    [
      'the signed method differs from the one sent',
      (parts) =>
        ['GET', 'POST', 'Post', 'Get']
          .filter((method) => method !== parts.method)
          .map((method) => canonical({ ...parts, method })),
    ],
    [
      'the key or the secret was signed with the lines: they are not part of the text',
      (parts, { headers }) =>
        [String(headers['x-cpg-key']), parts.secret].flatMap((more) => [
          `${more}\n${canonical(parts)}`,
          `${canonical(parts)}\n${more}`,
          `${more}${canonical(parts)}`,
        ]),
    ],
    [
      'the signed lines were indented: no line begins with a space',
      (parts) => ['  ', '    ', '\t', '        '].map((by) => joined(parts, `\n${by}`)),
    ],
    [
      'a question mark was signed after the path, but there is no query',
      (parts) => (parts.query === undefined ? [canonical({ ...parts, path: `${parts.path}?` })] : []),
    ],
    [
      'the body was hashed with SHA-512: SHA-256 is expected',
      (parts) => [joined(parts, '\n', hash('sha512', parts.body, 'hex'))],
    ],
    [
      'the lines are in the wrong order: timestamp, method, path, query, hash of the body is expected',
      ({ timestamp, method, path, query = '', body }) => [
        [method, path, query, timestamp, hash('sha256', body, 'hex')].join('\n'),
        [method, path, query, hash('sha256', body, 'hex'), timestamp].join('\n'),
      ],
    ],
  ],
}
