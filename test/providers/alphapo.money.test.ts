// Anything that can happen to money at AlphaPo, in any order: the books stay whole, no balance falls below nothing, nothing is paid twice, and what is
// undone leaves no trace. A naive model follows the callbacks alone.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Balance, Balances, ledgerProblems } from '../../src/world/ledger.ts'
import { calculating, clientOf, exchanging, KEYS, PAYEE, post, taking, withdrawing } from '../clients/alphapo.ts'
import { act, give, listen } from '../clients/alphapo-money.ts'
import { type Kit, type Reply, type Request, start } from '../kit.ts'

const WHO = ['demo', 'other'] as const
type Who = (typeof WHO)[number]

const OUTCOMES = ['confirmed', 'failed', 'declined', 'stuck', 'replaced', 'reorged'] as const

const who = fc.constantFrom<Who>(...WHO)
const amount = fc.constantFrom('0.004', '0.05', '0.3', '0.77777777', '2')
const wait = fc.constantFrom('1ms', '1s', '59s', '1m', '20m', '5h')

const anyStep = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('deposit' as const),
      who,
      amount,
      into: fc.constantFrom(undefined, 'EUR'),
      outcome: fc.constantFrom('confirmed', 'replaced', 'reorged'),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('withdraw' as const),
      who,
      amount,
      id: fc.nat(5),
      to: fc.constantFrom('outside', ...WHO),
      fate: fc.constantFrom(undefined, ...OUTCOMES),
      lost: fc.boolean(),
      from: fc.constantFrom('BTC', 'EUR'),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('exchange' as const),
      who,
      amount,
      id: fc.nat(4),
      how: fc.constantFrom('now' as const, 'fixed' as const),
      sell: fc.constantFrom('BTC', 'EUR'),
      late: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('act' as const),
      name: fc.constantFrom('approve-withdrawal', 'decline-withdrawal', 'cancel-withdrawal', 'cancel-exchange'),
      id: fc.nat(12),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('settle' as const),
      outcome: fc.constantFrom('confirmed', 'failed', 'declined'),
      id: fc.integer({ min: 1, max: 6 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('limit' as const), who, review: fc.constantFrom('all', 'limits') }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('wait' as const), by: wait }) },
)
type Step = typeof anyStep extends fc.Arbitrary<infer T> ? T : never

const caller = (name: Who) => clientOf(KEYS[name])

/** A call whose answer may get lost on its way. */
async function calling(box: Kit, name: Who, request: Request): Promise<Reply | undefined> {
  return box.call(caller(name), request).catch((error) => {
    if (String(error).includes('off contract')) throw error
    return undefined
  })
}

async function take(box: Kit, step: Step, addresses: Readonly<Record<Who, string>>): Promise<void> {
  switch (step.do) {
    case 'wait':
      return void (await box.advance(step.by))
    case 'limit':
      return void (await act(box, 'limit-merchant', { merchant: step.who, review: step.review }))
    case 'act':
      return void (await act(box, step.name, { id: 5100001 + step.id }))
    case 'settle':
      return void (await box.control('POST', `/withdrawals/wd_${step.id}/settle`, { outcome: step.outcome }))
    case 'deposit': {
      const { address } = (await box.call(caller(step.who), taking({ convert_to: step.into }))).json.data
      return void (await box.deposit(address, step.amount, { outcome: step.outcome }))
    }
    case 'exchange': {
      const euros = (Number(step.amount) * 60000).toFixed(8)
      const fields = {
        sender_currency: step.sell,
        receiver_currency: step.sell === 'BTC' ? 'EUR' : 'BTC',
        sender_amount: step.sell === 'BTC' ? step.amount : euros,
      }
      const quote = (await box.call(caller(step.who), calculating(fields))).json.data
      if (step.late) await box.advance('61s')
      return void (await box.call(
        caller(step.who),
        exchanging(step.how, { ...fields, foreign_id: `x${step.id}`, price: quote.price }),
      ))
    }
    case 'withdraw': {
      const when = { operation: 'withdrawCrypto', nth: 1 }
      const { fate: outcome } = step
      const withdrawal = { outcome, ...(outcome === 'stuck' && { after: '1h' }) }
      await box.control('DELETE', '/faults')
      if (outcome !== undefined) await box.control('POST', '/faults', { when, then: [{ withdrawal }] })
      if (step.lost) await box.control('POST', '/faults', { when, then: [{ drop: { stage: 'after', how: 'reset' } }] })
      const fiat = step.from === 'EUR' && {
        currency: 'EUR',
        convert_to: 'BTC',
        amount: (Number(step.amount) * 60000).toFixed(2),
      }
      const address = step.to === 'outside' ? PAYEE : addresses[step.to]
      const request = withdrawing({ amount: step.amount, address, foreign_id: `w${step.id}`, ...fiat })
      const first = await calling(box, step.who, request)
      // Whatever came of the first: the same call again must not pay again.
      const again = first ?? (await calling(box, step.who, request))
      if (!first) expect(again!.status).toBe(400)
      return
    }
  }
}

const units = (text: string) => BigInt(text.replace('.', ''))

/** What the callbacks of a merchant say that it has gained and lost, by currency; of those that are final. */
function told(callbacks: readonly any[]): Map<string, bigint> {
  const sums = new Map<string, bigint>()
  const add = (currency: string, amount: bigint) => sums.set(currency, (sums.get(currency) ?? 0n) + amount)
  for (const { type, status, currency_sent: sent, currency_received: received, fees } of callbacks) {
    if (status !== 'confirmed') continue
    if (type.startsWith('deposit')) {
      add(received.currency, units(received.amount_minus_fee))
      continue
    }
    add(sent.currency, -units(sent.amount))
    if (type === 'exchange') add(received.currency, units(received.amount))
    for (const fee of fees) add(fee.currency, -units(fee.amount))
  }
  return sums
}

test.each([
  {},
  { 'alphapo.ledger.withdrawal-booked': 'at-broadcast', 'alphapo.exchange.fee-in': 'fiat' },
  {
    'alphapo.withdrawals.uncovered': 'fails-later',
    'alphapo.fees.mining': 'covered',
    'alphapo.exchange.quote-use': 'once',
  },
] as Record<string, string>[])(
  'alphapo.ledger.withdrawals: whatever happens in whatever order, the books are whole, with %j',
  async (assume) => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyStep, { minLength: 4, maxLength: 25 }), async (steps) => {
        const box = await start({ assume })
        for (const name of WHO) {
          await listen(box, name)
          await give(box, 'BTC', '1', name)
          await give(box, 'EUR', '20000', name)
        }
        const addresses = Object.fromEntries(
          await Promise.all(
            WHO.map(async (name) => [name, (await box.call(caller(name), taking({}))).json.data.address]),
          ),
        )
        for (const step of steps) {
          await take(box, step, addresses)
          expect(ledgerProblems(box.world)).toEqual([])
          for (const { balance, held } of box.world.rows<Balance>(Balances))
            expect(BigInt(balance) - BigInt(held)).toBeGreaterThanOrEqual(0n)
        }
        // Everything comes to its end: what waits for somebody is declined.
        for (const { id, status } of (await box.control('GET', '/withdrawals?limit=1000')).json.data)
          if (status === 'held') await box.control('POST', `/withdrawals/${id}/settle`, { outcome: 'declined' })
        await box.advance('3d')
        expect(ledgerProblems(box.world)).toEqual([])
        const deliveries = (await box.control('GET', '/callbacks?limit=1000')).json.data
        for (const name of WHO) {
          const bodies = deliveries
            .filter(({ account }: any) => account === name)
            .map(({ body }: any) => JSON.parse(body))
          const ends = bodies.filter(({ status }: any) => !['not_confirmed', 'pending'].includes(status))
          // One end each, so that nothing is paid twice.
          expect(new Set(ends.map(({ id }: any) => id)).size).toBe(ends.length)
          const foreign = ends
            .filter(({ foreign_id }: any) => foreign_id !== undefined)
            .map(({ foreign_id }: any) => foreign_id)
          expect(new Set(foreign).size).toBe(foreign.length)
          // What its callbacks tell, and nothing else, is what it has.
          const sums = told(ends)
          const { data } = (await box.call(caller(name), post('/accounts/list', {}))).json
          for (const { currency, balance } of data) {
            const given = currency === 'BTC' ? 10n ** 8n : currency === 'EUR' ? 20000n * 10n ** 8n : 0n
            expect([name, currency, units(balance)]).toEqual([name, currency, given + (sums.get(currency) ?? 0n)])
          }
        }
        await box.sandbox.close()
      }),
      { numRuns: 20, seed: 11 },
    )
  },
  120_000,
)
