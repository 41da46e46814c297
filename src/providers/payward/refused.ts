// What moves money, refused in Payward's words where there is too little of it.
import { Refusal } from '../../provider.ts'
import { InsufficientFunds } from '../../world/ledger.ts'
import type { World } from '../../world/world.ts'

const NAMES: Readonly<Record<string, string>> = {
  '409': 'InsufficientFunds',
  '400': 'InsufficientFunds_400',
  '422': 'InsufficientFunds_422',
}

/** Runs what moves money of the caller's. */
// rule: payward.withdrawals.insufficient-status
export function covered<T>(work: () => T, world: World): T {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof InsufficientFunds)) throw error
    throw new Refusal(NAMES[world.assumes('payward.withdrawals.insufficient-status')]!, {}, error.message)
  }
}
