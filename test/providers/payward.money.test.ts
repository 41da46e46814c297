// Payward's money as a whole: whatever is asked for, in any order, and whatever becomes of it, the books are whole.
import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ledgerProblems, Movements } from '../../src/world/ledger.ts'
import {
  ACCOUNTS,
  client,
  converting,
  creation,
  createsUser,
  executing,
  METHODS,
  quoting,
  ruling,
  saving,
  toppingUp,
  transferring,
  WALLET,
  withdrawing,
} from '../clients/payward.ts'
import { type Kit, type Reply, type Request, start } from '../kit.ts'

const BTC = { symbol: 'BTC', type: 'crypto' }
const USD = { symbol: 'USD', type: 'fiat' }
const USDC = { symbol: 'USDC', type: 'stablecoin' }
const IN = { type: 'balance' }
const OUT = { type: 'external_wallet', wallet_id: 'cold' }

/** An account is that of the config file, or one of the two of a user. */
const account = fc.constantFrom(0, 1, 2)
const amount = fc.constantFrom('0.01', '0.3', '1', '4')
const outcome = fc.constantFrom('confirmed', 'confirmed', 'dropped', 'reorged')
const step = fc.oneof(
  fc.record({ what: fc.constant('pay' as const), account, amount, outcome, at: fc.nat(9) }),
  fc.record({ what: fc.constant('quote' as const), account, amount, execute: fc.boolean() }),
  fc.record({ what: fc.constant('convert' as const), account, amount, out: fc.boolean() }),
  fc.record({ what: fc.constant('expect' as const), account, amount, locked: fc.boolean(), out: fc.boolean() }),
  fc.record({ what: fc.constant('rule' as const), account, out: fc.boolean() }),
  fc.record({ what: fc.constant('top up' as const), account }),
  fc.record({ what: fc.constant('transfer' as const), account, amount, to: account }),
  fc.record({ what: fc.constant('withdraw' as const), account, amount }),
  fc.record({ what: fc.constant('settle' as const), outcome: fc.constantFrom('confirmed', 'failed') }),
  fc.record({ what: fc.constant('close' as const), how: fc.constantFrom('disable-user', 'close-user') }),
  fc.record({ what: fc.constant('wait' as const), by: fc.constantFrom('1s', '30s', '20m', '3h') }),
)

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

class Business {
  readonly box: Kit
  readonly accounts: readonly string[]
  readonly user: string
  closed = false
  /** Where money can be sent, by account. */
  readonly homes: { readonly account: number; readonly address: string }[] = []

  private constructor(box: Kit, accounts: readonly string[], user: string) {
    this.box = box
    this.accounts = accounts
    this.user = user
  }

  static async open(): Promise<Business> {
    const box = await start()
    await box.control('PUT', '/rates', { from: 'BTC', to: 'USD', rate: '60000' })
    const { id, accounts } = (await box.call(client, createsUser({}))).json.data
    const one = new Business(box, [ACCOUNTS.main, accounts[0].id, accounts[1].id], id)
    for (const [index, id] of one.accounts.entries()) {
      await box.control('POST', '/balances', { provider: 'payward', account: id, currency: 'BTC', amount: '3' })
      await box.call(client, saving({ method_id: METHODS.BTC, key: 'cold', address: WALLET }, id))
      one.homes.push({ account: index, address: (await box.call(client, creation({}, id))).json.data.address })
    }
    return one
  }

  get moves(): number {
    return this.box.world.list(Movements, 'all', '').length
  }

  /** Asks twice with one key: the second time says the same, and moves nothing. */
  async ask(by: number, request: Request): Promise<Reply> {
    const before = this.moves
    const once = { ...request, headers: { 'idempotency-key': randomUUID() } }
    const reply = await this.box.call(client, once)
    const after = this.moves
    const again = await this.box.call(client, once)
    expect([again.status, this.moves]).toEqual([reply.status, after])
    if (reply.status < 300) expect(again.json).toEqual(reply.json)
    else expect(after).toBe(before)
    if (by > 0 && this.closed)
      expect([reply.status, reply.json.type]).toEqual([403, expect.stringMatching(/:UserLocked$/)])
    else expect([200, 409, 410, 422]).toContain(reply.status)
    return reply
  }

  async take(one: Step): Promise<void> {
    const { box, accounts } = this
    if (one.what === 'wait') return void (await box.advance(one.by))
    if (one.what === 'settle') {
      const { data } = (await box.control('GET', '/withdrawals?provider=payward')).json
      const open = data.find(({ status }: any) => status === 'broadcast' || status === 'held')
      if (open) await box.control('POST', `/withdrawals/${open.id}/settle`, { outcome: one.outcome })
      return
    }
    if (one.what === 'close') {
      const before = this.moves
      if ((await box.control('POST', `/actions/payward/${one.how}`, { user_id: this.user })).status < 300)
        this.closed = true
      return expect(this.moves).toBe(before)
    }
    const by = one.account
    const id = accounts[by]!
    switch (one.what) {
      case 'pay': {
        const homes = this.homes.filter(({ account }) => account === by)
        await box.deposit(homes[one.at % homes.length]!.address, one.amount, { outcome: one.outcome })
        return
      }
      case 'quote': {
        const { status, json } = await this.ask(by, quoting({ from: { ...BTC, amount: one.amount } }, id))
        if (status === 200 && one.execute) await this.ask(by, executing(json.data.id, id))
        return
      }
      case 'convert': {
        const from = { asset: { ...BTC, amount: one.amount }, source: IN }
        const to = one.out ? { asset: USDC, destination: OUT } : { asset: USD, destination: IN }
        await this.ask(by, converting({ from, to }, id))
        return
      }
      case 'expect': {
        const quote = one.locked ? await this.ask(by, quoting({ from: { ...BTC, amount: one.amount } }, id)) : undefined
        const from = { asset: BTC, source: { type: 'external_wallet', via: 'bitcoin' } }
        const asset = one.out && !one.locked ? USDC : USD
        const destination = asset === USDC ? OUT : IN
        const swap_quote_id = quote?.json.data?.id
        return this.home(by, await this.ask(by, converting({ from, to: { asset, destination }, swap_quote_id }, id)))
      }
      case 'rule': {
        const fields = { to: { asset: one.out ? USDC : USD, destination: one.out ? OUT : IN } }
        return this.home(by, await this.ask(by, ruling(fields, id)))
      }
      case 'top up':
        return this.home(by, await this.ask(by, toppingUp({}, id)))
      case 'transfer': {
        const to = one.to === by ? ACCOUNTS.second : accounts[one.to]!
        const fields = { from: { asset: { ...BTC, amount: one.amount } }, to: { account: to } }
        await (one.to > 0 && this.closed
          ? box.call(client, transferring(fields, id))
          : this.ask(by, transferring(fields, id)))
        return
      }
      case 'withdraw':
        await this.ask(by, withdrawing({ amount: one.amount, key: 'cold' }, id))
    }
  }

  private home(account: number, { status, json }: Reply): void {
    if (status === 200) this.homes.push({ account, address: json.data.inbound.address })
  }
}

test('payward.conversions.locked and payward.users.locked: any business, its user closed at any time: the books are whole, nothing happens twice, and a closed account moves nothing', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
      const one = await Business.open()
      const { world } = one.box
      for (const next of steps) {
        await one.take(next)
        expect(ledgerProblems(world)).toEqual([])
      }
      await one.box.advance('3d')
      expect(ledgerProblems(world)).toEqual([])
      const movements = world.list(Movements, 'all', '')
      for (const kind of [
        'deposit',
        'deposit_reversed',
        'withdrawal',
        'withdrawal_fee',
        'conversion_payout',
        'conversion_payout_returned',
      ]) {
        const causes = movements
          .filter((row) => row.kind === kind)
          .map(({ cause }) => cause.deposit ?? cause.withdrawal)
        expect(new Set(causes).size, kind).toBe(causes.length)
      }
      const { data } = (await one.box.control('GET', '/balances?provider=payward')).json
      expect(data.filter((row: any) => Number(row.held) !== 0)).toEqual([])
      await one.box.sandbox.close()
    }),
    { numRuns: 25, seed: 20260516 },
  )
})
