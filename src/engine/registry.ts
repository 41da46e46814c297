// Everything that worlds are made of: the tables and the timers' reactions of each part of the core and of each provider. A new part is one line here.
import type { Provider } from '../provider.ts'
import { faultModule } from '../scenario/faults.ts'
import { scenarioModule } from '../scenario/runtime.ts'
import { bucketModule } from '../world/buckets.ts'
import { chainModule } from '../world/chain.ts'
import { type Timer, Timers } from '../world/clock.ts'
import { ledgerModule } from '../world/ledger.ts'
import type { Module, Reaction } from '../world/module.ts'
import { outboxModule } from '../world/outbox.ts'
import { rateModule } from '../world/rates.ts'
import type { Table } from '../world/tables.ts'
import { withdrawalModule } from '../world/withdrawals.ts'
import { Counters, HandOuts, type World } from '../world/world.ts'
import { noticeDeposit } from './deposit-situations.ts'
import { idempotencyModule } from './idempotency.ts'

type Providers = ReadonlyMap<string, Provider>

function modulesOf(providers: Providers): readonly Module[] {
  return [
    { tables: [Counters, HandOuts, Timers] },
    bucketModule,
    chainModule((step, transfer, holder, world) => {
      const provider = providers.get(holder.provider)!
      const told = provider.deposits!.onTransfer(step, transfer, holder, world)
      noticeDeposit(provider, step, transfer, holder, world)
      return told
    }),
    withdrawalModule(
      (step, withdrawal, world) => providers.get(withdrawal.provider)!.withdrawals!.onStep(step, withdrawal, world),
      (handOut, coin, on, world) => {
        const { deposits } = providers.get(handOut.provider)!
        const codes = deposits?.codesOf ? deposits.codesOf(coin, on) : { currency: coin, network: on }
        return codes && deposits?.asset({ handOut, ...codes }, world)
      },
    ),
    ledgerModule,
    rateModule,
    outboxModule,
    idempotencyModule,
    faultModule,
    scenarioModule(providers),
  ]
}

export class Registry {
  /** Every table there is. */
  readonly tables: readonly Table<any>[]
  readonly #providers: Providers
  readonly #core: ReadonlyMap<string, Reaction>
  /** Tables that may have rows in a world that nobody has used yet. */
  readonly #setup: ReadonlySet<string>

  constructor(providers: Providers) {
    const modules = modulesOf(providers)
    this.#providers = providers
    this.tables = [...modules, ...providers.values()].flatMap(({ tables }) => tables)
    this.#core = new Map(modules.flatMap(({ reactions = {} }) => Object.entries(reactions)))
    this.#setup = new Set(this.tables.filter(({ setup }) => setup).map(({ name }) => name))
  }

  /** What a timer of this name does, for a provider or for the core; undefined: nobody knows. */
  reaction(provider: string, name: string): Reaction | undefined {
    const own = this.#providers.get(provider)?.reactions
    return own && Object.hasOwn(own, name) ? own[name] : this.#core.get(name)
  }

  /** Carries out a timer that fell due. */
  react({ provider, reaction, args }: Timer, world: World): string | void {
    return this.reaction(provider, reaction)!.run(args, world)
  }

  /** Whether a world has rows that its seed or its clock could have decided. */
  isUsed(world: World): boolean {
    return world.tableNames().some((table) => !this.#setup.has(table))
  }
}
