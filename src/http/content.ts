// What the bytes of a body hold, before anybody asks whether it is legal: nothing, JSON, or something that cannot be read, and why.
import { isUtf8 } from 'node:buffer'
import type { Content } from '../provider.ts'

/** Deeper JSON is read as broken: the frameworks behind the providers give up too, and nobody means it. */
export const NESTING_MAX = 100

/** Reads a body. `readsJson` says whether this media type is JSON to the provider. */
export function readContent(body: Buffer, contentType: string | undefined, readsJson: (mediaType: string | undefined) => boolean): Content {
  if (body.length === 0) return { kind: 'none' }
  const mediaType = contentType?.split(';', 1)[0]!.trim().toLowerCase() || undefined
  if (!readsJson(mediaType)) return { kind: 'other-type', mediaType }
  // rule: sandgate.input.utf8
  if (!isUtf8(body)) return { kind: 'not-utf8' }

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
  if (body.length > 2 * NESTING_MAX && deeperThan(value, NESTING_MAX)) {
    // rule: sandgate.input.nesting
    return { kind: 'broken', offset: 0, reason: `nested deeper than ${NESTING_MAX} levels` }
  }
  return { kind: 'json', value }
}

/** Level by level, so that no nesting can exhaust the stack. */
function deeperThan(value: unknown, limit: number): boolean {
  const containers = (items: unknown[]) => items.filter((item): item is object => typeof item === 'object' && item !== null)
  let level = containers([value])
  for (let depth = 1; level.length > 0; depth++) {
    if (depth > limit) return true
    level = containers(level.flatMap((item) => Object.values(item)))
  }
  return false
}
