// What moved in a world, as its providers have booked it in the end: what the oracle holds the partner's books against.
import { describe, expect, test } from 'vitest'
import { movedIn, PLACES } from '../../src/explore/ledger.ts'
import { connect } from '../../src/library/connect.ts'
import { amountText, withoutEndZeros } from '../../src/text/decimals.ts'
import * as alphapo from '../clients/alphapo.ts'
import { give } from '../clients/alphapo-money.ts'
import { allocation, client, PAYEE, payout } from '../clients/cpg.ts'
import * as zopay from '../clients/zopay.ts'
import { destined, fund, paidOut } from '../clients/zopay-money.ts'
import { type Kit, start } from '../kit.ts'

async function moved(box: Kit, net = false) {
  await box.control('POST', '/clock/advance', { until: 'quiet' })
  const lines = await movedIn(await connect(box.url, {}), net)
  return lines.map(({ kind, address, tag, currency, atoms }) => {
    const where = tag === null ? address : `${address} ${tag}`
    return `${kind} ${where} ${withoutEndZeros(amountText(atoms, PLACES))} ${currency}`
  })
}

/** Every call of the operation makes this happen. */
async function destine(box: Kit, provider: string, operation: string, then: object): Promise<void> {
  const { status } = await box.control('PUT', '/scenario', { rules: [{ when: { provider, operation }, then: [then] }] })
  expect(status).toBe(200)
}

describe('sandgate.explore.oracle', () => {
  test.each([
    ['confirmed', true],
    ['dropped', false],
    ['replaced', false],
    ['reorged', false],
  ])('a deposit that is %s', async (outcome, isCredit) => {
    const box = await start()
    const { address } = (await box.call(client, allocation({}))).json.data
    await box.deposit(address, '12.5', { outcome })
    expect(await moved(box)).toEqual(isCredit ? [`credit ${address} 12.5 USDT`] : [])
  })

  test('fees of a deposit count with net alone', async () => {
    const box = await start()
    const taken = await box.call(alphapo.client, alphapo.taking({ currency: 'BTC' }))
    const { address } = taken.json.data
    await box.deposit(address, '1')
    const [gross, net] = [await moved(box), await moved(box, true)]
    expect(gross).toEqual([`credit ${address} 1 BTC`])
    expect(net).toEqual([`credit ${address} 0.992 BTC`])
  })

  test.each([
    ['confirmed', {}, true],
    ['failed', { stage: 'before' }, false],
    ['failed', { stage: 'after' }, false],
    ['stuck', { after: '1h' }, true],
    ['replaced', {}, false],
    // Documented as final: the provider never looks again.
    ['reorged', {}, true],
  ])('a withdrawal that is %s %j', async (outcome, more, isPayout) => {
    const box = await start()
    const isAfter = 'stage' in more && more.stage === 'after'
    await destine(box, 'cpg', 'createWithdrawal', { withdrawal: { outcome, ...more } })
    await box.control('POST', '/balances', { provider: 'cpg', currency: 'USDT', network: 'ETH', amount: '1000' })
    // One that fails before its broadcast is refused at once.
    expect((await box.call(client, payout())).status).toBe(outcome === 'failed' && !isAfter ? 400 : 200)
    expect(await moved(box)).toEqual(isPayout ? [`payout ${PAYEE} 10 USDT`] : [])
  })

  test('a withdrawal that a provider calls done is paid, whatever its chain does with it later', async () => {
    const box = await start()
    await destine(box, 'alphapo', 'withdrawCrypto', { withdrawal: { outcome: 'failed', stage: 'after' } })
    await give(box, 'BTC', '1')
    const fields = { currency: 'BTC', amount: '0.1', foreign_id: 'out-1' }
    expect((await box.call(alphapo.client, alphapo.withdrawing(fields))).status).toBe(201)
    expect(await moved(box)).toEqual([`payout ${alphapo.PAYEE} 0.1 BTC`])
    const { data } = (await box.control('GET', '/withdrawals')).json
    expect(data.map(({ status }: { status: string }) => status)).toEqual(['failed'])
  })

  test.each([
    ['confirmed', true],
    ['failed', false],
  ])('a payment over a bridge that is %s is one, to who gets it', async (outcome, isPayout) => {
    const box = await start()
    await fund(box, { network: 'solana' })
    if (outcome === 'failed') await destined(box, { outcome, stage: 'after' })
    await paidOut(box)
    expect(await moved(box)).toEqual(isPayout ? [expect.stringMatching(`^payout ${zopay.PAYEE} \\S+ USDT$`)] : [])
  })
})
