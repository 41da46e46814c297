// Money between CPG and the other providers of one world: one chain, one transaction, each with its own words for the coin.
import { describe, expect, test } from 'vitest'
import { provider } from '../../src/providers/cpg/index.ts'
import { client, payout } from '../clients/cpg.ts'
import { client as zopay, post } from '../clients/zopay.ts'
import { start } from '../kit.ts'

describe('cpg.deposits.from-this-world: the codes of a coin that comes from elsewhere', () => {
  test.each([
    ['USDT', 'ethereum', { currency: 'USDT', network: 'ETH' }],
    ['USDC', 'bsc', { currency: 'USDC', network: 'BSC' }],
    ['TRX', 'tron', { currency: 'TRX', network: 'TRX' }],
    ['BNB', 'bsc', { currency: 'BNB', network: 'BSC' }],
    ['USDC', 'tron', undefined],
    ['USDT', 'solana', undefined],
    ['BTC', 'bitcoin', undefined],
  ] as const)('%s on %s', (coin, on, codes) => {
    expect(provider.deposits!.codesOf!(coin, on)).toEqual(codes)
  })
})

test('a withdrawal to an address of another provider arrives there, in the same transaction', async () => {
  const box = await start()
  const money = { provider: 'cpg', currency: 'USDT', network: 'ETH', amount: '100' }
  expect((await box.control('POST', '/balances', money)).status).toBe(201)
  const address = await box.call(zopay, post('/addresses', { asset: 'USDT', network: 'ethereum' }))
  expect(address.status, address.text).toBe(200)
  const sent = await box.call(client, payout({ to_address: address.json.address, amount: '25' }))
  expect(sent.status, sent.text).toBe(200)
  await box.advance('1h')
  const [arrival] = (await box.control('GET', '/deposits')).json.data
  expect(arrival).toMatchObject({
    txid: sent.json.data.tx_hash,
    status: 'confirmed',
    amount: expect.stringMatching(/^25(\.0+)?$/),
  })
  expect((await box.control('GET', '/withdrawals')).json.data[0]).toMatchObject({
    deposit: arrival.id,
    status: 'confirmed',
  })
})

test('one to an address that nobody has here leaves the world', async () => {
  const box = await start()
  await box.control('POST', '/balances', { provider: 'cpg', currency: 'USDT', network: 'ETH', amount: '100' })
  await box.call(client, payout())
  await box.advance('1h')
  expect((await box.control('GET', '/deposits')).json.data).toEqual([])
})
