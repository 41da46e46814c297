// The one timer of an invoice or of a payment request, moved as its end moves.
import type { World } from '../../world/world.ts'

interface End {
  readonly at: number
  readonly reaction: string
  readonly key: string
  readonly summary: string
}

/** Ends the timer that there was and sets another one; null: none. */
export function endAt(before: string | null, end: End | null, world: World): string | null {
  if (before !== null) world.clock.cancel(before)
  if (end === null) return null
  const { at, reaction, key, summary } = end
  return world.clock.schedule({ at, provider: 'alphapo', kind: 'window', reaction, args: key, summary }).id
}

/** The beginning of the second, because AlphaPo tells whole ones. */
export function wholeSecond(ms: number): number {
  return Math.floor(ms / 1000) * 1000
}

export function unix(ms: number): number
export function unix(ms: number | null): number | null
export function unix(ms: number | null): number | null {
  return ms === null ? null : ms / 1000
}
