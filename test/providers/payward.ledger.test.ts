// What Payward's accounts have: from deposits, by hand, and out of worlds from before there were books.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { ledgerProblems } from '../../src/world/ledger.ts'
import { ACCOUNTS, client, clientOf, creation, KEYS, METHODS, portfolio, transactions } from '../clients/payward.ts'
import { type Kit, start } from '../kit.ts'

const XRP = { method_id: METHODS.XRP, asset_symbol: 'XRP' }

async function balances(box: Kit): Promise<any[]> {
  return (await box.control('GET', '/balances?provider=payward')).json.data
}

async function totals(box: Kit): Promise<string[]> {
  return (await balances(box)).map(({ account, currency, balance }) => `${account} ${currency} ${balance}`)
}

test('payward.ledger.accounts: a deposit adds to the balance of its account and asset on success, and a reversal takes it back', async () => {
  const box = await start()
  const main = (await box.call(client, creation({}))).json.data
  const second = (await box.call(client, creation({}, ACCOUNTS.second))).json.data
  await box.deposit(main.address, '0.5', { confirmations: 'instant' })
  await box.deposit(second.address, '0.25', { confirmations: 'instant', outcome: 'reorged' })
  expect(await totals(box)).toEqual([])
  await box.advance('60s')
  expect(await totals(box)).toEqual([`${ACCOUNTS.main} BTC 0.50000000`, `${ACCOUNTS.second} BTC 0.25000000`])
  await box.advance('2h')
  expect(await totals(box)).toEqual([`${ACCOUNTS.main} BTC 0.50000000`, `${ACCOUNTS.second} BTC 0.00000000`])
  const kinds = (await box.control('GET', '/movements?provider=payward')).json.data.map(({ kind }: any) => kind)
  expect(kinds).toEqual(['deposit', 'deposit', 'deposit_reversed'])
  expect(ledgerProblems(box.world)).toEqual([])
})

test('payward.ledger.accounts: what was credited and spent is taken back below zero', async () => {
  const box = await start()
  const { address } = (await box.call(client, creation({}))).json.data
  await box.deposit(address, '0.25', { confirmations: 'instant', outcome: 'reorged' })
  await box.advance('60s')
  const taken = { provider: 'payward', currency: 'btc', amount: '-0.2' }
  expect((await box.control('POST', '/balances', taken)).status).toBe(201)
  await box.advance('2h')
  expect(await totals(box)).toEqual([`${ACCOUNTS.main} BTC -0.20000000`])
  const { json, status } = await box.call(client, portfolio('types=deposit'))
  expect(status).toBe(200)
  expect(json.data).toMatchObject([{ status: 'failed', receive: { balance: { amount: '-0.20000000' } } }])
  expect(ledgerProblems(box.world)).toEqual([])
})

test.each([
  [{ currency: 'DOLLAR' }, 'Payward has no asset "DOLLAR"'],
  [{ currency: 'BTC', network: 'Bitcoin' }, 'leave network out'],
  [{ currency: 'BTC', holder: 'ann' }, 'leave holder out'],
  [{ currency: 'BTC', account: 'WDEMO5GATE2MAIN78' }, `did you mean ${ACCOUNTS.main}?`],
])('payward.ledger.accounts: money that there is not: %j', async (fields, says) => {
  const box = await start()
  const reply = await box.control('POST', '/balances', { provider: 'payward', amount: '1', ...fields })
  expect([reply.status, reply.text]).toEqual([
    expect.any(Number),
    expect.stringContaining(JSON.stringify(says).slice(1, -1)),
  ])
  expect(reply.status).toBeGreaterThanOrEqual(400)
})

test('payward.ledger.carried-over: a balance of before there were books counts, once, and can be taken back', async () => {
  const box = await start()
  const snapshot = readFileSync(new URL('../golden/snapshot.json', import.meta.url), 'utf8')
  const body = { 'content-type': 'application/json' }
  expect((await box.raw('PUT', '/_sandgate/snapshot', body, snapshot)).status).toBe(204)
  expect(await totals(box)).toEqual([])
  const given = { provider: 'payward', currency: 'XRP', amount: '1' }
  for (const total of ['91.00000000', '92.00000000']) {
    expect((await box.control('POST', '/balances', given)).status).toBe(201)
    expect(await totals(box)).toEqual([`${ACCOUNTS.main} XRP ${total}`])
  }
  const { address, tag } = (await box.call(clientOf(KEYS.window), creation(XRP))).json.data
  await box.deposit(address, '8', { tag, confirmations: 'instant' })
  await box.advance('1m')
  expect(await totals(box)).toEqual([`${ACCOUNTS.main} XRP 100.00000000`])
  expect((await box.call(clientOf(KEYS.window), transactions())).json.data[0]).toMatchObject({
    status: 'success',
    amount: '8.00000000',
  })
  expect(ledgerProblems(box.world)).toEqual([])
})

test('payward.ledger.carried-over: a deposit credited before there were books is taken back from the books', async () => {
  const box = await start()
  const { address, tag } = (await box.call(client, creation(XRP))).json.data
  await box.deposit(address, '30', { tag, confirmations: 'instant', outcome: 'reorged' })
  await box.deposit(address, '5', { tag, confirmations: 'instant' })
  const old = (await box.control('GET', '/snapshot')).json
  const [id] = Object.keys(old.tables['payward.deposits'])
  const row = old.tables['payward.deposits'][id!]
  old.tables.timers = Object.fromEntries(Object.entries(old.tables.timers).filter(([key]) => key !== row.credit))
  old.tables['payward.deposits'][id!] = { ...row, status: 'success', balance: '3000000000', credit: undefined }
  const purse = `${ACCOUNTS.main}/XRP/crypto`
  old.tables['payward.balances'] = { [purse]: { id: purse, atoms: '3000000000' } }
  const put = await box.control('PUT', '/snapshot', old)
  expect(put.status, put.text).toBe(204)
  await box.advance('1h')
  expect(await totals(box)).toEqual([`${ACCOUNTS.main} XRP 5.00000000`])
  expect(ledgerProblems(box.world)).toEqual([])
})

test('payward.prices: they stay as they are, or move with the table of rates; a pinned rate counts either way', async () => {
  const worth = async (box: Kit) => {
    const { address } = (await box.call(client, creation({}))).json.data
    await box.deposit(address, '1', { confirmations: 'instant' })
    await box.advance('10h')
    return (await box.call(client, portfolio('types=deposit&quote_symbol=EUR'))).json.data[0].receive.total
      .amount_in_quote
  }
  const constant = await start()
  expect(await worth(constant)).toBe('60000.00')
  expect((await constant.control('PUT', '/rates', { from: 'BTC', to: 'EUR', rate: '50000' })).status).toBeLessThan(300)
  expect(await worth(constant)).toBe('50000.00')
  const walking = await start({ assume: { 'payward.prices': 'walk' } })
  expect(await worth(walking)).not.toBe('60000.00')
  expect((await walking.control('PUT', '/rates', { from: 'EUR', to: 'BTC', rate: '0.00004' })).status).toBeLessThan(300)
  expect(await worth(walking)).toBe('25000.00')
})
