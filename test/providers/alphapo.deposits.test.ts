// Money that arrives at AlphaPo, and how AlphaPo tells: from its pages, its sibling's, and what its clients rely on.
import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { client, clientOf, type Credentials, KEYS, lookingUp, post, sign, taking } from '../clients/alphapo.ts'
import { Inbox, type Kit, type Reply, start, triedUntilExhausted } from '../kit.ts'

const FIRST = 5100001

async function take(
  box: Kit,
  fields: Record<string, unknown> = {},
  credentials: Credentials = KEYS.demo,
): Promise<any> {
  const reply = await box.call(clientOf(credentials), taking(fields))
  if (reply.status !== 201) throw new Error(reply.text)
  return reply.json.data
}

/** An address, and money on its way to it. */
async function pay(
  box: Kit,
  amount: string,
  fields: Record<string, unknown> = {},
  more: Record<string, unknown> = {},
): Promise<any> {
  const taken = await take(box, fields)
  const deposit = await box.deposit(taken.address, amount, { ...(taken.tag !== null && { tag: taken.tag }), ...more })
  return { taken, deposit }
}

function find(
  box: Kit,
  by: Record<string, string | number> = { id: FIRST },
  credentials: Credentials = KEYS.demo,
): Promise<Reply> {
  return box.call(clientOf(credentials), lookingUp(by))
}

async function info(box: Kit, id = FIRST): Promise<any> {
  const reply = await find(box, { id })
  if (reply.status !== 200) throw new Error(reply.text)
  return reply.json
}

/** What the journal says became of each step of the money. */
async function why(box: Kit): Promise<string[]> {
  const { data } = (await box.control('GET', '/journal?kind=timer')).json
  return data.map((entry: any) => entry.because).filter((line: unknown) => line)
}

async function listen(box: Kit, more: Record<string, unknown> = {}): Promise<Inbox> {
  const inbox = await Inbox.open()
  await box.subscribe('alphapo', inbox, more)
  return inbox
}

const statuses = (inbox: Inbox) => inbox.received.map(({ json }) => json.status)

const INSTANT = { confirmations: 'instant' }

describe('deposits', () => {
  test('alphapo.deposits.credit: not_confirmed when seen, confirmed with its confirmations; alphapo.callbacks.same-id: under one id', async () => {
    const box = await start()
    const inbox = await listen(box)
    const { taken, deposit } = await pay(box, '0.05')
    expect(statuses(inbox)).toEqual(['not_confirmed'])
    await box.advance('1h')
    expect(statuses(inbox)).toEqual(['not_confirmed', 'confirmed'])
    expect(inbox.received.map(({ json }) => json.id)).toEqual([FIRST, FIRST])
    expect(deposit.reference).toBe(String(taken.id))
    const { data } = (await box.control('GET', '/callbacks')).json
    expect(data.map(({ event, object, account, status }: any) => [event, object, account, status])).toEqual([
      ['not_confirmed', String(taken.id), 'demo', 'delivered'],
      ['confirmed', String(taken.id), 'demo', 'delivered'],
    ])
  })

  test('alphapo.callbacks.body: a deposit from first sight to credit, to the byte', async () => {
    const box = await start()
    const inbox = await listen(box)
    const { taken, deposit } = await pay(box, '0.05', { foreign_id: 'player-77', end_user_reference: 'player-77' })
    await box.advance('1h')
    const { address } = taken
    const head = `{"id":5100001,"end_user_reference":"player-77","type":"deposit","crypto_address":{"id":900001,"currency":"BTC","address":"${address}","tag":null,"foreign_id":"player-77"},`
    const line = `"transactions":[{"id":7200001,"currency":"BTC","transaction_type":"blockchain","type":"deposit","address":"${address}","tag":null,"amount":"0.05000000","txid":"${deposit.txid}",`
    expect(inbox.received[0]!.text).toBe(
      `${head}"currency_sent":{"currency":"BTC","amount":"0.05000000"},"currency_received":{"currency":"BTC","amount":"0.05000000","amount_minus_fee":"0.05000000"},` +
        `${line}"confirmations":"0"}],"fees":[],"error":"","status":"not_confirmed"}`,
    )
    const { riskscore } = inbox.received[1]!.json.transactions[0]
    expect(inbox.received[1]!.text).toBe(
      `${head}"currency_sent":{"currency":"BTC","amount":"0.05000000"},"currency_received":{"currency":"BTC","amount":"0.05000000","amount_minus_fee":"0.04960000"},` +
        `${line}"riskscore":"${riskscore}","confirmations":"1"}],"fees":[{"type":"deposit","currency":"BTC","amount":"0.00040000"}],"error":"","status":"confirmed"}`,
    )
  })

  test.each([
    ['BTC', '1', 1],
    ['LTC', '1', 6],
    ['BCH', '1', 6],
    ['DOGE', '10', 6],
    ['ETH', '1', 10],
    ['XRP', '5', 1],
    ['ADA', '5', 15],
    ['TRX', '50', 19],
    ['BNB', '1', 25],
    ['SOL', '1', 32],
    ['USDTE', '50', 10],
    ['USDTT', '50', 19],
    ['USDTB', '50', 25],
    ['POL', '5', 128],
    ['ETHA', '1', 10],
    ['ETHBASE', '1', 10],
  ])(
    'alphapo.deposits.confirmations: %s %s is confirmed with %i; alphapo.callbacks.confirmations: as text',
    async (currency, amount, count) => {
      const box = await start()
      const inbox = await listen(box)
      const { deposit } = await pay(box, amount, { currency })
      await box.advance('1d')
      expect(inbox.received.map(({ json }) => [json.status, json.transactions[0].confirmations])).toEqual([
        ['not_confirmed', '0'],
        ['confirmed', String(count)],
      ])
      expect((await info(box)).transactions[0].txid).toBe(deposit.txid)
    },
  )

  test('alphapo.transactions.info: what the callbacks tell, at top level; between two of them confirmations rise', async () => {
    const box = await start()
    const inbox = await listen(box)
    await pay(box, '1', { currency: 'ETH' })
    expect((await find(box)).text).toBe(inbox.received[0]!.text)
    await box.advance('1m')
    expect(await info(box)).toMatchObject({ status: 'not_confirmed', fees: [], transactions: [{ confirmations: '5' }] })
    await box.advance('1h')
    expect((await find(box)).text).toBe(inbox.received[1]!.text)
  })

  test.each([['instant'], [1], [7]])(
    'alphapo.deposits.instant: with %s confirmations at first sight it is told once',
    async (confirmations) => {
      const box = await start()
      const inbox = await listen(box)
      await pay(box, '1', {}, { confirmations })
      await box.advance('1d')
      expect(statuses(inbox)).toEqual(['confirmed'])
      expect((await why(box))[1]).toContain('stays confirmed')
    },
  )

  test.each([
    ['dropped', 'Transaction was dropped by the network'],
    ['replaced', 'Transaction was double spent'],
  ])('alphapo.deposits.gone: a transaction that is %s is cancelled, %s', async (outcome, error) => {
    const box = await start()
    const inbox = await listen(box)
    await pay(box, '1', {}, { outcome })
    await box.advance('1d')
    expect(statuses(inbox)).toEqual(['not_confirmed', 'cancelled'])
    expect(inbox.received[1]!.json).toMatchObject({
      id: FIRST,
      error,
      fees: [],
      transactions: [{ amount: '1.00000000', confirmations: '0' }],
    })
    expect((await find(box)).text).toBe(inbox.received[1]!.text)
  })

  test.each([
    ['reorged', 0, ['not_confirmed', 'confirmed']],
    ['reorged', 'instant', ['confirmed']],
    ['dropped', 'instant', ['confirmed']],
    ['replaced', 'instant', ['confirmed']],
  ])(
    'alphapo.deposits.final: what was confirmed stays so when it is %s later (seen with %s)',
    async (outcome, confirmations, told) => {
      const box = await start()
      const inbox = await listen(box)
      await pay(box, '1', {}, { outcome, confirmations })
      await box.advance('1d')
      expect(statuses(inbox)).toEqual(told)
      expect((await find(box)).text).toBe(inbox.received.at(-1)!.text)
      expect((await why(box)).at(-1)).toContain(`transaction ${FIRST} stays confirmed`)
      expect((await box.control('GET', '/deposits')).json.data[0].status).toBe(outcome)
    },
  )

  test('alphapo.deposits.several: part payments, and outputs of one transaction, each have an id; alphapo.transactions.ids: one sequence for all merchants', async () => {
    const box = await start()
    const inbox = await listen(box)
    const { address } = await take(box)
    const first = await box.deposit(address, '0.01', INSTANT)
    const second = await box.deposit(address, '0.02', { ...INSTANT, same_transaction_as: first.id })
    const other = await take(box, {}, KEYS.other)
    await box.deposit(other.address, '1', INSTANT)
    await box.deposit(address, '0.03', INSTANT)
    expect(second.txid).toBe(first.txid)
    expect(inbox.received.map(({ json }) => [json.id, json.transactions[0].id, json.currency_sent.amount])).toEqual([
      [FIRST, 7200001, '0.01000000'],
      [FIRST + 1, 7200002, '0.02000000'],
      [FIRST + 3, 7200004, '0.03000000'],
    ])
    for (const { json } of inbox.received) expect(json.id).toBeLessThan(2 ** 31)
  })

  test('alphapo.take.monitored: every address ever made takes money, for ever, and tells whose it is', async () => {
    const box = await start()
    const inbox = await listen(box)
    const old = await take(box, { foreign_id: 'ann' })
    await take(box, { foreign_id: 'ann' })
    await box.advance('1000d')
    await box.deposit(old.address, '1', INSTANT)
    await box.deposit(old.address, '2', { ...INSTANT, after: '400d' })
    await box.advance('401d')
    expect(
      inbox.received.map(({ json }) => [
        json.crypto_address.id,
        json.crypto_address.foreign_id,
        json.currency_sent.amount,
      ]),
    ).toEqual([
      [old.id, 'ann', '1.00000000'],
      [old.id, 'ann', '2.00000000'],
    ])
  })

  test('a deposit through the switched-on same address belongs to the one row there is', async () => {
    const box = await start({ assume: { 'alphapo.take.repeat': 'same-address' } })
    const one = await take(box)
    expect((await take(box)).id).toBe(one.id)
    expect((await box.deposit(one.address, '1', INSTANT)).reference).toBe(String(one.id))
    expect((await info(box)).crypto_address.id).toBe(one.id)
  })

  test('a customer without a reference has none in the callback', async () => {
    const box = await start({ assume: { 'alphapo.take.end-user-reference': 'optional' } })
    await pay(box, '1', { end_user_reference: undefined })
    expect(Object.keys(await info(box)).slice(0, 2)).toEqual(['id', 'type'])
  })

  test.each([
    ['ETH', '0.123456789012345678', '0.12345678'],
    ['USDTE', '7.654321', '7.65432100'],
    ['EURS', '7.65', '7.65000000'],
    ['BTC', '0.00010001', '0.00010001'],
    ['SOL', '0.123456789', '0.12345678'],
    ['WBTC', '0.12345678', '0.12345678'],
  ])('alphapo.format.amounts: %s %s is told as %s', async (currency, amount, told) => {
    const box = await start()
    await pay(box, amount, { currency })
    expect((await info(box)).currency_sent.amount).toBe(told)
  })
})

describe('below the minimum', () => {
  const TEXT = 'Transaction amount less than minimum deposit'

  test('alphapo.currencies.minimum: an atom less is cancelled and not credited, the minimum is credited; small ones are not added up', async () => {
    const box = await start()
    const inbox = await listen(box)
    const { address } = await take(box)
    for (const amount of ['0.00009999', '0.00009999', '0.0001']) {
      await box.deposit(address, amount)
      await box.advance('1h')
    }
    expect(inbox.received.map(({ json }) => [json.id, json.status, json.error])).toEqual([
      [FIRST, 'not_confirmed', ''],
      [FIRST, 'cancelled', TEXT],
      [FIRST + 1, 'not_confirmed', ''],
      [FIRST + 1, 'cancelled', TEXT],
      [FIRST + 2, 'not_confirmed', ''],
      [FIRST + 2, 'confirmed', ''],
    ])
    expect(inbox.received[1]!.json.fees).toEqual([])
  })

  test.each([
    ['not-confirmed-first', ['not_confirmed', 'cancelled']],
    ['cancelled-twice', ['cancelled', 'cancelled']],
    ['cancelled-once', ['cancelled']],
    ['silent', []],
  ])('alphapo.callbacks.below-minimum: %s, slow or instant', async (value, told) => {
    for (const more of [{}, INSTANT]) {
      const box = await start({ assume: { 'alphapo.callbacks.below-minimum': value } })
      const inbox = await listen(box)
      await pay(box, '0.00000001', {}, more)
      await box.advance('1d')
      const { data } = (await box.control('GET', '/callbacks')).json
      expect(data.map(({ event }: any) => event)).toEqual(told)
      expect(inbox.received.filter(({ json }) => json.status === 'cancelled').map(({ json }) => json.error)).toEqual(
        told.filter((status) => status === 'cancelled').map(() => TEXT),
      )
      expect(await info(box)).toMatchObject({ status: 'cancelled', error: TEXT })
    }
  })

  test('alphapo.callbacks.below-minimum: one that is dropped as well is cancelled no more often', async () => {
    const box = await start({ assume: { 'alphapo.callbacks.below-minimum': 'cancelled-twice' } })
    const inbox = await listen(box)
    await pay(box, '0.00000001', {}, { outcome: 'dropped' })
    await box.advance('1d')
    expect(inbox.received.map(({ json }) => [json.status, json.error])).toEqual([
      ['cancelled', TEXT],
      ['cancelled', TEXT],
    ])
  })

  test('dust that eight decimals cannot tell is cancelled as nothing', async () => {
    const box = await start()
    await pay(box, '0.000000000000000001', { currency: 'ETH' }, INSTANT)
    expect(await info(box)).toMatchObject({
      status: 'cancelled',
      error: TEXT,
      transactions: [{ amount: '0.00000000' }],
    })
  })

  test.each([
    ['left-out', false],
    ['included', true],
  ])('alphapo.callbacks.cancelled-money: %s', async (value, included) => {
    const box = await start({ assume: { 'alphapo.callbacks.cancelled-money': value } })
    const inbox = await listen(box)
    await pay(box, '0.00000001')
    await box.advance('1h')
    const [first, second] = inbox.received.map(({ json }) => json)
    expect(first).toHaveProperty('currency_sent')
    expect(Object.keys(second)).toEqual([
      'id',
      'end_user_reference',
      'type',
      'crypto_address',
      ...(included ? ['currency_sent', 'currency_received'] : []),
      'transactions',
      'fees',
      'error',
      'status',
    ])
    if (included)
      expect(second.currency_received).toEqual({
        currency: 'BTC',
        amount: '0.00000001',
        amount_minus_fee: '0.00000001',
      })
  })
})

describe('the wrong thing', () => {
  test('alphapo.deposits.cross-currency: another currency of the network is credited as what it is', async () => {
    const box = await start()
    const inbox = await listen(box)
    const { taken } = await pay(box, '1', { currency: 'USDC' }, { currency: 'ETH' })
    await box.advance('1h')
    expect(statuses(inbox)).toEqual(['not_confirmed', 'confirmed'])
    const { type, crypto_address, currency_sent, currency_received } = inbox.received[1]!.json
    expect(JSON.stringify(crypto_address)).toBe(
      `{"id":900001,"currency":"USDC","address":"${taken.address}","tag":null,"foreign_id":"user_8721","cross_currency":true,"expected_currency":"USDC"}`,
    )
    expect([type, currency_sent, currency_received]).toEqual([
      'deposit',
      { currency: 'ETH', amount: '1.00000000' },
      { currency: 'ETH', amount: '1.00000000', amount_minus_fee: '0.99189500' },
    ])
  })

  test('alphapo.deposits.cross-currency: it has the minimum of what was sent, and is converted from that', async () => {
    const box = await start()
    const { address } = await take(box, { currency: 'USDC', convert_to: 'EUR' })
    await box.deposit(address, '0.5', { currency: 'ETH', ...INSTANT })
    await box.deposit(address, '0.0199', { currency: 'ETH', ...INSTANT })
    expect(await info(box)).toMatchObject({
      type: 'deposit_exchange',
      currency_received: { currency: 'EUR', amount: '1500.00000000' },
      crypto_address: { convert_to: 'EUR', cross_currency: true },
    })
    expect((await info(box, FIRST + 1)).status).toBe('cancelled')
    const eth = await take(box, { currency: 'USDC', convert_to: 'ETH' })
    await box.deposit(eth.address, '1', { currency: 'ETH', ...INSTANT })
    expect(await info(box, FIRST + 2)).toMatchObject({
      type: 'deposit',
      currency_received: { currency: 'ETH', amount: '1.00000000' },
    })
  })

  test('alphapo.deposits.cross-currency: what the merchant has not enabled is lost', async () => {
    const box = await start({
      providers: {
        alphapo: {
          merchants: { demo: { keys: [{ id: KEYS.demo.key, secret: KEYS.demo.secret }], currencies: ['USDC'] } },
        },
      },
    })
    await pay(box, '1', { currency: 'USDC' }, { currency: 'ETH', ...INSTANT })
    expect((await find(box)).status).toBe(400)
    expect((await why(box))[0]).toBe('dep_1: not credited: ETH is not enabled for merchant demo')
  })

  test.each([
    ['told', 1],
    ['silent', 0],
  ])('alphapo.callbacks.cross-currency: %s', async (value, count) => {
    const box = await start({ assume: { 'alphapo.callbacks.cross-currency': value } })
    const inbox = await listen(box)
    await pay(box, '1', { currency: 'USDC' }, { currency: 'ETH', ...INSTANT })
    expect(inbox.received).toHaveLength(count)
    expect((await info(box)).status).toBe('confirmed')
  })

  test.each([
    ['the same coin on another network', { currency: 'USDTE' }, { network: 'bsc' }],
    ['the code of another network', { currency: 'USDTE' }, { currency: 'USDTB' }],
  ])('alphapo.take.wrong-network: %s is lost', async (_, fields, more) => {
    const box = await start()
    const inbox = await listen(box)
    await pay(box, '100', fields, { ...more, ...INSTANT })
    await box.advance('1d')
    expect(inbox.received).toEqual([])
    expect((await why(box)).map((line) => line.replace(/^dep_1: /, ''))).toEqual([
      'not credited: the address is on ethereum, but the transfer is on bsc',
      'ignored: AlphaPo did not record this transfer when it was first seen',
    ])
  })

  test.each([
    ['a code that does not exist', 'BTC', { currency: 'NOPE' }],
    ['an address of another form', 'BTC', { currency: 'ETH' }],
    ['a network that does not exist', 'BTC', { network: 'constructor' }],
    ['Lightning to an address', 'BTC', { currency: 'BTCLN' }],
    ['Lightning by network', 'BTC', { network: 'lightning' }],
    ['a coin to an invoice', 'BTCLN', { currency: 'BTC' }],
    ['an invoice on the chain', 'BTCLN', { network: 'bitcoin' }],
    ['more places than the coin has', 'USDC', { amount: '1.0000001' }],
    ['more places than WBTC has', 'WBTC', { amount: '1.000000001' }],
    ['more places than SOL has', 'SOL', { amount: '1.0000000001' }],
  ])('%s cannot be sent at all', async (_, currency, more) => {
    const box = await start()
    const { address } = await take(box, { currency, amount: '0.01' })
    expect((await box.control('POST', '/deposits', { address, amount: '0.01', ...more })).status).toBe(422)
  })

  test('alphapo.deposits.tag: money without the tag, or with another one, is nobody\u2019s', async () => {
    const box = await start()
    const inbox = await listen(box)
    const { address, tag } = await take(box, { currency: 'XRP' })
    await box.deposit(address, '10', INSTANT)
    await box.deposit(address, '10', { ...INSTANT, tag: '12' })
    expect(inbox.received).toEqual([])
    expect([...new Set(await why(box))]).toEqual([
      `dep_1: unattributed: ${address} was never allocated without a tag`,
      `dep_2: unattributed: ${address} was never allocated with the tag 12`,
    ])
    const second = await take(box, { currency: 'XRP', foreign_id: 'bob' })
    expect(second.address).toBe(address)
    await box.deposit(address, '10', { ...INSTANT, tag })
    await box.deposit(address, '20', { ...INSTANT, tag: second.tag })
    expect(
      inbox.received.map(({ json }) => [
        json.crypto_address.foreign_id,
        json.crypto_address.tag,
        json.transactions[0].tag,
      ]),
    ).toEqual([
      ['user_8721', tag, tag],
      ['bob', second.tag, second.tag],
    ])
  })

  test('alphapo.take.tag-type: the switch is for answers; a callback has text either way', async () => {
    const box = await start({ assume: { 'alphapo.take.tag-type': 'number' } })
    const { address, tag } = await take(box, { currency: 'XRP' })
    await box.deposit(address, '10', { ...INSTANT, tag: String(tag) })
    expect((await info(box)).crypto_address.tag).toBe(String(tag))
  })
})

describe('fees', () => {
  test.each([
    ['BTC', '0.05', ['deposit BTC 0.00040000'], '0.04960000'],
    ['LTC', '1.5', ['deposit LTC 0.01200000'], '1.48800000'],
    ['TRX', '10.000001', ['deposit TRX 0.08000000'], '9.92000100'],
    ['BTCLN', '0.00001', ['deposit BTCLN 0.00000008'], '0.00000992'],
  ])('alphapo.fees.deposit; alphapo.fees.net: %s %s costs %j and leaves %s', async (currency, amount, fees, left) => {
    const box = await start()
    await pay(box, amount, { currency, amount }, INSTANT)
    const told = await info(box)
    expect(told.fees.map((fee: any) => [fee.type, fee.currency, fee.amount].join(' '))).toEqual(fees)
    expect(told.currency_received).toEqual({ currency, amount: expect.any(String), amount_minus_fee: left })
  })

  test.each([
    ['ETH', '1', ['transfer ETH 0.00010500', 'deposit ETH 0.00800000'], '0.99189500'],
    ['USDTE', '100', ['transfer USDTE 0.35000000', 'deposit USDTE 0.80000000'], '98.85000000'],
    ['USDTT', '100', ['deposit USDTT 0.80000000'], '99.20000000'],
    ['ETHA', '1', ['deposit ETHA 0.00800000'], '0.99200000'],
    ['EURS', '0.01', ['transfer EURS 0.01000000'], '0.00000000'],
  ])('alphapo.fees.transfer: %s %s costs %j and leaves %s', async (currency, amount, fees, left) => {
    const box = await start()
    await pay(box, amount, { currency }, INSTANT)
    const told = await info(box)
    expect(told.fees.map((fee: any) => [fee.type, fee.currency, fee.amount].join(' '))).toEqual(fees)
    expect(told.currency_received.amount_minus_fee).toBe(left)
  })

  test.each([
    ['0.0001', '0.00001666'],
    ['0.00208249', '0.00001666'],
    ['0.0020875', '0.00001670'],
  ])('alphapo.fees.bitcoin-minimum: BTC %s costs %s', async (amount, fee) => {
    const box = await start()
    await pay(box, amount, {}, INSTANT)
    expect((await info(box)).fees).toEqual([{ type: 'deposit', currency: 'BTC', amount: fee }])
  })
})

describe('conversion', () => {
  test('alphapo.take.convert-to; alphapo.exchange.rates; alphapo.fees.exchange; alphapo.exchange.line: a converted deposit, to the byte', async () => {
    const box = await start()
    const inbox = await listen(box)
    const { taken, deposit } = await pay(box, '0.01', { convert_to: 'EUR' })
    await box.advance('1h')
    const { address } = taken
    const head =
      `{"id":5100001,"end_user_reference":"user_8721","type":"deposit_exchange","crypto_address":{"id":900001,"currency":"BTC","convert_to":"EUR","address":"${address}","tag":null,` +
      '"foreign_id":"user_8721"},"currency_sent":{"currency":"BTC","amount":"0.01000000"},'
    const line = `"transactions":[{"id":7200001,"currency":"BTC","transaction_type":"blockchain","type":"deposit","address":"${address}","tag":null,"amount":"0.01000000","txid":"${deposit.txid}",`
    const { riskscore } = inbox.received[1]!.json.transactions[0]
    expect(inbox.received.map(({ text }) => text)).toEqual([
      `${head}"currency_received":{"currency":"EUR","amount":"600.00000000","amount_minus_fee":"600.00000000"},${line}"confirmations":"0"}],"fees":[],"error":"","status":"not_confirmed"}`,
      `${head}"currency_received":{"currency":"EUR","amount":"600.00000000","amount_minus_fee":"594.00000000"},${line}"riskscore":"${riskscore}","confirmations":"1"},` +
        '{"id":7200002,"currency":"BTC","currency_to":"EUR","transaction_type":"exchange","type":"exchange","amount":"0.01000000","amount_to":"600.00000000"}],' +
        '"fees":[{"type":"exchange","currency":"EUR","amount":"6.00000000"}],"error":"","status":"confirmed"}',
    ])
  })

  test('alphapo.exchange.rates: every currency can become every other one, at a rate above nothing', async () => {
    const box = await start()
    const inbox = await listen(box)
    const { data } = (await box.call(client, post('/currencies/list', {}))).json
    for (const { currency: convert_to } of data) {
      if (convert_to !== 'BTC') await pay(box, '1', { convert_to }, INSTANT)
    }
    for (const { currency, type } of data) {
      if (type === 'crypto' && currency !== 'BTC' && currency !== 'BTCLN')
        await pay(box, '30000', { currency, convert_to: 'BTC' }, INSTANT)
    }
    expect(inbox.received).toHaveLength(data.length - 1 + 34)
    for (const { json } of inbox.received)
      expect(json).toMatchObject({
        status: 'confirmed',
        currency_received: { amount: expect.stringMatching(/^(?=.*[1-9])\d+\.\d{8}$/) },
      })
  })

  test.each([
    ['VERSE', '20000', 'BTC', '0.00003333', '0.00003300'],
    ['BTC', '1', 'VND', '1714285714.28571428', '1697142857.14285714'],
    ['ETH', '0.1', 'USDTT', '333.33333333', '330.00000000'],
  ])(
    'alphapo.fees.net: %s %s become %s %s, of which %s are left',
    async (currency, amount, convert_to, received, left) => {
      const box = await start()
      await pay(box, amount, { currency, convert_to }, INSTANT)
      expect((await info(box)).currency_received).toEqual({
        currency: convert_to,
        amount: received,
        amount_minus_fee: left,
      })
    },
  )

  test.each([
    ['BTCLN', '0.01', 'BTC', '0.01000000', []],
    ['BTC', '0.01', 'BTCLN', '0.01000000', []],
    ['USDC', '123.456789', 'USDCBASE', '123.45678900', ['exchange']],
    ['USDGE', '123.456789', 'USDGS', '123.45678900', ['exchange']],
  ])('alphapo.exchange.one-to-one: %s %s become %s %s', async (currency, amount, convert_to, received, fees) => {
    const box = await start()
    await pay(box, amount, { currency, amount, convert_to }, INSTANT)
    const told = await info(box)
    expect([told.currency_received.amount, told.fees.map(({ type }: any) => type)]).toEqual([received, fees])
  })

  test('alphapo.exchange.minimum: twice the ordinary one; an invoice keeps its own', async () => {
    const box = await start()
    const { address } = await take(box, { convert_to: 'EUR' })
    for (const amount of ['0.00019999', '0.0002']) await box.deposit(address, amount, INSTANT)
    await pay(box, '0.00001', { currency: 'BTCLN', amount: '0.00001', convert_to: 'BTC' })
    expect([
      (await info(box)).status,
      (await info(box, FIRST + 1)).status,
      (await info(box, FIRST + 2)).status,
    ]).toEqual(['cancelled', 'confirmed', 'confirmed'])
  })

  test('a converted deposit that comes to nothing was not exchanged', async () => {
    const box = await start()
    await pay(box, '1', { convert_to: 'EUR' }, { outcome: 'replaced' })
    await box.advance('1h')
    expect(await info(box)).toMatchObject({
      type: 'deposit_exchange',
      status: 'cancelled',
      fees: [],
      transactions: { length: 1 },
    })
  })
})

/** Decimal text in hundred-millionths. */
const units = (text: string) => BigInt(text.replace('.', ''))

test('any money keeps to the arrows: one id, one end, and nothing made or lost between amount, fees and what is left', async () => {
  const sending = fc
    .record({
      currency: fc.constantFrom('BTC', 'ETH', 'USDTE', 'TRX', 'EURS'),
      convert_to: fc.constantFrom(undefined, 'EUR', 'LTC'),
      amount: fc
        .tuple(fc.nat(50), fc.nat(99))
        .filter(([whole, rest]) => whole + rest > 0)
        .map(([whole, rest]) => `${whole}.${String(rest).padStart(2, '0')}`),
      confirmations: fc.constantFrom('instant', 0, 1, 5),
      outcome: fc.constantFrom('confirmed', 'dropped', 'replaced', 'reorged'),
      wait: fc.constantFrom('1s', '10m', '3h'),
    })
    .filter(
      ({ confirmations, outcome }) =>
        typeof confirmations === 'string' || confirmations === 0 || outcome === 'confirmed' || outcome === 'reorged',
    )
  const ARROWS = ['confirmed', 'cancelled', 'not_confirmed', 'not_confirmed confirmed', 'not_confirmed cancelled']
  await fc.assert(
    fc.asyncProperty(fc.array(sending, { minLength: 1, maxLength: 6 }), async (list) => {
      const box = await start()
      const inbox = await listen(box)
      for (const { currency, convert_to, amount, confirmations, outcome, wait } of list) {
        await pay(box, amount, { currency, convert_to }, { confirmations, outcome })
        await box.advance(wait)
      }
      await box.advance('2d')
      const told = (await box.control('GET', '/callbacks?limit=1000')).json.data.map(({ body }: any) =>
        JSON.parse(body),
      )
      for (const [index, { amount, outcome }] of list.entries()) {
        const own = told.filter(({ id }: any) => id === FIRST + index)
        expect(ARROWS).toContain(own.map(({ status }: any) => status).join(' '))
        const last = own.at(-1)
        expect(last.status).not.toBe('not_confirmed')
        if (outcome === 'confirmed' && last.status === 'cancelled')
          expect(last.error).toBe('Transaction amount less than minimum deposit')
        expect(units(last.transactions[0].amount)).toBe(units(amount) * 1_000_000n)
        if (last.status === 'cancelled') continue
        const { amount: gross, amount_minus_fee: left } = last.currency_received
        const fees = last.fees.reduce((sum: bigint, fee: any) => sum + units(fee.amount), 0n)
        expect(units(left) + fees).toBe(units(gross))
        expect(units(left)).toBeGreaterThanOrEqual(0n)
      }
      expect(inbox.received).toHaveLength(told.length)
      await box.sandbox.close()
    }),
    { numRuns: 25, seed: 3 },
  )
})

describe('lightning', () => {
  test('alphapo.lightning.once: paid at once, told once, and never again', async () => {
    const box = await start()
    const inbox = await listen(box)
    const { taken } = await pay(box, '0.0125', { currency: 'BTCLN', amount: '0.0125' })
    await box.deposit(taken.address, '0.0125')
    await box.advance('1d')
    expect(statuses(inbox)).toEqual(['confirmed'])
    expect(inbox.received[0]!.json).toMatchObject({
      type: 'deposit',
      currency_sent: { currency: 'BTCLN', amount: '0.01250000' },
      crypto_address: { address: taken.address },
    })
    expect(await why(box)).toContain('dep_2: not credited: the invoice is already paid')
  })

  test.each([['0.01249999'], ['0.01250001'], ['0.00000001']])(
    'alphapo.lightning.once: %s is not its amount, and pays nothing',
    async (amount) => {
      const box = await start()
      const inbox = await listen(box)
      const { taken } = await pay(box, amount, { currency: 'BTCLN', amount: '0.0125' })
      expect((await why(box))[0]).toMatch(/^dep_1: not credited: the invoice amount is 0\.01250000, not 0\.0/)
      await box.deposit(taken.address, '0.0125')
      expect(statuses(inbox)).toEqual(['confirmed'])
    },
  )

  test.each([
    ['899999ms', 1],
    ['900000ms', 0],
    ['900001ms', 0],
    ['1d', 0],
  ])('alphapo.lightning.once: paid after %s it credits %i; its end is not told', async (after, count) => {
    const box = await start()
    const inbox = await listen(box)
    await pay(box, '0.0125', { currency: 'BTCLN', amount: '0.0125' }, { after })
    await box.advance('2d')
    expect(inbox.received).toHaveLength(count)
    if (count === 0) expect(await why(box)).toContain('dep_1: not credited: the invoice has expired')
  })
})

describe('callbacks', () => {
  test('alphapo.callbacks.statuses: one each, and an endpoint may want some of them only', async () => {
    const box = await start()
    const inbox = await listen(box, { events: ['confirmed'] })
    await pay(box, '1')
    await box.advance('1h')
    expect(statuses(inbox)).toEqual(['confirmed'])
    const refused = await box.control('PUT', '/callbacks/endpoints/alphapo', { url: inbox.url, events: ['reorged'] })
    expect([refused.status, refused.json.detail ?? refused.json.title]).toEqual([
      422,
      expect.stringContaining('not_confirmed, confirmed, cancelled, pending, declined'),
    ])
  })

  test('alphapo.callbacks.signature: over the exact body, with the merchant\u2019s key in the header; the vectors of the dossier', async () => {
    const vector =
      '{"id":5100001,"end_user_reference":"player-77","type":"deposit","crypto_address":{"id":900001,"currency":"BTC","address":"tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx","tag":null,' +
      '"foreign_id":"player-77"},"currency_sent":{"currency":"BTC","amount":"0.05000000"},"currency_received":{"currency":"BTC","amount":"0.05000000","amount_minus_fee":"0.05000000"},' +
      '"transactions":[{"id":7200001,"currency":"BTC","transaction_type":"blockchain","type":"deposit","address":"tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx","tag":null,"amount":"0.05000000",' +
      '"txid":"11aa22bb33cc44dd55ee66ff778899001122334455667788990011aabbccddee","confirmations":"0"}],"fees":[],"error":"","status":"not_confirmed"}'
    expect(createHmac('sha512', 'AbCdEfG123456').update(vector).digest('hex')).toBe(
      '62ecc0eefedf399653e4a7379451dc10984caf39bd2cfd51c97dbca6b40e7983cac50cf797baa7fc77562629bad0f6bde6be57b5d6bdfcb809d9ab330cc8a780',
    )
    const box = await start()
    const inbox = await listen(box)
    await pay(box, '1')
    const [{ headers, text }] = inbox.received as [any]
    expect([headers['content-type'], headers['x-processing-key'], headers['x-processing-signature']]).toEqual([
      'application/json',
      KEYS.demo.key,
      sign(KEYS.demo.secret, text),
    ])
    expect(
      inbox.received[0]!.rawHeaders.filter((name) => /^x-/i.test(name)),
      'spelled as documented',
    ).toEqual(['X-Processing-Key', 'X-Processing-Signature'])
  })

  test('alphapo.callbacks.survives: reading and writing it again gives the same bytes; alphapo.format.php-json: what would not is escaped', async () => {
    const box = await start()
    const inbox = await listen(box)
    for (const fields of [
      {},
      { currency: 'XRP' },
      { currency: 'BCH' },
      { convert_to: 'EUR' },
      { currency: 'SOL' },
      { currency: 'ADA' },
    ])
      await pay(box, '3', fields)
    await pay(box, '0.01', { currency: 'BTCLN', amount: 0.01 })
    await box.advance('1d')
    expect(inbox.received.length).toBe(13)
    for (const { text, json } of inbox.received) {
      expect(JSON.stringify(json)).toBe(text)
      expect(text).toMatch(/^[!-.0-~]+$/)
    }
    await pay(box, '1', { foreign_id: 'a/é' }, INSTANT)
    const { headers, text } = inbox.received.at(-1)!
    expect(text).toContain('"foreign_id":"a\\/\\u00e9"')
    expect(headers['x-processing-signature']).toBe(sign(KEYS.demo.secret, text))
  })

  test('alphapo.callbacks.riskscore: for BTC, BCH, ETH and LTC, once confirmed', async () => {
    const box = await start()
    const inbox = await listen(box)
    for (const currency of ['BTC', 'BCH', 'ETH', 'LTC', 'TRX', 'USDTE']) await pay(box, '50', { currency })
    await box.advance('1d')
    const scored = inbox.received.map(({ json }) => [
      json.transactions[0].currency,
      json.status,
      /^0\.\d$/.test(json.transactions[0].riskscore),
    ])
    expect(
      scored
        .filter(([, , has]) => has)
        .map(([currency, status]) => `${currency} ${status}`)
        .sort(),
    ).toEqual(['BCH confirmed', 'BTC confirmed', 'ETH confirmed', 'LTC confirmed'])
  })

  test('alphapo.callbacks.secret: the merchant\u2019s own; another one is refused with a sentence', async () => {
    const box = await start({
      providers: {
        alphapo: {
          merchants: {
            shop: {
              keys: [
                { id: 'k1', secret: 's1' },
                { id: 'k2', secret: 's2' },
              ],
            },
            empty: { keys: [] },
          },
        },
      },
    })
    const inbox = await Inbox.open()
    const put = (body: object) => box.control('PUT', '/callbacks/endpoints/alphapo', { url: inbox.url, ...body })
    expect((await put({})).json).toMatchObject({
      account: 'demo',
      secret: KEYS.demo.secret,
      events: [
        'not_confirmed',
        'confirmed',
        'cancelled',
        'pending',
        'declined',
        'processing',
        'failed',
        'paid',
        'expired',
        'restricted',
      ],
    })
    expect((await put({ secret: KEYS.demo.secret })).status).toBe(200)
    expect((await put({ account: 'other' })).json.secret).toBe(KEYS.other.secret)
    expect((await put({ account: 'shop' })).json.secret).toBe('s1')
    for (const [body, status, said] of [
      [{ secret: 'mine' }, 422, "AlphaPo signs with the merchant's own secret, that of its first key; leave it out"],
      [{ account: 'shop', secret: 's2' }, 422, 'that of its first key'],
      [{ account: 'empty' }, 422, 'has no key'],
      [{ account: 'nobody' }, 404, 'no account \\"nobody\\"'],
      [{ account: '__proto__' }, 404, 'no account'],
    ] as const) {
      const reply = await put(body)
      expect([reply.status, reply.text]).toEqual([status, expect.stringContaining(said)])
    }
    const { address } = await take(box, {}, { key: 'k2', secret: 's2' })
    await box.deposit(address, '1', INSTANT)
    const [{ headers, text }] = inbox.received as [any]
    expect([headers['x-processing-key'], headers['x-processing-signature']]).toEqual(['k1', sign('s1', text)])
  })

  test('callbacks of one merchant do not reach another', async () => {
    const box = await start()
    const inbox = await listen(box, { account: 'other' })
    await pay(box, '1', {}, INSTANT)
    expect(inbox.received).toEqual([])
    const { address } = await take(box, {}, KEYS.other)
    await box.deposit(address, '1', INSTANT)
    expect(inbox.received[0]!.headers['x-processing-key']).toBe(KEYS.other.key)
  })

  test.each([
    [200, true],
    [201, false],
    [204, false],
    [299, false],
    [301, false],
    [302, false],
    [400, false],
    [404, false],
    [500, false],
  ])(
    'alphapo.callbacks.success: %i counts: %s; alphapo.callbacks.timeout: a redirect is not followed',
    async (status, counts) => {
      const box = await start()
      const inbox = await listen(box, { events: ['confirmed'] })
      inbox.answers = () => ({ status, headers: { location: `${inbox.url}/elsewhere` } })
      await pay(box, '1', {}, INSTANT)
      expect((await box.control('GET', '/callbacks')).json.data[0].status).toBe(counts ? 'delivered' : 'pending')
      expect(inbox.received).toHaveLength(1)
    },
  )

  test('alphapo.callbacks.timeout: ten seconds', async () => {
    const box = await start()
    expect(box.sandbox.providers.get('alphapo')!.callbacks!.timeoutMs).toBe(10_000)
  })

  test('alphapo.callbacks.retries: thirteen attempts, the same bytes, each wait counted from the attempt before', async () => {
    const box = await start()
    const inbox = await listen(box)
    inbox.answers = () => ({ status: 500 })
    await pay(box, '1', {}, INSTANT)
    const delivery = await triedUntilExhausted(
      box,
      inbox,
      [1, 5, 15, 30, 60, 90, 120, 180, 240, 240, 240, 240].map((minutes) => minutes * 60_000),
    )
    inbox.answers = () => ({ status: 200 })
    expect((await box.control('POST', `/callbacks/${delivery.id}/redeliver`)).json.status).toBe('delivered')
    expect(inbox.received.at(-1)!.text).toBe(inbox.received[0]!.text)
  })

  test('a scenario spoils the callbacks of the address that a call took', async () => {
    const box = await start()
    const inbox = await listen(box)
    const rules = [
      {
        when: { provider: 'alphapo', operation: 'takeAddress', nth: 1 },
        then: [{ deposit: { amount: '1', confirmations: 'instant' } }, { callbacks: { how: 'duplicate' } }],
      },
      {
        when: { provider: 'alphapo', operation: 'takeAddress', nth: 2 },
        then: [{ deposit: { amount: '2', confirmations: 'instant' } }, { callbacks: { how: 'bad-signature' } }],
      },
    ]
    expect((await box.control('PUT', '/scenario', { name: 'x', rules })).status).toBe(200)
    const [one, two] = [await take(box), await take(box)]
    await box.advance('1m')
    expect(
      inbox.received.map(({ json, text, headers }) => [
        json.crypto_address.id,
        headers['x-processing-signature'] === sign(KEYS.demo.secret, text),
      ]),
    ).toEqual([
      [one.id, true],
      [one.id, true],
      [two.id, false],
    ])
  })
})

describe('looking up', () => {
  test('alphapo.transactions.lookup; alphapo.transactions.foreign-id: by id or txid, in the query or in a signed body', async () => {
    const box = await start()
    const { deposit } = await pay(box, '1', {}, INSTANT)
    const expected = (await find(box)).text
    for (const request of [
      lookingUp({ txid: deposit.txid }),
      lookingUp({ id: FIRST, txid: '' }),
      lookingUp({ id: `0${FIRST}` }),
      ...[{ id: FIRST }, { id: String(FIRST) }, { id: FIRST, foreign_id: null, txid: '' }, { txid: deposit.txid }].map(
        (body) => ({ method: 'GET', path: '/api/v2/transactions/info', body: JSON.stringify(body) }),
      ),
      { ...lookingUp({ id: 7 }), body: JSON.stringify({ id: FIRST }) },
      { ...lookingUp({ id: FIRST }), body: '[]' },
    ]) {
      const reply = await box.call(client, request)
      expect([request, reply.status, reply.text]).toEqual([request, 200, expected])
    }
  })

  test('alphapo.transactions.lookup: of several outputs of one transaction the first is told', async () => {
    const box = await start()
    const { taken, deposit } = await pay(box, '1')
    await box.deposit(taken.address, '2', { same_transaction_as: deposit.id })
    expect((await find(box, { txid: deposit.txid })).json.id).toBe(FIRST)
  })

  const PROHIBITED = 'The id field prohibits txid from being present.'
  test.each<[string, string, string | undefined, Record<string, string>]>([
    ['nothing', '', undefined, { id: 'The id field is required.' }],
    ['an empty object', '', '{}', { id: 'The id field is required.' }],
    ['blanks', '?id=&txid=%20', '{"foreign_id":null}', { id: 'The id field is required.' }],
    ['two', `?id=${FIRST}&txid=x`, undefined, { id: PROHIBITED }],
    ['two, in two places', '?txid=x', `{"id":${FIRST}}`, { id: PROHIBITED }],
    [
      'two others',
      '?foreign_id=x&txid=x',
      undefined,
      { foreign_id: 'The foreign id field prohibits txid from being present.' },
    ],
    ['a word', '?id=abc', undefined, { id: 'The id must be an integer.' }],
    ['a fraction', '', '{"id":1.5}', { id: 'The id must be an integer.' }],
    ['a list', '', `{"id":[${FIRST}]}`, { id: 'The id must be an integer.' }],
    ['a word in the body', '', '{"id":"abc"}', { id: 'The id format is invalid.' }],
    ['infinity', '', '{"id":1e999}', { id: 'The id must be an integer.' }],
    ['an object for a txid', '', '{"txid":{}}', { txid: 'The txid must be a string.' }],
  ])('alphapo.transactions.lookup: %s is refused', async (_, query, body, errors) => {
    const box = await start()
    await pay(box, '1')
    const reply = await box.call(client, {
      method: 'GET',
      path: `/api/v2/transactions/info${query}`,
      ...(body !== undefined && { body }),
    })
    expect([reply.status, reply.json]).toEqual([400, { errors }])
  })

  test.each<[string, Record<string, string | number>, string, Credentials]>([
    ['another id', { id: FIRST + 1 }, 'id', KEYS.demo],
    ['no id at all', { id: -1 }, 'id', KEYS.demo],
    ['nought', { id: 0 }, 'id', KEYS.demo],
    ['an endless id', { id: '9'.repeat(300) }, 'id', KEYS.demo],
    ['another txid', { txid: 'ab'.repeat(32) }, 'txid', KEYS.demo],
    ['a strange txid', { txid: '\u0000__proto__' }, 'txid', KEYS.demo],
    ['a foreign_id', { foreign_id: 'user_8721' }, 'foreign_id', KEYS.demo],
    ['the id of another merchant\u2019s', { id: FIRST }, 'id', KEYS.other],
  ])('alphapo.transactions.not-found; alphapo.transactions.own: %s', async (_, by, field, credentials) => {
    const box = await start()
    await pay(box, '1')
    const reply = await find(box, by, credentials)
    expect([reply.status, reply.json]).toEqual([
      400,
      { errors: { [field]: `The selected ${field.replace('_', ' ')} is invalid.` } },
    ])
    expect(reply.headers['x-sandgate-hint']).toBe(
      field === 'foreign_id'
        ? 'foreign_id finds withdrawals; a deposit is found by its id or its txid, an exchange by its id'
        : undefined,
    )
  })

  test('alphapo.transactions.own: nor by its txid', async () => {
    const box = await start()
    const { deposit } = await pay(box, '1')
    expect((await find(box, { txid: deposit.txid }, KEYS.other)).status).toBe(400)
    expect((await find(box, { txid: deposit.txid })).status).toBe(200)
  })

  test('it is signed like every call, over nothing or over the body that comes with it', async () => {
    const box = await start()
    await pay(box, '1')
    const unsigned = await box.send('alphapo', lookingUp({ id: FIRST }))
    expect([unsigned.status, unsigned.json.code]).toEqual([403, 'required_header_key'])
    const wrongly = await box.send('alphapo', { ...client.sign(lookingUp({ id: FIRST }), 0), body: '{}' })
    expect([wrongly.status, wrongly.json.code]).toEqual([403, 'bad_header_signature'])
  })
})
