// A scenario that was read: its rules, and the steps of its timeline.
import type { CallbackFaultKind } from '../world/outbox.ts'
import type { DepositInput } from './deposits.ts'
import type { BalanceChange } from './balances.ts'
import type { Action } from './faults.ts'
import type { When } from './match.ts'

/** A scenario; several files are merged into one. */
export interface Scenario {
  readonly stories: readonly Story[]
  readonly seed?: string | undefined
  /** `real`, or an instant. */
  readonly clock?: string | undefined
  readonly rules: readonly ScenarioRule[]
  readonly timeline: readonly ScenarioStep[]
}

/** Name and summary of one file. */
export interface Story {
  readonly name: string
  readonly summary: string | null
  /** The file, or `body`. */
  readonly source: string
}

export interface ScenarioRule {
  readonly id: string
  /** `late-deposit.yaml:7` */
  readonly source: string
  readonly when: When
  readonly then: readonly Action[]
  /** `then` as written in the file. */
  readonly written: readonly unknown[]
}

export interface ScenarioStep {
  readonly id: string
  readonly source: string
  readonly atMs: number
  readonly do: TimelineAction
  readonly written: { readonly at: string; readonly do: unknown }
}

/** An action of a timeline step. */
export type TimelineAction =
  | {
      readonly callbacks: {
        readonly provider: string
        readonly how: CallbackFaultKind | 'pause' | 'resume'
        readonly times: number
        readonly byMs: number
      }
    }
  | {
      readonly outage: {
        readonly provider: string
        readonly operation?: string
        readonly forMs: number
        readonly then: readonly Action[]
      }
    }
  | { readonly deposit: DepositInput & DepositTarget & { readonly repeat: number } }
  | { readonly balance: BalanceChange & { readonly provider: string } }
  | { readonly rate: { readonly from: string; readonly to: string; readonly rate: string } }
  | { readonly clock: { readonly byMs: number } }

/** Selects the allocated address for a deposit: the newest that matches, or the nth. */
export interface DepositTarget {
  readonly address?: string
  readonly provider?: string
  readonly account?: string
  readonly user?: string
  readonly nth?: number
}
