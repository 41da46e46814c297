// What of the journal is shown: the filters of the timeline, which live in its URL.
import type { Brief } from '../api/shapes.ts'
import { queryOf } from '../api/client.ts'
import { WINDOW } from '../state/entries.ts'

export interface Filters {
  readonly provider: string
  readonly operation: string
  readonly kind: string
  /** Only calls that were refused. */
  readonly refused: boolean
  /** In summary, operation, path, refusal, hint or a body. */
  readonly text: string
  /** Only entries before this one; undefined: the newest. */
  readonly before: number | undefined
}

/** The kinds of entries, as the control API calls them. */
export const KINDS: readonly string[] = ['call', 'timer', 'callback', 'fault', 'control']

export function filtersOf(query: Readonly<Record<string, string>>): Filters {
  const before = Number(query.before)
  return {
    provider: query.provider ?? '',
    operation: query.operation ?? '',
    kind: query.kind ?? '',
    refused: query.refused === 'true',
    text: query.text ?? '',
    before: query.before !== undefined && Number.isInteger(before) && before > 0 ? before : undefined,
  }
}

/** Whether anything is filtered out. */
export function isFiltered({ provider, operation, kind, refused, text }: Filters): boolean {
  return provider !== '' || operation !== '' || kind !== '' || refused || text !== ''
}

/** The path that reads the entries wanted; `after`: only those behind it. */
export function pathOf({ provider, operation, kind, refused, text, before }: Filters, after?: number): string {
  return `/journal${queryOf({
    view: 'brief',
    limit: WINDOW,
    provider,
    operation,
    kind,
    refused: refused ? true : undefined,
    text,
    ...(after === undefined ? { before } : { after }),
  })}`
}

/** Whether an entry that the stream told is among those wanted, by everything but the text, which is looked for in bodies too. */
export function isWanted({ provider, operation, kind, refused }: Filters, entry: Brief): boolean {
  return (
    (provider === '' || entry.provider === provider) &&
    (operation === '' || entry.operation === operation) &&
    (kind === '' || entry.kind === kind) &&
    (!refused || (entry.kind === 'call' && entry.refused === true))
  )
}
