// What Payward has stopped doing with an asset, from its pages on assets and those of the predecessor on quotes.
import { expect, test } from 'vitest'
import {
  client,
  conversionOf,
  conversions,
  converting,
  creation,
  METHODS,
  quoting,
  quotingOnchain,
  ruling,
  saving,
  savingWallet,
  toppingUp,
  withdrawing,
} from '../clients/payward.ts'
import { type Kit, type Reply, start } from '../kit.ts'

const BTC = { symbol: 'BTC', type: 'crypto' }
const USD = { symbol: 'USD', type: 'fiat' }

const refused = (reply: Reply) => [reply.status, reply.json.type?.split(':').at(-1)]
const act = (box: Kit, name: string, fields: object) => box.control('POST', `/actions/payward/${name}`, fields)

async function rich(): Promise<Kit> {
  const box = await start()
  await box.control('POST', '/balances', { provider: 'payward', currency: 'BTC', amount: '5' })
  await box.call(client, saving({}))
  await box.call(client, savingWallet())
  return box
}

async function statusOf(box: Kit, path: string): Promise<any> {
  return (await box.call(client, { method: 'GET', path: `/v1/assets/${path}` })).json.data.status
}

async function symbols(box: Kit, query: string): Promise<string[]> {
  const { data } = (await box.call(client, { method: 'GET', path: `/v1/assets?page_size=100&${query}` })).json
  return data.map(({ symbol }: any) => symbol)
}

test.each([
  ['deposit', () => creation({}), [422, 'DepositDisabled']],
  ['withdraw', () => withdrawing({ amount: '-1' }), [422, 'WithdrawalDisabled']],
] as const)(
  'payward.assets.disabled and payward.addresses.disabled and payward.withdrawals.disabled: %s',
  async (what, request, expected) => {
    const box = await rich()
    expect((await act(box, 'disable-asset', { ...BTC, what })).status).toBe(201)
    expect(refused(await box.call(client, request()))).toEqual(expected)
    expect((await statusOf(box, 'crypto/BTC'))[what]).toEqual({ enabled: false })
    expect(await symbols(box, `${what}=true`)).not.toContain('BTC')
    expect(await symbols(box, `${what}=false`)).toContain('BTC')
    // The other direction, and other assets, go on.
    const other = what === 'deposit' ? withdrawing({}) : creation({})
    expect((await box.call(client, other)).status).toBe(200)
    expect((await statusOf(box, 'crypto/ETH'))[what]).toEqual({ enabled: true })
    expect((await act(box, 'enable-asset', { ...BTC, what })).status).toBe(201)
    expect(refused(await box.call(client, request()))).not.toEqual(expected)
    expect((await act(box, 'enable-asset', { ...BTC, what })).status).toBe(409)
  },
)

test.each([
  ['of what is sold', { ...BTC, what: 'swap' }],
  ['of what is bought', { ...USD, what: 'swap' }],
  ['of the pair', { ...BTC, what: 'swap', against: USD }],
  ['of the pair the other way round', { ...USD, what: 'swap', against: BTC }],
])('payward.quotes.disabled: swaps %s', async (_, fields) => {
  const box = await rich()
  await act(box, 'disable-asset', fields)
  // The amount is wrong too, and comes later.
  const sides = { from: { ...BTC, amount: '-1' }, to: USD }
  expect(refused(await box.call(client, quoting(sides)))).toEqual([400, 'AssetDisabled'])
  expect(refused(await box.call(client, converting()))).toEqual([400, 'AssetDisabled'])
  const inEuros = await box.call(client, quoting({ to: { symbol: 'EUR', type: 'fiat' } }))
  const whole = 'against' in fields || fields.symbol === 'USD'
  expect(inEuros.status).toBe(whole ? 200 : 400)
  const { swap_trading } = await statusOf(box, 'crypto/BTC')
  const enabled = 'against' in fields || fields.symbol !== 'BTC'
  expect(swap_trading).toEqual({ enabled, disabled_against: 'against' in fields ? [USD] : [] })
  await act(box, 'enable-asset', fields)
  expect((await box.call(client, converting())).status).toBe(200)
})

test('payward.quotes.disabled: on-chain quotes too', async () => {
  const box = await rich()
  await act(box, 'disable-asset', { symbol: 'TSLAx', type: 'xstock', what: 'swap' })
  expect(refused(await box.call(client, quotingOnchain()))).toEqual([400, 'AssetDisabled'])
})

test.each([
  [{ symbol: 'NOPE', type: 'crypto', what: 'swap' }, 'symbol'],
  [{ ...BTC, what: 'swap', against: { symbol: 'NOPE', type: 'crypto' } }, 'against'],
  [{ ...BTC, what: 'deposit', against: USD }, 'against'],
  [{ ...BTC, what: 'swap', against: BTC }, 'against'],
])('payward.assets.disabled: %j is refused at %s', async (fields, field) => {
  const box = await rich()
  const reply = await act(box, 'disable-asset', fields)
  expect(reply.status).toBeGreaterThanOrEqual(400)
  expect(reply.status).toBeLessThan(500)
  expect(reply.text).toContain(field)
})

const USDC = { symbol: 'USDC', type: 'stablecoin' }
const ofMethod = (method_id: string, what: string) => ({ method_id, what })
const inbound = { from: { asset: BTC, source: { type: 'external_wallet', via: 'bitcoin' } } }
const paysOut = { asset: USDC, destination: { type: 'external_wallet', wallet_id: 'wl_1' } }

test('payward.methods.disabled: deposits by one method, while the other goes on', async () => {
  const box = await rich()
  const over = (method_id: string) => creation({ method_id, asset_symbol: 'USDC', asset_type: 'stablecoin' })
  await act(box, 'disable-method', ofMethod(METHODS.usdcSolana.toUpperCase(), 'deposit'))
  expect(refused(await box.call(client, over(METHODS.usdcSolana)))).toEqual([422, 'DepositDisabled'])
  expect((await box.call(client, over(METHODS.usdcEthereum))).status).toBe(200)
  // A method that is not of the asset is wrong all the same.
  expect(refused(await box.call(client, over(METHODS.BTC)))[1]).not.toBe('DepositDisabled')
  const topUp = (via: string) => toppingUp({ asset: { ...USDC, amount: '5' }, via })
  expect(refused(await box.call(client, topUp('solana')))).toEqual([422, 'DepositDisabled'])
  expect((await box.call(client, topUp('ethereum'))).status).toBe(200)
  expect((await statusOf(box, 'stablecoin/USDC')).deposit).toEqual({ enabled: true })
  expect((await act(box, 'enable-method', ofMethod(METHODS.usdcSolana, 'deposit'))).status).toBe(201)
  expect((await box.call(client, over(METHODS.usdcSolana))).status).toBe(200)
  expect((await act(box, 'enable-method', ofMethod(METHODS.usdcSolana, 'deposit'))).status).toBe(409)
  expect(
    (await act(box, 'disable-method', ofMethod('b3a7d8b4-9f36-4c2e-9c1e-000000000000', 'deposit'))).text,
  ).toContain('method_id')
})

test('payward.methods.disabled: withdrawals by one method, after the key and before the amount', async () => {
  const box = await rich()
  await act(box, 'disable-method', ofMethod(METHODS.BTC, 'withdraw'))
  expect(refused(await box.call(client, withdrawing({ key: 'nobody' })))).toEqual([404, 'UnknownWithdrawKey'])
  expect(refused(await box.call(client, withdrawing({ amount: '-1' })))).toEqual([422, 'WithdrawalDisabled'])
  expect((await box.call(client, creation({}))).status).toBe(200)
})

test.each([
  ['a top-up', toppingUp({ asset: { ...BTC, amount: '0' } }), BTC],
  ['a top-up at a bank', toppingUp({ asset: { ...USD, amount: '0' }, via: 'ach' }), USD],
  ['a conversion', converting(inbound), BTC],
  ['a conversion rule', ruling(), BTC],
])('payward.inbound.disabled: %s', async (_, request, asset) => {
  const box = await rich()
  await act(box, 'disable-asset', { ...asset, what: 'deposit' })
  expect(refused(await box.call(client, request))).toEqual([422, 'DepositDisabled'])
  // What stays in the balance does not come in.
  expect((await box.call(client, converting())).status).toBe(200)
})

test('payward.inbound.disabled: what arrives at an endpoint from before is credited', async () => {
  const box = await rich()
  const { inbound: at } = (await box.call(client, toppingUp())).json.data
  await act(box, 'disable-asset', { ...BTC, what: 'deposit' })
  await box.deposit(at.address, '0.25', { confirmations: 'instant' })
  const { data } = (await box.control('GET', '/balances?provider=payward')).json
  expect(data[0]).toMatchObject({ currency: 'BTC', balance: '5.25000000' })
})

test('payward.conversions.disabled: no rule for a swap, and no payout to a wallet', async () => {
  const box = await rich()
  await act(box, 'disable-asset', { ...BTC, what: 'swap', against: USD })
  expect(refused(await box.call(client, ruling({ from: { asset: BTC, via: 'sepa' } })))).toEqual([400, 'AssetDisabled'])
  await act(box, 'disable-asset', { ...USDC, what: 'withdraw' })
  expect(refused(await box.call(client, ruling({ to: paysOut })))).toEqual([422, 'WithdrawalDisabled'])
  expect(refused(await box.call(client, converting({ to: paysOut })))).toEqual([422, 'WithdrawalDisabled'])
  await act(box, 'enable-asset', { ...USDC, what: 'withdraw' })
  expect((await box.call(client, ruling({ to: paysOut }))).status).toBe(200)
})

test.each([
  ['a conversion', converting(inbound)],
  ['a rule', ruling()],
])('payward.conversions.disabled: what arrives for %s stays in the balance', async (_, request) => {
  const box = await rich()
  const { id, inbound: at } = (await box.call(client, request)).json.data
  await act(box, 'disable-asset', { ...USD, what: 'swap' })
  await box.deposit(at.address, '1', { confirmations: 'instant' })
  await box.advance('2s')
  const all = (await box.call(client, conversions())).json.data
  expect(all).toHaveLength(1)
  expect(all[0].status).toBe('failed')
  if (id.startsWith('conv_')) expect((await box.call(client, conversionOf(id))).json.data.status).toBe('failed')
  const { data } = (await box.control('GET', '/balances?provider=payward')).json
  expect(data.map(({ currency, balance, held }: any) => [currency, Number(balance), Number(held)])).toEqual([
    ['BTC', 6, 0],
  ])
})
