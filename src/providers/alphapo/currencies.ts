// The list of currencies: what a merchant may receive and convert into, with the limits and fees of each.
import type { Answer } from '../../provider.ts'
import type { World } from '../../world/world.ts'
import {
  CURRENCIES,
  type Currency,
  DEPOSIT_FEE,
  FIAT,
  fiatId,
  LIGHTNING_MAXIMUM,
  NETWORKS,
  type Settings,
} from './catalogue.ts'
import { bodyOf } from './fields.ts'
import { LIGHTNING } from './lightning.ts'
import type { AlphapoCall } from './wire.ts'

const NO_FEE = '0.000000'
const HIDDEN: readonly unknown[] = [false, 0, '0']

export function listCurrencies(call: AlphapoCall, world: World): Answer {
  const enabled = world.settings<Settings>('alphapo').merchants[call.caller.merchant]!.currencies
  // rule: alphapo.currencies.visible
  const wanted = !HIDDEN.includes(bodyOf(call).visible)
  const crypto = [...CURRENCIES.values()].filter(({ currency }) => (enabled?.includes(currency) ?? true) === wanted)
  // rule: alphapo.currencies.list
  return { status: 200, body: { data: [...crypto.map(cryptoItem), ...(wanted ? FIAT.map(fiatItem) : [])] } }
}

function cryptoItem({ id, currency, minimum, network, precision }: Currency) {
  return {
    id,
    type: 'crypto',
    currency,
    minimum_amount: minimum,
    // rule: alphapo.currencies.lightning-maximum
    ...(currency === LIGHTNING && { maximum_amount: LIGHTNING_MAXIMUM }),
    deposit_fee_percent: DEPOSIT_FEE,
    withdrawal_fee_percent: NO_FEE,
    precision,
    // rule: alphapo.currencies.limits
    minimum_withdrawal_amount: minimum,
    deposit_confirmations: NETWORKS[network as keyof typeof NETWORKS].confirmations,
  }
}

// rule: alphapo.currencies.fiat
function fiatItem(currency: string) {
  return {
    id: fiatId(currency),
    type: 'fiat',
    currency,
    minimum_amount: '0.01000000',
    deposit_fee_percent: NO_FEE,
    withdrawal_fee_percent: NO_FEE,
    precision: 2,
  }
}
