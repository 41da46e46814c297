// On-chain quotes of Payward, from its pages on them: the user's wallet swaps an xStock and USDC on Ethereum, and no balance moves.
import { describe, expect, test } from 'vitest'
import {
  ACCOUNTS,
  client,
  clientOf,
  EVM_WALLET,
  KEYS,
  METHODS,
  onchainQuoteOf,
  onchainQuotes,
  quotingOnchain,
  registration,
  saving,
  savingWallet,
  valuation,
} from '../clients/payward.ts'
import { Inbox, type Kit, type Reply, start } from '../kit.ts'

const USDC = { symbol: 'USDC', type: 'stablecoin' }
const TSLAX = { symbol: 'TSLAx', type: 'xstock' }
const WALLET = { address: EVM_WALLET, network: 'ethereum' }

const refused = (reply: Reply) => [reply.status, reply.json.type?.split(':').at(-1)]

/** A world in which a TSLAx is 185.34 dollars, and the wallet is saved. */
async function market(more: object = {}): Promise<Kit> {
  const box = await start(more)
  await box.control('PUT', '/rates', { from: 'TSLAx', to: 'USDC', rate: '185.34' })
  expect((await box.call(client, savingWallet())).status).toBe(200)
  return box
}

async function quoted(box: Kit, fields: object = {}): Promise<any> {
  const reply = await box.call(client, quotingOnchain({ ...fields }))
  expect([reply.status, reply.text]).toEqual([200, reply.text])
  return reply.json.data
}

const executes = (box: Kit, quote_id: string, more: object = {}) =>
  box.control('POST', '/actions/payward/wallet-executes-quote', { quote_id, ...more })

const statusOf = async (box: Kit, id: string) => (await box.call(client, onchainQuoteOf(id))).json.data.status

describe('asking for a price', () => {
  test('payward.onchain.answer and payward.onchain.message and payward.onchain.item: a message for the wallet, once', async () => {
    const box = await market()
    const { execution_details: details, ...item } = await quoted(box)
    expect(item).toEqual({
      id: expect.stringMatching(/^XQ[0-9A-HJKMNP-TV-Z]{12}$/),
      status: 'offered',
      expires_at: '2026-05-16T19:00:30Z',
      from: { ...USDC, name: 'USD Coin', amount: '1853.40000000' },
      to: { ...TSLAX, name: 'Tesla xStock', amount: '10.00000000' },
    })
    const proxy = details.proxy_address
    expect(details).toEqual({
      chain_id: '1',
      proxy_address: expect.stringMatching(/^0x[0-9a-fA-F]{40}$/),
      proxy_swap_message: {
        atomic_message: {
          quote_id: expect.stringMatching(/^0x[0-9a-f]{64}$/),
          expiration: Date.parse('2026-05-16T19:00:30Z') / 1000,
          incoming_transfer: {
            from: EVM_WALLET,
            to: proxy,
            token: '0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48',
            amount: '1853400000',
          },
          outgoing_transfer: {
            from: proxy,
            to: EVM_WALLET,
            token: '0x8aD3c73F833d3F9A523aB01476625F269aEB7Cf0',
            amount: '10000000000000000000',
          },
        },
        atomic_signature: expect.stringMatching(/^0x[0-9a-f]{130}$/),
        signature: expect.stringMatching(/^0x[0-9a-f]{130}$/),
        client_address: EVM_WALLET,
      },
    })
    expect((await box.call(client, onchainQuoteOf(item.id))).json.data).toEqual(item)
  })

  // 100 / 185.34 is 0.539548937…
  test.each([
    ['sold for what is fixed', { ...TSLAX, wallet: WALLET }, { ...USDC, amount: '100' }, '0.53954894', '100.00000000'],
    ['sold', { ...TSLAX, amount: '0.00000007', wallet: WALLET }, USDC, '0.00000007', '0.00001200'],
    ['bought', { ...USDC, amount: '100', wallet: WALLET }, TSLAX, '100.00000000', '0.53954893'],
    ['bought up', { ...USDC, wallet: WALLET }, { ...TSLAX, amount: '0.00000007' }, '0.00001300', '0.00000007'],
  ])('payward.onchain.price: %s', async (_, from: any, to: any, spent, received) => {
    const box = await market()
    const data = await quoted(box, { from, to })
    expect([data.from.amount, data.to.amount]).toEqual([spent, received])
  })

  // Each is wrong in all that comes after it too.
  const elsewhere = { address: '0x0000000000000000000000000000000000000001', network: 'ethereum' }
  const nope = { symbol: 'NOPEx', type: 'xstock' }
  test.each<[object, object, number, string]>([
    [{ ...USDC, amount: '1', wallet: elsewhere }, { ...USDC, amount: '-1' }, 400, 'InvalidArguments'],
    [{ ...USDC, wallet: elsewhere }, USDC, 400, 'InvalidArguments'],
    [{ ...USDC, wallet: elsewhere }, { ...USDC, amount: '-1' }, 422, 'UnsupportedPair'],
    [{ ...TSLAX, wallet: elsewhere }, { symbol: 'AAPLx', type: 'xstock', amount: '-1' }, 422, 'UnsupportedPair'],
    [{ symbol: 'USDT', type: 'stablecoin', wallet: elsewhere }, { ...TSLAX, amount: '-1' }, 422, 'UnsupportedPair'],
    [{ symbol: 'BTC', type: 'crypto', wallet: elsewhere }, { ...TSLAX, amount: '-1' }, 422, 'UnsupportedPair'],
    [{ ...USDC, wallet: { ...elsewhere, network: 'solana' } }, { ...nope, amount: '-1' }, 422, 'UnsupportedPair'],
    [{ ...USDC, wallet: elsewhere }, { ...nope, amount: '-1' }, 403, 'WalletNotApproved'],
    [{ ...USDC, wallet: WALLET }, { ...nope, amount: '-1' }, 400, 'UnknownAsset'],
    [{ ...USDC, wallet: WALLET }, { ...TSLAX, amount: '-1' }, 400, 'InvalidAmount'],
    [{ ...USDC, wallet: WALLET }, { ...TSLAX, amount: '0' }, 400, 'InvalidAmount'],
    [{ ...USDC, wallet: WALLET }, { ...TSLAX, amount: '0.123456789' }, 400, 'InvalidAmount'],
    [{ ...USDC, amount: '0.1234567', wallet: WALLET }, TSLAX, 400, 'InvalidAmount'],
    [{ ...TSLAX, amount: '0.00000000', wallet: WALLET }, USDC, 400, 'InvalidAmount'],
    [{ ...USDC, wallet: WALLET }, { ...TSLAX, amount: '1000000001' }, 400, 'QuantityTooLarge'],
    [{ ...USDC }, TSLAX, 400, 'InvalidArguments'],
  ])('payward.onchain.order and payward.onchain.pairs: %j to %j is %i %s', async (from, to, status, type) => {
    const box = await market()
    expect(refused(await box.call(client, quotingOnchain({ from, to })))).toEqual([status, type])
  })

  test('payward.quotes.quantity: what comes to nothing is too small', async () => {
    const box = await market()
    await box.control('PUT', '/rates', { from: 'TSLAx', to: 'USDC', rate: '10' })
    const reply = await box.call(
      client,
      quotingOnchain({ from: { ...TSLAX, amount: '0.00000001', wallet: WALLET }, to: USDC }),
    )
    expect(refused(reply)).toEqual([400, 'QuantityTooSmall'])
  })

  test('payward.onchain.wallet: any saved address on Ethereum of this account, however it is written, and none of another network', async () => {
    const box = await market()
    const lower = { ...WALLET, address: EVM_WALLET.toLowerCase() }
    await quoted(box, { from: { ...USDC, wallet: lower } })
    expect(refused(await box.call(client, quotingOnchain({}, ACCOUNTS.second)))).toEqual([403, 'WalletNotApproved'])
    const bitcoin = saving({})
    await box.call(client, bitcoin)
    const { address } = JSON.parse(bitcoin.body!)
    const from = { ...USDC, wallet: { ...WALLET, address } }
    expect(refused(await box.call(client, quotingOnchain({ from })))).toEqual([403, 'WalletNotApproved'])
    const other = '0xde709f2102306220921060314715629080e2fb77'
    const token = { asset_symbol: 'USDC', asset_type: 'stablecoin', method_id: METHODS.usdcEthereum }
    await box.call(client, saving({ ...token, key: 'token', address: other }))
    await quoted(box, { from: { ...USDC, wallet: { ...WALLET, address: other } } })
  })

  test('payward.onchain.ttl: so many seconds as the config file says, whatever those of other quotes are', async () => {
    const box = await market({ providers: { payward: { onchainQuoteSeconds: 90 } } })
    expect((await quoted(box)).expires_at).toBe('2026-05-16T19:01:30Z')
  })

  test('payward.idempotency.elsewhere: an Idempotency-Key is not looked at', async () => {
    const box = await market()
    const headers = { 'idempotency-key': '5f0c6a6e-6c0f-4e4e-8a53-0d2a8a3b0a11' }
    const ids = []
    for (let n = 0; n < 2; n++) ids.push((await box.call(client, { ...quotingOnchain(), headers })).json.data.id)
    expect(new Set(ids).size).toBe(2)
  })
})

describe('what becomes of it', () => {
  test('payward.onchain.states: executing when the transaction is seen, executed after thirty blocks; balances stay', async () => {
    const box = await market()
    await box.control('POST', '/balances', { provider: 'payward', currency: 'USDC', amount: '5' })
    const before = (await box.call(client, valuation('details'))).json
    const { id } = await quoted(box)
    const done = await executes(box, id)
    expect(done.status).toBe(201)
    expect(await statusOf(box, id)).toBe('executing')
    // Past the end of the offer, and short of the last block.
    await box.advance('5m')
    expect(await statusOf(box, id)).toBe('executing')
    await box.advance('1m')
    expect(await statusOf(box, id)).toBe('executed')
    expect((await box.call(client, valuation('details'))).json).toEqual(before)
    expect((await executes(box, id)).status).toBe(409)
  })

  test('payward.onchain.states: one that is reverted fails in the next block, and one that nobody pays expires', async () => {
    const box = await market()
    const failed = await quoted(box)
    const expired = await quoted(box)
    expect((await executes(box, failed.id, { outcome: 'reverted' })).status).toBe(201)
    await box.advance('12s')
    expect([await statusOf(box, failed.id), await statusOf(box, expired.id)]).toEqual(['failed', 'offered'])
    await box.advance('17999ms')
    expect(await statusOf(box, expired.id)).toBe('offered')
    await box.advance('1ms')
    expect(await statusOf(box, expired.id)).toBe('expired')
    expect((await executes(box, expired.id)).status).toBe(409)
    expect((await executes(box, 'XQ000000000000')).status).toBe(409)
  })

  test('payward.onchain.unknown: of another account, of another partner, or of nobody', async () => {
    const box = await market()
    const { id } = await quoted(box)
    for (const reply of [
      await box.call(client, onchainQuoteOf('XQ000000000000')),
      await box.call(client, onchainQuoteOf(id, ACCOUNTS.second)),
      await box.call(clientOf(KEYS.other), onchainQuoteOf(id, ACCOUNTS.other)),
    ])
      expect(refused(reply)).toEqual([404, 'QuoteNotFound'])
  })

  test('payward.onchain.list: newest first, in pages, of this account, without the message', async () => {
    const box = await market()
    const ids = []
    for (let n = 0; n < 3; n++) ids.unshift((await quoted(box)).id)
    const first = (await box.call(client, onchainQuotes('page_size=2'))).json
    const second = (await box.call(client, onchainQuotes(`page_size=2&page_token=${first.next_page_token}`))).json
    expect([...first.data, ...second.data].map(({ id }: any) => id)).toEqual(ids)
    expect(second.next_page_token).toBe(null)
    expect(Object.keys(first.data[0])).toEqual(['id', 'status', 'expires_at', 'from', 'to'])
    expect((await box.call(client, onchainQuotes('', ACCOUNTS.second))).json.data).toEqual([])
    expect(refused(await box.call(client, onchainQuotes('page_token=x')))).toEqual([400, 'InvalidArguments'])
  })

  test('payward.webhooks.onchain-data: the end of an execution is told, that of an offer is not', async () => {
    const box = await market()
    const inbox = await Inbox.open()
    const url = inbox.url.replace('127.0.0.1', 'localhost')
    const events = ['quote.executed', 'quote.execution_failed', 'quote.cancelled']
    await box.call(client, registration({ url, events }))
    await quoted(box)
    const done = await quoted(box)
    const failed = await quoted(box)
    await executes(box, done.id)
    await executes(box, failed.id, { outcome: 'reverted' })
    await box.advance('10m')
    const told = new Map(inbox.received.map(({ json }) => [json.type, json.data]))
    expect([...told.keys()].sort()).toEqual(['quote.executed', 'quote.execution_failed'])
    const { from, to } = done
    const txid = expect.stringMatching(/^0x[0-9a-f]{64}$/)
    const common = { user_id: null, account_id: ACCOUNTS.main, from, to, txid }
    expect(told.get('quote.executed')).toEqual({
      ...common,
      quote_id: done.id,
      status: 'executed',
      executed_at: '2026-05-16T19:06:00.000Z',
    })
    expect(told.get('quote.execution_failed')).toEqual({
      ...common,
      quote_id: failed.id,
      status: 'failed',
      failed_at: '2026-05-16T19:00:12.000Z',
      reason: 'the transaction was reverted',
    })
  })
})

test('payward.assets.list: xStocks are assets without a way in or out', async () => {
  const box = await market()
  const { data } = (await box.call(client, { method: 'GET', path: '/v1/assets?type=xstock' })).json
  expect(data.map(({ symbol, name, status, decimals }: any) => [symbol, name, status, decimals])).toEqual(
    ['TSLAx', 'AAPLx'].map((symbol, index) => [
      symbol,
      ['Tesla xStock', 'Apple xStock'][index],
      {
        swap_trading: { enabled: true, disabled_against: [] },
        deposit: { enabled: false },
        withdraw: { enabled: false },
      },
      { funding: 8, swap: 8 },
    ]),
  )
  expect(data[1].price).toBe('200.00000000')
  const methods = await box.call(client, {
    method: 'GET',
    path: `/v1/accounts/${ACCOUNTS.main}/funds/deposits/methods/TSLAx?asset_type=xstock`,
  })
  expect(methods.json.data).toEqual([])
})
