// Which worlds stay though nobody uses them.
import type { World } from '../world/world.ts'

export const DEFAULT_WORLD = 'default'

/** Whether it stays, used or not: one that is not served waits for somebody to look at it. */
export function isKept({ id, stopped }: World): boolean {
  return id === DEFAULT_WORLD || (stopped?.rows ?? 'good') !== 'good'
}

/** Whether something will happen in it by itself: somebody may wait for that. */
export function isBusy({ clock }: World): boolean {
  return !clock.frozen && clock.nextLoud !== undefined
}
