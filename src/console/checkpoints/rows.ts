// The rows that are not what they were at a checkpoint: which of them are shown, and what each is called in the URL.
import type { Changes } from '../api/shapes.ts'

export type Change = Changes['data'][number]
export type ChangeKind = Change['change']

/** The kinds of changes, in the order in which they are counted. */
export const KINDS: readonly ChangeKind[] = ['added', 'changed', 'removed']

/** A change, and its name in the URL. */
export interface NamedChange extends Change {
  readonly id: string
}

/** Names them. Rows whose keys are hidden are told apart by their place. */
export function named(changes: readonly Change[]): NamedChange[] {
  const seen = new Map<string, number>()
  return changes.map((change) => {
    const name = `${change.table}/${change.key}`
    const count = (seen.get(name) ?? 0) + 1
    seen.set(name, count)
    return { ...change, id: count === 1 ? name : `${name}~${count}` }
  })
}

/** What of them is wanted; '' is everything. */
export function wanted(
  changes: readonly NamedChange[],
  { kind, table }: { readonly kind: string; readonly table: string },
): NamedChange[] {
  return changes.filter((change) => (kind === '' || change.change === kind) && (table === '' || change.table === table))
}
