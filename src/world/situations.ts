// A notable situation of a provider: which one, by which of its rules, and how it is told where the core cannot see it by itself.
import type { Transfer, TransferStep } from './chain.ts'
import type { SituationName } from './situation-names.ts'
import type { HandOut, World } from './world.ts'

export interface Situation {
  readonly id: SituationName
  /** The rule of the provider that it stands on. */
  readonly rule: string
  /** Whether this step of a transfer shows it, asked when the provider has dealt with the step. Left out: the core sees it. */
  readonly deposit?: (step: TransferStep, transfer: Transfer, holder: HandOut, world: World) => boolean
  /** It is shown by every call to which one of these rules applied. */
  readonly rules?: readonly string[]
}
