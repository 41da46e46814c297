// What Payward's deposits cost, and how much an account may still deposit, from its page on deposit methods.
import { expect, test } from 'vitest'
import { ledgerProblems } from '../../src/world/ledger.ts'
import { ACCOUNTS, client, creation, METHODS, portfolio, transactions } from '../clients/payward.ts'
import { type Kit, start } from '../kit.ts'

test('payward.methods.fees: those of the config file; payward.deposits.fee: kept back when it is credited, and given back', async () => {
  const depositFees = { [METHODS.BTC]: { fee: '0.001', addressSetupFee: '0.01' } }
  const box = await start({ providers: { payward: { depositFees } } })
  const [method] = (
    await box.call(client, { method: 'GET', path: `/v1/accounts/${ACCOUNTS.main}/funds/deposits/methods/BTC` })
  ).json.data
  expect([method.fee.amount, method.address_setup_fee.amount]).toEqual(['0.00100000', '0.01000000'])
  const { address } = (await box.call(client, creation({}))).json.data
  const paid = async (amount: string, more: Parameters<Kit['deposit']>[2] = {}) => {
    await box.deposit(address, amount, { confirmations: 'instant', ...more })
    await box.advance('1m')
    const { data } = (await box.call(client, portfolio('types=deposit'))).json
    const { sub_total, fee, total, balance } = data[0].receive
    return [sub_total, fee, total, balance].map((money: any) => Number(money.amount))
  }
  expect(await paid('0.5')).toEqual([0.5, 0.011, 0.489, 0.489])
  expect(await paid('0.5')).toEqual([0.5, 0.001, 0.499, 0.988])
  // Less than the fee: nothing is left of it, and nothing more is taken.
  expect(await paid('0.0005')).toEqual([0.0005, 0.0005, 0, 0.988])
  const list = (await box.call(client, transactions())).json.data
  expect(list.map((row: any) => Number(row.amount))).toEqual([0.0005, 0.5, 0.5])
  expect(await paid('1', { outcome: 'reorged' })).toEqual([1, 0.001, 0.999, 1.987])
  await box.advance('3h')
  expect(ledgerProblems(box.world)).toEqual([])
  const { data } = (await box.control('GET', '/balances?provider=payward')).json
  expect(data[0].balance).toBe('0.98800000')
})

test('payward.methods.limits and payward.methods.limits-counted: a day and a week back, over all assets, without what was taken back', async () => {
  const box = await start({ providers: { payward: { depositLimits: { day: 50_000, week: 70_000 } } } })
  await box.control('PUT', '/rates', { from: 'BTC', to: 'USD', rate: '60000' })
  await box.control('PUT', '/rates', { from: 'XRP', to: 'USD', rate: '2' })
  const left = async (account: string = ACCOUNTS.main) => {
    const path = `/v1/accounts/${account}/funds/deposits/methods/ETH`
    const [{ deposit_limit_meta }] = (await box.call(client, { method: 'GET', path })).json.data
    expect(deposit_limit_meta[0].limits).toMatchObject({
      86400: { maximum: '50000.00' },
      604800: { maximum: '70000.00' },
    })
    return Object.values<any>(deposit_limit_meta[0].limits).map(({ remaining }) => remaining)
  }
  const pay = async (amount: string, symbol: 'BTC' | 'XRP', more: Parameters<Kit['deposit']>[2] = {}) => {
    const made = await box.call(client, creation({ method_id: METHODS[symbol], asset_symbol: symbol }))
    const { address, tag } = made.json.data
    await box.deposit(address, amount, { ...more, ...(tag && { tag }) })
  }
  await pay('0.5', 'BTC', { confirmations: 'instant' })
  expect(await left()).toEqual(['50000.00', '70000.00'])
  await box.advance('1m')
  expect(await left()).toEqual(['20000.00', '40000.00'])
  expect(await left(ACCOUNTS.second)).toEqual(['50000.00', '70000.00'])
  await box.advance('1d')
  expect(await left()).toEqual(['50000.00', '40000.00'])
  await pay('30000', 'XRP', { confirmations: 'instant' })
  await box.advance('1m')
  expect(await left()).toEqual(['0.00', '0.00'])
  await box.advance('6d')
  expect(await left()).toEqual(['50000.00', '10000.00'])
  await pay('0.1', 'BTC', { confirmations: 'instant', outcome: 'reorged' })
  await box.advance('1m')
  expect(await left()).toEqual(['44000.00', '4000.00'])
  await box.advance('3h')
  expect(await left()).toEqual(['50000.00', '10000.00'])
})
