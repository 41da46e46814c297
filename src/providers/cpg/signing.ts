// How clients of CPG sign, and what goes wrong when they do, for the hints. What is right stands in wire.ts.
import { hash } from 'node:crypto'
import type { Credential, Signing, SignedParts, Unsigned } from '../../provider.ts'
import { canonical, signature, signedParts } from './wire.ts'

/** A client's headers: the timestamp in seconds, and the signature over it and the call. */
export function sign({ wallMs, ...call }: Unsigned, { key, secret = '' }: Credential): Record<string, string> {
  const timestamp = String(Math.floor(wallMs / 1000))
  return { 'X-CPG-Key': key, 'X-CPG-Timestamp': timestamp, 'X-CPG-Signature': signature({ ...call, secret, timestamp }).toString('hex') }
}

function joined({ timestamp, method, path, query = '', body }: SignedParts, by: string, bodyLine = hash('sha256', body, 'hex')): string {
  return [timestamp, method, path, query, bodyLine].join(by)
}

export const signing: Signing = {
  encoding: 'hex',
  digest: 'sha256',
  read: signedParts,
  text: canonical,
  otherPaths: ({ path, linePath, origin }) => [linePath, `/cpg${path}`, path.replace(/^\/v1(?=\/)/, ''), `${origin}${linePath}`, `${origin.replace('http://', '')}${linePath}`],
  slips: [
    ['the method was signed in lower case', (parts) => [canonical({ ...parts, method: parts.method.toLowerCase() })]],
    ['the signed text ended in a newline: there is none behind the hash of the body', (parts) => [`${canonical(parts)}\n`]],
    ['a backslash and an n were signed between the lines: real newlines are expected', (parts) => [joined(parts, '\\n')]],
    ['the lines were joined by CR and LF: LF alone is expected', (parts) => [joined(parts, '\r\n')]],
    ['the five lines were joined by something other than newlines', (parts) => ['', ' ', '|'].map((by) => joined(parts, by))],
    [
      'the line of the query was left out: it stays, empty, where there is no query',
      ({ timestamp, method, path, query, body }) => [[timestamp, method, query === undefined ? path : `${path}?${query}`, hash('sha256', body, 'hex')].join('\n')],
    ],
    ['the query was signed as part of the path: it has a line of its own', (parts) => (parts.query === undefined ? [] : [canonical({ ...parts, path: `${parts.path}?${parts.query}`, query: '' })])],
    ['the body was signed, instead of its SHA-256', (parts) => (parts.body.length > 0 ? [joined(parts, '\n', parts.body.toString())] : [])],
    [
      'the hash of the body was left out: a call without a body has the SHA-256 of nothing',
      (parts) => {
        const others = joined(parts, '\n', '')
        return parts.body.length > 0 ? [] : [...new Set([others, others.slice(0, -1), others.trimEnd()])]
      },
    ],
    ['the SHA-256 of the body was signed in upper case: lower-case hex is expected', (parts) => [joined(parts, '\n', hash('sha256', parts.body, 'hex').toUpperCase())]],
    ['the SHA-256 of the body was signed as base64: lower-case hex is expected', (parts) => [joined(parts, '\n', hash('sha256', parts.body, 'base64'))]],
    ['the SHA-256 of the body was signed as raw bytes: lower-case hex is expected', (parts) => [Buffer.concat([Buffer.from(joined(parts, '\n', '')), hash('sha256', parts.body, 'buffer')])]],
    ['the body was hashed with SHA-512: SHA-256 is expected', (parts) => [joined(parts, '\n', hash('sha512', parts.body, 'hex'))]],
    [
      'the lines stand in another order: timestamp, method, path, query, hash of the body is expected',
      ({ timestamp, method, path, query = '', body }) => [[method, path, query, timestamp, hash('sha256', body, 'hex')].join('\n'), [method, path, query, hash('sha256', body, 'hex'), timestamp].join('\n')],
    ],
  ],
}
