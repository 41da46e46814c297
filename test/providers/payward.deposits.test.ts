// Money that arrives at Payward, and how Payward tells: from its pages on funds, portfolios and webhooks.
import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { SandboxOptions } from '../../src/options.ts'
import { addCallbackFault } from '../../src/world/outbox.ts'
import {
  ACCOUNTS,
  change,
  client,
  clientOf,
  creation,
  type Credentials,
  KEYS,
  listing,
  METHODS,
  portfolio,
  registration,
  transactions,
  webhookSignature,
} from '../clients/payward.ts'
import { Inbox, type Kit, type Reply, start, triedUntilExhausted } from '../kit.ts'

const XRP = { method_id: METHODS.XRP, asset_symbol: 'XRP' }
const XLM = { method_id: METHODS.XLM, asset_symbol: 'XLM' }
const ETH = { method_id: METHODS.ETH, asset_symbol: 'ETH' }
const USDC = { method_id: METHODS.usdcEthereum, asset_symbol: 'USDC', asset_type: 'stablecoin' }
const FXN = /^fxn_[0-9A-HJKMNP-TV-Z]{20}$/

async function make(
  box: Kit,
  fields: Record<string, unknown> = {},
  account: string = ACCOUNTS.main,
): Promise<{ address: string; tag: string | null }> {
  const reply = await box.call(client, creation(fields, account))
  expect(reply.status).toBe(200)
  return reply.json.data
}

/** An address and a deposit to it, confirmed at once unless said otherwise. */
async function paid(
  box: Kit,
  amount: string,
  fields: Record<string, unknown> = {},
  more: Record<string, unknown> = {},
  account: string = ACCOUNTS.main,
): Promise<any> {
  const { address, tag } = await make(box, fields, account)
  return box.deposit(address, amount, { confirmations: 'instant', ...(tag !== null && { tag }), ...more })
}

async function list(box: Kit, query = '', by: Credentials = KEYS.demo): Promise<any[]> {
  const reply = await box.call(clientOf(by), transactions(query))
  expect(reply.status).toBe(200)
  return reply.json.data
}

async function activity(box: Kit, query = 'types=deposit', account?: string): Promise<any[]> {
  const reply = await box.call(client, portfolio(query, account))
  expect(reply.status).toBe(200)
  return reply.json.data
}

async function status(box: Kit): Promise<string | undefined> {
  return (await list(box))[0]?.status
}

async function why(box: Kit): Promise<string[]> {
  const { data } = (await box.control('GET', '/journal?kind=timer')).json
  return data.map((entry: any) => entry.because).filter((line: unknown) => line)
}

async function callbacks(box: Kit): Promise<any[]> {
  return (await box.control('GET', '/callbacks')).json.data
}

function refused(reply: Reply, status: number, tag: string, title: string): void {
  const problem = { type: `tag:kraken.com,2025:${tag}`, title, status, data: null, source: 'Service' }
  expect([reply.status, reply.json]).toEqual([status, problem])
}

function invalid(reply: Reply, detail: string): void {
  expect([reply.status, reply.json.detail, reply.json.data]).toEqual([400, detail, { field: detail.split(':', 1)[0] }])
}

describe('deposits', () => {
  test('payward.deposits.statuses: initial, pending, settled, success; payward.deposits.confirmations: after those of the method; payward.deposits.credit: a minute later', async () => {
    const box = await start()
    const { address } = await make(box)
    await box.deposit(address, '0.5')
    expect(await status(box)).toBe('initial')
    await box.advance('599999ms')
    expect(await status(box)).toBe('initial')
    await box.advance('1ms')
    expect(await status(box)).toBe('pending')
    // Bitcoin waits for three blocks: the first one is there.
    await box.advance('1199999ms')
    expect(await status(box)).toBe('pending')
    await box.advance('1ms')
    expect(await status(box)).toBe('settled')
    await box.advance('59999ms')
    expect(await status(box)).toBe('settled')
    await box.advance('1ms')
    expect(await status(box)).toBe('success')
  })

  test('payward.deposits.confirmations: each network waits for its own number, as its method says', async () => {
    const box = await start()
    for (const [asset_symbol, method_id] of [
      ['BTC', METHODS.BTC],
      ['ETH', METHODS.ETH],
      ['LTC', METHODS.LTC],
      ['DOGE', METHODS.DOGE],
      ['TRX', METHODS.TRX],
      ['SOL', METHODS.SOL],
    ] as const) {
      const methods = await box.call(client, {
        method: 'GET',
        path: `/v1/accounts/${ACCOUNTS.main}/funds/deposits/methods/${asset_symbol}`,
      })
      const count = Number(methods.json.data[0].network_info.confirmations)
      const { address } = await make(box, { asset_symbol, method_id })
      await box.deposit(address, '10', { confirmations: count })
      expect([asset_symbol, await status(box)]).toEqual([asset_symbol, 'settled'])
      if (count > 1) {
        await box.deposit(address, '10', { confirmations: count - 1 })
        expect([asset_symbol, await status(box)]).toEqual([asset_symbol, 'pending'])
      }
    }
  })

  test.each(['dropped', 'replaced', 'reorged'])(
    'payward.deposits.failure: a transaction that is %s',
    async (outcome) => {
      const box = await start()
      const { address } = await make(box)
      await box.deposit(address, '0.5', { outcome })
      expect(await status(box)).toBe('initial')
      await box.advance('6h')
      expect(await list(box)).toMatchObject([{ status: 'failure', amount: '0.50000000' }])
      expect(await activity(box)).toMatchObject([{ status: 'failed', receive: { balance: { amount: '0.00000000' } } }])
    },
  )

  test('payward.deposits.failure: what was credited is taken back', async () => {
    const box = await start()
    await paid(box, '0.25')
    await paid(box, '0.5', {}, { outcome: 'reorged' })
    await box.advance('1m')
    expect((await activity(box)).map((row) => [row.status, row.receive.balance.amount])).toEqual([
      ['successful', '0.75000000'],
      ['successful', '0.25000000'],
    ])
    await box.advance('10m')
    expect((await activity(box)).map((row) => [row.status, row.receive.balance.amount])).toEqual([
      ['failed', '0.25000000'],
      ['successful', '0.25000000'],
    ])
  })

  test('payward.deposits.failure: a reorganisation before the credit leaves nothing to credit', async () => {
    const box = await start()
    await paid(box, '10', XRP, { outcome: 'reorged' })
    expect(await status(box)).toBe('settled')
    const { happened } = await box.advance('2m')
    expect(await status(box)).toBe('failure')
    expect(happened.map(({ summary }: any) => summary).filter((line: string) => line.startsWith('dep_1'))).toEqual([
      'dep_1 is removed from the chain: its block was reorganised away',
    ])
    expect((await why(box)).at(-1)).toMatch(/is failure: the transaction no longer exists$/)
  })

  test('payward.deposits.several: part payments are deposits of their own, also out of one transaction', async () => {
    const box = await start()
    const { address } = await make(box)
    const first = await box.deposit(address, '0.1')
    await box.deposit(address, '0.2', { same_transaction_as: first.id })
    const rows = await list(box)
    expect(rows.map((row) => row.amount)).toEqual(['0.20000000', '0.10000000'])
    expect(new Set(rows.map((row) => row.ref_id)).size).toBe(2)
  })

  test('payward.deposits.minimum: dust is nothing, and does not add up; the minimum itself is enough', async () => {
    const box = await start({ providers: { payward: { unusedAddresses: 1 } } })
    const { address } = await make(box)
    for (let i = 0; i < 3; i++) await box.deposit(address, '0.00009999', { confirmations: 'instant' })
    expect(await list(box)).toEqual([])
    expect((await why(box))[0]).toBe('dep_1: not credited: 0.00009999 BTC is below the minimum of 0.0001')
    expect((await box.call(client, creation({}))).status).toBe(409)
    await box.deposit(address, '0.0001', { confirmations: 'instant' })
    expect(await list(box)).toMatchObject([{ amount: '0.00010000', status: 'settled' }])
    expect((await box.call(client, creation({}))).status).toBe(200)
  })

  test('payward.deposits.minimum: amounts as large as they come are listed to the last digit', async () => {
    const box = await start()
    const amount = `${'9'.repeat(60)}.12345678`
    await paid(box, amount)
    await paid(box, amount)
    await box.advance('1m')
    expect((await list(box)).map((row) => row.amount)).toEqual([amount, amount])
    const [{ receive }] = (await activity(box)) as [any]
    expect(receive.balance.amount).toBe(`1${'9'.repeat(60)}.24691356`.replace(/9(?=\.)/, '8'))
  })

  test('payward.deposits.token-shared: a token on the address of its coin, and the coin on that of a token', async () => {
    const box = await start()
    const { address } = await make(box, ETH)
    await box.deposit(address, '25', { currency: 'USDC', confirmations: 'instant' })
    await make(box, USDC)
    await box.deposit(address, '1.5', { currency: 'ETH', confirmations: 'instant' })
    await box.deposit(address, '30', { currency: 'usdt', network: 'ethereum', confirmations: 'instant' })
    expect((await list(box)).map((row) => [row.asset.symbol, row.asset.type, row.amount])).toEqual([
      ['USDT', 'stablecoin', '30.00000000'],
      ['ETH', 'crypto', '1.50000000'],
      ['USDC', 'stablecoin', '25.00000000'],
    ])
  })

  test('an asset that Payward does not have cannot be sent at all', async () => {
    const box = await start()
    const { address } = await make(box)
    for (const more of [
      { currency: 'SHIB' },
      { currency: 'USDC' },
      { network: 'Lightning' },
      { currency: '__proto__' },
    ]) {
      const reply = await box.control('POST', '/deposits', { address, amount: '1', ...more })
      expect([reply.status, reply.json.detail]).toEqual([422, expect.stringContaining('Payward does not support')])
    }
  })

  test('payward.deposits.no-cross-network: money over another network credits nothing', async () => {
    const box = await start({ providers: { payward: { unusedAddresses: 1 } } })
    const { address } = await make(box, ETH)
    await box.deposit(address, '25', { currency: 'USDC', network: 'Solana', confirmations: 'instant' })
    await box.deposit(address, '25', { currency: 'BTC', network: 'Bitcoin', confirmations: 'instant' })
    await box.advance('1h')
    expect(await list(box)).toEqual([])
    expect((await why(box))[0]).toBe('dep_1: not credited: the address is on Ethereum, but the transfer is on Solana')
    expect((await box.call(client, creation(ETH))).status).toBe(409)
  })

  test.each([
    ['XRP', XRP],
    ['XLM', XLM],
  ])('payward.deposits.tag: %s without a tag, or with a wrong one, is nobody’s', async (_, fields) => {
    const box = await start()
    const mine = await make(box, fields)
    const other = await make(box, fields, ACCOUNTS.second)
    expect(other.address).toBe(mine.address)
    await box.deposit(mine.address, '10', { confirmations: 'instant' })
    await box.deposit(mine.address, '10', { tag: '1', confirmations: 'instant' })
    await box.advance('1h')
    expect(await list(box)).toEqual([])
    expect([...new Set(await why(box))]).toEqual([
      `dep_1: unattributed: ${mine.address} was never allocated without a tag`,
      `dep_2: unattributed: ${mine.address} was never allocated with the tag 1`,
    ])
    expect((await box.control('GET', '/deposits')).json.data.map((row: any) => [row.status, row.reference])).toEqual([
      ['confirmed', null],
      ['confirmed', null],
    ])
    await box.deposit(mine.address, '10', { tag: other.tag, confirmations: 'instant' })
    expect(await activity(box)).toEqual([])
    expect(await activity(box, 'types=deposit', ACCOUNTS.second)).toHaveLength(1)
  })

  test('payward.deposits.tag: a memo on a network that does not tell addresses apart by it is ignored', async () => {
    const box = await start()
    const { address } = await make(box, { asset_symbol: 'SOL', method_id: METHODS.SOL })
    await box.deposit(address, '1', { tag: '77', confirmations: 'instant' })
    expect(await status(box)).toBe('settled')
  })

  test('payward.limit.used: pending money does not make room, settled money does; payward.limit.used-again: a used address stays good', async () => {
    const box = await start({ providers: { payward: { unusedAddresses: 1 } } })
    const { address } = await make(box)
    await box.deposit(address, '1')
    await box.advance('11m')
    expect(await status(box)).toBe('pending')
    expect((await box.call(client, creation({}))).status).toBe(409)
    await box.advance('20m')
    expect((await box.call(client, creation({}))).status).toBe(200)
    await box.deposit(address, '2', { confirmations: 'instant' })
    expect(await list(box)).toHaveLength(2)
  })

  test.each<[string, SandboxOptions, number, string]>([
    ['credited', {}, 1, 'settled'],
    ['ignored when so chosen', { assume: { 'payward.limit.late-deposit': 'ignored' } }, 0, '0 has expired'],
  ])('payward.limit.late-deposit: money to an expired address is %s', async (_, options, count, line) => {
    const box = await start({ ...options, providers: { payward: { unusedAddresses: 2 } } })
    const oldest = await make(box)
    await paid(box, '1')
    await make(box)
    for (const [by, expected] of [
      ['604799999ms', 2],
      ['1ms', 2 + count],
    ] as const) {
      await box.advance(by)
      await box.deposit(oldest.address, '2', { confirmations: 'instant' })
      expect(await list(box)).toHaveLength(expected)
    }
    expect((await why(box)).slice(-2).join()).toContain(line)
    const shown = (await box.call(client, listing('asset_symbol=BTC'))).json.data
    expect(shown.map((row: any) => row.address)).not.toContain(oldest.address)
  })
})

describe('funding transactions', () => {
  test('payward.funding.item: the documented members, to the byte; payward.format.moment: with milliseconds', async () => {
    const box = await start({ clock: '2026-05-16T19:00:00.987Z' })
    await paid(box, '0.5')
    await box.advance('1m')
    const reply = await box.call(client, transactions())
    const [{ ref_id: id }] = reply.json.data
    expect(id).toMatch(FXN)
    expect(reply.text).toBe(
      `{"data":[{"type":"deposit","timestamp":"2026-05-16T19:00:00.987Z","asset":{"symbol":"BTC","type":"crypto"},"amount":"0.50000000","status":"success","ref_id":"${id}"}],"next_page_token":null}`,
    )
  })

  test('payward.funding.filters: type is required, and one of two', async () => {
    const box = await start()
    await paid(box, '1')
    const get = (query: string) => box.call(client, { method: 'GET', path: `/v1/funds/transactions${query}` })
    invalid(await get(''), 'type: is required')
    invalid(await get('?type=refund'), 'type: must be one of withdrawal, deposit')
    invalid(await get('?type=deposit&page_size=0'), 'page_size: must be >= 1')
    invalid(await get('?type=deposit&page_size=501'), 'page_size: must be <= 500')
    invalid(await get('?type=deposit&page_size=many'), 'page_size: must be integer')
    expect((await get('?type=withdrawal')).text).toBe('{"data":[],"next_page_token":null}')
  })

  test('payward.funding.accounts: those of the partner and no other’s; payward.funding.order: the newest first', async () => {
    const box = await start()
    await paid(box, '1')
    await paid(box, '2', {}, {}, ACCOUNTS.second)
    const other = clientOf(KEYS.other)
    const { address } = (await box.call(other, creation({}, ACCOUNTS.other))).json.data
    await box.deposit(address, '3', { confirmations: 'instant' })
    await paid(box, '4')
    expect((await list(box)).map((row) => row.amount)).toEqual(['4.00000000', '2.00000000', '1.00000000'])
    expect((await list(box, '', KEYS.other)).map((row) => row.amount)).toEqual(['3.00000000'])
  })

  test('payward.funding.pages: every deposit once, whatever the size of a page, also while more arrive', async () => {
    const box = await start()
    const { address } = await make(box)
    const second = await make(box, {}, ACCOUNTS.second)
    for (let i = 1; i <= 26; i++) await box.deposit(i % 3 ? address : second.address, `${i}`)
    const all = (await list(box, 'page_size=500')).map((row) => row.ref_id)
    expect(all).toHaveLength(26)
    expect((await list(box, 'cursor=')).map((row) => row.ref_id)).toEqual(all.slice(0, 25))
    for (const size of [1, 7, 25, 26]) {
      const seen: string[] = []
      for (let token: string | null = ''; token !== null;) {
        const { data, next_page_token: next }: any = (
          await box.call(client, transactions(`page_size=${size}&cursor=${token}`))
        ).json
        seen.push(...data.map((row: any) => row.ref_id))
        if (next !== null) expect(next).toMatch(/^cursor_/)
        token = next
        await box.deposit(address, '1')
      }
      expect(seen.filter((id) => all.includes(id))).toEqual(all)
    }
  })

  test('payward.list.bad-token: a cursor that was not issued is refused, also that of another list', async () => {
    const box = await start()
    const forged = (text: string) => Buffer.from(text).toString('base64url')
    for (const cursor of [
      'garbage',
      'cursor_',
      'cursor_eyJrIjoxfQ',
      `cursor_${forged('after:1')}`,
      `cursor_${forged('before:1e3')}`,
      forged('before:1'),
      '%00',
      '%F0%9F%92%B0',
    ]) {
      invalid(await box.call(client, transactions(`cursor=${cursor}`)), 'cursor: was not issued here')
    }
    invalid(await box.call(client, transactions(`cursor=${'x'.repeat(257)}`)), 'cursor: length must be at most 256')
    expect(await list(box, `cursor=cursor_${forged('before:1')}`)).toEqual([])
  })
})

describe('portfolio transactions', () => {
  test('payward.portfolio.item: the documented members, to the byte; payward.portfolio.prices: with what they are worth', async () => {
    const box = await start()
    await paid(box, '0.5')
    await box.advance('1m')
    const reply = await box.call(client, portfolio('types=deposit&quote_symbol=EUR'))
    const [{ id }] = reply.json.data
    expect(id).toMatch(/^tx_[0-9A-HJKMNP-TV-Z]{20}$/)
    const money = (amount: string, worth: string) =>
      `{"symbol":"BTC","name":"Bitcoin","type":"crypto","amount":"${amount}","amount_in_quote":"${worth}"}`
    const half = money('0.50000000', '30000.00')
    expect(reply.text).toBe(
      `{"data":[{"id":"${id}","timestamp":"2026-05-16T19:00:00.000Z","type":"deposit","status":"successful","receive":{"timestamp":"2026-05-16T19:01:00.000Z",` +
        `"sub_total":${half},"fee":${money('0.00000000', '0.00')},"total":${half},"balance":${half}}}],"next_page_token":null}`,
    )
    refused(await box.call(client, portfolio('types=deposit&quote_symbol=XYZ')), 400, 'UnknownAsset', 'Unknown asset')
  })

  test('payward.portfolio.status: in progress until it is credited', async () => {
    const box = await start()
    const { address } = await make(box)
    await box.deposit(address, '0.5')
    for (const [by, status, amount] of [
      ['0s', 'in_progress', '0'],
      ['15m', 'in_progress', '0'],
      ['15m', 'in_progress', '0'],
      ['1m', 'successful', '0.5'],
    ] as const) {
      await box.advance(by)
      expect(await activity(box)).toMatchObject([
        {
          status,
          receive: {
            total: { amount: '0.50000000' },
            balance: { amount: `${amount}${amount === '0' ? '.00000000' : '0000000'}` },
          },
        },
      ])
    }
  })

  test('payward.portfolio.deposits-asked-for: only when types names them', async () => {
    const box = await start()
    await paid(box, '1')
    for (const query of ['', 'types=simple_order', 'types=simple_order&types=earn_reward'])
      expect(await activity(box, query)).toEqual([])
    expect(await activity(box, 'types=simple_order&types=deposit')).toHaveLength(1)
    invalid(
      await box.call(client, portfolio('types=withdrawal')),
      'types.0: must be one of simple_order, simple_order_failed, price_trigger_swap, price_trigger_swap_failed, earn_reward, deposit',
    )
  })

  test('payward.portfolio.filters: by status, id and time, ends included; payward.portfolio.assets: by asset; payward.portfolio.order: either way', async () => {
    const box = await start()
    await paid(box, '1')
    await box.advance('1h')
    await paid(box, '2', XRP)
    await box.advance('1h')
    await paid(box, '3', USDC, {})
    await box.deposit((await make(box)).address, '4')
    const all = await activity(box)
    const seen = async (query: string) =>
      (await activity(box, `types=deposit&${query}`)).map((row) => row.receive.total.amount[0]).join('')
    expect(await seen('')).toBe('4321')
    expect(await seen('sort=desc')).toBe('4321')
    expect(await seen('sort=asc')).toBe('1234')
    expect(await seen('statuses=successful')).toBe('21')
    expect(await seen('statuses=in_progress&statuses=failed')).toBe('43')
    expect(await seen(`ids=${all[1].id}&ids=${all[3].id}&ids=nothing`)).toBe('31')
    expect(await seen('start_timestamp=2026-05-16T20:00:00.000Z')).toBe('432')
    expect(await seen('start_timestamp=2026-05-16T20:00:00.001Z')).toBe('43')
    expect(await seen('start_timestamp=2026-05-16T20:00:00.000000001Z')).toBe('43')
    expect(await seen('end_timestamp=2026-05-16T22:00:00%2B02:00')).toBe('21')
    expect(await seen('end_timestamp=2026-05-16T19:59:59.999999999Z')).toBe('1')
    expect(await seen('end_timestamp=2026-05-16T19:59:59.999Z')).toBe('1')
    expect(
      await seen('assets[0][symbol]=BTC&assets[0][type]=crypto&assets[1][symbol]=USDC&assets[1][type]=stablecoin'),
    ).toBe('431')
    expect(await seen('assets%5B0%5D%5Bsymbol%5D=XRP')).toBe('2')
    expect(await seen('assets[0][symbol]=USDC')).toBe('')
    expect(await seen('assets[0][symbol]=NOPE')).toBe('')
    for (const query of [
      'assets[0][type]=crypto',
      'assets=BTC',
      'assets[][symbol]=BTC',
      'assets[0][__proto__]=x',
      'assets[99999][symbol]=BTC',
    ]) {
      expect((await box.call(client, portfolio(`types=deposit&${query}`))).json.data).toEqual({ field: 'assets' })
    }
    const metal = await box.call(client, portfolio('assets[0][symbol]=BTC&assets[1][symbol]=XAG&assets[1][type]=metal'))
    invalid(metal, 'assets: type must be one of fiat, crypto, stablecoin, xstock')
    for (const symbol of ['', 'OP', 'X'.repeat(17)])
      invalid(
        await box.call(client, portfolio(`assets[0][symbol]=${symbol}`)),
        'assets: length of symbol must be 3 to 16',
      )
    for (const text of ['yesterday', '2026-05-16T19:00:00%2B02', '2016-12-31T23:59:60Z']) {
      for (const field of ['start_timestamp', 'end_timestamp'])
        invalid(await box.call(client, portfolio(`${field}=${text}`)), `${field}: must be a date-time`)
    }
  })

  test('payward.portfolio.pages: every transaction once in either order, and no token of the other one', async () => {
    const box = await start()
    const { address } = await make(box)
    for (let i = 1; i <= 21; i++) await box.deposit(address, `${i}`)
    expect(await activity(box)).toHaveLength(20)
    for (const sort of ['asc', 'desc']) {
      const all = [...(await activity(box, `types=deposit&page_size=25&sort=${sort}`))].map((row) => row.id)
      expect(all).toHaveLength(21)
      for (const size of [1, 8, 21]) {
        const seen: string[] = []
        for (let token: string | null = ''; token !== null;) {
          const { data, next_page_token: next }: any = (
            await box.call(
              client,
              portfolio(`types=deposit&page_size=${size}&sort=${sort}${token && `&page_token=${token}`}`),
            )
          ).json
          seen.push(...data.map((row: any) => row.id))
          token = next
          if (token)
            invalid(
              await box.call(
                client,
                portfolio(`types=deposit&page_token=${token}&sort=${sort === 'asc' ? 'desc' : 'asc'}`),
              ),
              'page_token: was not issued here',
            )
        }
        expect(seen).toEqual(all)
      }
    }
    invalid(await box.call(client, portfolio('types=deposit&page_size=26')), 'page_size: must be <= 25')
  })

  test('any deposits of any outcome and any time between them: lists and balances are those of a list of all of them', async () => {
    const step = fc.record({
      symbol: fc.constantFrom<'BTC' | 'XRP'>('BTC', 'XRP'),
      amount: fc.integer({ min: 1, max: 9 }),
      outcome: fc.constantFrom('confirmed', 'dropped', 'reorged'),
      minutes: fc.constantFrom(0, 1, 11, 40),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 10 }), async (steps) => {
        const box = await start()
        const homes = { BTC: await make(box), XRP: await make(box, XRP) }
        for (const { symbol, amount, outcome, minutes } of steps) {
          const { address, tag } = homes[symbol]
          await box.deposit(address, `${amount}`, { outcome, ...(tag !== null && { tag }) })
          await box.advance(`${minutes}m`)
        }
        await box.advance('2d')
        const expected = steps
          .map(({ symbol, amount, outcome }) => [
            symbol,
            `${amount}.00000000`,
            outcome === 'confirmed' ? 'success' : 'failure',
          ])
          .reverse()
        expect((await list(box)).map((row) => [row.asset.symbol, row.amount, row.status])).toEqual(expected)
        for (const symbol of ['BTC', 'XRP'] as const) {
          const sum = steps
            .filter((one) => one.symbol === symbol && one.outcome === 'confirmed')
            .reduce((total, one) => total + one.amount, 0)
          const rows = await activity(box, `types=deposit&assets[0][symbol]=${symbol}`)
          const last = rows
            .map((row) => row.receive.timestamp)
            .sort()
            .at(-1)
          const balances = rows.filter((row) => row.receive.timestamp === last).map((row) => row.receive.balance.amount)
          if (rows.length > 0) expect(balances).toContain(`${sum}.00000000`)
        }
        await box.sandbox.close()
      }),
      { numRuns: 25, seed: 20260516 },
    )
  })
})

describe('registering a webhook', () => {
  const AVAILABLE =
    '"custom_order.executed","custom_order.execution_failed","custom_order.cancelled","quote.executed","quote.execution_failed","quote.cancelled","reward.paid",' +
    '"user.verified","user.closed","user.disabled","deposit.status_updated","withdrawal.status_updated"'

  test('payward.webhooks.registered: to the byte; payward.webhooks.secret-once: with a secret that no other answer has; payward.webhooks.list: of one', async () => {
    const box = await start()
    expect((await box.call(client, { method: 'GET', path: '/v1/webhooks' })).text).toBe(
      '{"data":[],"next_page_token":null}',
    )
    const reply = await box.call(client, {
      method: 'POST',
      path: '/v1/webhooks',
      body: '{"url":"https://shop.example/hooks"}',
    })
    const { webhook, secret } = reply.json.data
    expect(Buffer.from(secret, 'base64')).toHaveLength(32)
    const text =
      `{"id":"${webhook.id}","url":"https://shop.example/hooks","enabled":false,"subscribed_events":[],"available_events":[${AVAILABLE}],` +
      `"created_at":"2026-05-16T19:00:00Z","updated_at":"2026-05-16T19:00:00Z"}`
    expect([reply.status, reply.text]).toEqual([200, `{"data":{"webhook":${text},"secret":"${secret}"}}`])
    const listed = await box.call(client, { method: 'GET', path: '/v1/webhooks' })
    expect(listed.text).toBe(`{"data":[${text}],"next_page_token":null}`)
    expect((await box.call(clientOf(KEYS.other), { method: 'GET', path: '/v1/webhooks' })).json.data).toEqual([])
    invalid(
      await box.call(client, { method: 'GET', path: '/v1/webhooks?page_token=YWZ0ZXI6MQ' }),
      'page_token: was not issued here',
    )
  })

  test('the journal does not tell the secret that a partner is told', async () => {
    const box = await start()
    const answer = await box.call(client, registration({}))
    const secret = /"[^"]*secret[^"]*":"([^"]{8,})"/.exec(answer.text)![1]!
    const entry = await box.control('GET', `/journal/${answer.headers['x-sandgate-entry']}`)
    expect(entry.text).not.toContain(secret)
    expect(entry.json.response.body).toContain('(hidden)')
  })

  test('payward.webhooks.update: enabled and events, each for itself, the list as a whole', async () => {
    const box = await start()
    const { id } = (await box.call(client, registration({}))).json.data.webhook
    await box.advance('5s')
    const patch = async (fields: Record<string, unknown>) =>
      (await box.call(client, change(id, fields))).json.data.webhook
    expect(await patch({ enabled: false })).toMatchObject({
      enabled: false,
      subscribed_events: ['deposit.status_updated'],
      updated_at: '2026-05-16T19:00:05Z',
      created_at: '2026-05-16T19:00:00Z',
    })
    expect(await patch({ events: ['quote.executed'] })).toMatchObject({
      enabled: false,
      subscribed_events: ['quote.executed'],
    })
    expect(await patch({ events: [], enabled: true })).toMatchObject({ enabled: true, subscribed_events: [] })
    expect(await patch({ url: 'https://elsewhere.example/' })).toMatchObject({ url: 'https://shop.example/hooks' })
    const reply = await box.call(client, change(id, {}))
    expect(Object.keys(reply.json.data)).toEqual(['webhook'])
  })

  test('payward.webhooks.one: a second one is refused, another partner’s is not; payward.webhooks.delete: until the first is deleted', async () => {
    const box = await start()
    const { id } = (await box.call(client, registration({}))).json.data.webhook
    refused(
      await box.call(client, registration({ url: 'https://elsewhere.example/' })),
      409,
      'WebhookAlreadyExists',
      'Nexus: Webhook already exists',
    )
    expect((await box.call(clientOf(KEYS.other), registration({}))).status).toBe(200)
    const deleted = await box.call(client, { method: 'DELETE', path: `/v1/webhooks/${id}` })
    expect([deleted.status, deleted.text]).toEqual([
      200,
      `{"data":{"webhook_id":"${id}","deleted_at":"2026-05-16T19:00:00Z"}}`,
    ])
    const again = (await box.call(client, registration({}))).json.data.webhook
    expect(again.id).not.toBe(id)
  })

  test('payward.webhooks.unknown: nor is another partner’s known', async () => {
    const box = await start()
    const { id } = (await box.call(client, registration({}))).json.data.webhook
    for (const [by, name] of [
      [KEYS.demo, 'whk_00000000000000000000'],
      [KEYS.demo, '__proto__'],
      [KEYS.other, id],
    ] as const) {
      const calls = [
        change(name, { enabled: false }),
        { method: 'POST', path: `/v1/webhooks/${name}/test` },
        { method: 'DELETE', path: `/v1/webhooks/${name}` },
      ]
      for (const request of calls)
        refused(await box.call(clientOf(by), request), 404, 'WebhookNotFound', 'Nexus: Webhook not found')
    }
    expect((await box.call(client, { method: 'GET', path: '/v1/webhooks' })).json.data[0]).toMatchObject({
      id,
      enabled: true,
    })
  })

  const URLS: readonly [string, string | undefined][] = [
    ['https://example.com/webhook', undefined],
    ['https://example.com:8443/webhook?a=b', undefined],
    ['http://127.0.0.1:3000/hooks', undefined],
    ['http://shop:3000/hooks', undefined],
    [`https://example.com/${'x'.repeat(2048 - 20)}`, undefined],
    [`https://example.com/${'x'.repeat(2048 - 19)}`, 'url: length must be at most 2048'],
    ['ftp://example.com/webhook', 'url: is not of the documented form'],
    ['invalid-url', 'url: is not of the documented form'],
    ['', 'url: is not of the documented form'],
    ['https://', 'url: is not of the documented form'],
    ['https://exa mple.com/', 'url: is not of the documented form'],
    ['https://example.com/\u0000', 'url: is not of the documented form'],
    ['https://ex\u00e4mple.com/', 'url: is not of the documented form'],
    ['https:///hooks', 'url: host must not be empty'],
    ['https:////example.com/hooks', 'url: host must not be empty'],
    ['https://:8443/', 'url: must be a valid URL'],
    ['https://example.com:99999/', 'url: must be a valid URL'],
    ['https://user:pass@example.com/webhook', 'url: must not contain credentials'],
    ['https://https//example.com', 'url: host must not be the name of a protocol'],
    ['https://ssh/hooks', 'url: host must not be the name of a protocol'],
    ['https://example.com//hooks', 'url: path must not begin with //'],
  ]
  test.each(URLS)('payward.webhooks.url: %s', async (url, detail) => {
    const box = await start()
    const reply = await box.call(client, registration({ url }))
    if (detail === undefined) expect([reply.status, reply.json.data?.webhook.url]).toEqual([200, url])
    else invalid(reply, detail)
  })

  const BODIES: readonly [string, Record<string, unknown>, string][] = [
    ['no URL', { url: undefined }, 'url: is required'],
    ['a URL that is no text', { url: 5 }, 'url: must be string'],
    ['enabled as text', { enabled: 'true' }, 'enabled: must be boolean'],
    ['null for events', { events: null }, 'events: must be array'],
    ['an event that is no text', { events: [5] }, 'events.0: must be string'],
    ['an event with other characters', { events: ['deposit status'] }, 'events.0: is not of the documented form'],
    ['an event that is too long', { events: ['x'.repeat(101)] }, 'events.0: length must be at most 100'],
    [
      'an event that there is not',
      { events: ['deposit.status_updated', 'deposit.completed'] },
      'events: deposit.completed is not an event',
    ],
    ['webhook.test, which is for tests only', { events: ['webhook.test'] }, 'events: webhook.test is not an event'],
    ['too many events', { events: Array(51).fill('quote.executed') }, 'events: must NOT have more than 50 items'],
  ]
  test.each(BODIES)(
    'payward.webhooks.unknown-event: %s is refused, and registers nothing',
    async (_, fields, detail) => {
      const box = await start()
      invalid(await box.call(client, registration(fields)), detail)
      expect((await box.call(client, { method: 'GET', path: '/v1/webhooks' })).json.data).toEqual([])
      if (!('events' in fields)) return
      const { id } = (await box.call(client, registration({}))).json.data.webhook
      invalid(await box.call(client, change(id, fields)), detail)
    },
  )

  test('payward.idempotency.webhooks: registering, changing and testing can be repeated', async () => {
    const box = await start()
    const inbox = await Inbox.open()
    const twice = async (make: () => any) => {
      const key = randomUUID()
      const send = () => box.call(client, { ...make(), headers: { 'Idempotency-Key': key } })
      const [first, second] = [await send(), await send()]
      expect([first.status, second.status, second.text, second.headers['idempotent-replayed']]).toEqual([
        200,
        200,
        first.text,
        'true',
      ])
      return { data: first.json.data, key }
    }
    const { data, key } = await twice(() => registration({ url: inbox.url }))
    const { id } = data.webhook
    const changed = await twice(() => change(id, { events: [] }))
    await twice(() => ({ method: 'POST', path: `/v1/webhooks/${id}/test` }))
    expect(inbox.received).toHaveLength(1)
    // The same key for another operation is another matter; for another body it is refused.
    const elsewhere = await box.call(client, { ...change(id, { events: [] }), headers: { 'Idempotency-Key': key } })
    expect([elsewhere.status, elsewhere.headers['idempotent-replayed']]).toEqual([200, undefined])
    const reused = await box.call(client, {
      ...change(id, { enabled: true }),
      headers: { 'Idempotency-Key': changed.key },
    })
    expect([reused.status, reused.json.type]).toEqual([422, 'tag:kraken.com,2025:IdempotencyKeyReuse'])
    const other = await box.call(client, {
      ...change('whk_00000000000000000000', { events: [] }),
      headers: { 'Idempotency-Key': changed.key },
    })
    expect(other.status).toBe(404)
  })
})

describe('webhooks', () => {
  test('payward.webhooks.each-status: initial, pending, settled, success; payward.webhooks.envelope, payward.webhooks.deposit-data: to the byte', async () => {
    const box = await start()
    const inbox = await Inbox.open()
    await box.call(client, registration({ url: inbox.url }))
    const { address } = await make(box)
    const { txid, reference } = await box.deposit(address, '0.25')
    await box.advance('1h')
    expect(inbox.received.map(({ json }) => [json.type, json.data.status, json.created_at])).toEqual([
      ['deposit.status_updated', 'initial', '2026-05-16T19:00:00Z'],
      ['deposit.status_updated', 'pending', '2026-05-16T19:10:00Z'],
      ['deposit.status_updated', 'settled', '2026-05-16T19:30:00Z'],
      ['deposit.status_updated', 'success', '2026-05-16T19:31:00Z'],
    ])
    const { id, data } = inbox.received[0]!.json
    expect(id).toMatch(/^evt_[0-9A-HJKMNP-TV-Z]{20}$/)
    expect(new Set(inbox.received.map(({ json }) => json.id)).size).toBe(4)
    expect([data.ref_id]).toEqual((await list(box)).map((row) => row.ref_id))
    expect(inbox.received[0]!.text).toBe(
      `{"id":"${id}","type":"deposit.status_updated","created_at":"2026-05-16T19:00:00Z","data":{"account_id":"${ACCOUNTS.main}","ref_id":"${data.ref_id}","status":"initial",` +
        `"asset":{"symbol":"BTC","type":"crypto"},"amount":"0.25000000","method":{"id":"${METHODS.BTC}","name":"Bitcoin"},"address":"${address}","tag":null,"memo":null,` +
        `"txid":"${txid}","timestamp":"2026-05-16T19:00:00.000Z"}}`,
    )
    expect((await callbacks(box)).map((row) => [row.object, row.account, row.status])).toEqual(
      Array.from({ length: 4 }, () => [reference, ACCOUNTS.main, 'delivered']),
    )
  })

  test('payward.webhooks.each-status: what is in a block, or confirmed, when it is seen still takes every status; so does what fails', async () => {
    const box = await start()
    const inbox = await Inbox.open()
    await box.subscribe('payward', inbox)
    await paid(box, '10', XRP, { outcome: 'reorged' })
    await box.advance('1h')
    const told = (await callbacks(box)).map((row) => JSON.parse(row.body).data)
    expect(told.map(({ status }) => status)).toEqual(['initial', 'pending', 'settled', 'failure'])
    expect(told[0].tag).toMatch(/^\d{10}$/)
    expect(inbox.received).toHaveLength(4)
  })

  test('payward.webhooks.subscribed: all accounts of the partner, and the account of an endpoint that a test gave', async () => {
    const box = await start()
    const [mine, others, first] = [await Inbox.open(), await Inbox.open(), await Inbox.open()]
    await box.call(client, registration({ url: mine.url }))
    await box.call(clientOf(KEYS.other), registration({ url: others.url }))
    await box.subscribe('payward', first)
    await box.deposit((await make(box)).address, '1')
    await box.deposit((await make(box, {}, ACCOUNTS.second)).address, '2')
    expect(mine.received.map(({ json }) => json.data.account_id)).toEqual([ACCOUNTS.main, ACCOUNTS.second])
    expect(others.received).toEqual([])
    expect(first.received.map(({ text }) => text)).toEqual([mine.received[0]!.text])
    await box.subscribe('payward', first, { account: ACCOUNTS.second })
    const unknown = await box.control('PUT', '/callbacks/endpoints/payward', { url: first.url, account: 'demo' })
    expect([unknown.status, unknown.json.detail]).toEqual([
      404,
      expect.stringContaining('Payward has no account "demo"'),
    ])
  })

  test('payward.webhooks.disabled: nothing until it is enabled again, and nothing is made up for', async () => {
    const box = await start()
    const inbox = await Inbox.open()
    const { webhook, secret } = (await box.call(client, registration({ url: inbox.url, enabled: false }))).json.data
    const { address } = await make(box)
    await box.deposit(address, '1')
    await box.call(client, change(webhook.id, { enabled: true, events: ['quote.executed'] }))
    await box.deposit(address, '2')
    expect([inbox.received, await callbacks(box)]).toEqual([[], []])
    await box.call(client, change(webhook.id, { events: ['deposit.status_updated'] }))
    await box.deposit(address, '3')
    expect(inbox.received.map(({ json }) => json.data.amount)).toEqual(['3.00000000'])
    const { headers, text } = inbox.received[0]!
    expect(headers['x-signature']).toBe(webhookSignature(secret, box.wallMs / 1000, text))
    expect(
      inbox.received[0]!.rawHeaders.filter((name) => /^x-/i.test(name)),
      'spelled as documented',
    ).toEqual(['X-Signature', 'X-Webhook-Event', 'X-Webhook-ID'])
  })

  test('payward.webhooks.disabled: what is being tried stops; payward.webhooks.delete: so it does when it is deleted', async () => {
    for (const request of [
      (id: string) => change(id, { enabled: false }),
      (id: string) => ({ method: 'DELETE', path: `/v1/webhooks/${id}` }),
    ]) {
      const box = await start()
      const inbox = await Inbox.open()
      inbox.answers = () => ({ status: 500 })
      const { id } = (await box.call(client, registration({ url: inbox.url }))).json.data.webhook
      await box.deposit((await make(box)).address, '1')
      await box.call(client, request(id))
      await box.advance('1h')
      expect(inbox.received).toHaveLength(1)
      expect((await callbacks(box))[0]).toMatchObject({ status: 'exhausted' })
    }
  })

  test('payward.webhooks.test: whatever is subscribed, a signed event leaves; payward.webhooks.test-disabled: unless the webhook is disabled', async () => {
    const box = await start()
    const inbox = await Inbox.open()
    const { webhook, secret } = (await box.call(client, registration({ url: inbox.url, events: [] }))).json.data
    const reply = await box.call(client, { method: 'POST', path: `/v1/webhooks/${webhook.id}/test` })
    await box.advance('0s')
    const [{ text, json, headers }] = inbox.received as [any]
    expect(json).toEqual({
      id: expect.stringMatching(/^evt_/),
      type: 'webhook.test',
      created_at: '2026-05-16T19:00:00Z',
      data: { message: 'This is a test webhook event to verify your endpoint configuration.' },
    })
    expect(reply.json).toEqual({
      data: {
        result: 'success',
        test_id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
        http_status: null,
        response_body: null,
        error_message: null,
        payload_sent: text,
        signature_header: webhookSignature(secret, box.wallMs / 1000, text),
      },
    })
    expect(headers['x-signature']).toBe(reply.json.data.signature_header)
    await box.call(client, change(webhook.id, { enabled: false }))
    refused(
      await box.call(client, { method: 'POST', path: `/v1/webhooks/${webhook.id}/test` }),
      409,
      'WebhookDisabled',
      'Nexus: Webhook is disabled',
    )
  })

  test('payward.webhooks.signature: the vector; then over the exact bytes, on wall time, anew on every attempt', async () => {
    const secret = 'dGVzdC1zZWNyZXQtcGxlYXNlLWlnbm9yZQ=='
    const vector = webhookSignature(secret, 1734567890, '{"id":"evt_0001","type":"webhook.test","data":{}}')
    expect(vector).toBe('t=1734567890,v1=c10749d28b26ef5ec4775f7461985c9e64b43bf635e6bf9fe4eb4f7715f5f2c7')

    const box = await start()
    const inbox = await Inbox.open()
    inbox.answers = () => ({ status: 500 })
    expect(await box.subscribe('payward', inbox, { secret })).toBe(secret)
    await box.deposit((await make(box)).address, '1')
    const firstAt = box.wallMs / 1000
    box.passWall(7000)
    await box.advance('1s')
    const [one, two] = inbox.received as [any, any]
    expect(one.headers['x-signature']).toBe(webhookSignature(secret, firstAt, one.text))
    expect(two.headers['x-signature']).toBe(webhookSignature(secret, firstAt + 7, two.text))
    expect(two.text).toBe(one.text)
    expect(one.headers['content-type']).toBe('application/json')
  })

  test('payward.webhooks.signature: a scenario can spoil it, or its time', async () => {
    const box = await start()
    const inbox = await Inbox.open()
    const secret = await box.subscribe('payward', inbox)
    const { address } = await make(box)
    for (const [how, right, age] of [
      ['bad-signature', false, 0],
      ['stale-timestamp', true, 3600],
    ] as const) {
      box.world.change(() => addCallbackFault({ provider: 'payward', object: null, how, times: 1, byMs: 0 }, box.world))
      await box.deposit(address, '1')
      const { headers, text } = inbox.received.at(-1)!
      const [, seconds] = /^t=(\d+),/.exec(String(headers['x-signature']))!
      expect(Number(seconds)).toBe(box.wallMs / 1000 - age)
      expect(headers['x-signature'] === webhookSignature(secret, seconds!, text)).toBe(right)
    }
  })

  test('payward.webhooks.secret: base64, drawn from the seed unless given; anything else is refused with a sentence', async () => {
    const inbox = await Inbox.open()
    const secrets = [
      await (await start()).subscribe('payward', inbox),
      await (await start()).subscribe('payward', inbox),
      await (await start({ seed: 'other' })).subscribe('payward', inbox),
    ]
    expect(secrets[0]).toBe(secrets[1])
    expect(secrets[0]).not.toBe(secrets[2])
    expect(Buffer.from(secrets[0]!, 'base64').toString('base64')).toBe(secrets[0])
    const box = await start()
    for (const secret of ['whsec-demo-0001', 'dGVzdA', 'dGVzdA==\n', 'dGV-dA==']) {
      const reply = await box.control('PUT', '/callbacks/endpoints/payward', { url: inbox.url, secret })
      expect([reply.status, reply.json.detail]).toEqual([
        422,
        'secret: expected base64 text, because Payward decodes the secret before it signs',
      ])
    }
  })

  test('payward.webhooks.events: twelve, and the seven of the examples', async () => {
    const box = await start()
    const inbox = await Inbox.open()
    const { json } = await box.control('PUT', '/callbacks/endpoints/payward', { url: inbox.url })
    expect([json.account, json.events]).toEqual([
      ACCOUNTS.main,
      expect.arrayContaining(['deposit.status_updated', 'withdrawal.status_updated']),
    ])
    expect(json.events).toHaveLength(12 + 7)
    expect(
      (await box.control('PUT', '/callbacks/endpoints/payward', { url: inbox.url, events: ['deposit.arrived'] }))
        .status,
    ).toBe(422)
    await box.subscribe('payward', inbox, { events: ['quote.executed'] })
    await box.deposit((await make(box)).address, '1')
    expect(inbox.received).toEqual([])
  })

  test.each([
    [200, true],
    [204, true],
    [299, true],
    [301, false],
    [307, false],
    [400, false],
    [410, false],
    [500, false],
  ])('payward.webhooks.success: %i counts: %s; a redirect is not followed', async (status, counts) => {
    const box = await start()
    const inbox = await Inbox.open()
    inbox.answers = () => ({ status, headers: { location: `${inbox.url}/elsewhere` } })
    await box.subscribe('payward', inbox)
    await box.deposit((await make(box)).address, '1')
    expect((await callbacks(box))[0].status).toBe(counts ? 'delivered' : 'pending')
    expect(inbox.received).toHaveLength(1)
  })

  test('payward.webhooks.retries: nine attempts within five minutes, the same bytes, waits that double', async () => {
    const box = await start()
    const inbox = await Inbox.open()
    inbox.answers = () => ({ status: 503 })
    await box.subscribe('payward', inbox)
    await box.deposit((await make(box)).address, '1')
    const delivery = await triedUntilExhausted(
      box,
      inbox,
      [1, 2, 4, 8, 16, 32, 64, 128].map((seconds) => seconds * 1000),
    )
    expect(delivery.event).toBe('deposit.status_updated')
    inbox.answers = () => ({ status: 204 })
    expect((await box.control('POST', `/callbacks/${delivery.id}/redeliver`)).json.status).toBe('delivered')
  })

  test('the same calls under the same seed give the same ids, secrets and bytes', async () => {
    const runs: unknown[] = []
    const inbox = await Inbox.open()
    for (let run = 0; run < 2; run++) {
      const box = await start()
      const registered = await box.call(client, registration({ url: inbox.url }))
      await paid(box, '1')
      await box.advance('1h')
      runs.push([registered.text, await list(box), await activity(box), (await callbacks(box)).map(({ body }) => body)])
    }
    expect(runs[0]).toEqual(runs[1])
  })
})
