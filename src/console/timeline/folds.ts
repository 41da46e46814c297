// What an advance of the clock caused, under the advance. The journal has what happened on the way before the entry of the advance itself, at later times
// than anything before it.
import type { Brief } from '../api/shapes.ts'

/** An entry, and what is folded under it, newest first. */
export interface Item {
  readonly entry: Brief
  readonly folded: readonly Brief[]
}

/** Kinds that happen by themselves when their time has come. */
const BY_ITSELF: readonly string[] = ['timer', 'callback', 'fault']

/**
 * Entries in items, newest first.
 * @param entries oldest first
 */
export function itemsOf(entries: readonly Brief[]): Item[] {
  const items: Item[] = []
  for (const entry of entries) {
    if (entry.kind !== 'control' || entry.action !== 'advance') {
      items.push({ entry, folded: [] })
      continue
    }
    let from = items.length
    while (from > 0 && isFoldable(items[from - 1]!)) from--
    // What happened at the time of the last call or control call happened without the clock being moved.
    const began = items[from - 1]?.entry.at
    while (from < items.length && began !== undefined && items[from]!.entry.at <= began) from++
    const folded = items.splice(from).map((item) => item.entry)
    items.push({ entry, folded: folded.reverse() })
  }
  return items.reverse()
}

function isFoldable({ entry, folded }: Item): boolean {
  return folded.length === 0 && BY_ITSELF.includes(entry.kind)
}

/** Whether something went wrong that a person wants to see without unfolding. */
export function isTrouble({ kind, refused, error, status, action }: Brief): boolean {
  if (kind === 'call') return refused === true
  if (kind === 'callback') return error != null || (status != null && (status < 200 || status >= 300))
  return kind === 'control' && action === 'stopped'
}
