// What Payward has stopped doing with an asset, from its pages on assets and those of the predecessor on quotes.
import { expect, test } from 'vitest'
import {
  client,
  converting,
  creation,
  quoting,
  quotingOnchain,
  savingWallet,
  saving,
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
