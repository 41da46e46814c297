// Text and JSON out of files and bodies that somebody else wrote: bounded before it is parsed, without a byte order mark, and told in one sentence
// when it is in another encoding. What the text may say is left to whoever asks.
import { isUtf8 } from 'node:buffer'
import { closeSync, openSync, readSync } from 'node:fs'

/** Why a text cannot be read, in one sentence without the name of its file. */
export class UnreadableText extends Error {}

/** How much of a file is read at a time. */
const CHUNK_BYTES = 1024 * 1024
/** How many values one JSON text may have: the parser needs some hundred bytes for each, and its process ends when there is no room. */
const JSON_VALUES_MAX = 5_000_000
const JSON_NESTING_MAX = 1_000

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const OPENING = [0x5b, 0x7b]
const CLOSING = [0x5d, 0x7d]

/** The bytes of a file, of a pipe too; never more than `most` are read. Throws `UnreadableText`. */
export function readBytes(file: string, most: number): Buffer {
  const chunks: Buffer[] = []
  let length = 0
  try {
    const fd = openSync(file, 'r')
    try {
      for (;;) {
        const chunk = Buffer.allocUnsafe(CHUNK_BYTES)
        const read = readSync(fd, chunk)
        if (read === 0) break
        chunks.push(chunk.subarray(0, read))
        length += read
        if (length > most) break
      }
    } finally {
      closeSync(fd)
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw new UnreadableText(code === 'EISDIR' ? 'is a directory; name the files in it' : `cannot be read: ${message}`)
  }
  if (length > most) throw new UnreadableText(`is larger than ${most >> 20} MiB, the most that is read`)
  return Buffer.concat(chunks, length)
}

// rule: sandgate.input.byte-order-mark
/** UTF-8 as text, a byte order mark taken off. Throws `UnreadableText`, which names UTF-16 where it looks like it. */
export function textOf(bytes: Buffer): string {
  const wrong = encodingProblem(bytes)
  if (wrong !== undefined) throw new UnreadableText(wrong)
  return withoutMark(bytes).toString('utf8')
}

/** Why bytes are no text in UTF-8, which names UTF-16 where it looks like it; undefined when they are one. */
export function encodingProblem(bytes: Buffer): string | undefined {
  if (isUtf16(bytes)) {
    return 'is in UTF-16, as PowerShell writes it with >; save it as UTF-8 (Out-File -Encoding utf8)'
  }
  return isUtf8(bytes) ? undefined : 'is not UTF-8'
}

/** By its byte order mark; without one, every other byte of Latin letters is zero. */
export function isUtf16([first, second, third, fourth]: Buffer): boolean {
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) return true
  return fourth !== undefined && ((first === 0 && third === 0) || (second === 0 && fourth === 0))
}

/** The same bytes without the byte order mark in front of them. */
export function withoutMark(bytes: Buffer): Buffer {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes
}

/** JSON of a file. Throws `UnreadableText`, also for more values, or deeper nesting, than there is room for. */
export function jsonOf(bytes: Buffer): unknown {
  const text = textOf(bytes)
  const beyond = boundsOf(bytes)
  if (beyond !== undefined) throw new UnreadableText(beyond)
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new UnreadableText(`is not JSON: ${(error as Error).message}`)
  }
}

/** What a JSON text has too much of; one pass over its bytes, without a parser. */
export function boundsOf(bytes: Buffer, most = JSON_VALUES_MAX): string | undefined {
  let values = 0
  let depth = 0
  let inText = false
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]!
    if (inText) {
      if (byte === BACKSLASH) at++
      else if (byte === QUOTE) inText = false
    } else if (byte === QUOTE) inText = true
    else if (byte === COMMA || OPENING.includes(byte)) {
      if (++values > most) return `has more than ${most} values`
      if (byte !== COMMA && ++depth > JSON_NESTING_MAX)
        return `is nested deeper than ${JSON_NESTING_MAX} levels (byte ${at})`
    } else if (CLOSING.includes(byte)) depth--
  }
  return undefined
}
