// How to make the notable situations happen that only one provider has, or shows in its own way: for the tests of GET coverage.
import { expect } from 'vitest'
import * as alphapo from './clients/alphapo.ts'
import * as cpg from './clients/cpg.ts'
import * as payward from './clients/payward.ts'
import * as zopay from './clients/zopay.ts'
import type { Client, Request } from './kit.ts'
import { callback, deposit, DRIVERS, good, pay, type Way, type Ways } from './situation-ways.ts'

const paying = (client: Client, request: Request, amount: string, more: Record<string, unknown> = {}): Way => ({
  prepare: async (box) => {
    const { data } = await good(box, client, request)
    return () => pay(box, data, amount, more)
  },
})

/** Money to an intent of 25 USDT, these amounts one after the other; the last one shows it. */
const toIntent = (...amounts: readonly string[]): Way => ({
  prepare: async (box) => {
    const { addresses } = await good(
      box,
      zopay.client,
      zopay.post('/payment-intents', { amount: '25.00', currencies: ['USDT'] }),
    )
    for (const amount of amounts.slice(0, -1)) await pay(box, addresses[0], amount)
    return () => pay(box, addresses[0], amounts.at(-1)!)
  },
})

/** An address is told of deposits, one callback for each. */
const toZopayTwice: Way = {
  prepare: async (box) => {
    const act = await callback(DRIVERS.zopay!, 'reorder').prepare(box)
    const [to] = (await box.control('GET', '/addresses')).json.data
    return async () => {
      await box.deposit(to.address, '10')
      await act()
    }
  },
}

const toZopay = (more: Record<string, unknown>): Way => deposit(DRIVERS.zopay!, more)

/** Money to an invoice of 0.001 bitcoin that stays open, or after so long. */
const toInvoice = (amount: string, after?: string): Way => ({
  prepare: async (box) => {
    const { data } = await good(
      box,
      alphapo.client,
      alphapo.invoicing({ sender_currency: 'BTC', type: 'good_until_expired' }),
    )
    if (after) await box.advance(after)
    return () => pay(box, data, amount, { confirmations: 'instant' })
  },
})

const refusedAsTaken: Way = {
  prepare: async (box) => {
    const withdraw = await DRIVERS.alphapo!.funded(box)
    expect((await withdraw()).status).toBe(201)
    return withdraw
  },
}

/** An address of CPG's pool that so much time has gone by for, and goes to the next who asks where that is long enough. */
const pooled = (...waits: readonly string[]): Way => ({
  prepare: async (box) => {
    const ask = async () => (await good(box, cpg.client, cpg.allocation())).data
    const first = await ask()
    await box.advance(waits[0]!)
    if (waits.length > 1) expect((await ask()).address).toBe(first.address)
    if (waits[1]) await box.advance(waits[1])
    return () => pay(box, first, '1')
  },
})

const cpgDust: Way = {
  options: {
    providers: {
      cpg: {
        accounts: {
          shop: {
            keys: [{ id: 'shop', secret: 's' }],
            currencies: [{ currency: 'USDT', network: 'ETH', minDeposit: '5' }],
          },
        },
      },
    },
  },
  prepare: paying(cpg.clientOf({ key: 'shop', secret: 's' }), cpg.allocation(), '4').prepare,
}

/** The oldest address makes room for the second one, and expires a week later. */
const expired: Way = {
  options: { providers: { payward: { unusedAddresses: 2 } } },
  prepare: async (box) => {
    const make = async () => (await good(box, payward.client, payward.creation({}))).data
    const [first, second] = [await make(), await make()]
    await pay(box, second, '1', { confirmations: 'instant' })
    await make()
    await box.advance('8d')
    return () => pay(box, first, '1')
  },
}

const XRP = payward.creation({ method_id: payward.METHODS.XRP, asset_symbol: 'XRP' })
const ETH = payward.creation({ method_id: payward.METHODS.ETH, asset_symbol: 'ETH' })

/** Those that only this provider has, or shows in its own way. */
export const OWN_WAYS: Readonly<Record<string, Ways>> = {
  cpg: {
    'deposit.late-display': pooled('4h'),
    'deposit.late-monitoring': pooled('8d'),
    'deposit.recycled': pooled('15d', ''),
    'deposit.late-recycled': pooled('15d', '4h'),
    'deposit.dust': cpgDust,
    'deposit.wrong-asset': deposit(DRIVERS.cpg!, { currency: 'ETH' }),
    'deposit.wrong-network': deposit(DRIVERS.cpg!, { network: 'BSC' }),
  },
  zopay: {
    'deposit.part': toIntent('10'),
    'deposit.over': toIntent('26'),
    'deposit.after-end': toIntent('25', '5'),
    'deposit.wrong-asset': toZopay({ currency: 'ETH' }),
    'deposit.wrong-network': toZopay({ network: 'solana' }),
    'callback.reordered': toZopayTwice,
  },
  payward: {
    'deposit.late-display': expired,
    'deposit.dust': paying(payward.client, payward.creation({}), '0.00009999'),
    'deposit.wrong-asset': paying(payward.client, ETH, '25', { currency: 'USDC' }),
    'deposit.wrong-network': paying(payward.client, ETH, '25', { currency: 'USDC', network: 'Solana' }),
    'deposit.wrong-tag': paying(payward.client, XRP, '10', { tag: '1' }),
  },
  alphapo: {
    'deposit.part': toInvoice('0.0004'),
    'deposit.over': toInvoice('0.002'),
    'deposit.after-end': toInvoice('0.001', '1h'),
    'deposit.dust': paying(alphapo.client, alphapo.taking({}), '0.00000001'),
    'deposit.wrong-asset': paying(alphapo.client, alphapo.taking({ currency: 'USDC' }), '1', { currency: 'ETH' }),
    'deposit.wrong-network': paying(alphapo.client, alphapo.taking({ currency: 'USDTE' }), '100', { network: 'bsc' }),
    'deposit.wrong-tag': paying(alphapo.client, alphapo.taking({ currency: 'XRP' }), '10', { tag: '12' }),
    'repeat.refused': refusedAsTaken,
  },
}
