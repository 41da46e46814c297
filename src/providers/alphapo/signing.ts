// How clients of AlphaPo sign, and their common mistakes, for the hints. The correct signature is in wire.ts.
import { hash } from 'node:crypto'
import type { Credential, Signing, Unsigned } from '../../provider.ts'
import { signature, signedParts } from './wire.ts'

/** A client's headers: the signature over the body, and nothing else. */
export function sign({ body }: Unsigned, { key, secret = '' }: Credential): Record<string, string> {
  return {
    'X-Processing-Key': key,
    'X-Processing-Signature': signature({ secret, secretEncoding: 'utf8', body }).toString('hex'),
  }
}

export const signing: Signing = {
  encoding: 'hex',
  digest: 'sha512',
  read: signedParts,
  text: ({ body }) => body,
  otherPaths: () => [],
  commonMistakes: [
    [
      'the query was signed: the body is, and nothing else',
      (_, { query }) => (query === undefined ? [] : [query, `?${query}`]),
    ],
    [
      'the path was signed: the body is, and nothing else',
      ({ method, body }, { path, linePath, query }) =>
        [path, linePath].flatMap((path) => [
          path,
          `${path}${body}`,
          `${method}${path}${body}`,
          ...(query === undefined ? [] : [`${path}?${query}`]),
        ]),
    ],
    [
      'the body was hashed before it was signed: sign its bytes',
      ({ body }) => [hash('sha512', body, 'hex'), hash('sha256', body, 'hex'), hash('sha512', body, 'buffer')],
    ],
    [
      'the key or the secret was signed with the body: the body is, and nothing else',
      ({ body, secret }, { headers }) =>
        [String(headers['x-processing-key']), secret].flatMap((more) => [
          Buffer.concat([Buffer.from(more), body]),
          Buffer.concat([body, Buffer.from(more)]),
        ]),
    ],
    ['base64 of the body was signed: sign its bytes', ({ body }) => (body.length > 0 ? [body.toString('base64')] : [])],
  ],
}
