// Bodies as tools write them down: as text, in base64, packed although the format says otherwise, blacked out, or cut short.
import { brotliDecompressSync, gunzipSync, inflateRawSync, inflateSync } from 'node:zlib'
import { Unusable } from '../format.ts'
import { jsonOf, UnreadableText, withoutMark } from '../../text/reading.ts'

/** What one body, and what all of a file, may unpack to. */
const UNPACKED_MAX = 16 * 1024 * 1024
const ALL_UNPACKED_MAX = 256 * 1024 * 1024
/** How often a body may be packed over. */
const LAYERS_MAX = 3

/** Unpacks the bodies of one file. */
export class Unpacker {
  #left = ALL_UNPACKED_MAX

  /** The bytes as the provider meant them; undefined: they cannot be read. Throws `Unusable` for more than there is room for. */
  unpack(bytes: Buffer, encodings: string, place: string): Buffer | undefined {
    let whole: Buffer | undefined = bytes
    for (let layer = 0; whole && layer < LAYERS_MAX; layer++) {
      const unpack = packing(whole, encodings)
      if (!unpack) return whole
      whole = this.#bounded(whole, unpack, place)
    }
    return whole
  }

  #bounded(bytes: Buffer, unpack: Unpack, place: string): Buffer | undefined {
    const maxOutputLength = Math.min(UNPACKED_MAX, this.#left)
    try {
      const whole = unpack(bytes, { maxOutputLength })
      this.#left = Math.max(1, this.#left - whole.length)
      return whole
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ERR_BUFFER_TOO_LARGE') return undefined
      throw new Unusable(
        `${place}: its body unpacks to more than ${UNPACKED_MAX >> 20} MiB, or all of them to more than ${ALL_UNPACKED_MAX >> 20} MiB`,
      )
    }
  }
}

type Unpack = (bytes: Buffer, options: { maxOutputLength: number }) => Buffer

/** How these bytes are packed; undefined: they are not. Tools unpack what they got and leave the header as it was, so the bytes are asked first. */
function packing(bytes: Buffer, encodings: string): Unpack | undefined {
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return gunzipSync
  if (isText(bytes)) return undefined
  if (/\bbr\b/i.test(encodings)) return brotliDecompressSync
  if ((bytes[0]! & 0x0f) === 8 && bytes.readUInt16BE(0) % 31 === 0) return inflateSync
  if (/\bdeflate\b/i.test(encodings)) return inflateRawSync
  return bytes.readUInt32LE(0) === 0xfd2fb528 || /\bzstd\b/i.test(encodings) ? unknownPacking : undefined
}

const unknownPacking: Unpack = () => {
  throw new Error('packed in a way that this version of Node does not read')
}

/** Too short to be packed, or without the bytes that no text has. */
function isText(bytes: Buffer): boolean {
  return (
    bytes.length < 4 ||
    !bytes.subarray(0, 64).some((byte) => byte < 9 || (byte > 13 && byte < 32) || byte === 127 || byte > 247)
  )
}

/** The bytes behind the text of a body; `encoding` is what the file says of the text, `mediaType` of the body. */
export function bytesOf(text: string, encoding: string | undefined, mediaType: string | undefined): Buffer {
  const looksLikeJson = /^[\s\ufeff]*[[{"]/.test(text)
  if (/^base-?64$/i.test(encoding ?? '') && !looksLikeJson) return Buffer.from(text, 'base64')
  // A tool that took packed bytes for letters.
  if (text.startsWith('\u001f\u008b')) return Buffer.from(text, 'latin1')
  if (!looksLikeJson && /json/i.test(mediaType ?? '') && text.length >= 8 && /^[A-Za-z0-9+/\s]+={0,2}\s*$/.test(text)) {
    const bytes = Buffer.from(text, 'base64')
    if (/^[\s\ufeff]*[[{]/.test(bytes.toString('utf8')) || (bytes[0] === 0x1f && bytes[1] === 0x8b)) return bytes
  }
  return Buffer.from(text)
}

/** JSON of a body, within the bounds of any JSON that is read; undefined: it is none. */
export function jsonBody(bytes: Buffer | undefined): { readonly value: unknown } | undefined {
  try {
    return bytes && bytes.length > 0 ? { value: jsonOf(withoutMark(bytes)) } : undefined
  } catch (error) {
    if (error instanceof UnreadableText) return undefined
    throw error
  }
}

const HIDING_WORD =
  'redacted|filtered|masked|hidden|removed|omitted|saniti[sz]ed|scrubbed|censored|stripped|suppressed|withheld|anonymi[sz]ed|truncated|elided|obfuscated'
const IN_BRACKETS = new RegExp(`^[[({<*_"']+[^\\])}>]{0,60}\\b(${HIDING_WORD})\\b[^\\])}>]{0,60}[\\])}>*_"']+$`, 'i')
const LOUD = new RegExp(`^[*_\\s-]*(${HIDING_WORD.toUpperCase()})[*_\\s-]*$`)
const ALONE = /^(redacted|saniti[sz]ed|anonymi[sz]ed|obfuscated)$/i
const MASK = /\*{3,}|[•●█▇■]{2,}|\u2026|\[redacted\]|<redacted>|^[xX]{4,}$|^\*{2}$/i

/** Whether somebody, or some tool, has put this where a value was: `[application/json redacted]`, `***`, `0x52…9EE7`. */
export function isBlackedOut(text: string): boolean {
  return text.length <= 200 && (IN_BRACKETS.test(text) || LOUD.test(text) || ALONE.test(text) || MASK.test(text))
}
