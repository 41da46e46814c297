// Withdrawals from AlphaPo: what may be asked for, what becomes of it, what is told, and where the money is meanwhile.
import { describe, expect, test } from 'vitest'
import { client, clientOf, KEYS, lookingUp, PAYEE, taking } from '../clients/alphapo.ts'
import {
  accepted,
  act,
  balance,
  EVM,
  FIRST,
  give,
  info,
  listen,
  sound,
  statuses,
  TRON,
  withdraw,
  wrong,
  XRP,
} from '../clients/alphapo-money.ts'
import { type Inbox, start } from '../kit.ts'

const TAKEN = { foreign_id: 'The foreign id has already been taken.' }

describe('a withdrawal', () => {
  test('alphapo.withdrawals.answer: 201, every field in its place; alphapo.ledger.withdrawals: the money is gone at once', async () => {
    const box = await start()
    await give(box, 'BTC', '1')
    const reply = await withdraw(box)
    expect([reply.status, reply.text]).toEqual([
      201,
      `{"data":{"id":5100001,"foreign_id":"wd-1","end_user_reference":"user_8721","type":"withdrawal","status":"processing","amount":"0.40000000","sender_amount":"0.40000000","sender_currency":"BTC","receiver_currency":"BTC","receiver_amount":"0.40000000"}}`,
    ])
    expect(reply.headers['x-sandgate']).toBeUndefined()
    expect(await balance(box, 'BTC')).toBe('0.59995000')
    sound(box)
  })

  test('alphapo.withdrawals.confirmed: sent after 60 seconds; alphapo.withdrawals.callback: one, to the byte', async () => {
    const box = await start()
    const inbox = await listen(box)
    await give(box, 'BTC', '1')
    await accepted(box)
    await box.advance('59999ms')
    expect(inbox.received).toEqual([])
    expect(await (await info(box)).json).toMatchObject({
      status: 'not_confirmed',
      fees: [],
      transactions: [{ txid: null }],
    })
    await box.advance('1ms')
    const [sent] = (await box.control('GET', '/withdrawals')).json.data
    expect(sent).toMatchObject({ provider: 'alphapo', account: 'demo', address: PAYEE, status: 'broadcast' })
    expect(inbox.received.map(({ text }) => text)).toEqual([
      `{"id":5100001,"foreign_id":"wd-1","end_user_reference":"user_8721","type":"withdrawal","crypto_address":{"id":900001,"currency":"BTC","address":"${PAYEE}","tag":null},` +
        `"currency_sent":{"currency":"BTC","amount":"0.40000000"},"currency_received":{"currency":"BTC","amount":"0.40000000"},` +
        `"transactions":[{"id":7200001,"currency":"BTC","transaction_type":"blockchain","type":"withdrawal","address":"${PAYEE}","tag":null,"amount":"0.40000000","txid":"${sent.txid}","confirmations":"0"}],` +
        `"fees":[{"type":"mining","currency":"BTC","amount":"0.00005000"}],"error":"","status":"confirmed"}`,
    ])
    await box.advance('1d')
    expect(inbox.received).toHaveLength(1)
    expect((await info(box)).text).toBe(inbox.received[0]!.text)
    expect(await balance(box, 'BTC')).toBe('0.59995000')
  })

  test('alphapo.transactions.kinds: found by id, foreign_id and txid, and by nobody else', async () => {
    const box = await start()
    await give(box, 'BTC', '1')
    await accepted(box)
    await box.advance('1m')
    const told = await info(box)
    const { txid } = told.json.transactions[0]
    for (const by of [{ foreign_id: 'wd-1' }, { txid }]) expect((await info(box, by)).text).toBe(told.text)
    for (const by of [{ id: FIRST }, { foreign_id: 'wd-1' }, { txid }])
      expect((await box.call(clientOf(KEYS.other), lookingUp(by))).status).toBe(400)
  })

  test('alphapo.transactions.processing: while it is under way it is not_confirmed, without fees and txid', async () => {
    const box = await start()
    await give(box, 'BTC', '1')
    await accepted(box)
    expect((await info(box)).json).toMatchObject({
      currency_sent: { currency: 'BTC', amount: '0.40000000' },
      transactions: [{ txid: null, confirmations: '0' }],
      fees: [],
      error: '',
      status: 'not_confirmed',
    })
  })

  test.each(['replaced', 'reorged', 'failed', 'stuck'])(
    'alphapo.withdrawals.final: what was sent stays confirmed, even where it is %s on the chain',
    async (outcome) => {
      const box = await start()
      const inbox = await listen(box)
      await give(box, 'BTC', '1')
      const withdrawal = {
        outcome,
        ...(outcome === 'failed' && { stage: 'after' }),
        ...(outcome === 'stuck' && { after: '5h' }),
      }
      await box.control('POST', '/faults', { when: { operation: 'withdrawCrypto' }, then: [{ withdrawal }] })
      await accepted(box)
      await box.advance('3d')
      expect(statuses(inbox)).toEqual(['confirmed'])
      expect(await balance(box, 'BTC')).toBe('0.59995000')
      sound(box)
    },
  )

  test('alphapo.withdrawals.address-id: one number for each merchant, currency, address and tag, of the sequence of addresses', async () => {
    const box = await start()
    await give(box, 'XRP', '100')
    await give(box, 'BTC', '1')
    await box.call(client, taking({}))
    const ids = []
    for (const [index, fields] of [
      {},
      {},
      { currency: 'XRP', amount: 1, address: XRP },
      { currency: 'XRP', amount: 1, address: XRP, tag: '7' },
      { currency: 'XRP', amount: 1, address: XRP, tag: 7 },
    ].entries()) {
      const { id } = await accepted(box, { amount: '0.01', foreign_id: index, ...fields })
      ids.push((await info(box, { id })).json.crypto_address.id)
    }
    expect(ids).toEqual([900002, 900002, 900003, 900004, 900004])
  })

  test('alphapo.amounts.accepted: numbers and text, with exponents and blanks; what is finer than 8 decimals is cut off', async () => {
    const box = await start()
    await give(box, 'BTC', '10')
    for (const [index, [amount, told]] of (
      [
        [1, '1.00000000'],
        ['5e-1', '0.50000000'],
        [1e-3, '0.00100000'],
        [' 0.25 ', '0.25000000'],
        ['.5', '0.50000000'],
        [0.1 + 0.2, '0.30000000'],
        ['0.123456789', '0.12345678'],
      ] as const
    ).entries())
      expect([amount, (await accepted(box, { amount, foreign_id: `f${index}` })).amount]).toEqual([amount, told])
  })

  test('alphapo.format.amounts: told with 8 decimals; what is finer than the chain knows is cut off there', async () => {
    const box = await start()
    await give(box, 'EURS', '100')
    expect((await accepted(box, { currency: 'EURS', address: EVM, amount: '10.129' })).receiver_amount).toBe(
      '10.12900000',
    )
    await box.advance('1m')
    expect((await info(box)).json.transactions[0].amount).toBe('10.12900000')
    expect((await box.control('GET', '/withdrawals')).json.data[0].amount).toBe('10.12')
  })

  test('alphapo.withdrawals.minimum: of what arrives, to the last digit', async () => {
    const box = await start()
    await give(box, 'BTC', '1')
    await give(box, 'EUR', '1000')
    wrong(await withdraw(box, { amount: '0.00009999' }), { amount: 'The amount must be at least 0.0001.' })
    expect((await withdraw(box, { amount: '0.0001' })).status).toBe(201)
    wrong(
      await withdraw(box, { currency: 'EUR', convert_to: 'USDTT', address: TRON, amount: '1.79', foreign_id: 'b' }),
      {
        amount: 'The amount must be at least 2.',
      },
    )
    // The minimum of exchanges, 180 euros, does not count.
    expect(
      (await withdraw(box, { currency: 'EUR', convert_to: 'USDTT', address: TRON, amount: '1.8', foreign_id: 'b' }))
        .status,
    ).toBe(201)
  })
})

describe('refusals', () => {
  const REQUIRED = {
    currency: 'The currency field is required.',
    amount: 'The amount field is required.',
    address: 'The address field is required.',
    foreign_id: 'The foreign id field is required.',
    end_user_reference: 'The end user reference field is required.',
  }
  const BOTH = 'The amount to field is prohibited when amount is present.'

  test.each<[string, Record<string, unknown>, Record<string, string>]>([
    ['nothing at all', Object.fromEntries(Object.keys(REQUIRED).map((field) => [field, undefined])), REQUIRED],
    ['nothing but blanks', Object.fromEntries(Object.keys(REQUIRED).map((field) => [field, ' '])), REQUIRED],
    ['neither amount', { amount: null, amount_to: '' }, { amount: 'The amount field is required.' }],
    ['both amounts', { amount_to: '1' }, { amount_to: BOTH }],
    ['an amount that is no number', { amount: 'much' }, { amount: 'The amount must be a number.' }],
    ['an amount below nought', { amount: '-0.000000001' }, { amount: 'The amount must be at least 0.' }],
    ['an amount_to that is none', { amount: null, amount_to: {} }, { amount_to: 'The amount to must be a number.' }],
    [
      'a reference that is too long',
      { end_user_reference: 'x'.repeat(256) },
      { end_user_reference: 'The end user reference may not be greater than 255 characters.' },
    ],
    ['a foreign_id that is a list', { foreign_id: ['x'] }, { foreign_id: 'The foreign id must be a string.' }],
  ])('alphapo.withdrawals.fields: %s', async (what, fields, errors) => {
    const box = await start()
    await give(box, 'BTC', '1')
    wrong(await withdraw(box, fields), errors, what)
    expect(await balance(box, 'BTC')).toBe('1.00000000')
  })

  /** Each is wrong in one more way than the one after it, and is told of the first. */
  const CHAIN: [what: string, fields: Record<string, unknown>, errors: Record<string, string>][] = [
    ['alphapo.withdrawals.fields: no address', { address: undefined }, { address: 'The address field is required.' }],
    [
      'alphapo.withdrawals.currencies: an unknown currency',
      { currency: 'XBT' },
      { currency: 'The selected currency is invalid.' },
    ],
    [
      'alphapo.withdrawals.currencies: Lightning',
      { currency: 'BTCLN' },
      { currency: 'The selected currency is invalid.' },
    ],
    [
      'alphapo.withdrawals.currencies: fiat that stays fiat',
      { currency: 'EUR' },
      { convert_to: 'The convert to field is required.' },
    ],
    [
      'alphapo.withdrawals.currencies: an unknown convert_to',
      { convert_to: 'XBT' },
      { convert_to: 'The selected convert to is invalid.' },
    ],
    [
      'alphapo.withdrawals.currencies: fiat',
      { convert_to: 'EUR' },
      { convert_to: 'The selected convert to is invalid.' },
    ],
    [
      'alphapo.withdrawals.currencies: into Lightning',
      { convert_to: 'BTCLN' },
      { convert_to: 'The selected convert to is invalid.' },
    ],
    [
      'alphapo.withdrawals.currencies: into itself',
      { convert_to: 'BTC' },
      { convert_to: 'The selected convert to is invalid.' },
    ],
    [
      'alphapo.withdrawals.currencies: a pair that is not enabled',
      { convert_to: 'ETH' },
      { currency: 'Exchange is unavailable for given currencies' },
    ],
    [
      'alphapo.withdrawals.minimum: too little',
      { amount: '0.00001' },
      { amount: 'The amount must be at least 0.0001.' },
    ],
    [
      'alphapo.withdrawals.address: an address of another network',
      { address: EVM },
      { address: 'Not supported address format.' },
    ],
    [
      'alphapo.withdrawals.address: a damaged address',
      { address: `${PAYEE.slice(0, -1)}x` },
      { address: 'Not supported address format.' },
    ],
  ]
  test.each(CHAIN)('%s, and nothing moves', async (what, fields, errors) => {
    const box = await start({
      providers: {
        alphapo: { merchants: { shop: { keys: [{ id: 'shop', secret: 's' }], currencies: ['BTC', 'XRP'] } } },
      },
    })
    await give(box, 'BTC', '1', 'shop')
    const shop = { key: 'shop', secret: 's' }
    wrong(await withdraw(box, fields, shop), errors, what)
    expect(await balance(box, 'BTC', shop)).toBe('1.00000000')
    // What was refused has not taken the foreign_id.
    expect((await withdraw(box, {}, shop)).status).toBe(201)
  })

  test('one thing at a time, in this order: currency, minimum, address, tag, foreign_id, balance', async () => {
    const box = await start()
    await give(box, 'XRP', '10')
    await accepted(box, { currency: 'XRP', amount: 1, address: XRP, foreign_id: 'taken' })
    const fields: Record<string, unknown> = {
      currency: 'XPR',
      amount: '0.0001',
      address: EVM,
      tag: 'x',
      foreign_id: 'taken',
    }
    for (const [field, text, mended] of [
      ['currency', 'The selected currency is invalid.', { currency: 'XRP' }],
      ['amount', 'The amount must be at least 0.001.', { amount: '100' }],
      ['address', 'Not supported address format.', { address: XRP }],
      ['tag', 'The tag format is invalid.', { tag: '12' }],
      ['foreign_id', 'The foreign id has already been taken.', { foreign_id: 'free' }],
      ['amount', 'Not enough amount', { amount: '5' }],
    ] as const) {
      wrong(await withdraw(box, fields), { [field]: text }, field)
      Object.assign(fields, mended)
    }
    expect((await withdraw(box, fields)).status).toBe(201)
  })

  test.each(['x', '-1', '1.5', '4294967296', '1e3'])(
    'alphapo.withdrawals.tag: %j is none; without one it goes',
    async (tag) => {
      const box = await start()
      await give(box, 'XRP', '10')
      const fields = { currency: 'XRP', amount: 1, address: XRP }
      wrong(await withdraw(box, { ...fields, tag }), { tag: 'The tag format is invalid.' })
      for (const [index, none] of [undefined, null, '', 0, '4294967295'].entries())
        expect((await withdraw(box, { ...fields, tag: none, foreign_id: `t${index}` })).status).toBe(201)
      await give(box, 'BTC', '1')
      expect((await withdraw(box, { tag, amount: '0.1' })).status).toBe(201)
    },
  )

  test('alphapo.foreign-id.unique: a repeat is refused whatever else it says, and moves nothing; the first is found by it', async () => {
    const box = await start()
    await give(box, 'BTC', '1')
    const { id } = await accepted(box)
    for (const fields of [{}, { amount: '0.1' }, { end_user_reference: 'other' }])
      wrong(await withdraw(box, fields), TAKEN)
    expect(await balance(box, 'BTC')).toBe('0.59995000')
    expect((await info(box, { foreign_id: 'wd-1' })).json.id).toBe(id)
    // It is the merchant's own, and a number is as good as its digits.
    await give(box, 'BTC', '1', 'other')
    expect((await withdraw(box, {}, KEYS.other)).status).toBe(201)
    expect((await accepted(box, { amount: '0.1', foreign_id: 77 })).foreign_id).toBe('77')
    wrong(await withdraw(box, { amount: '0.1', foreign_id: '77' }), TAKEN)
  })

  test.each(['decline-withdrawal', 'cancel-withdrawal'])(
    'alphapo.foreign-id.unique: it stays taken after %s',
    async (action) => {
      const box = await start()
      await give(box, 'BTC', '1')
      await act(box, 'limit-merchant', { review: 'all' })
      const { id } = await accepted(box)
      expect((await act(box, action, { id })).status).toBe(201)
      wrong(await withdraw(box), TAKEN)
    },
  )

  test('alphapo.withdrawals.uncovered: amount and fee to the last digit', async () => {
    const box = await start()
    await give(box, 'BTC', '0.40004999')
    wrong(await withdraw(box), { amount: 'Not enough amount' })
    expect(await balance(box, 'BTC')).toBe('0.40004999')
    await give(box, 'BTC', '0.00000001')
    expect((await withdraw(box)).status).toBe(201)
    expect(await balance(box, 'BTC')).toBe('0.00000000')
  })

  test('alphapo.withdrawals.uncovered: accepted and cancelled later, by the switch, and nothing moves', async () => {
    const box = await start({ assume: { 'alphapo.withdrawals.uncovered': 'fails-later' } })
    const inbox = await listen(box)
    await give(box, 'BTC', '0.1')
    expect((await accepted(box)).status).toBe('processing')
    await box.advance('1m')
    expect(inbox.received.map(({ json }) => [json.status, json.error])).toEqual([
      ['cancelled', 'Not enough money on balance'],
    ])
    expect(await balance(box, 'BTC')).toBe('0.10000000')
    wrong(await withdraw(box), TAKEN)
    sound(box)
  })

  test('fifty at once never take more than there is', async () => {
    const box = await start()
    await give(box, 'BTC', '1')
    const replies = await Promise.all(
      Array.from({ length: 50 }, (_, index) => withdraw(box, { amount: '0.09', foreign_id: `wd-${index}` })),
    )
    expect(replies.filter(({ status }) => status === 201)).toHaveLength(11)
    expect(await balance(box, 'BTC')).toBe('0.00945000')
    sound(box)
  })
})

describe('conversions', () => {
  const EUR_TO_BTC = { currency: 'EUR', convert_to: 'BTC', foreign_id: 'c-1' }

  test('a sender amount: EUR to BTC, mining and exchange in EUR', async () => {
    const box = await start()
    const inbox = await listen(box)
    await give(box, 'EUR', '1000')
    expect(await accepted(box, { ...EUR_TO_BTC, amount: 600 })).toEqual({
      id: FIRST,
      foreign_id: 'c-1',
      end_user_reference: 'user_8721',
      type: 'withdrawal_exchange',
      status: 'processing',
      amount: '600.00000000',
      sender_amount: '600.00000000',
      sender_currency: 'EUR',
      receiver_currency: 'BTC',
      receiver_amount: '0.01000000',
    })
    // 600, one percent of it, and 0.00005 BTC.
    expect(await balance(box, 'EUR')).toBe('391.00000000')
    await box.advance('1m')
    const [{ txid }] = (await box.control('GET', '/withdrawals')).json.data
    expect(inbox.received.map(({ text }) => text)).toEqual([
      `{"id":5100001,"foreign_id":"c-1","end_user_reference":"user_8721","type":"withdrawal_exchange","crypto_address":{"id":900001,"currency":"BTC","address":"${PAYEE}","tag":null},` +
        `"currency_sent":{"currency":"EUR","amount":"600.00000000"},"currency_received":{"currency":"BTC","amount":"0.01000000"},` +
        `"transactions":[{"id":7200001,"currency":"BTC","transaction_type":"blockchain","type":"withdrawal","address":"${PAYEE}","tag":null,"amount":"0.01000000","txid":"${txid}","confirmations":"0"},` +
        `{"id":7200002,"currency":"EUR","currency_to":"BTC","transaction_type":"exchange","type":"exchange","amount":"600.00000000","amount_to":"0.01000000"}],` +
        `"fees":[{"type":"mining","currency":"EUR","amount":"3.00000000"},{"type":"exchange","currency":"EUR","amount":"6.00000000"}],"error":"","status":"confirmed"}`,
    ])
    sound(box)
  })

  test('a receiver amount: what leaves is worked out, rounded up', async () => {
    const box = await start()
    await give(box, 'EUR', '1000')
    expect(await accepted(box, { ...EUR_TO_BTC, amount: undefined, amount_to: '0.01' })).toMatchObject({
      amount: '600.00000000',
      sender_amount: '600.00000000',
      receiver_amount: '0.01000000',
    })
    await give(box, 'USD', '100')
    const usd = { currency: 'USD', convert_to: 'BTC', amount: undefined, amount_to: '0.0010000', foreign_id: 'c-2' }
    expect(await accepted(box, usd)).toMatchObject({ sender_amount: '66.66666667', receiver_amount: '0.00100000' })
  })

  test.each([
    [
      'both',
      { amount: 600, amount_to: '0.01' },
      { amount_to: 'The amount to field is prohibited when amount is present.' },
    ],
    ['neither', { amount: undefined }, { amount: 'The amount field is required.' }],
  ])('with %s of the amounts it is refused', async (_, fields, errors) => {
    const box = await start()
    await give(box, 'EUR', '1000')
    wrong(await withdraw(box, { ...EUR_TO_BTC, ...fields }), errors)
    expect(await balance(box, 'EUR')).toBe('1000.00000000')
  })

  test('alphapo.withdrawals.one-to-one: USDC of one network leaves as USDC of another, at the fee of a conversion', async () => {
    const box = await start()
    const inbox = await listen(box)
    await give(box, 'USDC', '200')
    expect(
      await accepted(box, { currency: 'USDC', convert_to: 'USDCBASE', address: EVM, amount: '123.456789' }),
    ).toMatchObject({ sender_amount: '123.45678900', receiver_amount: '123.45678900' })
    await box.advance('1m')
    expect(inbox.received[0]!.json.fees.map(({ type }: any) => type)).toEqual(['mining', 'exchange'])
  })
})

describe('fees', () => {
  test.each([
    ['BTC', PAYEE, '0.00005000'],
    ['ETH', EVM, '0.00020000'],
    ['ETHA', EVM, '0.00020000'],
    ['USDTE', EVM, '0.66666667'],
    ['BNB', EVM, '0.00100000'],
    ['USDTT', TRON, '0.27777778'],
    ['XRP', XRP, '0.00100000'],
  ])(
    'alphapo.fees.mining: %s, in the currency that pays; alphapo.fees.withdrawal: and nothing else',
    async (currency, address, fee) => {
      const box = await start()
      const inbox = await listen(box)
      await give(box, currency, '100')
      await accepted(box, { currency, address, amount: 10 })
      await box.advance('1m')
      expect(inbox.received[0]!.json.fees).toEqual([{ type: 'mining', currency, amount: fee }])
      const left = 100n * 10n ** 8n - 10n * 10n ** 8n - BigInt(fee.replace('.', ''))
      expect(await balance(box, currency)).toBe(`${left / 10n ** 8n}.${String(left % 10n ** 8n).padStart(8, '0')}`)
    },
  )

  test('alphapo.fees.mining: covered by the switch', async () => {
    const box = await start({ assume: { 'alphapo.fees.mining': 'covered' } })
    const inbox = await listen(box)
    await give(box, 'BTC', '0.4')
    await accepted(box)
    await box.advance('1m')
    expect(inbox.received[0]!.json.fees).toEqual([])
    expect(await balance(box, 'BTC')).toBe('0.00000000')
  })

  test('alphapo.fees.names: long by the switch, of deposits and withdrawals, internal or not', async () => {
    const box = await start({ assume: { 'alphapo.fees.names': 'long' } })
    const [inbox, other] = [await listen(box), await listen(box, 'other')]
    await give(box, 'EUR', '1000')
    await give(box, 'BTC', '1')
    await give(box, 'ETH', '1')
    const { address } = (await box.call(clientOf(KEYS.other), taking({}))).json.data
    await box.deposit(address, '1', { confirmations: 'instant' })
    await accepted(box, { address, amount: '0.1' })
    await accepted(box, { currency: 'EUR', convert_to: 'BTC', amount: 600, foreign_id: 2 })
    await accepted(box, { currency: 'ETH', convert_to: 'BTC', amount: '0.1', foreign_id: 3 })
    await box.advance('1m')
    const names = ({ received }: Inbox) => received.map(({ json }) => json.fees.map(({ type }: any) => type))
    expect(names(other)).toEqual([['fee_crypto_deposit'], ['fee_crypto_deposit_internal']])
    expect(names(inbox)).toEqual([
      [],
      ['mining', 'fee_crypto_buy_for_fiat'],
      ['mining', 'fee_crypto_exchange_to_crypto'],
    ])
  })

  test('alphapo.withdrawals.money: a plain one tells no amounts by the switch, one that converts does', async () => {
    const box = await start({ assume: { 'alphapo.withdrawals.money': 'conversions-only' } })
    const inbox = await listen(box)
    await give(box, 'BTC', '1')
    await accepted(box)
    await accepted(box, { convert_to: 'ETH', address: EVM, amount: '0.1', foreign_id: 2 })
    await box.advance('1m')
    expect(inbox.received.map(({ json }) => Object.keys(json))).toEqual([
      ['id', 'foreign_id', 'end_user_reference', 'type', 'crypto_address', 'transactions', 'fees', 'error', 'status'],
      [
        'id',
        'foreign_id',
        'end_user_reference',
        'type',
        'crypto_address',
        'currency_sent',
        'currency_received',
        'transactions',
        'fees',
        'error',
        'status',
      ],
    ])
    expect(inbox.received[0]!.json.fees).toEqual([])
  })
})
