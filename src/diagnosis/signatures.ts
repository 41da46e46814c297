// How a signature was written down: every way in which the libraries of clients write the bytes of a MAC, read back, with what is wrong about it.
// Over what it was made is left to mistakes.ts.
import type { Signing } from '../provider.ts'

/** A way to read what was sent. */
export interface Reading {
  /** Whether it means this MAC. */
  readonly means: (mac: Buffer) => boolean
  readonly mistakes: readonly string[]
}

/** Characters; longer than any way of writing a signature down. */
const GIVEN_MAX = 512

/** Bytes of SHA-1, SHA-256, SHA-384 and SHA-512. */
const MAC_BYTES = [20, 32, 48, 64]

/** What stands around a signature, or inside it, and how it is without. */
const WRAPPINGS: readonly (readonly [says: string, bare: (text: string) => string])[] = [
  ['', (text) => text],
  [
    'there are quotes around the signature: send it bare',
    (text) => text.replace(/^b?(?:\\?["'`<]|&quot;)(.*?)(?:\\?["'`>]|&quot;)$/, '$1'),
  ],
  [
    'there is something before the signature, as in sha256=, hmac or a name: send it bare',
    (text) => text.replace(/^.*[=: ](?=[0-9A-Za-z+/_-]{20,}={0,2}$)/, ''),
  ],
  [
    'there is something after the signature, as openssl and sha256sum write the name of the file: send it bare',
    (text) => text.replace(/^([0-9A-Za-z+/_-]{20,}={0,2}) +\*?(?:-|stdin|\(stdin\)|\S+\.\w+)$/, '$1'),
  ],
  ['there is 0x before the signature: send it bare', (text) => text.replace(/^0x/i, '')],
  [
    'the signature is cut into pieces: send it without blanks, colons or dashes',
    (text) => (/^[0-9a-f]+(?:[ :-][0-9a-f]+)+$/i.test(text) ? text.replace(/[ :-]/g, '') : text.replace(/\s/g, '')),
  ],
  [
    'there is a line break inside the signature, as text: take it out (openssl base64 -A, base64 -w 0)',
    (text) => text.replace(/\\[rn]|%0[ad]/gi, ''),
  ],
  ['the + of the base64 became a blank: do not decode it as a form', (text) => text.replaceAll(' ', '+')],
  [
    'the signature was percent-encoded: send it bare',
    (text) => text.replace(/%([0-9a-f]{2})/gi, (_, code) => String.fromCharCode(parseInt(code, 16))),
  ],
]

/** The MACs that the client may have meant, by how they could have been written down; none where it cannot be a signature. */
export function readings(given: string, expected: Signing['encoding']): Reading[] {
  if (given.length > GIVEN_MAX) return []
  return WRAPPINGS.flatMap(([says, bare]) => {
    const text = bare(given)
    if (says && text === given) return []
    return [...decoded(text, expected), ...odd(text, expected)].map(({ means, mistakes }) => ({
      means,
      mistakes: [says, ...mistakes],
    }))
  })
}

function whole(bytes: Buffer, ...mistakes: string[]): Reading[] {
  return MAC_BYTES.includes(bytes.length) ? [{ means: (mac) => bytes.equals(mac), mistakes }] : []
}

function decoded(text: string, expected: Signing['encoding']): Reading[] {
  const found: Reading[] = []
  if (isHex(text)) {
    const bytes = Buffer.from(text, 'hex')
    found.push(
      ...whole(
        bytes,
        expected === 'base64'
          ? 'base64 expected, hex sent'
          : /[A-F]/.test(text)
            ? 'lower-case hex expected, upper-case hex sent'
            : '',
      ),
    )
    found.push(...twice(bytes, 'hex'))
  }
  if (/^[0-9A-Za-z+/_-]+={0,2}$/.test(text)) {
    const urlSafe = /[-_]/.test(text) ? ' (and the URL-safe alphabet was used)' : ''
    const bytes = Buffer.from(text, 'base64')
    const padding = bytes.toString('base64') === text ? '' : 'base64 with its = at the end expected'
    found.push(
      ...whole(
        bytes,
        expected === 'hex'
          ? `hex expected, base64 sent${urlSafe}`
          : urlSafe
            ? `plain base64 expected${urlSafe}`
            : padding,
      ),
    )
    found.push(...twice(bytes, 'base64'))
  }
  return found
}

/** The text of a MAC, encoded once more instead of its bytes. */
function twice(bytes: Buffer, outer: 'hex' | 'base64'): Reading[] {
  const inner = bytes.toString('latin1')
  const how = outer === 'hex' ? 'hex-encoded' : 'base64-encoded'
  if (/^[0-9a-fA-F]{40,128}$/.test(inner) && isHex(inner))
    return whole(Buffer.from(inner, 'hex'), `the hex text was ${how}, instead of the bytes`)
  if (/^[0-9A-Za-z+/]{27,88}={0,2}$/.test(inner))
    return whole(Buffer.from(inner, 'base64'), `the base64 text was ${how}, instead of the bytes`)
  return []
}

/** Ways of writing bytes that lose some, or that nobody means to send. */
function odd(text: string, expected: Signing['encoding']): Reading[] {
  const form = expected === 'hex' ? 'hex' : 'base64'
  const list = /^[[({]?\s*(-?\d{1,3}(?:(?:\s*,\s*|\s+)-?\d{1,3})+)\s*[\])}]?$/.exec(text)?.[1]
  if (list)
    return whole(
      Buffer.from(list.split(/[\s,]+/).map((number) => Number(number) & 255)),
      `the bytes were written as a list of numbers: ${form} expected`,
    )
  const python = /^b(['"])(.*)\1$/s.exec(text)?.[2]
  if (python !== undefined && python.includes('\\'))
    return whole(pythonBytes(python), `the bytes were written as Python shows them, b'\\x..': ${form} expected`)
  const cut = (bytes: Buffer): Reading[] => [
    {
      means: (mac) => mac.length > bytes.length && mac.subarray(0, bytes.length).equals(bytes),
      mistakes: [
        'the signature ends where a line was broken: write it on one line (openssl base64 -A, base64 -w 0, xxd -p -c 256)',
      ],
    },
  ]
  if ((text.length === 64 || text.length === 76) && /^[0-9A-Za-z+/]+$/.test(text) && !isHex(text))
    return cut(Buffer.from(text, 'base64'))
  if (!/^-?[0-9a-fA-F]+$/.test(text)) return []
  if (text.length === 60) return cut(Buffer.from(text, 'hex'))
  return MAC_BYTES.flatMap((length) => unpadded(text.toLowerCase(), length))
}

/** Hex without the zeros that nobody wrote: of the whole as a number, or of each byte. */
function unpadded(text: string, length: number): Reading[] {
  const negative = text.startsWith('-')
  const missing = 2 * length - (negative ? text.length - 1 : text.length)
  const number: Reading = {
    means: (mac) => numberText(mac) === text,
    mistakes: [
      'the bytes were written as one number (BigInteger.toString(16)), which loses zeros in front and has a sign: write two hex digits for each byte',
    ],
  }
  const each = (write: (byte: number) => string): Reading => ({
    means: (mac) => [...mac].map(write).join('') === text,
    mistakes: [
      'the bytes were written without their leading zeros, or with a sign (toHexString, toString(16), %x): write two hex digits for each byte',
    ],
  })
  if (negative) return missing >= 0 && missing <= 4 ? [number] : []
  if (missing >= 1 && missing <= length / 8 + (length > 32 ? 0 : 2))
    return [
      ...(missing <= 4 ? [{ ...number, means: (mac: Buffer) => mac.toString('hex').replace(/^0+/, '') === text }] : []),
      each((byte) => byte.toString(16)),
    ]
  return missing < 0 && text.includes('ffffff')
    ? [
        each((byte) => (byte > 127 ? `ffffff${byte.toString(16)}` : byte.toString(16))),
        each((byte) => (byte > 127 ? 'ffffff' : '') + byte.toString(16).padStart(2, '0')),
      ]
    : []
}

/** As Java's BigInteger writes bytes in two's complement. */
function numberText(bytes: Buffer): string {
  const value = BigInt(`0x${bytes.toString('hex')}`)
  return (bytes[0]! > 127 ? value - (1n << BigInt(8 * bytes.length)) : value).toString(16)
}

function pythonBytes(text: string): Buffer {
  const NAMED: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' }
  return Buffer.from(
    text.replace(/\\x([0-9a-f]{2})|\\(.)/gi, (_, code?: string, char?: string) =>
      code ? String.fromCharCode(parseInt(code, 16)) : (NAMED[char!] ?? char!),
    ),
    'latin1',
  )
}

function isHex(text: string): boolean {
  return /^[0-9a-fA-F]+$/.test(text) && text.length % 2 === 0
}
