// What a provider makes of money: deposits that arrive, balances, withdrawals that leave, and what people do on its own pages.
import type { z } from 'zod'
import type { Asset, Transfer, TransferStep } from './world/chain.ts'
import type { Purse } from './world/ledger.ts'
import type { NetworkName } from './world/networks.ts'
import type { Withdrawal, WithdrawalStep } from './world/withdrawals.ts'
import type { HandOut, World } from './world/world.ts'

export interface DepositRules {
  /**
   * What arrives when this currency (the hand-out's own unless named) is sent to an address of this provider, on the hand-out's network
   * unless another one is named; undefined: there is no such thing.
   */
  asset(
    sent: { readonly handOut: HandOut; readonly currency: string | undefined; readonly network: string | undefined },
    world: World,
  ): Asset | undefined
  /**
   * A step of a transfer, told in the change that made it. `holder` is the hand-out that held the address (and tag) when the transfer was
   * seen. Returns what the provider made of it, and why, in a line for the journal.
   */
  onTransfer(step: TransferStep, transfer: Transfer, holder: HandOut, world: World): string
  /** The windows of an allocation, where this provider has any. */
  windows?(handOut: HandOut, world: World): Windows
  /** Its own codes of a coin on a network; the coin and the network's own names unless given. */
  codesOf?(coin: string, on: NetworkName): { readonly currency: string; readonly network: string } | undefined
}

/** What becomes of an allocated address as world time passes, world ms; a window that the provider does not have is left out. */
export interface Windows {
  /** The partner shows it to the payer until then. */
  readonly displayUntil?: number
  /** Money that arrives is credited until then; left out: always. */
  readonly monitoredUntil?: number
  /** From then on it may be given to somebody else; left out: never. */
  readonly reuseFrom?: number
}

export interface LedgerRules {
  /** Every code that it knows, crypto and fiat. */
  readonly codes: readonly string[]
  /** Whose money is meant: the first account unless one is named. A sentence where there is no such money. */
  purse(
    asked: {
      readonly account?: string | undefined
      readonly holder?: string | undefined
      readonly currency: string
      readonly network?: string | undefined
    },
    world: World,
  ): Purse | string
}

export interface WithdrawalRules {
  /** Whether people at the provider may decline one. */
  readonly reviews: boolean
  /** Why a withdrawal that is held cannot be sent, in a sentence; undefined: it can. Asked before somebody has it sent by hand. */
  unsendable?(withdrawal: Withdrawal, world: World): string | undefined
  /** A step of a transfer that leaves, told in the change that made it. Returns what the provider made of it, in a line for the journal. */
  onStep(step: WithdrawalStep, withdrawal: Withdrawal, world: World): string
}

/** What a person does on the provider's own pages. */
export interface Action<Input = any> {
  /** One sentence: what it does, and who does it. */
  readonly says: string
  /** The fields that it takes. */
  readonly fields: z.ZodType<Input>
  /** Answers what it made or changed. Only inside a change. A sentence thrown as `ActionRefused` says why it cannot be done. */
  run(input: Input, world: World): object
}

/** An action that cannot be done, in one sentence. Nothing has changed. */
export class ActionRefused extends Error {
  /** The field that is wrong, where it is one. */
  readonly field: string | undefined

  constructor(message: string, field?: string) {
    super(message)
    this.field = field
  }
}
