// What the bytes of a body hold, before anybody asks whether it is legal: nothing, JSON, or something that cannot be read, and why.
import { isUtf8 } from 'node:buffer'
import type { Content } from '../provider.ts'
import { readPartly, type Shape } from './partial.ts'

/** Deeper JSON is read as broken: the frameworks behind the providers give up too, and nobody means it. */
export const NESTING_MAX = 100

/** Reads a body. `readsJson` says whether this media type is JSON to the provider; with a `shape` very much of it is not read in vain. */
export function readContent(body: Buffer, contentType: string | undefined, readsJson: (mediaType: string | undefined) => boolean, shape?: Shape): Content {
  if (body.length === 0) return { kind: 'none' }
  const mediaType = contentType?.split(';', 1)[0]!.trim().toLowerCase() || undefined
  if (!readsJson(mediaType)) return { kind: 'other-type', mediaType }
  // rule: sandgate.input.utf8
  if (!isUtf8(body)) return { kind: 'not-utf8' }

  // rule: sandgate.input.many-problems
  const partly = shape && readPartly(body, shape)
  if (partly) return { kind: 'json', ...partly }
  const text = body.toString('utf8')
  let value: unknown
  try {
    // rule: sandgate.input.duplicate-keys, rule: sandgate.input.proto
    value = JSON.parse(text)
  } catch (error) {
    const reason = (error as Error).message
    const position = / at position (\d+)/.exec(reason)
    return { kind: 'broken', offset: position ? Number(position[1]) : text.length, reason }
  }
  // A body of fewer bytes than two per level cannot be nested too deep.
  if (body.length > 2 * NESTING_MAX && deeperThan(body, NESTING_MAX)) {
    // rule: sandgate.input.nesting
    return { kind: 'broken', offset: 0, reason: `nested deeper than ${NESTING_MAX} levels` }
  }
  return { kind: 'json', value }
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
