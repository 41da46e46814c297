// AlphaPo's payment requests and their refunds, from its pages and its sibling's.
import { Ajv2020 } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { contractOf } from '../../src/contract/contracts.ts'
import { balancesOf, ledgerProblems, Movements } from '../../src/world/ledger.ts'
import { client, requesting, sign, KEYS } from '../clients/alphapo.ts'
import { Inbox, type Kit, type Reply, start } from '../kit.ts'

const NOW = Date.parse('2026-05-16T19:00:00.000Z') / 1000
const V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const ETHER = { iso: 'ETH', network_name: 'ethereum' }
const INSTANT = { confirmations: 'instant' }
/** 60 euros, less the fee of 0.8 %. */
const CREDITED = { EUR: '5952000000' }

async function create(box: Kit, fields: Record<string, unknown> = {}): Promise<any> {
  const reply = await box.call(client, requesting(fields))
  if (reply.status !== 201) throw new Error(reply.text)
  return reply.json.data
}

function act(box: Kit, name: string, body: unknown): Promise<Reply> {
  return box.control('POST', `/actions/alphapo/${name}`, body)
}

async function done(box: Kit, name: string, body: unknown): Promise<any> {
  const reply = await act(box, name, body)
  if (reply.status !== 201) throw new Error(reply.text)
  return reply.json
}

async function refused(box: Kit, name: string, body: unknown, text: string): Promise<void> {
  const reply = await act(box, name, body)
  expect([reply.status >= 400 && reply.status < 500, reply.text]).toEqual([true, expect.stringContaining(text)])
}

/** A request whose payer has chosen ether: 60 euros are 0.02 of it. */
async function inEther(box: Kit, fields: Record<string, unknown> = {}): Promise<{ id: string; address: string }> {
  const { id } = await create(box, fields)
  const { payment_request_address } = await done(box, 'choose-payment-currency', { id, ...ETHER })
  return { id, address: payment_request_address.address }
}

async function open(more: Record<string, unknown> = {}): Promise<{ box: Kit; inbox: Inbox }> {
  const box = await start(more)
  const inbox = await Inbox.open()
  await box.subscribe('alphapo', inbox)
  onTestFinished(() => legal(inbox))
  return { box, inbox }
}

function wrong(reply: Reply, errors: Record<string, string>, what: unknown = ''): void {
  expect([what, reply.status, reply.json]).toEqual([what, 400, { errors }])
}

const ajv = new Ajv2020({ strict: false, formats: { uuid: true } }).addSchema(contractOf('alphapo').document, 'alphapo')

/** Every callback of the test is as the document says. */
function legal(inbox: Inbox): void {
  const fits = ajv.getSchema('alphapo#/components/schemas/PaymentRequestEvent')!
  for (const { json, text } of inbox.received) expect([fits(json), fits.errors], text).toEqual([true, null])
}

const statuses = (inbox: Inbox) => inbox.received.map(({ json }) => json.status)
const last = (inbox: Inbox) => inbox.received.at(-1)!.json

/** Balances in hundred-millionths, those without money left out. */
function balances(box: Kit): Record<string, string> {
  expect(ledgerProblems(box.world)).toEqual([])
  return Object.fromEntries(
    balancesOf('alphapo', 'demo', box.world).flatMap(({ currency, balance }) =>
      balance === '0' ? [] : [[currency, balance]],
    ),
  )
}

async function refunds(box: Kit, id: string): Promise<any[]> {
  return (await done(box, 'list-refunds', { payment_request_id: id })).refunds
}

const told = ({ reason, status, amount, fee }: any) => [reason, status, amount, fee]

describe('creating', () => {
  test('alphapo.payment-requests.answer: what was sent, in order, and nothing else; alphapo.payment-requests.id: a UUID of version 7', async () => {
    const box = await start()
    const reply = await box.call(
      client,
      requesting({
        amount: '100.50',
        currency: { iso: 'EUR' },
        life_time_duration: 3600,
        end_user_email: 'payer@shop.example',
        end_user_reference: 'user-7',
        description: 'Order 7',
        foreign_id: 'order-7',
        url_store: 'https://shop.example',
        url_success: 'https://shop.example/paid',
      }),
    )
    const { id, payment_link: link } = reply.json.data
    expect(id).toMatch(V7)
    expect(Number.parseInt(id.replace('-', '').slice(0, 12), 16)).toBe(NOW * 1000)
    expect(link).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/alphapo\/payment\/[A-Za-z0-9]{22}$/)
    expect(reply.text.replaceAll('\\/', '/')).toBe(
      `{"data":{"id":"${id}","amount":"100.50","currency":{"iso":"EUR"},"status":"created","life_time":${NOW + 3600},"end_user_email":"payer@shop.example","end_user_reference":"user-7","description":"Order 7","payment_link":"${link}","foreign_id":"order-7","url_store":"https://shop.example"}}`,
    )
    const bare = await create(box)
    expect(Object.keys(bare)).toEqual(['id', 'amount', 'currency', 'status', 'life_time', 'payment_link'])
    await box.advance('1ms')
    expect((await create(box, { foreign_id: 'order-7' })).id > bare.id).toBe(true)
  })

  test('alphapo.payment-requests.path: outside of /api/v2, and there too by the switch', async () => {
    const box = await start()
    const literally = requesting({}, '/api/v2/requests')
    for (const request of [literally, client.sign(literally, 0), { ...literally, method: 'GET', body: undefined }]) {
      const reply = await box.send('alphapo', request)
      expect([reply.status, reply.json]).toEqual([403, { error: 'No key header', code: 'required_header_key' }])
    }
    const both = await start({ assume: { 'alphapo.payment-requests.path': 'both' } })
    expect((await both.call(client, literally)).status).toBe(201)
    expect((await both.call(client, requesting({}))).status).toBe(201)
    const near = await box.send('alphapo', requesting({}, '/api/payments/v1/request'))
    expect(near.headers['x-sandgate-hint']).toContain('/api/payments/v1')
    const other = await box.send('alphapo', { method: 'GET', path: '/api/payments/v1/requests' })
    expect([other.status, other.headers.allow]).toEqual([405, 'POST'])
    const unsigned = {
      ...requesting({}),
      headers: { 'x-processing-key': KEYS.demo.key, 'x-processing-signature': sign('x', '') },
    }
    expect((await box.send('alphapo', unsigned)).json.code).toBe('bad_header_signature')
  })

  test('alphapo.payment-requests.status: 201, or 200 by the switch', async () => {
    const box = await start({ assume: { 'alphapo.payment-requests.status': '200' } })
    expect((await box.call(client, requesting({}))).status).toBe(200)
  })

  test('alphapo.payment-requests.life-time: exactly one of the two, and after now', async () => {
    const box = await start()
    const life = (fields: Record<string, unknown>) =>
      box.call(client, requesting({ life_time_duration: undefined, ...fields }))
    const lacking = { life_time_duration: 'The life time duration field is required.' }
    wrong(await life({}), lacking)
    wrong(await life({ life_time_duration: null, life_time_datetime: null }), lacking)
    wrong(await life({ life_time_duration: 60, life_time_datetime: NOW + 60 }), {
      life_time_duration: 'The life time duration field prohibits life time datetime from being present.',
    })
    wrong(await life({ life_time_duration: '60' }), {
      life_time_duration: 'The life time duration must be an integer.',
    })
    wrong(await life({ life_time_datetime: 1.5 }), { life_time_datetime: 'The life time datetime must be an integer.' })
    for (const life_time_duration of [0, -1, 1e12])
      wrong(await life({ life_time_duration }), {
        life_time_duration: 'The life time duration must be between 1 and 316224000.',
      })
    for (const life_time_datetime of [0, NOW, 1e15])
      wrong(await life({ life_time_datetime }), {
        life_time_datetime: 'The life time datetime must be a date after now.',
      })
    expect((await life({ life_time_datetime: NOW + 1 })).json.data.life_time).toBe(NOW + 1)
    expect((await life({ life_time_duration: 1, life_time_datetime: null })).json.data.life_time).toBe(NOW + 1)
  })

  test('alphapo.payment-requests.currencies: what is wrong is told, all of it at once', async () => {
    const box = await start()
    const table: [Record<string, unknown>, Record<string, string>][] = [
      [{ currency: undefined }, { currency: 'The currency field is required.' }],
      [{ currency: null }, { currency: 'The currency field is required.' }],
      [{ currency: 'EUR' }, { currency: 'The currency must be an array.' }],
      [{ currency: [] }, { currency: 'The currency must be an array.' }],
      [{ currency: {} }, { 'currency.iso': 'The currency.iso field is required.' }],
      [{ currency: { iso: null } }, { 'currency.iso': 'The currency.iso field is required.' }],
      [{ currency: { iso: 'EUR', network_name: 'tron' } }, { currency: 'The selected currency is invalid.' }],
      [{ currency: { iso: 'USDT' } }, { currency: 'The selected currency is invalid.' }],
      [{ currency: { iso: 'USDT', network_name: 'bitcoin' } }, { currency: 'The selected currency is invalid.' }],
      [{ currency: { iso: 'BTCLN' } }, { currency: 'The selected currency is invalid.' }],
      [{ payment_currency: { iso: 'EUR' } }, { payment_currency: 'The selected payment currency is invalid.' }],
      [{ payment_currency: 'BTC' }, { payment_currency: 'The payment currency must be an array.' }],
      [{ payment_currency: {} }, { 'payment_currency.iso': 'The payment_currency.iso field is required.' }],
      [{ amount: undefined }, { amount: 'The amount field is required.' }],
      [{ amount: 'x' }, { amount: 'The amount must be a number.' }],
      [{ amount: '0.00' }, { amount: 'The amount must be greater than 0.' }],
      [{ amount: {} }, { amount: 'The amount must be a number.' }],
      [{ end_user_email: 'payer' }, { end_user_email: 'The end user email must be a valid email address.' }],
      [{ description: 5 }, { description: 'The description must be a string.' }],
      [{ foreign_id: {} }, { foreign_id: 'The foreign id must be a string.' }],
    ]
    for (const [fields, errors] of table)
      wrong(await box.call(client, requesting(fields)), errors, JSON.stringify(fields))
    const reply = await box.call(
      client,
      requesting({ amount: [], currency: 1, payment_currency: 2, url_store: 3, life_time_duration: null }),
    )
    expect(Object.keys(reply.json.errors)).toEqual([
      'amount',
      'currency',
      'life_time_duration',
      'payment_currency',
      'url_store',
    ])
    expect((await create(box, { payment_currency: null, end_user_email: '', amount: 60 })).amount).toBe('60')
    wrong(await box.call(client, { ...requesting({}), body: '[]' }), {
      amount: 'The amount field is required.',
      currency: 'The currency field is required.',
      life_time_duration: 'The life time duration field is required.',
    })
  })

  test.each([
    ['USDT', 'tron', 'USDTT', 'tron'],
    ['USDT', 'binance', 'USDTB', 'bsc'],
    ['USDC', 'ethereum', 'USDC', 'ethereum'],
    ['USDC', 'arbitrum', 'USDCA', 'arbitrum'],
    ['BTC', 'bitcoin', 'BTC', 'bitcoin'],
    ['XRP', 'ripple', 'XRP', 'xrp'],
    ['BCH', 'bitcoin_cash', 'BCH', 'bitcoin-cash'],
    ['BNB-BSC', 'binance', 'BNB', 'bsc'],
    ['BNB', 'binance', 'BNB', 'bsc'],
    ['ETH', 'base', 'ETHBASE', 'base'],
  ])('alphapo.payment-requests.codes: %s on %s is %s', async (iso, network_name, code, network) => {
    const box = await start()
    const { payment_request_address: place } = await create(box, { payment_currency: { iso, network_name } })
    expect(place.currency).toEqual({ iso: iso === 'BNB' ? 'BNB-BSC' : iso, network_name })
    const [handedOut] = (await box.control('GET', '/addresses')).json.data
    expect(handedOut).toMatchObject({ address: place.address, currency: code, network })
  })

  test('alphapo.payment-requests.fixed: a coin and its network say at once where to pay, and how much; alphapo.payment-requests.rate-lock: from then on', async () => {
    const { box, inbox } = await open()
    const data = await create(box, { payment_currency: ETHER })
    expect(data).toMatchObject({ status: 'processing', fixed_at: NOW, expires_at: NOW + 3600, life_time: NOW + 7200 })
    expect(data.currency_sent).toEqual({
      currency: ETHER,
      expected_amount: '0.02',
      received_amount: '0',
      remaining_amount: '0.02',
    })
    expect(data.payment_request_address).toMatchObject({ currency: ETHER, convert_to: { iso: 'EUR' } })
    // Callbacks of a call leave when it has been answered.
    await box.advance('1ms')
    expect(statuses(inbox)).toEqual(['processing'])
    // A coin of several networks: the rate is fixed, and the payer still has to choose.
    const free = await create(box, { payment_currency: { iso: 'USDT' } })
    expect(free.status).toBe('created')
    expect(free).not.toHaveProperty('payment_request_address')
    await box.advance('30m')
    await box.control('PUT', '/rates', { from: 'USDT', to: 'EUR', rate: '0.5' })
    await refused(box, 'choose-payment-currency', { id: free.id, ...ETHER }, 'cannot be paid in ETH')
    await refused(
      box,
      'choose-payment-currency',
      { id: free.id, iso: 'USDT' },
      'USDT is on ethereum, tron, binance: say which',
    )
    const chosen = await done(box, 'choose-payment-currency', { id: free.id, iso: 'USDT', network_name: 'tron' })
    expect(chosen).toMatchObject({
      fixed_at: NOW,
      expires_at: NOW + 3600,
      currency_sent: { expected_amount: '66.666667' },
    })
  })

  test('a scenario spoils a callback that the call itself causes as often as it says', async () => {
    const { box, inbox } = await open()
    await box.control('PUT', '/scenario', {
      name: 'twice',
      rules: [
        {
          when: { provider: 'alphapo', operation: 'createPaymentRequest', nth: 1 },
          then: [{ callbacks: { how: 'duplicate', times: 1 } }],
        },
      ],
    })
    const data = await create(box, { payment_currency: ETHER })
    await box.advance('1ms')
    expect(statuses(inbox)).toEqual(['processing', 'processing'])
    await box.deposit(data.payment_request_address.address, '0.02')
    expect(statuses(inbox)).toEqual(['processing', 'processing', 'processing'])
  })
})

describe('being paid', () => {
  test('alphapo.payment-requests.callbacks: choosing, paying and being paid are told; alphapo.payment-requests.callback-body: to the byte; alphapo.payment-requests.amounts: without zeros; alphapo.payment-requests.received: unconfirmed money counts', async () => {
    const { box, inbox } = await open()
    const { id, address } = await inEther(box, {
      amount: '60.00',
      foreign_id: 'order-7',
      end_user_email: 'payer@shop.example',
    })
    const place = inbox.received[0]!.json.payment_request_address
    expect(place.id).toMatch(/^[0-9a-f-]{36}$/)
    const text = (status: string, received: string, remaining: string) =>
      `{"payment_request_id":"${id}","foreign_id":"order-7","type":"payment_request","status":"${status}","end_user_email":"payer@shop.example","payment_request_address":{"id":"${place.id}","currency":{"iso":"ETH","network_name":"ethereum"},"convert_to":{"iso":"EUR"},"address":"${address}"},"payment_request_amount":{"currency":{"iso":"EUR"},"amount":"60"},"currency_sent":{"currency":{"iso":"ETH","network_name":"ethereum"},"expected_amount":"0.02","received_amount":"${received}","remaining_amount":"${remaining}"},"fixed_at":${NOW},"expires_at":${NOW + 3600},"valid_until":${NOW + 7200}}`
    await box.deposit(address, '0.015')
    expect(inbox.received.map((each) => each.text)).toEqual([
      text('processing', '0', '0.02'),
      text('processing', '0.015', '0.005'),
    ])
    await box.deposit(address, '0.005')
    expect(balances(box)).toEqual({})
    await box.advance('10m')
    expect(inbox.received.slice(2).map((each) => each.text)).toEqual([
      text('processing', '0.02', '0'),
      text('paid', '0.02', '0'),
    ])
    expect(balances(box)).toEqual(CREDITED)
    expect(await refunds(box, id)).toEqual([])
    expect((await box.control('GET', '/callbacks')).json.data[0].object).toBe(`payment-request:${id}`)
    await box.advance('3h')
    expect(statuses(inbox)).toHaveLength(4)
  })

  test('alphapo.payment-requests.paid: with enough confirmations; alphapo.payment-requests.rate-lock: in the same currency there is none', async () => {
    const { box, inbox } = await open()
    const { id } = await create(box, { currency: ETHER, amount: '0.5' })
    const chosen = await done(box, 'choose-payment-currency', { id, iso: 'ETH', network_name: 'ethereum' })
    expect(chosen).toMatchObject({ fixed_at: NOW, expires_at: NOW + 7200, currency_sent: { expected_amount: '0.5' } })
    expect(chosen.payment_request_address).not.toHaveProperty('convert_to')
    await box.deposit(chosen.payment_request_address.address, '0.5')
    await box.advance('1m')
    expect(statuses(inbox)).toEqual(['processing', 'processing'])
    await box.advance('2m')
    expect(statuses(inbox)).toEqual(['processing', 'processing', 'paid'])
    expect(balances(box)).toEqual({ ETH: '49600000' })
    expect([...box.world.rows(Movements)].map(({ kind, against }) => [kind, against])).toEqual([
      ['payment_request', 'chain'],
      ['payment_request_fee', 'fees'],
    ])
  })

  test('alphapo.payment-requests.choose: once, and of what there is', async () => {
    const { box } = await open()
    const { id } = await inEther(box)
    await refused(box, 'choose-payment-currency', { id, ...ETHER }, 'is to be paid in ETH already')
    await refused(box, 'choose-payment-currency', { id: 'x', ...ETHER }, 'there is no payment request x')
    const other = await create(box)
    await refused(box, 'choose-payment-currency', { id: other.id, iso: 'EUR' }, 'cannot be paid in EUR')
    await refused(
      box,
      'choose-payment-currency',
      { id: other.id, iso: 'ETH' },
      'ETH is on ethereum, arbitrum, base: say which',
    )
    await box.advance('2h')
    await refused(box, 'choose-payment-currency', { id: other.id, ...ETHER }, 'is expired')
  })

  test('alphapo.payment-requests.ends: never opened it is expired at the end of its lifespan, to the second, without a rate', async () => {
    const { box, inbox } = await open()
    const { id } = await create(box)
    await box.advance('7199999ms')
    expect(inbox.received).toEqual([])
    await box.advance('1ms')
    expect(inbox.received[0]!.text).toBe(
      `{"payment_request_id":"${id}","type":"payment_request","status":"expired","payment_request_amount":{"currency":{"iso":"EUR"},"amount":"60"},"valid_until":${NOW + 7200}}`,
    )
  })

  test.each([
    ['alphapo.payment-requests.ends: nothing came', [], 'expired', []],
    [
      'alphapo.payment-requests.ends: too little came',
      [['0.015', INSTANT]],
      'failed',
      [['under', 'waiting_for_customer', '0.01488', '0.00012']],
    ],
    [
      'alphapo.payment-requests.ends: it is not confirmed in time',
      [['0.02', { after: '3599s' }]],
      'failed',
      [['under', 'waiting_for_customer', '0.01984', '0.00016']],
    ],
    [
      'alphapo.payment-requests.late: it came in the instant of the end',
      [['0.02', { after: '1h', ...INSTANT }]],
      'expired',
      [['late', 'waiting_for_customer', '0.01984', '0.00016']],
    ],
    [
      'alphapo.payment-requests.ends: one second before, at once confirmed',
      [['0.02', { after: '3599s', ...INSTANT }]],
      'paid',
      [],
    ],
    [
      'alphapo.payment-requests.overpaid: the surplus goes back',
      [['0.05', INSTANT]],
      'paid',
      [['over', 'waiting_for_customer', '0.02976', '0.00024']],
    ],
    [
      'alphapo.payment-requests.refunds: a surplus below the minimum withdrawal does not',
      [['0.0299', INSTANT]],
      'paid',
      [],
    ],
    [
      'alphapo.payment-requests.overpaid: a second payment goes back whole',
      [
        ['0.02', INSTANT],
        ['0.03', INSTANT],
      ],
      'paid',
      [['late', 'waiting_for_customer', '0.02976', '0.00024']],
    ],
    [
      'alphapo.payment-requests.overpaid: two payments on their way, the first one is enough',
      [
        ['0.02', {}],
        ['0.03', { after: '30s' }],
      ],
      'paid',
      [['over', 'waiting_for_customer', '0.02976', '0.00024']],
    ],
    [
      'alphapo.payment-requests.callbacks: a payment that leaves the chain does not count',
      [['0.02', { outcome: 'replaced' }]],
      'expired',
      [],
    ],
    [
      'alphapo.payment-requests.other-coin: another coin is lost',
      [['60', { currency: 'USDC', ...INSTANT }]],
      'expired',
      [],
    ],
  ] as [string, [string, Record<string, unknown>][], string, unknown[]][])(
    '%s',
    async (_, payments, status, expected) => {
      const { box, inbox } = await open()
      const { id, address } = await inEther(box)
      for (const [amount, more] of payments) await box.deposit(address, amount, more)
      await box.advance('3h')
      expect(last(inbox).status).toBe(status)
      expect((await refunds(box, id)).map(told)).toEqual(expected)
      expect(balances(box)).toEqual(status === 'paid' ? CREDITED : {})
    },
  )

  test('alphapo.payment-requests.late: it is told with the status that there is, and refunded when it is confirmed', async () => {
    const { box, inbox } = await open()
    const { id, address } = await inEther(box)
    await box.advance('1h')
    expect(statuses(inbox)).toEqual(['processing', 'expired'])
    await box.deposit(address, '0.02')
    expect(last(inbox)).toMatchObject({
      status: 'expired',
      currency_sent: { received_amount: '0.02', remaining_amount: '0' },
    })
    expect(await refunds(box, id)).toEqual([])
    await box.advance('1h')
    expect((await refunds(box, id)).map(told)).toEqual([['late', 'waiting_for_customer', '0.01984', '0.00016']])
    expect(statuses(inbox)).toEqual(['processing', 'expired', 'expired'])
  })

  test('alphapo.payment-requests.lock-end: the request ends with the lock, or lives on with its rate', async () => {
    for (const [assume, told] of [
      ['ends', ['processing', 'expired', 'expired']],
      ['lives-on', ['processing', 'processing', 'paid']],
    ] as const) {
      const { box, inbox } = await open({ assume: { 'alphapo.payment-requests.lock-end': assume } })
      const { address } = await inEther(box)
      await box.advance('90m')
      await box.deposit(address, '0.02', INSTANT)
      await box.advance('2h')
      expect(statuses(inbox)).toEqual(told)
    }
  })

  test('alphapo.payment-requests.restricted: it is over, and what had come goes back', async () => {
    const { box, inbox } = await open()
    const { id, address } = await inEther(box)
    await box.deposit(address, '0.015', INSTANT)
    expect(await done(box, 'restrict-payment-request', { id })).toEqual({ id, status: 'restricted' })
    expect(statuses(inbox)).toEqual(['processing', 'processing', 'restricted'])
    expect((await refunds(box, id)).map(told)).toEqual([['under', 'waiting_for_customer', '0.01488', '0.00012']])
    await refused(box, 'restrict-payment-request', { id }, 'is restricted')
    await box.advance('3h')
    expect(statuses(inbox)).toHaveLength(3)
    expect(balances(box)).toEqual({})
  })
})

describe('refunds', () => {
  async function paid(): Promise<{ box: Kit; id: string }> {
    const { box } = await open()
    const { id, address } = await inEther(box)
    await box.deposit(address, '0.02', INSTANT)
    expect(balances(box)).toEqual(CREDITED)
    return { box, id }
  }

  test('alphapo.payment-requests.manual-refunds: a part of a paid request, charged when it is created', async () => {
    const { box, id } = await paid()
    const refund = await done(box, 'create-refund', { payment_request_id: id, amount: '15' })
    expect(refund).toEqual({
      id: 1,
      payment_request_id: id,
      reason: 'manual',
      status: 'waiting_for_customer',
      currency: ETHER,
      amount: '0.00496',
      fee: '0.00004',
      charged: { currency: { iso: 'EUR' }, amount: '15' },
      address: null,
      tag: null,
      created_at: NOW,
    })
    expect(balances(box)).toEqual({ EUR: '4452000000' })
    await refused(
      box,
      'create-refund',
      { payment_request_id: id, amount: '45.01' },
      'only 45 EUR of it has not been refunded',
    )
    // All that is left of it is more than there is: the fee is gone.
    await refused(box, 'create-refund', { payment_request_id: id }, 'the balance has only 44.52 EUR')
    await refused(box, 'create-refund', { payment_request_id: id, amount: 'x' }, 'must be a number')
    await refused(box, 'create-refund', { payment_request_id: id, amount: '0.00000001' }, 'less than anybody can send')
    await refused(box, 'create-refund', { payment_request_id: 'x' }, 'there is no payment request x')
    const { id: created } = await create(box)
    await refused(box, 'create-refund', { payment_request_id: created }, 'is created: only a paid one can be refunded')
    expect(balances(box)).toEqual({ EUR: '4452000000' })
    await done(box, 'create-refund', { payment_request_id: id, amount: '44.52' })
    expect(balances(box)).toEqual({})
  })

  test('alphapo.payment-requests.refund-statuses: claimed with an address, then completed', async () => {
    const { box, id } = await paid()
    await done(box, 'create-refund', { payment_request_id: id, amount: '15' })
    await refused(box, 'complete-refund', { id: 1 }, 'refund 1 is waiting_for_customer')
    await refused(box, 'claim-refund', { id: 1, address: 'nowhere' }, 'nowhere is no address on ethereum')
    const address = '0x52908400098527886E0F7030069857D2E4169EE7'
    expect(await done(box, 'claim-refund', { id: 1, address })).toMatchObject({ status: 'in_progress', address })
    await refused(box, 'cancel-refund', { id: 1 }, 'refund 1 is in_progress')
    expect(await done(box, 'complete-refund', { id: 1 })).toMatchObject({ status: 'completed' })
    await refused(box, 'fail-refund', { id: 1 }, 'refund 1 is completed')
    await refused(box, 'claim-refund', { id: 2, address }, 'there is no refund 2')
    expect(balances(box)).toEqual({ EUR: '4452000000' })
  })

  test.each(['fail-refund', 'cancel-refund'])(
    'alphapo.payment-requests.refund-statuses: %s gives the money back, once',
    async (action) => {
      const { box, id } = await paid()
      await done(box, 'create-refund', { payment_request_id: id, amount: '15' })
      const status = action === 'fail-refund' ? 'failed' : 'cancelled'
      expect(await done(box, action, { id: 1 })).toMatchObject({ status })
      expect(balances(box)).toEqual(CREDITED)
      await refused(box, action, { id: 1 }, `refund 1 is ${status}`)
      expect(balances(box)).toEqual(CREDITED)
      // It can be refunded again.
      await done(box, 'create-refund', { payment_request_id: id, amount: '59.52' })
      expect(balances(box)).toEqual({})
    },
  )

  test('alphapo.payment-requests.refunds: an automatic one moves nothing on the balance, whatever becomes of it', async () => {
    const { box } = await open()
    const { id, address } = await inEther(box)
    await box.deposit(address, '0.05', INSTANT)
    expect((await refunds(box, id)).map(told)).toEqual([['over', 'waiting_for_customer', '0.02976', '0.00024']])
    expect(balances(box)).toEqual(CREDITED)
    await done(box, 'fail-refund', { id: 1 })
    expect(balances(box)).toEqual(CREDITED)
  })
})

const Step = fc.oneof(
  fc.record({ do: fc.constant('create'), life: fc.constantFrom(600, 7200, 90_000), fixed: fc.boolean() }),
  fc.record({
    do: fc.constant('choose'),
    which: fc.nat(3),
    iso: fc.constantFrom('ETH', 'BTC', 'USDT'),
    network_name: fc.constantFrom('ethereum', 'bitcoin', 'tron'),
  }),
  fc.record({
    do: fc.constant('pay'),
    which: fc.nat(3),
    percent: fc.constantFrom(20n, 50n, 99n, 100n, 150n, 300n),
    outcome: fc.constantFrom('confirmed', 'confirmed', 'dropped', 'reorged'),
    instant: fc.boolean(),
  }),
  fc.record({ do: fc.constant('wait'), by: fc.constantFrom('1s', '5m', '1h', '1d') }),
  fc.record({ do: fc.constant('restrict'), which: fc.nat(3) }),
  fc.record({ do: fc.constant('refund'), which: fc.nat(3), amount: fc.constantFrom('1', '30', '60', undefined) }),
  fc.record({
    do: fc.constant('refunded'),
    action: fc.constantFrom('cancel-refund', 'fail-refund'),
    id: fc.integer({ min: 1, max: 3 }),
  }),
)

test('alphapo.payment-requests.paid: whatever payers and owners do, the books are whole, and each request is credited at most once', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(Step, { minLength: 4, maxLength: 16 }), async (steps) => {
      const box = await start()
      await box.subscribe('alphapo', { url: 'http://127.0.0.1:9/hooks' })
      const ids: string[] = []
      const places = new Map<string, { address: string; expected: string }>()
      const place = (id: string, data: any) =>
        places.set(id, { address: data.payment_request_address.address, expected: data.currency_sent.expected_amount })
      for (const step of steps as any[]) {
        const id = ids[step.which]
        if (step.do === 'create') {
          const data = await create(box, {
            life_time_duration: step.life,
            ...(step.fixed && { payment_currency: ETHER }),
          })
          ids.push(data.id)
          if (step.fixed) place(data.id, data)
        } else if (step.do === 'wait') await box.advance(step.by)
        else if (step.do === 'refunded') await act(box, step.action, { id: step.id })
        else if (id === undefined) continue
        else if (step.do === 'choose') {
          const reply = await act(box, 'choose-payment-currency', {
            id,
            iso: step.iso,
            network_name: step.network_name,
          })
          if (reply.status === 201) place(id, reply.json)
        } else if (step.do === 'restrict') await act(box, 'restrict-payment-request', { id })
        else if (step.do === 'refund') await act(box, 'create-refund', { payment_request_id: id, amount: step.amount })
        else if (places.has(id)) {
          const { address, expected } = places.get(id)!
          const [whole, fraction = ''] = expected.split('.')
          const millionths = (BigInt(whole + fraction.padEnd(8, '0')) * step.percent) / 10_000n
          const amount = `${millionths / 1_000_000n}.${String(millionths % 1_000_000n).padStart(6, '0')}`
          if (millionths > 0n)
            await box.deposit(address, amount, {
              outcome: step.outcome,
              ...(step.instant && step.outcome !== 'dropped' && INSTANT),
            })
        }
        expect(ledgerProblems(box.world)).toEqual([])
      }
      await box.advance('3d')
      expect(box.world.stopped).toBeUndefined()
      expect(ledgerProblems(box.world)).toEqual([])
      const { data } = (await box.control('GET', '/callbacks?limit=1000')).json
      const credits = [...box.world.rows(Movements)].filter(({ kind }) => kind === 'payment_request')
      const paid = new Set(data.filter(({ event }: any) => event === 'paid').map(({ object }: any) => object))
      const over = data
        .filter(({ event }: any) => ['failed', 'expired', 'restricted'].includes(event))
        .map(({ object }: any) => object)
      expect(credits.map(({ atoms }) => atoms)).toEqual([...paid].map(() => '6000000000'))
      expect(over.filter((object: string) => paid.has(object))).toEqual([])
    }),
    { numRuns: 25 },
  )
})
