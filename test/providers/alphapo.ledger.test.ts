// What AlphaPo owes its merchants, as a test sees it: what deposits leave, by their callbacks, and what may be asked for by name.
import { describe, expect, test } from 'vitest'
import { ledgerProblems } from '../../src/world/ledger.ts'
import { client, taking } from '../clients/alphapo.ts'
import { type Kit, start } from '../kit.ts'

const INSTANT = { confirmations: 'instant' }

/** Pays a new address of the demo merchant. */
async function pay(box: Kit, amount: string, fields: object = {}, more: object = {}): Promise<any> {
  const { address, tag } = (await box.call(client, taking({ ...fields }))).json.data
  return box.deposit(address, amount, { ...(tag !== null && { tag }), ...more })
}

/** Amounts by currency, of everything that was ever touched. */
async function balances(box: Kit): Promise<Record<string, string>> {
  const { data } = (await box.control('GET', '/balances')).json
  return Object.fromEntries(data.map(({ currency, balance }: any) => [currency, balance]))
}

async function movements(box: Kit): Promise<unknown[][]> {
  const { data } = (await box.control('GET', '/movements')).json
  return data.map(({ kind, currency, amount, against }: any) => [kind, currency, amount, against])
}

function give(box: Kit, fields: object) {
  return box.control('POST', '/balances', { provider: 'alphapo', amount: '1', ...fields })
}

describe('alphapo.ledger.deposits', () => {
  test('alphapo.ledger.deposits: what is confirmed is credited less its fees; until then nothing is', async () => {
    const box = await start()
    await pay(box, '0.05')
    expect(await balances(box)).toEqual({})
    await box.advance('30m')
    expect(await balances(box)).toEqual({ BTC: '0.04960000' })
    expect(await movements(box)).toEqual([
      ['deposit', 'BTC', '0.05000000', 'chain'],
      ['deposit_fee', 'BTC', '-0.00040000', 'fees'],
    ])
    expect(ledgerProblems(box.world)).toEqual([])
  })

  test('alphapo.ledger.deposits: what is converted is credited in what it became', async () => {
    const box = await start()
    await pay(box, '0.05', { convert_to: 'EUR' }, INSTANT)
    expect(await balances(box)).toEqual({ EUR: '2970.00000000' })
    expect(await movements(box)).toEqual([
      ['deposit', 'EUR', '3000.00000000', 'desk'],
      ['exchange_fee', 'EUR', '-30.00000000', 'fees'],
    ])
  })

  test.each([
    ['that is too small', '0.00009', {}],
    ['that is double spent', '1', { outcome: 'replaced' }],
    ['that is dropped', '1', { outcome: 'dropped' }],
  ])('alphapo.ledger.deposits: one %s moves nothing', async (_, amount, more) => {
    const box = await start()
    await pay(box, amount, {}, more)
    await box.advance('1d')
    expect(await movements(box)).toEqual([])
  })

  test('alphapo.deposits.final: what is reorganised away after the credit stays credited', async () => {
    const box = await start()
    await pay(box, '0.05', {}, { outcome: 'reorged' })
    await box.advance('1d')
    expect(await balances(box)).toEqual({ BTC: '0.04960000' })
  })
})

describe('alphapo.ledger.accounts', () => {
  test('alphapo.ledger.accounts: one balance for each merchant and currency, whatever its kind, with 8 decimals', async () => {
    const box = await start()
    await give(box, { currency: 'USDTT' })
    await give(box, { currency: 'usdte', network: 'ethereum', amount: '2' })
    await give(box, { currency: 'JPY', amount: '3.12345678' })
    await give(box, { account: 'other', currency: 'USDTT', amount: '4' })
    const { data } = (await box.control('GET', '/balances')).json
    expect(data.map(({ account, currency, balance }: any) => [account, currency, balance])).toEqual([
      ['demo', 'USDTT', '1.00000000'],
      ['demo', 'USDTE', '2.00000000'],
      ['demo', 'JPY', '3.12345678'],
      ['other', 'USDTT', '4.00000000'],
    ])
  })

  test.each([
    ['a merchant there is not', { account: 'demi', currency: 'BTC' }, 'no merchant "demi"; did you mean demo?'],
    ['a currency there is not', { currency: 'USDT' }, 'no currency "USDT"'],
    ['another network', { currency: 'USDTT', network: 'ethereum' }, 'USDTT is on tron'],
    ['a network of fiat', { currency: 'EUR', network: 'ethereum' }, 'EUR is on no network'],
    ['a user of the merchant', { currency: 'EUR', holder: 'user-1' }, 'no balances of single users'],
    ['more places than there are', { currency: 'EUR', amount: '0.123456789' }, 'at most 8 places'],
  ])('alphapo.ledger.accounts: %s is no balance of AlphaPo', async (_, fields, message) => {
    const box = await start()
    const reply = await give(box, fields)
    expect(reply.status).toBe(422)
    expect(reply.json.detail).toContain(message)
    expect(await balances(box)).toEqual({})
  })
})

describe('alphapo.exchange.rates', () => {
  const received = async (box: Kit) => {
    const inbox = (await box.control('GET', '/movements?limit=1000')).json.data
    return inbox.filter(({ kind }: any) => kind === 'deposit').map(({ amount }: any) => amount)
  }

  test('alphapo.exchange.rates: the table in the first hour, then another price every hour, within a hundredth', async () => {
    const box = await start()
    for (const wait of ['59m', '1m', '30m', '1h']) {
      await pay(box, '1', { convert_to: 'EUR' }, INSTANT)
      await box.advance(wait)
    }
    await pay(box, '1', { convert_to: 'EUR' }, INSTANT)
    const [first, second, third, fourth, fifth] = await received(box)
    expect([first, second]).toEqual(['60000.00000000', '60000.00000000'])
    expect(fourth).toBe(third)
    expect(new Set([second, third, fifth]).size).toBe(3)
    for (const amount of [third, fifth]) expect(Math.abs(Number(amount) - 60000)).toBeLessThanOrEqual(600)
  })

  test("alphapo.exchange.rates: a pinned rate stays, by AlphaPo's own code before the ticker", async () => {
    const box = await start()
    await box.control('PUT', '/rates', { from: 'USDT', to: 'EUR', rate: '0.5' })
    await pay(box, '100', { currency: 'USDTT', convert_to: 'EUR' }, INSTANT)
    await box.control('PUT', '/rates', { from: 'EUR', to: 'USDTT', rate: '4' })
    await box.advance('5h')
    await pay(box, '100', { currency: 'USDTT', convert_to: 'EUR' }, INSTANT)
    await pay(box, '100', { currency: 'USDTE', convert_to: 'EUR' }, INSTANT)
    expect(await received(box)).toEqual(['50.00000000', '25.00000000', '50.00000000'])
  })
})
