// Money of CPG under everything at once: deposits, withdrawals of every fate, retries, reorganisations and time, in any order. The books stay whole,
// nothing is paid twice, and what left arrives once.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ledgerProblems } from '../../src/world/ledger.ts'
import { allocation, client, clientOf, KEYS, payout } from '../clients/cpg.ts'
import { type Kit, type Reply, start } from '../kit.ts'

const FATES = [
  { outcome: 'confirmed' },
  { outcome: 'failed', stage: 'before' },
  { outcome: 'failed', stage: 'after' },
  { outcome: 'stuck', after: '30m' },
  { outcome: 'replaced' },
  { outcome: 'reorged' },
  { outcome: 'confirmed', stage: 'before', after: '10m' },
  { outcome: 'failed', stage: 'before', after: '10m' },
] as const

const anyStep = fc.oneof(
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('deposit' as const),
      amount: fc.constantFrom('15', '40', '0.000001'),
      outcome: fc.constantFrom('confirmed', 'confirmed', 'confirmed', 'dropped', 'replaced', 'reorged'),
      confirmations: fc.constantFrom<unknown>('instant', 0),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('withdraw' as const),
      amount: fc.constantFrom('10', '12.5', '34.999999'),
      reference: fc.constantFrom(undefined, 'a', 'b', 'b'),
      fate: fc.constantFrom(undefined, undefined, ...FATES),
      inside: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('advance' as const), by: fc.constantFrom('13s', '150s', '11m', '1h') }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('settle' as const),
      nth: fc.nat(5),
      outcome: fc.constantFrom('confirmed', 'failed'),
    }),
  },
)
type Step = typeof anyStep extends fc.Arbitrary<infer T> ? T : never

const atoms = (text: string) => {
  const [whole, fraction = ''] = text.split('.')
  return BigInt(whole + fraction.padEnd(6, '0'))
}

/** What the pages promise of all of it: an account in a few maps. */
class Session {
  readonly box: Kit
  readonly own: string
  readonly others: string
  readonly #answers = new Map<string, number>()
  /** Withdrawals that were accepted, by id. */
  readonly paid = new Set<number>()

  constructor(box: Kit, own: string, others: string) {
    this.box = box
    this.own = own
    this.others = others
  }

  async take(step: Step): Promise<void> {
    const { box } = this
    if (step.kind === 'advance') await box.advance(step.by)
    else if (step.kind === 'deposit') {
      const { amount, outcome, confirmations } = step
      const more = outcome === 'confirmed' ? { confirmations } : { outcome }
      await box.deposit(this.own, amount, more)
    } else if (step.kind === 'settle') {
      const rows = (await box.control('GET', '/withdrawals')).json.data
      const row = rows[step.nth % Math.max(1, rows.length)]
      if (row) await box.control('POST', `/withdrawals/${row.id}/settle`, { outcome: step.outcome })
    } else await this.#withdraw(step)
    await this.check()
  }

  async #withdraw({ amount, reference, fate, inside }: Extract<Step, { kind: 'withdraw' }>): Promise<void> {
    const { box } = this
    if (fate) {
      const when = { provider: 'cpg', operation: 'createWithdrawal', times: 1 }
      await box.control('DELETE', '/faults')
      expect((await box.control('POST', '/faults', { when, then: [{ withdrawal: fate }] })).status).toBe(201)
    }
    const before = await this.#row()
    const to = inside ? { to_address: this.others } : {}
    const reply = await box.call(client, payout({ amount, client_reference: reference, ...to }))
    if (reply.status === 200) await this.#accepted(reply, reference)
    else {
      expect(reply.status, reply.text).toBe(400)
      if (reply.json.message === 'Insufficient balance')
        expect(atoms(before.available) < atoms(amount) + 5_000_000n || before.available.startsWith('-')).toBe(true)
    }
  }

  /** A reference stands for one withdrawal until that has failed without ever having left. */
  async #accepted(reply: Reply, reference: string | undefined): Promise<void> {
    const { withdrawal_id: id } = reply.json.data
    const known = reference === undefined ? undefined : this.#answers.get(reference)
    if (known !== undefined) {
      const row = await this.withdrawal(known)
      if (row.status !== 'failed' || row.tx_hash !== null) expect(id).toBe(known)
    } else expect(this.paid.has(id)).toBe(false)
    if (reference !== undefined) this.#answers.set(reference, id)
    this.paid.add(id)
  }

  async withdrawal(id: number): Promise<any> {
    return (await this.box.call(client, { method: 'GET', path: `/v1/withdrawals/${id}` })).json.data
  }

  async #row(): Promise<any> {
    const { data } = (await this.box.call(client, { method: 'GET', path: '/v1/balances?network=ETH' })).json
    return data[0] ?? { balance: '0', held: '0', available: '0' }
  }

  async check(): Promise<void> {
    const { box } = this
    expect(ledgerProblems(box.world)).toEqual([])
    const row = await this.#row()
    const rows = await Promise.all(ids(box).map((id) => this.withdrawal(id)))
    const sum = (of: readonly string[]) =>
      rows
        .filter(({ status }) => of.includes(status))
        .reduce((total, { amount, fee }) => total + atoms(amount) + atoms(fee), 0n)
    expect(atoms(row.held)).toBe(sum(['pending', 'broadcasted']))
    const credited = (
      await box.call(client, { method: 'GET', path: '/v1/transactions?direction=deposit&status=confirmed&limit=200' })
    ).json.data.reduce((total: bigint, deposit: any) => total + atoms(deposit.amount_decimal), 0n)
    const signed = row.balance.startsWith('-') ? -atoms(row.balance.slice(1)) : atoms(row.balance)
    expect(signed).toBe(credited - sum(['confirmed']))
  }
}

function ids(box: Kit): number[] {
  return Object.keys(box.world.dump()['cpg.withdrawals'] ?? {}).map(Number)
}

test('any interleaving leaves the books whole, pays each thing once, and what left arrives once', async () => {
  const other = clientOf(KEYS.other)
  const ends = new Set<string>()
  await fc.assert(
    fc.asyncProperty(fc.array(anyStep, { minLength: 4, maxLength: 14, size: 'max' }), async (steps) => {
      const box = await start()
      const own = (await box.call(client, allocation({ user_identifier: 'own' }))).json.data.address
      const others = (await box.call(other, allocation({ user_identifier: 'other' }))).json.data.address
      const session = new Session(box, own, others)
      await box.deposit(own, '90', { confirmations: 'instant' })
      for (const step of steps) await session.take(step)
      await box.advance('2h')
      await session.check()
      const { data: sent } = (await box.control('GET', '/withdrawals')).json
      const { data: arrived } = (await box.control('GET', '/deposits')).json
      for (const row of sent) {
        const arrivals = arrived.filter(({ txid }: any) => txid === row.txid)
        expect(arrivals).toHaveLength(row.txid !== null && row.address === others ? 1 : 0)
        // What fails does not arrive for good, what is confirmed does.
        if (arrivals.length === 1 && row.status === 'confirmed') expect(arrivals[0].status).toBe('confirmed')
        if (arrivals.length === 1 && row.status !== 'confirmed') expect(arrivals[0].status).not.toBe('confirmed')
      }
      const settled = await Promise.all(ids(box).map((id) => session.withdrawal(id)))
      expect(settled.filter(({ status }) => status === 'pending' || status === 'broadcasted')).toEqual([])
      for (const { status, tx_hash: hash } of settled) ends.add(`${status} ${hash === null ? 'unsent' : 'sent'}`)
      await box.sandbox.close()
    }),
    { numRuns: 30, seed: 20260516 },
  )
  // What was drawn went everywhere.
  expect([...ends].sort()).toEqual(['confirmed sent', 'failed sent', 'failed unsent'])
})
