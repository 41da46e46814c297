// The entries that the page holds: the newest, each once, in order, at most 500 of them. Ten thousand rows take a browser ten seconds to draw.
import type { Brief } from '../api/shapes.ts'

/** Entries by id, oldest first. */
export type Window = readonly Brief[]

/** How many entries are held. */
export const WINDOW = 500

/** The window with entries that came: one that is there already is replaced, the oldest make room. What has no number has no place in it. */
export function merged(window: Window, told: readonly Brief[]): Window {
  const came = told.every(isNumbered) ? told : told.filter(isNumbered)
  if (came.length === 0) return window
  const last = window.at(-1)?.id ?? 0
  const follows = came.every(({ id }, index) => id > (index === 0 ? last : came[index - 1]!.id))
  if (follows) return [...window, ...came].slice(-WINDOW)
  const byId = new Map(window.map((entry) => [entry.id, entry]))
  // An entry that was amended and has left the window stays out of it.
  const oldest = window.length >= WINDOW ? window[0]!.id : 0
  for (const entry of came) if (entry.id >= oldest) byId.set(entry.id, entry)
  return [...byId.values()].sort((a, b) => a.id - b.id).slice(-WINDOW)
}

function isNumbered(entry: Brief | null): boolean {
  return typeof entry?.id === 'number'
}
