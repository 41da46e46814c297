// Payouts of Zopay: quotes with their refusals and routes, their execution, and what becomes of a payout on world time.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Balances, ledgerProblems } from '../../src/world/ledger.ts'
import { client, clientOf, execute, get, KEYS, PAYEE, post, quote, SOLANA_PAYEE } from '../clients/zopay.ts'
import { destined, fresh, fund, holdings, paidOut, payoutOf, quoted, refused } from '../clients/zopay-money.ts'
import { Inbox, type Kit, type Reply, start } from '../kit.ts'

const other = clientOf(KEYS.other)

const asked = (box: Kit, fields: Record<string, unknown>, key = fresh()) => box.call(client, quote(fields, key))
const executed = (box: Kit, id: string, key = fresh()) => box.call(client, execute(id, key))
const assuming = (switches: Record<string, string>) => start({ assume: switches })
const stages = ({ timeline }: any) => timeline.map(({ status }: any) => status)

/** The rows of payouts in the list of transactions. */
async function listed(box: Kit): Promise<any[]> {
  return (await box.call(client, get('/transactions?type=payout'))).json.data
}

describe('quotes', () => {
  test('zopay.payouts.quote-shape; zopay.payouts.quote-id; zopay.payouts.recipient-gets; zopay.payouts.fees: to the byte', async () => {
    const box = await start()
    await fund(box)
    const { status, text, json } = await asked(box, { amount: '40' })
    expect(json.quote_id).toMatch(/^quote_[0-9a-z]{26}$/)
    expect([status, text]).toEqual([
      200,
      `{"quote_id":"${json.quote_id}","expires_at":"2026-05-16T19:01:00Z","user_sends":"40.00","recipient_gets":"37.00","fee_total_usd":"3.00",` +
        `"route":{"from_network":"ethereum","to_network":"ethereum","estimated_seconds":180},"recommendation":null,"insufficient_funds":null}`,
    ])
    expect(await holdings(box)).toEqual(['USDT ethereum 100.00'])
    expect((await asked(box, { amount: '40' })).json.quote_id).not.toBe(json.quote_id)
  })

  const LONG = { external_ref: 'never-seen', asset: 'DOGE', amount: '0', network_hint: 'tron', destination: 'x' }
  const ORDER: [string, Record<string, unknown>, number, string][] = [
    ['an unknown ref', {}, 404, 'external_ref_unknown'],
    ['an unknown asset', { external_ref: 'user-1' }, 400, 'unsupported_asset'],
    ['a bad amount', { asset: 'usdt' }, 400, 'invalid_amount'],
    ['an unknown hint', { amount: '0.1' }, 400, 'unsupported_network'],
    ['a bad address', { network_hint: 'Solana' }, 400, 'invalid_destination'],
    ['an address of another network', { destination: PAYEE }, 400, 'invalid_destination'],
    ['a pair that is off', { destination: SOLANA_PAYEE }, 400, 'unsupported_asset_network'],
    ['less than the fee', { destination: PAYEE, network_hint: null }, 400, 'amount_too_small'],
  ]
  test.each(ORDER)(
    'zopay.payouts.quote-order; zopay.payouts.pair-disabled; zopay.payouts.too-small: %s',
    async (name, _, status, code) => {
      const pairs = [{ asset: 'USDT', network: 'ethereum' }]
      const shop = { keys: [{ id: 'sk_test_shop' }], pairs }
      const box = await start({ providers: { zopay: { accounts: { shop } } } })
      const by = clientOf('sk_test_shop')
      await fund(box, { account: 'shop' })
      const until = ORDER.slice(0, ORDER.findIndex((row) => row[0] === name) + 1)
      const fields = Object.assign({}, LONG, ...until.map(([, more]) => more))
      refused(await box.call(by, quote(fields, fresh())), status, code)
      expect(ledgerProblems(box.world)).toEqual([])
    },
  )

  test.each(['', 'x', '0', '-1', '0.0', 'NaN', 'Infinity', '1.0000001', '1,5', '0x10'])(
    'zopay.payouts.amount; zopay.payouts.bad-amount: %j is refused, as 400 or as 422',
    async (amount) => {
      const box = await start()
      await fund(box)
      refused(await asked(box, { amount }), 400, 'invalid_amount')
      const strict = await assuming({ 'zopay.payouts.bad-amount': '422' })
      await fund(strict)
      const { status, json } = await asked(strict, { amount })
      expect([status, json.detail[0].loc, json.detail[0].input]).toEqual([422, ['body', 'amount'], amount])
    },
  )

  test.each([
    ['40', '40.00'],
    ['+4.5e1', '45.00'],
    [' 10.5 ', '10.50'],
    ['10.1234560', '10.123456'],
  ])('zopay.payouts.amount: %j is %s', async (amount, told) => {
    const box = await start()
    await fund(box)
    expect((await asked(box, { amount })).json.user_sends).toBe(told)
  })

  test('a number is no amount, and other fields are refused', async () => {
    const box = await start()
    await fund(box)
    expect((await asked(box, { amount: 40 })).json.detail[0].type).toBe('string_type')
    expect((await asked(box, { from_network: 'solana' })).json.detail[0].type).toBe('extra_forbidden')
    const { status } = await box.send('zopay', client.sign({ ...quote({}), headers: {} }, box.wallMs))
    expect(status).toBe(400)
  })

  test.each([
    ['0xdAC17F958D2ee523a2206206994597C13D831ec7', 'ethereum'],
    ['0xdac17f958d2ee523a2206206994597c13d831ec7', 'ethereum'],
    ['0xDac17F958D2ee523a2206206994597C13D831ec7', undefined],
    ['0xdAC17F958D2ee523a2206206994597C13D831e', undefined],
    [SOLANA_PAYEE, 'solana'],
    [`${SOLANA_PAYEE}111`, undefined],
    ['TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t', undefined],
  ])('zopay.payouts.destination: %s is an address of %s', async (destination, network) => {
    const box = await start()
    await fund(box)
    const reply = await asked(box, { destination })
    if (network === undefined) refused(reply, 400, 'invalid_destination')
    else expect(reply.json.route.to_network).toBe(network)
  })

  test('zopay.payouts.route; zopay.payouts.recommendation: the cheapest that holds enough, and the cheaper one is named', async () => {
    const box = await start()
    await fund(box, { network: 'solana' })
    const bridge = await quoted(box)
    expect(bridge).toMatchObject({
      route: { from_network: 'solana', to_network: 'ethereum', estimated_seconds: 300 },
      fee_total_usd: '4.50',
      recipient_gets: '35.50',
      recommendation: { alternative_route: { network: 'ethereum', fee_total_usd: '3.00', savings_usd: '1.50' } },
      insufficient_funds: null,
    })
    await fund(box)
    expect(await quoted(box)).toMatchObject({ route: { from_network: 'ethereum' }, recommendation: null })
    expect(await quoted(box, { destination: SOLANA_PAYEE })).toMatchObject({
      route: { from_network: 'solana', to_network: 'solana', estimated_seconds: 30 },
      fee_total_usd: '0.50',
    })
    await fund(box, { network: 'solana', amount: '-100' })
    expect(await quoted(box, { destination: SOLANA_PAYEE })).toMatchObject({
      route: { from_network: 'ethereum', to_network: 'solana', estimated_seconds: 420 },
      fee_total_usd: '5.00',
      recommendation: { alternative_route: { network: 'solana', fee_total_usd: '0.50', savings_usd: '4.50' } },
    })
  })

  test.each([
    ['missing', '30.00'],
    ['whole', '40.00'],
  ])('zopay.payouts.insufficient-quote; zopay.payouts.needed: %s', async (reading, needed) => {
    const box = await assuming({ 'zopay.payouts.needed': reading })
    await fund(box, { amount: '10' })
    await fund(box, { network: 'solana', amount: '39' })
    expect(await quoted(box)).toMatchObject({
      route: { from_network: 'ethereum' },
      recommendation: null,
      insufficient_funds: { needed, asset: 'USDT', network_with_lowest_top_up_fee: 'ethereum' },
    })
  })

  test('zopay.payouts.no-price; zopay.payouts.recipient-gets: the fee is in the asset, at its price, cut to six places', async () => {
    const box = await start()
    await box.control('PUT', '/rates', { from: 'XAUT', to: 'USD', rate: '2400' })
    await fund(box, { currency: 'XAUT', amount: '1' })
    expect(await quoted(box, { asset: 'xaut', amount: '1' })).toMatchObject({ recipient_gets: '0.99875' })
    await box.control('PUT', '/rates', { from: 'XAUT', to: 'USD', rate: '7' })
    expect(await quoted(box, { asset: 'xaut', amount: '1' })).toMatchObject({ recipient_gets: '0.571428' })
    await box.control('POST', '/actions/zopay/make-price-unavailable', { asset: 'XAUT' })
    refused(await asked(box, { asset: 'xaut', amount: '1' }), 503, 'unavailable')
  })

  test('zopay.idempotency.replay: a retry after the minute gets the old, dead quote, byte for byte', async () => {
    const box = await start()
    await fund(box)
    const first = await asked(box, {}, 'same')
    await box.advance('61s')
    const again = await asked(box, {}, 'same')
    expect([again.text, again.headers['idempotent-replayed']]).toEqual([first.text, 'true'])
    refused(await executed(box, again.json.quote_id), 409, 'quote_expired')
    refused(await asked(box, { amount: '41' }, 'same'), 409, 'idempotency_conflict')
  })
})

describe('executing', () => {
  test('zopay.payouts.executed-shape; zopay.payouts.tracking-url: the documented keys, to the byte', async () => {
    const box = await start()
    await fund(box)
    const { quote_id } = await quoted(box)
    await box.advance('10s')
    const { text, json } = await executed(box, quote_id)
    expect(json.id).toMatch(/^pay_[0-9a-z]{26}$/)
    expect(text).toBe(
      `{"id":"${json.id}","status":"pending","quote":{"quote_id":"${quote_id}","user_sends":"40.00","recipient_gets":"37.00","fee_total_usd":"3.00",` +
        `"route":{"from_network":"ethereum","to_network":"ethereum","estimated_seconds":180}},"estimated_delivery_at":"2026-05-16T19:03:10Z",` +
        `"tracking_url":"https://track.zopay.invalid/${json.id}"}`,
    )
    const without = await assuming({ 'zopay.payouts.tracking-url': 'none' })
    await fund(without)
    expect((await paidOut(without)).tracking_url).toBeNull()
  })

  test.each([
    ['409', 409],
    ['410', 410],
  ])('zopay.payouts.quote-expiry; zopay.payouts.expired-status: %s', async (reading, status) => {
    const box = await assuming({ 'zopay.payouts.expired-status': reading })
    await fund(box)
    const [one, two] = [await quoted(box), await quoted(box)]
    await box.advance('59s')
    expect((await executed(box, one.quote_id)).status).toBe(200)
    await box.advance('1s')
    refused(await executed(box, two.quote_id), status, 'quote_expired')
  })

  test('zopay.payouts.execution-order; zopay.payouts.quote-foreign; zopay.payouts.single-use: unknown, used, expired, uncovered', async () => {
    const box = await start({ providers: { zopay: { liveKeys: 'serve' } } })
    await fund(box)
    const [one, two, three] = [await quoted(box), await quoted(box, { amount: '70' }), await quoted(box)]
    for (const by of [other, clientOf('sk_live_sandgate_demo')])
      refused(await box.call(by, execute(one.quote_id, fresh())), 404, 'quote_not_found')
    refused(await executed(box, 'quote_nobody'), 404, 'quote_not_found')
    expect((await executed(box, one.quote_id)).status).toBe(200)
    refused(await executed(box, two.quote_id), 409, 'insufficient_funds')
    await box.advance('2m')
    refused(await executed(box, one.quote_id), 409, 'quote_already_used')
    refused(await executed(box, two.quote_id), 409, 'quote_expired')
    refused(await executed(box, three.quote_id), 409, 'quote_expired')
    refused(await box.call(clientOf(KEYS.readonly), execute(three.quote_id, fresh())), 403, 'insufficient_scope')
    expect((await box.call(client, post('/payouts', { quote_id: three.quote_id, amount: '1' }, fresh()))).status).toBe(
      422,
    )
    expect(await holdings(box)).toEqual(['USDT ethereum 60.00'])
  })

  test('zopay.payouts.single-use: the same key replays, another is refused, and of 20 at once one pays', async () => {
    const box = await start()
    await fund(box)
    const first = await quoted(box)
    const once = await executed(box, first.quote_id, 'same')
    expect((await executed(box, first.quote_id, 'same')).text).toBe(once.text)
    refused(await executed(box, first.quote_id), 409, 'quote_already_used')
    const { quote_id } = await quoted(box)
    const all = await Promise.all(Array.from({ length: 20 }, () => executed(box, quote_id)))
    expect(all.map(({ status }) => status).sort()).toEqual([200, ...Array(19).fill(409)])
    expect([await holdings(box), (await listed(box)).length]).toEqual([['USDT ethereum 20.00'], 2])
  })

  test('zopay.payouts.hold; zopay.payouts.uncovered: 50 at once never take more than there is', async () => {
    const box = await start()
    await fund(box)
    const quotes = await Promise.all(Array.from({ length: 50 }, () => quoted(box)))
    const all = await Promise.all(quotes.map(({ quote_id }) => executed(box, quote_id)))
    expect(all.filter(({ status }) => status === 200)).toHaveLength(2)
    all.filter(({ status }) => status !== 200).forEach((reply) => refused(reply, 409, 'insufficient_funds'))
    await box.advance('10m')
    expect(await holdings(box)).toEqual(['USDT ethereum 20.00'])
    expect(ledgerProblems(box.world)).toEqual([])
  })

  test('zopay.payouts.uncovered: the other way it is accepted, and fails before the broadcast', async () => {
    const box = await assuming({ 'zopay.payouts.uncovered': 'accepted-then-failed' })
    await fund(box, { amount: '10' })
    const { id } = await paidOut(box)
    const { data } = (await box.control('GET', '/withdrawals')).json
    const forced = await box.control('POST', `/withdrawals/${data[0].id}/settle`, { outcome: 'confirmed' })
    expect([Math.floor(forced.status / 100), forced.json.detail]).toEqual([
      4,
      expect.stringContaining('holds no money'),
    ])
    await box.advance('10s')
    expect(await payoutOf(box, id)).toMatchObject({ status: 'failed', final_recipient_amount: '0.00' })
    expect(await holdings(box)).toEqual(['USDT ethereum 10.00'])
    expect(ledgerProblems(box.world)).toEqual([])
  })
})

describe('of the config file', () => {
  const route = (from: string, to: string, fee: string, seconds: number) => ({ from, to, fee, seconds })
  const set = (payouts: Record<string, unknown>) => start({ providers: { zopay: { payouts } } })

  test('zopay.payouts.fees; zopay.payouts.route: fees and times of its own, which the choice of a route goes by', async () => {
    const routes = [route('ethereum', 'ethereum', '7.5', 900), route('solana', 'ethereum', '1.05', 60)]
    const box = await set({ routes })
    await fund(box)
    expect(await quoted(box)).toMatchObject({
      recipient_gets: '32.50',
      fee_total_usd: '7.50',
      route: { from_network: 'ethereum', to_network: 'ethereum', estimated_seconds: 900 },
      recommendation: { alternative_route: { network: 'solana', fee_total_usd: '1.05', savings_usd: '6.45' } },
    })
    await fund(box, { network: 'solana' })
    expect(await quoted(box)).toMatchObject({ fee_total_usd: '1.05', route: { from_network: 'solana' } })
    // Those that it does not name stay as they are.
    expect(await quoted(box, { destination: SOLANA_PAYEE })).toMatchObject({ fee_total_usd: '0.50' })
    const { estimated_delivery_at } = await paidOut(box)
    expect(estimated_delivery_at).toBe('2026-05-16T19:01:00Z')
  })

  test('zopay.payouts.fees; zopay.ledger.payouts: without a fee all of it arrives, and there is no movement of nothing', async () => {
    const box = await set({ routes: [route('ethereum', 'ethereum', '0', 180)] })
    await fund(box)
    const { id, quote: terms } = await paidOut(box)
    expect([terms.recipient_gets, terms.fee_total_usd]).toEqual(['40.00', '0.00'])
    await box.advance('5m')
    expect((await payoutOf(box, id)).final_recipient_amount).toBe('40.00')
    const { data } = (await box.control('GET', '/movements')).json
    expect(data.map(({ kind, amount }: any) => `${kind} ${amount}`).sort()).toEqual([
      'adjustment 100.000000',
      'payout -40.000000',
    ])
    expect(ledgerProblems(box.world)).toEqual([])
  })

  test('zopay.payouts.broadcast: another time until the broadcast', async () => {
    const box = await set({ broadcastSeconds: 60 })
    await fund(box)
    const { id } = await paidOut(box)
    await box.advance('59s')
    expect(stages(await payoutOf(box, id))).toEqual(['pending'])
    await box.advance('1s')
    expect(stages(await payoutOf(box, id))).toEqual(['pending', 'broadcast'])
  })

  test.each([
    { broadcastSeconds: -1 },
    { routes: [route('tron', 'solana', '1.00', 5)] },
    { routes: [route('solana', 'solana', '1.005', 5)] },
    { routes: [route('solana', 'solana', '-1', 5)] },
    { routes: [route('solana', 'solana', '1', 0)] },
    { fee: '1' },
  ])('%j is refused', async (payouts) => {
    await expect(set(payouts)).rejects.toThrow(/payouts/)
  })
})

describe('on its way', () => {
  test('zopay.payouts.broadcast; zopay.payouts.timeline; zopay.payouts.detail; zopay.payouts.transaction; zopay.ledger.payouts: a native one', async () => {
    const box = await start()
    await fund(box)
    const { id } = await paidOut(box)
    const before = await payoutOf(box, id)
    expect(before).toEqual({
      id,
      status: 'pending',
      timeline: [{ status: 'pending', at: '2026-05-16T19:00:00Z', tx_hash: null }],
      fees_paid_usd: '3.00',
      final_recipient_amount: '37.00',
    })
    const row = { type: 'payout', status: 'pending', amount: '40.00', network: 'ethereum', address: PAYEE }
    expect(await listed(box)).toEqual([
      expect.objectContaining({ ...row, tx_hash: null, external_ref: 'user-1', payment_intent_id: null }),
    ])
    await box.advance('4s')
    expect((await payoutOf(box, id)).status).toBe('pending')
    await box.advance('1s')
    const sent = await payoutOf(box, id)
    const hash = sent.timeline[1].tx_hash
    expect(sent.timeline).toEqual([
      ...before.timeline,
      { status: 'broadcast', at: '2026-05-16T19:00:05Z', tx_hash: expect.stringMatching(/^0x[0-9a-f]{64}$/) },
    ])
    expect((await listed(box))[0]).toMatchObject({ status: 'pending', tx_hash: hash, confirmed_at: null })
    await box.advance('175s')
    const done = await payoutOf(box, id)
    expect([done.status, stages(done), done.timeline[2].tx_hash]).toEqual([
      'delivered',
      ['pending', 'broadcast', 'delivered'],
      hash,
    ])
    expect(done.timeline.slice(0, 2)).toEqual(sent.timeline)
    const [last] = await listed(box)
    expect([last.status, last.confirmed_at]).toEqual(['confirmed', done.timeline[2].at])
    expect((await box.call(client, get(`/transactions/${last.id}`))).json).toEqual(last)
    expect((await box.call(client, get('/transactions?type=deposit'))).json.data).toEqual([])
    expect(await holdings(box)).toEqual(['USDT ethereum 60.00'])
    const { data } = (await box.control('GET', '/movements')).json
    expect(data.map(({ kind, amount, against }: any) => `${kind} ${amount} ${against}`).sort()).toEqual([
      'adjustment 100.000000 outside',
      'payout -37.000000 chain',
      'payout_fee -3.000000 fees',
    ])
  })

  test('zopay.payouts.bridge: two transfers, and about as long as was told', async () => {
    const box = await start()
    await fund(box, { network: 'solana' })
    const { id, estimated_delivery_at } = await paidOut(box)
    await box.advance('280s')
    expect(stages(await payoutOf(box, id))).toEqual(['pending', 'broadcast'])
    await box.advance('40s')
    const done = await payoutOf(box, id)
    expect(stages(done)).toEqual(['pending', 'broadcast', 'delivered'])
    const late = Date.parse(done.timeline[2].at) - Date.parse(estimated_delivery_at)
    expect(Math.abs(late)).toBeLessThanOrEqual(20_000)
    expect(done.timeline[1].tx_hash).not.toMatch(/^0x/)
    expect(done.timeline[2].tx_hash).toMatch(/^0x/)
    const { data } = (await box.control('GET', '/withdrawals')).json
    expect(data.map(({ network, status }: any) => `${network} ${status}`).sort()).toEqual([
      'ethereum confirmed',
      'solana confirmed',
    ])
    expect(await holdings(box)).toEqual(['USDT solana 60.00'])
  })

  test.each([
    ['as-quoted', 'native'],
    ['as-quoted', 'bridge'],
    ['drift', 'native'],
    ['drift', 'bridge'],
  ])('zopay.payouts.final-amounts; zopay.payouts.known-amounts: %s, %s', async (reading, kind) => {
    const box = await assuming({ 'zopay.payouts.final-amounts': reading })
    await fund(box, { network: kind === 'native' ? 'ethereum' : 'solana', amount: '5000' })
    const told = await paidOut(box, { amount: '4000' })
    const amounts = async () => {
      const { fees_paid_usd, final_recipient_amount } = await payoutOf(box, told.id)
      return [fees_paid_usd, final_recipient_amount].map(Number)
    }
    const { fee_total_usd, recipient_gets } = told.quote
    expect(await amounts()).toEqual([Number(fee_total_usd), Number(recipient_gets)])
    await box.advance('10m')
    const [fee, gets] = await amounts()
    if (reading === 'as-quoted' || kind === 'native') {
      expect([fee, gets]).toEqual([Number(fee_total_usd), Number(recipient_gets)])
    } else {
      expect([fee, gets]).not.toEqual([Number(fee_total_usd), Number(recipient_gets)])
      expect(Math.abs(fee! / Number(fee_total_usd) - 1)).toBeLessThanOrEqual(0.02)
      expect(gets! / Number(recipient_gets)).toBeGreaterThanOrEqual(0.999)
    }
    expect(await holdings(box)).toEqual([`USDT ${kind === 'native' ? 'ethereum' : 'solana'} 1000.00`])
    expect(ledgerProblems(box.world)).toEqual([])
  })

  test('to an address of this world: the other side sees a deposit of exactly what lands', async () => {
    const box = await start()
    await fund(box, { network: 'solana' })
    for (const network of ['ethereum', 'solana']) {
      const body = { asset: 'USDT', network, external_ref: 'shop' }
      const { address } = (await box.call(other, post('/addresses', body, fresh()))).json
      const { id } = await paidOut(box, { destination: address })
      await box.advance('15m')
      const { timeline, final_recipient_amount: amount } = await payoutOf(box, id)
      const { data } = (await box.call(other, get('/transactions'))).json
      expect(data[0]).toMatchObject({ type: 'deposit', status: 'confirmed', amount, tx_hash: timeline[2].tx_hash })
    }
    expect(await holdings(box, 'shop', other)).toEqual(['USDT ethereum 35.50', 'USDT solana 39.50'])
  })

  test.each([
    ['failed before', { outcome: 'failed', stage: 'before' }, ['pending', 'failed'], '100.00'],
    ['failed after', { outcome: 'failed', stage: 'after' }, ['pending', 'broadcast', 'failed'], '100.00'],
    ['replaced', { outcome: 'replaced' }, ['pending', 'broadcast', 'failed'], '100.00'],
    ['stuck', { outcome: 'stuck', after: '5m' }, ['pending', 'broadcast', 'delivered'], '60.00'],
    ['reorged', { outcome: 'reorged' }, ['pending', 'broadcast', 'delivered'], '60.00'],
  ])('zopay.payouts.failed; zopay.payouts.final: %s', async (_, fate, timeline, left) => {
    for (const network of ['ethereum', 'solana']) {
      const box = await start()
      await fund(box, { network })
      await destined(box, fate)
      const { id } = await paidOut(box)
      await box.advance('30m')
      const read = await payoutOf(box, id)
      expect([stages(read), await holdings(box)]).toEqual([timeline, [`USDT ${network} ${left}`]])
      const [row] = await listed(box)
      expect(row.status).toBe(read.status === 'failed' ? 'failed' : 'confirmed')
      if (read.status === 'failed')
        expect([read.fees_paid_usd, read.final_recipient_amount, row.confirmed_at]).toEqual(['0.00', '0.00', null])
      expect(ledgerProblems(box.world)).toEqual([])
    }
  })

  test('zopay.payouts.failed-after-broadcast: the other way the money is lost', async () => {
    const box = await assuming({ 'zopay.payouts.failed-after-broadcast': 'lost' })
    await fund(box)
    await destined(box, { outcome: 'failed', stage: 'after' })
    await paidOut(box)
    await box.advance('10m')
    expect(await holdings(box)).toEqual(['USDT ethereum 60.00'])
  })

  test('zopay.payouts.failed-after-broadcast: the second transfer of a bridge fails by hand', async () => {
    const box = await start()
    await fund(box, { network: 'solana' })
    const { id } = await paidOut(box)
    await box.advance('60s')
    const rows: any[] = (await box.control('GET', '/withdrawals')).json.data
    const second = rows.find(({ network }) => network === 'ethereum')
    const settled = await box.control('POST', `/withdrawals/${second.id}/settle`, { outcome: 'failed' })
    expect(settled.status, settled.text).toBeLessThan(300)
    expect([(await payoutOf(box, id)).status, await holdings(box)]).toEqual(['failed', ['USDT solana 100.00']])
    expect(ledgerProblems(box.world)).toEqual([])
  })

  test('zopay.payouts.no-review: none is declined', async () => {
    const box = await start()
    await fund(box)
    await paidOut(box)
    const { data } = (await box.control('GET', '/withdrawals')).json
    const reply = await box.control('POST', `/withdrawals/${data[0].id}/settle`, { outcome: 'declined' })
    expect(Math.floor(reply.status / 100)).toBe(4)
  })

  test('zopay.payouts.foreign: unknown, malformed and foreign ids are one 404', async () => {
    const box = await start()
    await fund(box)
    const { id } = await paidOut(box)
    const replies = [
      await box.call(other, get(`/payouts/${id}`)),
      await box.call(client, get('/payouts/pay_00000000000000000000000001')),
      await box.call(client, get('/payouts/x')),
    ]
    for (const reply of replies) refused(reply, 404, 'payout_not_found')
    expect(new Set(replies.map(({ text }) => text)).size).toBe(1)
    expect((await box.call(client, get('/payouts'))).status).toBe(405)
  })

  test('zopay.payouts.detail: the other way, with what the execution answered', async () => {
    const box = await assuming({ 'zopay.payouts.detail': 'with-execution' })
    await fund(box)
    const told = await paidOut(box)
    const { timeline: _, fees_paid_usd: __, final_recipient_amount: ___, ...rest } = await payoutOf(box, told.id)
    expect(rest).toEqual(told)
  })

  test.each([
    ['none', []],
    ['planned', ['payout.broadcast', 'payout.delivered']],
  ])('zopay.payouts.events: %s', async (reading, types) => {
    const box = await assuming({ 'zopay.payouts.events': reading })
    const inbox = await Inbox.open()
    await box.subscribe('zopay', inbox)
    await fund(box)
    const { id } = await paidOut(box)
    await box.advance('10m')
    expect(inbox.received.map(({ json }) => json.type)).toEqual(types)
    expect((await box.call(client, get('/events?type=payout.delivered'))).status).toBe(types.length > 0 ? 200 : 400)
    if (types.length === 0) return
    const [row] = await listed(box)
    expect(inbox.received[1]!.json).toMatchObject({
      related_to: row.id,
      related_to_kind: 'payout',
      data: { id, status: 'delivered', tx_hash: row.tx_hash, transaction_id: row.id },
    })
  })
})

describe('zopay.payouts.behaviour: as the documented sandbox, to the letter', () => {
  const canned = () =>
    start({ assume: { 'zopay.payouts.behaviour': 'canned' }, providers: { zopay: { liveKeys: 'serve' } } })

  test('zopay.payouts.quote-id: equal requests, equal ids, a new expiry; nothing is used up and no money moves', async () => {
    const box = await canned()
    await fund(box)
    const one = await quoted(box)
    await box.advance('30s')
    const two = await quoted(box)
    expect([two.quote_id, two.expires_at]).toEqual([one.quote_id, '2026-05-16T19:01:30Z'])
    expect((await quoted(box, { amount: '41' })).quote_id).not.toBe(one.quote_id)
    const [first, again] = [await executed(box, one.quote_id), await executed(box, one.quote_id)]
    expect([first.status, again.text]).toEqual([200, first.text])
    const read = await payoutOf(box, first.json.id)
    expect(read).toMatchObject({ status: 'delivered', fees_paid_usd: '3.00', final_recipient_amount: '37.00' })
    expect(read.timeline.map(({ at }: any) => at)).toEqual([
      '2026-05-16T19:00:30Z',
      '2026-05-16T19:00:35Z',
      '2026-05-16T19:01:00Z',
    ])
    await box.advance('1h')
    expect([await holdings(box), await listed(box)]).toEqual([['USDT ethereum 100.00'], []])
    expect((await box.control('GET', '/withdrawals')).json.data).toEqual([])
  })

  test('zopay.payouts.canned-any: any well-formed id of anybody is delivered', async () => {
    const box = await canned()
    for (const by of [client, other]) {
      const { json } = await box.call(by, get('/payouts/pay_0123456789abcdefghijklmnop'))
      expect([json.status, stages(json)]).toEqual(['delivered', ['pending', 'broadcast', 'delivered']])
    }
    for (const id of ['pay_1', 'pay_0123456789ABCDEFGHIJKLMNOP', 'x'])
      refused(await box.call(client, get(`/payouts/${id}`)), 404, 'payout_not_found')
  })

  test('a live key is stateful all the same', async () => {
    const box = await canned()
    const live = clientOf('sk_live_sandgate_demo')
    await fund(box, { account: 'org_demo/live' })
    const { quote_id } = await quoted(box, {}, live)
    expect((await box.call(live, execute(quote_id, fresh()))).status).toBe(200)
    refused(await box.call(live, execute(quote_id, fresh())), 409, 'quote_already_used')
    refused(await box.call(live, get('/payouts/pay_0123456789abcdefghijklmnop')), 404, 'payout_not_found')
  })
})

test('zopay.ledger.payouts: whatever happens, no money is made or lost, and no quote pays twice', async () => {
  const fate = fc.constantFrom<Record<string, unknown> | undefined>(
    undefined,
    { outcome: 'failed', stage: 'before' },
    { outcome: 'failed', stage: 'after' },
    { outcome: 'stuck', after: '3m' },
    { outcome: 'replaced' },
    { outcome: 'reorged' },
  )
  const step = fc.oneof(
    fc.record({
      kind: fc.constant('pay' as const),
      amount: fc.constantFrom('5', '20', '60'),
      solana: fc.boolean(),
      times: fc.integer({ min: 1, max: 3 }),
      same: fc.boolean(),
      fate,
    }),
    fc.record({ kind: fc.constant('deposit' as const), amount: fc.constantFrom('7', '30'), reorged: fc.boolean() }),
    fc.record({ kind: fc.constant('wait' as const), by: fc.constantFrom('3s', '1m', '10m') }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 8 }), async (steps) => {
      const box = await start()
      await fund(box, { amount: '50' })
      await fund(box, { network: 'solana', amount: '50' })
      const body = { asset: 'USDT', network: 'ethereum', external_ref: 'user-1' }
      const { address } = (await box.call(client, post('/addresses', body, fresh()))).json
      let reorged = false
      for (const each of steps) {
        if (each.kind === 'wait') await box.advance(each.by)
        else if (each.kind === 'deposit') {
          reorged ||= each.reorged
          await box.deposit(address, each.amount, { outcome: each.reorged ? 'reorged' : 'confirmed' })
        } else {
          const { quote_id } = await quoted(box, {
            amount: each.amount,
            destination: each.solana ? SOLANA_PAYEE : address,
          })
          if (each.fate) await destined(box, each.fate)
          const key = fresh()
          const replies: Reply[] = await Promise.all(
            Array.from({ length: each.times }, () => executed(box, quote_id, each.same ? key : fresh())),
          )
          const ids = new Set(replies.filter(({ status }) => status === 200).map(({ json }) => json.id))
          expect(ids.size).toBeLessThanOrEqual(1)
          await box.control('DELETE', '/faults')
        }
        expect(ledgerProblems(box.world)).toEqual([])
      }
      await box.advance('2h')
      expect(ledgerProblems(box.world)).toEqual([])
      for (const row of box.world.rows(Balances)) {
        expect(row.held).toBe('0')
        if (!reorged) expect(BigInt(row.balance)).toBeGreaterThanOrEqual(0n)
      }
      for (const row of await listed(box)) expect(row.status).not.toBe('pending')
    }),
    { numRuns: 12, seed: 20260516 },
  )
}, 120_000)
