// A scenario that was read: its rules, and the steps of its timeline.
import type { SpoilHow } from '../world/outbox.ts'
import type { DepositWish } from './deposits.ts'
import type { Action } from './faults.ts'
import type { When } from './match.ts'

/** Several files add up to one of these. */
export interface Scenario {
  readonly stories: readonly Story[]
  readonly seed?: string | undefined
  /** `real`, or an instant. */
  readonly clock?: string | undefined
  readonly rules: readonly ScenarioRule[]
  readonly timeline: readonly ScenarioStep[]
}

/** What one file says about itself. */
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
  /** `then` as it stands in the file. */
  readonly written: readonly unknown[]
}

export interface ScenarioStep {
  readonly id: string
  readonly source: string
  readonly atMs: number
  readonly do: Doing
  readonly written: { readonly at: string; readonly do: unknown }
}

/** What a timeline can do without a call. */
export type Doing =
  | {
      readonly callbacks: {
        readonly provider: string
        readonly how: SpoilHow | 'pause' | 'resume'
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
  | { readonly deposit: DepositWish & Whose & { readonly repeat: number } }

/** The hand-out that money goes to: the newest of those that fit, or the nth. */
export interface Whose {
  readonly address?: string
  readonly provider?: string
  readonly account?: string
  readonly user?: string
  readonly nth?: number
}
