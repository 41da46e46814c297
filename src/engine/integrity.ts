// Whether rows that come from elsewhere, a snapshot or a directory, are what this build can work with: each one what its table says, and everything that
// it names there. What becomes of a world whose rows are not is left to those who ask.
import { Steps } from '../scenario/runtime.ts'
import { FaultRules, type FaultRule, unknownRefusal } from '../scenario/faults.ts'
import type { Provider } from '../provider.ts'
import { Transfers } from '../world/chain.ts'
import { type Timer, Timers } from '../world/clock.ts'
import { Balances } from '../world/ledger.ts'
import { Deliveries, Endpoints } from '../world/outbox.ts'
import { rowCheck, TOLD_CHARACTERS } from '../world/rows.ts'
import type { Table } from '../world/tables.ts'
import type { Registry } from './registry.ts'
import { Withdrawals } from '../world/withdrawals.ts'
import { type HandOut, HandOuts } from '../world/world.ts'

/** How many rows are looked at before others may have their turn. */
const SLICE_ROWS = 1000

export type Rows = ReadonlyMap<string, ReadonlyMap<string, object>>

/** Looks at one row of a table among all the others. */
type Check = (key: string, row: any, rows: Rows) => string | undefined

export class Integrity {
  readonly #providers: ReadonlyMap<string, Provider>
  readonly #registry: Registry
  readonly #checks: ReadonlyMap<string, Check>
  /** Tables whose keys are not told. */
  readonly #secret: ReadonlySet<string>

  constructor(providers: ReadonlyMap<string, Provider>, registry: Registry) {
    this.#providers = providers
    this.#registry = registry
    const { tables } = registry
    this.#secret = new Set(tables.filter(({ secret }) => secret).map(({ name }) => name))
    this.#checks = new Map(tables.map((table) => [table.name, this.#checkOf(table)]))
  }

  /** The names of all tables. */
  get tables(): string[] {
    return [...this.#checks.keys()]
  }

  /** The first thing that is wrong, beginning with table, row and field. */
  // rule: sandgate.snapshot.rows
  problem(rows: Rows): string | undefined {
    for (const problem of this.problems(rows)) if (problem !== undefined) return problem
    return undefined
  }

  /** Everything that is wrong, and undefined now and then, where others may have their turn. */
  *problems(rows: Rows): Generator<string | undefined> {
    let looked = 0
    for (const [name, ofTable] of rows) {
      const check = this.#checks.get(name)
      if (!check) {
        if (ofTable.size > 0) yield `tables.${name.slice(0, TOLD_CHARACTERS)}: there is no such table`
        continue
      }
      let number = 0
      for (const [key, row] of ofTable) {
        number++
        const wrong = check(key, row, rows)
        if (wrong !== undefined)
          yield `tables.${name}.${this.#secret.has(name) ? masked(key, number) : shown(key)}${wrong}`
        else if (++looked % SLICE_ROWS === 0) yield undefined
      }
    }
  }

  #checkOf(table: Table<any>): Check {
    const { references } = table
    const check = rowCheck(table)
    const names = this.#namesOf(table)
    return (key, row, rows) => {
      const wrong = check(key, row)
      if (wrong) return `${wrong.at.map((part) => `.${String(part)}`).join('')}: ${wrong.message}`
      if (references)
        for (const [field, other, named] of references(row))
          if (named !== null && !has(other, named, rows)) return `.${field}: ${missing(other, named)}`
      return names?.(key, row, rows)
    }
  }

  /** What only the providers can say of a row: whether there are such a provider, such a reaction, such an error. */
  #namesOf(table: Table<any>): Check | undefined {
    switch (table) {
      case Timers:
        return (_, row, rows) => this.#timer(row, rows)
      case HandOuts:
        return (_, row, rows) =>
          this.#provider(row, ({ handsOut }) => handsOut.length > 0, 'hands out no addresses') ??
          this.#handOut(row, rows)
      case Transfers:
        return (_, row) => this.#provider(row, ({ deposits }) => deposits, 'does not watch its addresses')
      case Withdrawals:
        return (_, row) => this.#provider(row, ({ withdrawals }) => withdrawals, 'sends nothing out')
      case Balances:
        return (_, row) => this.#provider(row, ({ ledger }) => ledger, 'keeps no balances')
      case Deliveries:
      case Endpoints:
        return (_, row) => this.#provider(row, ({ callbacks }) => callbacks, 'sends no callbacks')
      case FaultRules:
        return (_, { when, then }: FaultRule) => this.#refusals('then', when.provider, then)
      case Steps:
        return (_, { do: doing }) =>
          'outage' in doing ? this.#refusals('do.outage.then', doing.outage.provider, doing.outage.then) : undefined
      default:
        return undefined
    }
  }

  #provider(
    { provider: name }: { readonly provider: string },
    can: (provider: Provider) => unknown,
    cannot: string,
  ): string | undefined {
    const provider = this.#providers.get(name)
    if (!provider) return `.provider: there is no provider "${shown(name)}"`
    return can(provider) ? undefined : `.provider: ${provider.title} ${cannot}`
  }

  /** A timer that nobody knows how to fire would stop the world at its instant. */
  #timer({ provider, reaction, args }: Timer, rows: Rows): string | undefined {
    const known = this.#registry.reaction(provider, reaction)
    if (!known) return `: ${shown(provider)} has no reaction "${shown(reaction)}"`
    if (typeof args !== 'string' && typeof args !== 'number')
      return `.args: expected the key of a row of the table ${known.table.name}`
    return known.gone || has(known.table, String(args), rows)
      ? undefined
      : `.args: ${missing(known.table, String(args))}`
  }

  #handOut({ provider, reference }: HandOut, rows: Rows): string | undefined {
    const { handsOut } = this.#providers.get(provider)!
    return handsOut.some((table) => has(table, reference, rows))
      ? undefined
      : `.reference: there is no row "${shown(reference)}" in ${handsOut.map(({ name }) => name).join(' or ')}`
  }

  #refusals(field: string, provider: string | undefined, then: FaultRule['then']): string | undefined {
    const named = [...this.#providers.values()].filter(({ name }) => provider === undefined || name === provider)
    const unknown = unknownRefusal(then, named)
    return unknown && `.${field}: ${unknown}`
  }
}

function has(table: Table<any>, key: string, rows: Rows): boolean {
  return rows.get(table.name)?.has(key) ?? false
}

function missing(table: Table<any>, key: string): string {
  return `there is no row "${shown(key)}" in the table ${table.name}`
}

function shown(text: string): string {
  return text.length > TOLD_CHARACTERS ? `${text.slice(0, TOLD_CHARACTERS)}…` : text
}

/** Enough to find the row by. */
function masked(key: string, number: number): string {
  return key.length < 4 ? key : `${key.slice(0, 3)}… (row ${number} of the table)`
}
