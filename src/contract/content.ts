// What the bytes of a body hold, before anybody asks whether it is legal: nothing, JSON, or something that cannot be read, and why.
import { isUtf8 } from 'node:buffer'
import type { Content, Provider } from '../provider.ts'
import { readPartly, type Shape } from './partial.ts'

/** Deeper JSON is read as broken: the frameworks behind the providers give up too, and nobody means it. */
export const NESTING_MAX = 100

/** Reads a body. `readsJson` says whether this media type is JSON to the provider; with a `shape` very much of it is not read in vain. */
export function readContent(
  body: Buffer,
  contentType: string | undefined,
  readsJson: (mediaType: string | undefined) => boolean,
  encodings?: Provider['jsonEncodings'],
  shape?: Shape,
): Content {
  if (body.length === 0) return { kind: 'none' }
  const mediaType = contentType?.split(';', 1)[0]!.trim().toLowerCase() || undefined
  if (!readsJson(mediaType)) return { kind: 'other-type', mediaType }
  // rule: sandgate.input.utf8
  const text = bodyText(body, encodings)
  if (text === undefined) return { kind: 'not-utf8', hint: looksLike(body) }

  // In whatever encoding it came: the bytes of its text in UTF-8.
  const bytes = isPlain(body, encodings) ? body : Buffer.from(text)
  // rule: sandgate.input.many-problems
  const partly = shape && readPartly(bytes, shape)
  if (partly) return { kind: 'json', ...partly }
  let value: unknown
  try {
    // rule: sandgate.input.duplicate-keys, rule: sandgate.input.proto
    value = JSON.parse(text)
  } catch (error) {
    const reason = (error as Error).message
    const position = / at position (\d+)/.exec(reason)
    return { kind: 'broken', offset: position ? Number(position[1]) : text.length, reason, hint: looksLike(body) }
  }
  // A body of fewer bytes than two per level cannot be nested too deep.
  if (bytes.length > 2 * NESTING_MAX && deeperThan(bytes, NESTING_MAX)) {
    // rule: sandgate.input.nesting
    return { kind: 'broken', offset: 0, reason: `nested deeper than ${NESTING_MAX} levels` }
  }
  return { kind: 'json', value }
}

/** A body as text; undefined when it is in no encoding that is taken. */
export function bodyText(body: Buffer, encodings: Provider['jsonEncodings']): string | undefined {
  if (isPlain(body, encodings)) return isUtf8(body) ? body.toString('utf8') : undefined
  const [width, bigEndian, mark] = encodingOf(body)
  const bytes = body.subarray(mark)
  if (width === 1) return isUtf8(bytes) ? bytes.toString('utf8') : undefined
  if (bytes.length % width !== 0) return undefined
  const ordered = Buffer.from(bytes)
  if (width === 2) return (bigEndian ? ordered.swap16() : ordered).toString('utf16le')
  if (bigEndian) ordered.swap32()
  const points = Array.from({ length: ordered.length / 4 }, (_, index) => ordered.readUInt32LE(4 * index))
  return points.every((point) => point <= 0x10ffff)
    ? points.map((point) => String.fromCodePoint(point)).join('')
    : undefined
}

/** JSON in UTF-8 without a mark begins with a byte of ASCII, and only a single digit is shorter than two. */
function isPlain(body: Buffer, encodings: Provider['jsonEncodings']): boolean {
  return encodings === undefined || (body[0]! > 0 && body[0]! < 0x80 && body[1]! > 0)
}

/** Bytes of a character, which of them comes first, and bytes of the mark in front: by the mark, else by where the zeros stand (Python's `json.detect_encoding`). */
function encodingOf(body: Buffer): [width: 1 | 2 | 4, bigEndian: boolean, mark: number] {
  const [a, b, c, d] = body
  if (a === 0 && b === 0 && c === 0xfe && d === 0xff) return [4, true, 4]
  if (a === 0xff && b === 0xfe && c === 0 && d === 0) return [4, false, 4]
  if (a === 0xfe && b === 0xff) return [2, true, 2]
  if (a === 0xff && b === 0xfe) return [2, false, 2]
  if (hasMark(body)) return [1, false, 3]
  if (body.length >= 4) {
    if (a === 0) return [b === 0 ? 4 : 2, true, 0]
    if (b === 0) return [c === 0 && d === 0 ? 4 : 2, false, 0]
  } else if (body.length === 2) {
    if (a === 0) return [2, true, 0]
    if (b === 0) return [2, false, 0]
  }
  return [1, false, 0]
}

function hasMark(body: Buffer): boolean {
  return body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf
}

/** What a body that nobody can read most likely is. */
function looksLike(body: Buffer): string | undefined {
  const [a, b] = body
  if (hasMark(body))
    return 'the body begins with a byte order mark (EF BB BF), which JSON does not have: write it as UTF-8 without one'
  if ((a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff) || (body.length >= 4 && (a === 0 || b === 0)))
    return 'the body is in UTF-16 or UTF-32: send it in UTF-8'
  if (a === 0x1f && b === 0x8b) return 'the body is compressed with gzip: send it as it is'
  if (a === 0x78 && [0x01, 0x5e, 0x9c, 0xda].includes(b!))
    return 'the body is compressed with deflate: send it as it is'
  return undefined
}

const QUOTE = 0x22
const BACKSLASH = 0x5c

/** On the bytes of a legal text, so that neither nesting nor size costs much. */
function deeperThan(text: Buffer, limit: number): boolean {
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    const byte = text[at]!
    // Brackets and braces differ from each other in the same bit as capitals do from small letters.
    if (byte === QUOTE) {
      while (text[++at] !== QUOTE) if (text[at] === BACKSLASH) at++
    } else if ((byte | 0x20) === 0x7b) {
      if (++depth > limit) return true
    } else if ((byte | 0x20) === 0x7d) depth--
  }
  return false
}
