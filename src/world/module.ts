// What a part of a world registers: its tables, and what its timers do. engine/registry.ts lists the parts; a ledger would be one more.
import type { Table } from './tables.ts'
import type { World } from './world.ts'

/** What a timer does when it falls due. Its `args` are the key of a row. */
export interface Reaction {
  /** The table of that row, which has to be there until then, unless it may be `gone`. */
  readonly table: Table<any>
  readonly gone?: true
  /** In a change of its own; what it returns is a line for the journal. */
  run(args: any, world: World): string | void
}

export interface Module {
  readonly tables: readonly Table<any>[]
  /** By the name that timers are scheduled under, which is stored with them: it never changes. */
  readonly reactions?: Readonly<Record<string, Reaction>>
}
