// AlphaPo's invoices, from its pages and its sibling's: created in three kinds, paid in time, in parts, too late or not at all.
import { Ajv2020 } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { contractOf } from '../../src/contract/contracts.ts'
import { balancesOf, ledgerProblems, Movements } from '../../src/world/ledger.ts'
import { client, clientOf, invoicing, KEYS, lookingUp, withdrawing } from '../clients/alphapo.ts'
import { Inbox, type Kit, type Reply, start } from '../kit.ts'

const NOW = Date.parse('2026-05-16T19:00:00.000Z') / 1000
const FIRST = 826900

/** The merchant has chosen bitcoin: 60 euros are 0.001 of it. */
const IN_BITCOIN = { sender_currency: 'BTC' }
/** Three confirmations' worth of minutes, and the same coin for the payer's ether: 60 euros are 0.02. */
const IN_ETHER = { sender_currency: 'ETH' }
const IN_PARTS = { type: 'good_until_expired' }
const INSTANT = { confirmations: 'instant' }

async function create(box: Kit, fields: Record<string, unknown> = {}): Promise<any> {
  const reply = await box.call(client, invoicing(fields))
  if (reply.status !== 201) throw new Error(reply.text)
  return reply.json.data
}

function act(box: Kit, name: string, body: unknown): Promise<Reply> {
  return box.control('POST', `/actions/alphapo/${name}`, body)
}

async function choose(box: Kit, currency: string, id = FIRST): Promise<any> {
  const reply = await act(box, 'choose-invoice-currency', { id, currency })
  if (reply.status !== 201) throw new Error(reply.text)
  return reply.json
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
  const fits = ajv.getSchema('alphapo#/components/schemas/InvoiceEvent')!
  for (const { json, text } of inbox.received) expect([fits(json), fits.errors], text).toEqual([true, null])
}

const statuses = (inbox: Inbox) => inbox.received.map(({ json }) => json.status)
const last = (inbox: Inbox) => inbox.received.at(-1)!.json

/** Balances in hundred-millionths, those without money left out. */
function balances(box: Kit, merchant = 'demo'): Record<string, string> {
  expect(ledgerProblems(box.world)).toEqual([])
  return Object.fromEntries(
    balancesOf('alphapo', merchant, box.world).flatMap(({ currency, balance }) =>
      balance === '0' ? [] : [[currency, balance]],
    ),
  )
}

async function why(box: Kit): Promise<string> {
  const { data } = (await box.control('GET', '/journal?kind=timer&limit=1000')).json
  return data.map(({ because }: any) => because).join('\n')
}

describe('creating', () => {
  test('alphapo.invoices.kinds: without a timer nothing is fixed; alphapo.invoices.answer: to the byte; alphapo.invoices.url: on the host that was called', async () => {
    const box = await start()
    const reply = await box.call(client, invoicing({ timer: false }))
    const page = /"url":"([^"]+)"/.exec(reply.text)![1]!
    expect([reply.status, reply.text]).toEqual([
      201,
      `{"data":{"id":826900,"url":"${page}","foreign_id":"order_8721","end_user_reference":"user_8721","address":null,"title":"Order 8721","status":"created","currency":"EUR","amount":"60.00000000","sender_currency":null,"sender_amount":null,"fixed_at":null,"release_at":null,"seconds_left":null}}`,
    ])
    expect(reply.json.data.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/alphapo\/invoice\/[A-Za-z0-9]{6}$/)
    expect(new URL(reply.json.data.url).origin).toBe(box.url)
    expect((await box.control('GET', '/addresses')).json.data).toEqual([])
  })

  test('alphapo.invoices.kinds: with a timer the rate is fixed, and with sender_currency the rest too', async () => {
    const box = await start()
    const second = await create(box)
    const timed = { fixed_at: NOW, release_at: NOW + 900, seconds_left: 899, status: 'pending' }
    expect(second).toMatchObject({ ...timed, id: FIRST, address: null, sender_currency: null, sender_amount: null })
    await box.advance('7s')
    const third = await create(box, { ...IN_BITCOIN, foreign_id: 'b', timer: '1' })
    expect(third).toMatchObject({ ...timed, id: FIRST + 1, fixed_at: NOW + 7, release_at: NOW + 907 })
    expect(third).toMatchObject({ sender_currency: 'BTC', sender_amount: '0.00100000' })
    expect(third.address).toMatch(/^tb1q/)
    const [handedOut] = (await box.control('GET', '/addresses')).json.data
    expect(handedOut).toMatchObject({ address: third.address, currency: 'BTC', network: 'bitcoin', user: 'b' })
    expect(handedOut.reference).toBe(`invoice:${third.id}`)
    // Without a timer the currency is a wish.
    const first = await create(box, { ...IN_BITCOIN, foreign_id: 'c', timer: 0 })
    expect(first).toMatchObject({ status: 'created', address: null, sender_currency: 'BTC', sender_amount: null })
  })

  test.each<[string, Record<string, unknown>, string, string]>([
    ['a euro is what it is', { amount: '60' }, 'EUR', '60.00000000'],
    ['bitcoin for bitcoin', { currency: 'BTC', amount: '0.00123456' }, 'BTC', '0.00123456'],
    ['tron has six decimals, the last one rounded up', { amount: '10.0000004' }, 'TRX', '40.00000200'],
    ['a dollar coin', { amount: '10' }, 'USDTT', '11.11111200'],
    ['a currency of two decimals', { amount: '10.001' }, 'EURS', '10.01000000'],
    ['bitcoin, rounded up', { amount: '100' }, 'BTC', '0.00166667'],
  ])('alphapo.invoices.rate: %s', async (_, fields, sender, amount) => {
    const box = await start()
    if (sender === 'EUR') {
      expect((await create(box, fields)).amount).toBe(amount)
      return
    }
    expect((await create(box, { ...fields, sender_currency: sender })).sender_amount).toBe(amount)
  })

  test('alphapo.invoices.rate: the second kind costs what it cost when it was created, the first what it costs when the payer chooses', async () => {
    const box = await start()
    await create(box, { foreign_id: 'second' })
    await create(box, { foreign_id: 'first', timer: false })
    const pinned = await box.control('PUT', '/rates', { from: 'BTC', to: 'EUR', rate: '30000' })
    expect(pinned.status).toBe(200)
    expect((await choose(box, 'BTC')).sender_amount).toBe('0.00100000')
    expect((await choose(box, 'BTC', FIRST + 1)).sender_amount).toBe('0.00200000')
  })

  test('alphapo.invoices.currency; alphapo.invoices.amount; alphapo.invoices.email: what is wrong is told, all of it at once', async () => {
    const box = await start({
      providers: {
        alphapo: {
          merchants: { demo: { keys: [{ id: KEYS.demo.key, secret: KEYS.demo.secret }], currencies: ['BTC', 'ETH'] } },
        },
      },
    })
    const required = [
      'title',
      'currency',
      'amount',
      'foreign_id',
      'end_user_reference',
      'url_success',
      'url_failed',
      'email_user',
    ]
    for (const field of required)
      for (const value of [undefined, null, ' '])
        wrong(
          await box.call(client, invoicing({ [field]: value })),
          { [field]: `The ${field.replaceAll('_', ' ')} field is required.` },
          [field, value],
        )
    const table: [Record<string, unknown>, Record<string, string>][] = [
      [{ title: 'x'.repeat(51) }, { title: 'The title may not be greater than 50 characters.' }],
      [{ description: 'x'.repeat(1001) }, { description: 'The description may not be greater than 1000 characters.' }],
      [{ type: 'fill' }, { type: 'The selected type is invalid.' }],
      [{ timer: 'maybe' }, { timer: 'The timer field must be true or false.' }],
      [{ email_user: 'payer' }, { email_user: 'The email user must be a valid email address.' }],
      [{ currency: 'EURO' }, { currency: 'The selected currency is invalid.' }],
      [{ currency: 'eur' }, { currency: 'The selected currency is invalid.' }],
      [{ currency: 'BTCLN' }, { currency: 'The selected currency is invalid.' }],
      [{ sender_currency: 'EUR' }, { sender_currency: 'The selected sender currency is invalid.' }],
      [{ sender_currency: 'BTCLN' }, { sender_currency: 'The selected sender currency is invalid.' }],
      [{ sender_currency: 'LTC' }, { sender_currency: 'The selected sender currency is invalid.' }],
      [{ amount: 'ten' }, { amount: 'The amount must be a number.' }],
      [{ amount: true }, { amount: 'The amount must be a number.' }],
      [{ amount: 0 }, { amount: 'The amount must be greater than 0.' }],
      [{ amount: '-60' }, { amount: 'The amount must be greater than 0.' }],
      [{ amount: '0.000000001' }, { amount: 'The amount must be greater than 0.' }],
      [{ amount: 1e300 }, { amount: 'The amount format is invalid.' }],
    ]
    for (const [fields, errors] of table)
      wrong(await box.call(client, invoicing(fields)), errors, JSON.stringify(fields))
    const bad = { timer: 2, title: '', currency: 'X', amount: [], sender_currency: 'X', email_user: '@', type: 'x' }
    const reply = await box.call(client, invoicing(bad))
    expect(Object.keys(reply.json.errors)).toEqual([
      'timer',
      'title',
      'currency',
      'amount',
      'email_user',
      'type',
      'sender_currency',
    ])
    expect((await create(box, { foreign_id: 'fine', amount: '60.000000009' })).amount).toBe('60.00000000')
    expect((await create(box, { sender_currency: null, type: '', description: null, amount: 1e2 })).amount).toBe(
      '100.00000000',
    )
  })

  test('alphapo.invoices.foreign-id: it is taken once for each merchant, and not by a call that was refused', async () => {
    const box = await start()
    wrong(await box.call(client, invoicing({ amount: 9 })), {
      amount: 'The amount is too small. The minimum amount is 10.00 EUR.',
    })
    await create(box)
    wrong(await box.call(client, invoicing({ amount: 70 })), { foreign_id: 'The foreign id has already been taken.' })
    // Too small as well, but one thing is told at a time.
    wrong(await box.call(client, invoicing({ amount: 9 })), { foreign_id: 'The foreign id has already been taken.' })
    expect((await box.call(clientOf(KEYS.other), invoicing({}))).json.data.id).toBe(FIRST + 1)
    await box.advance('16m')
    wrong(await box.call(client, invoicing({})), { foreign_id: 'The foreign id has already been taken.' })
    expect((await create(box, { foreign_id: 77 })).foreign_id).toBe('77')
    wrong(await box.call(client, invoicing({ foreign_id: '77' })), {
      foreign_id: 'The foreign id has already been taken.',
    })
  })

  test('alphapo.invoices.minimum: ten euros, or what they are worth', async () => {
    const box = await start()
    const small = (amount: string, currency: string) =>
      box.call(client, invoicing({ amount, currency, foreign_id: `${amount}${currency}` }))
    wrong(await small('9.99999999', 'EUR'), { amount: 'The amount is too small. The minimum amount is 10.00 EUR.' })
    wrong(await small('0.00016665', 'BTC'), {
      amount: 'The amount is too small. The minimum amount is 0.00016666 BTC.',
    })
    expect((await small('10', 'EUR')).status).toBe(201)
    expect((await small('0.00016666', 'BTC')).status).toBe(201)
  })
})

describe('being paid', () => {
  test('alphapo.invoices.callbacks: processing when seen, confirmed when confirmed; alphapo.invoices.callback-body: to the byte; alphapo.invoices.remaining: unconfirmed money counts; alphapo.invoices.ledger: exactly what was asked for; alphapo.invoices.fee: less the fee', async () => {
    const { box, inbox } = await open()
    const invoice = await create(box, { ...IN_BITCOIN, ...IN_PARTS })
    expect(inbox.received).toEqual([])
    const part = await box.deposit(invoice.address, '0.0004')
    expect(balances(box)).toEqual({})
    const head = `{"id":826900,"foreign_id":"order_8721","end_user_reference":"user_8721","type":"invoice","crypto_address":{"id":900001,"currency":"BTC","convert_to":"EUR","address":"${invoice.address}","tag":null},`
    const line = (id: number, amount: string, txid: string, count: string) =>
      `{"id":${id},"currency":"BTC","transaction_type":"blockchain","type":"deposit","address":"${invoice.address}","tag":null,"amount":"${amount}","txid":"${txid}","confirmations":"${count}"}`
    const times = `"fixed_at":${NOW},"expires_at":${NOW + 86400}}`
    expect(inbox.received[0]!.text).toBe(
      `${head}"currency_sent":{"currency":"BTC","amount":"0.00100000","remaining_amount":"0.00060000"},"currency_received":{"currency":"EUR","amount":"60.00000000"},"transactions":[${line(7200001, '0.00040000', part.txid, '0')}],"fees":[],"error":"","status":"pending",${times}`,
    )
    const rest = await box.deposit(invoice.address, '0.0006')
    expect(last(inbox)).toMatchObject({
      status: 'processing',
      fees: [],
      currency_sent: { remaining_amount: '0.00000000' },
    })
    await box.advance('1h')
    expect(statuses(inbox)).toEqual(['pending', 'processing', 'confirmed'])
    expect(inbox.received[2]!.text).toBe(
      `${head}"currency_sent":{"currency":"BTC","amount":"0.00100000","remaining_amount":"0.00000000"},"currency_received":{"currency":"EUR","amount":"60.00000000"},"transactions":[${line(7200001, '0.00040000', part.txid, '1')},${line(7200002, '0.00060000', rest.txid, '1')}],"fees":[{"type":"fee_crypto_deposit","currency":"EUR","amount":"0.48000000"}],"error":"","status":"confirmed",${times}`,
    )
    expect(balances(box)).toEqual({ EUR: '5952000000' })
    expect([...box.world.rows(Movements)].map(({ kind, against }) => [kind, against])).toEqual([
      ['invoice', 'desk'],
      ['invoice_fee', 'fees'],
    ])
    const { data } = (await box.control('GET', '/callbacks')).json
    expect(data.map(({ event, object }: any) => [event, object])).toEqual([
      ['pending', 'invoice:826900'],
      ['processing', 'invoice:826900'],
      ['confirmed', 'invoice:826900'],
    ])
    // Not a transaction of its own.
    expect((await box.call(client, lookingUp({ txid: part.txid }))).status).toBe(400)
    expect((await box.call(client, lookingUp({ id: FIRST }))).status).toBe(400)
  })

  test('alphapo.invoices.choose: the address is made then, the timer of the first kind starts, and nothing is told', async () => {
    const { box, inbox } = await open()
    await create(box, { timer: false })
    await box.advance('30d')
    const chosen = await choose(box, 'eth')
    const fixedAt = NOW + 30 * 86400
    expect(chosen).toMatchObject({
      id: FIRST,
      status: 'pending',
      sender_currency: 'ETH',
      tag: null,
      fixed_at: fixedAt,
      expires_at: fixedAt + 900,
    })
    expect(inbox.received).toEqual([])
    for (const [body, text] of [
      [{ id: FIRST, currency: 'BTC' }, 'paid in ETH already'],
      [{ id: 1, currency: 'BTC' }, 'there is no invoice 1'],
      [{ id: 'order', currency: 'BTC' }, 'there is no invoice order'],
    ] as const) {
      const reply = await act(box, 'choose-invoice-currency', body)
      expect([reply.status >= 400, reply.text]).toEqual([true, expect.stringContaining(text)])
    }
    await box.deposit(chosen.address, chosen.sender_amount)
    await box.advance('1h')
    expect(statuses(inbox)).toEqual(['processing', 'confirmed'])
    expect(balances(box)).toEqual({ EUR: '5952000000' })
  })

  test('alphapo.invoices.choose: Lightning, fiat and unknown currencies cannot be chosen, nor anything once the invoice has failed', async () => {
    const { box } = await open()
    await create(box)
    for (const currency of ['BTCLN', 'EUR', 'XYZ'])
      expect((await act(box, 'choose-invoice-currency', { id: FIRST, currency })).status).toBe(409)
    expect((await act(box, 'choose-invoice-currency', { id: FIRST, currency: 'BTC', email: 'nobody' })).status).toBe(
      409,
    )
    await box.advance('15m')
    expect((await act(box, 'choose-invoice-currency', { id: FIRST, currency: 'BTC' })).text).toContain('has failed')
    expect((await box.control('GET', '/addresses')).json.data).toEqual([])
  })

  test('alphapo.invoices.timer: alive after 14:59.999, failed at 15:00; alphapo.invoices.failed: nothing came', async () => {
    const { box, inbox } = await open()
    await create(box, IN_ETHER)
    await box.advance('899999ms')
    expect(inbox.received).toEqual([])
    await box.advance('1ms')
    expect(last(inbox)).toMatchObject({
      status: 'failed',
      error: 'Timer expired. User not paid.',
      transactions: [],
      fees: [],
      fixed_at: NOW,
      expires_at: NOW + 900,
    })
    expect(balances(box)).toEqual({})
  })

  test('alphapo.invoices.timer: a second kind that is never opened fails, without an address to tell; a first kind lives on', async () => {
    const { box, inbox } = await open()
    await create(box)
    await create(box, { timer: false, foreign_id: 'first' })
    await box.advance('60d')
    expect(statuses(inbox)).toEqual(['failed'])
    expect(Object.keys(last(inbox))).toEqual([
      'id',
      'foreign_id',
      'end_user_reference',
      'type',
      'currency_received',
      'transactions',
      'fees',
      'error',
      'status',
      'fixed_at',
      'expires_at',
    ])
  })

  test.each([
    ['14:59', '899s', ['processing', 'confirmed'], { EUR: '5952000000' }],
    ['15:00', '15m', ['failed'], {}],
  ])('alphapo.invoices.late: ether seen at %s', async (_, after, told, money) => {
    const { box, inbox } = await open()
    const { address, sender_amount: amount } = await create(box, IN_ETHER)
    await box.deposit(address, amount, { after })
    await box.advance('1h')
    expect(statuses(inbox)).toEqual(told)
    expect(balances(box)).toEqual(money)
    if (told[0] === 'failed') expect(await why(box)).toContain('too late: invoice:826900 is failed')
  })

  test.each(['BTC', 'BCH'])(
    'alphapo.invoices.extension: %s seen at 14:59 keeps the invoice alive for a day',
    async (sender) => {
      const { box, inbox } = await open()
      const { address, sender_amount: amount } = await create(box, { sender_currency: sender, ...IN_PARTS })
      await box.advance('899s')
      await box.deposit(address, String(Number(amount) / 2))
      expect(last(inbox)).toMatchObject({ status: 'pending', expires_at: NOW + 899 + 86400 })
      await box.advance('86399s')
      expect(statuses(inbox)).toEqual(['pending'])
      await box.deposit(address, String(Number(amount) / 2))
      expect(last(inbox)).toMatchObject({ status: 'processing', expires_at: NOW + 899 + 86400 })
      await box.advance('3h')
      expect(statuses(inbox)).toEqual(['pending', 'processing', 'confirmed'])
    },
  )

  test('alphapo.invoices.extension: not for other coins; alphapo.invoices.failed: a part of it came', async () => {
    const { box, inbox } = await open()
    const { address } = await create(box, { sender_currency: 'LTC', ...IN_PARTS })
    await box.deposit(address, '0.5')
    expect(last(inbox)).toMatchObject({ status: 'pending', expires_at: NOW + 900 })
    await box.advance('15m')
    expect(last(inbox)).toMatchObject({ status: 'failed', error: 'Timer expired. User paid less than requested.' })
    expect(balances(box)).toEqual({})
  })

  test('alphapo.invoices.parts: fill_or_kill is not completed by parts, and nothing is told of them; alphapo.invoices.processing: by one transfer that is enough it is', async () => {
    const { box, inbox } = await open()
    const { address } = await create(box, IN_ETHER)
    await box.deposit(address, '0.01')
    await box.deposit(address, '0.015')
    await box.advance('5m')
    expect(inbox.received).toEqual([])
    await box.deposit(address, '0.02')
    expect(last(inbox)).toMatchObject({ status: 'processing', currency_sent: { remaining_amount: '0.00000000' } })
    await box.advance('5m')
    expect(statuses(inbox)).toEqual(['processing', 'confirmed'])
    expect(await why(box)).toContain('0.02500000 ETH too much is refunded')
    expect(balances(box)).toEqual({ EUR: '5952000000' })
  })

  test('alphapo.invoices.confirmed: the timer does not end what is processing, 24 hours without confirmations do; alphapo.invoices.failed: it took too long', async () => {
    const { box, inbox } = await open()
    const { address } = await create(box, IN_BITCOIN)
    // Two blocks would do; this one lies in the mempool until it is dropped.
    await box.deposit(address, '0.001', { outcome: 'dropped' })
    expect(statuses(inbox)).toEqual(['processing'])
    await box.advance('16m')
    expect(statuses(inbox)).toEqual(['processing'])
    await box.advance('2d')
    expect(last(inbox)).toMatchObject({ status: 'failed', error: 'Timer expired. User not paid.' })
    const slow = await create(box, { foreign_id: 'slow', sender_currency: 'LTC' })
    const { id } = await box.deposit(slow.address, slow.sender_amount)
    // Nobody mines it for a week.
    box.world.change(() => {
      for (const timer of box.world.clock.waiting(100)) if (timer.args === id) box.world.clock.cancel(timer.id)
    })
    await box.advance('86399999ms')
    expect(last(inbox)).toMatchObject({ status: 'processing' })
    await box.advance('1ms')
    expect(last(inbox)).toMatchObject({
      status: 'failed',
      error: 'Timer expired. Transactions were in status processing too long.',
    })
    expect(balances(box)).toEqual({})
  })

  test('alphapo.invoices.gone: what leaves the chain no longer counts, until the invoice is confirmed', async () => {
    const { box, inbox } = await open()
    const { address } = await create(box, IN_ETHER)
    await box.deposit(address, '0.02', { outcome: 'replaced' })
    await box.advance('1m')
    expect(statuses(inbox)).toEqual(['processing'])
    await box.deposit(address, '0.02', { outcome: 'reorged' })
    await box.advance('1h')
    expect(statuses(inbox)).toEqual(['processing', 'processing', 'confirmed'])
    expect(last(inbox).transactions).toHaveLength(1)
    expect(balances(box)).toEqual({ EUR: '5952000000' })
  })

  test('alphapo.invoices.overpaid: the merchant gets what was asked for, once; alphapo.invoices.late: what comes afterwards changes nothing', async () => {
    const { box, inbox } = await open()
    const { address } = await create(box, { currency: 'ETH', amount: '0.02', ...IN_ETHER })
    await box.deposit(address, '0.05', INSTANT)
    await box.deposit(address, '0.02', INSTANT)
    await box.advance('1h')
    expect(statuses(inbox)).toEqual(['processing', 'confirmed'])
    expect(last(inbox).crypto_address).not.toHaveProperty('convert_to')
    expect(last(inbox).currency_received).toEqual({ currency: 'ETH', amount: '0.02000000' })
    expect(balances(box)).toEqual({ ETH: '1984000' })
    expect(await why(box)).toMatch(/0\.03000000 ETH too much is refunded[^]*too late: invoice:826900 is confirmed/)
    expect([...box.world.rows(Movements)].map(({ against }) => against)).toEqual(['chain', 'fees'])
  })

  test('alphapo.invoices.other-coin: another coin at the same address is lost', async () => {
    const { box, inbox } = await open()
    const { address } = await create(box, IN_ETHER)
    await box.deposit(address, '100', { currency: 'USDC' })
    await box.deposit(address, '0.02', { network: 'base', currency: 'ETH' })
    await box.advance('20m')
    expect(statuses(inbox)).toEqual(['failed'])
    expect(last(inbox).error).toBe('Timer expired. User not paid.')
    expect(await why(box)).toMatch(/asks for ETH on ethereum, and USDC came on ethereum/)
    expect(balances(box)).toEqual({})
  })

  test('alphapo.invoices.callback-body: on networks with tags there is one, and money without it is lost', async () => {
    const { box, inbox } = await open()
    await create(box)
    const { address, tag, sender_amount: amount } = await choose(box, 'XRP')
    expect(tag).toMatch(/^[1-9]\d{8}$/)
    await box.deposit(address, amount, { tag })
    expect(last(inbox)).toMatchObject({ status: 'processing', crypto_address: { address, tag } })
    await box.advance('1m')
    expect(statuses(inbox)).toEqual(['processing', 'confirmed'])
  })

  test('alphapo.invoices.processing: another merchant may pay it from a balance, over the chain', async () => {
    const { box, inbox } = await open()
    const { address } = await create(box, IN_ETHER)
    await box.control('POST', '/balances', { provider: 'alphapo', account: 'other', currency: 'ETH', amount: '1' })
    const sent = await box.call(clientOf(KEYS.other), withdrawing({ currency: 'ETH', amount: '0.02', address }))
    expect([sent.status, sent.json.data.status]).toEqual([201, 'processing'])
    await box.advance('10m')
    expect(statuses(inbox)).toEqual(['processing', 'confirmed'])
    expect(balances(box)).toEqual({ EUR: '5952000000' })
    expect(Number(balances(box, 'other').ETH)).toBeLessThan(98_000_001)
  })

  test('a scenario can spoil callbacks about an invoice that has no address yet, and only those', async () => {
    const { box, inbox } = await open()
    const loaded = await box.control('PUT', '/scenario', {
      name: 'lost',
      rules: [
        {
          when: { provider: 'alphapo', operation: 'createInvoice', nth: 1 },
          then: [{ callbacks: { how: 'duplicate', times: 1 } }],
        },
      ],
    })
    expect(loaded.status, loaded.text).toBe(200)
    await create(box)
    await create(box, { foreign_id: 'second' })
    await box.advance('20m')
    expect(inbox.received.map(({ json }) => json.id).sort()).toEqual([FIRST, FIRST, FIRST + 1])
  })
})

const Step = fc.oneof(
  fc.record({
    do: fc.constant('create'),
    timer: fc.boolean(),
    sender: fc.constantFrom(null, 'BTC', 'ETH', 'XRP', 'USDTT'),
    parts: fc.boolean(),
  }),
  fc.record({ do: fc.constant('choose'), which: fc.nat(3), sender: fc.constantFrom('BTC', 'ETH', 'USDTT') }),
  fc.record({
    do: fc.constant('pay'),
    which: fc.nat(3),
    percent: fc.constantFrom(1, 50, 99, 100, 130),
    outcome: fc.constantFrom('confirmed', 'confirmed', 'dropped', 'replaced', 'reorged'),
    confirmations: fc.constantFrom(0, 'instant'),
  }),
  fc.record({ do: fc.constant('wait'), by: fc.constantFrom('1s', '5m', '15m', '1h', '25h') }),
)

test('alphapo.invoices.ledger: whatever payers do, the books are whole, and each invoice is credited at most once, with what was asked for', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(Step, { minLength: 4, maxLength: 14 }), async (steps) => {
      const box = await start()
      const inbox = { url: 'http://127.0.0.1:9/hooks' }
      await box.subscribe('alphapo', inbox)
      const places = new Map<number, { address: string; tag: string | null; amount: string }>()
      let made = 0
      for (const step of steps as any[]) {
        if (step.do === 'create') {
          const { timer, sender, parts } = step
          const invoice = await create(box, {
            timer,
            sender_currency: sender,
            foreign_id: `i${made++}`,
            ...(parts && IN_PARTS),
          })
          const place = (await box.control('GET', '/addresses')).json.data.find(
            ({ reference }: any) => reference === `invoice:${invoice.id}`,
          )
          if (place) places.set(invoice.id, { ...place, amount: invoice.sender_amount })
        } else if (step.do === 'choose') {
          const id = FIRST + step.which
          const reply = await act(box, 'choose-invoice-currency', { id, currency: step.sender })
          if (reply.status === 201) places.set(id, { ...reply.json, amount: reply.json.sender_amount })
        } else if (step.do === 'pay') {
          const place = [...places.values()][step.which]
          const amount = place && ((BigInt(place.amount.replace('.', '')) * BigInt(step.percent)) / 100n / 100n) * 100n
          const dropped = step.outcome === 'dropped' || step.outcome === 'replaced'
          if (place && amount)
            await box.deposit(
              place.address,
              `${amount / 100_000_000n}.${String(amount % 100_000_000n).padStart(8, '0')}`,
              { tag: place.tag, outcome: step.outcome, ...(!dropped && { confirmations: step.confirmations }) },
            )
        } else await box.advance(step.by)
      }
      await box.advance('3d')
      expect(box.world.stopped).toBeUndefined()
      expect(ledgerProblems(box.world)).toEqual([])
      const { data } = (await box.control('GET', '/callbacks?limit=1000')).json
      const told = (status: string) =>
        data.filter(({ event }: any) => event === status).map(({ object }: any) => object)
      expect(new Set(told('confirmed')).size).toBe(told('confirmed').length)
      expect(told('failed').filter((object: string) => told('confirmed').includes(object))).toEqual([])
      const credits = [...box.world.rows(Movements)].filter(({ kind }) => kind === 'invoice')
      expect(credits.map(({ atoms }) => atoms)).toEqual(told('confirmed').map(() => '6000000000'))
      expect(balances(box)).toEqual(credits.length > 0 ? { EUR: String(5952000000n * BigInt(credits.length)) } : {})
    }),
    { numRuns: 25 },
  )
})
