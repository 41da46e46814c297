// The books: what every account of every provider has, what of it is held, and each movement that made it so. Double entry: whatever an account gains,
// a counter-account loses. Whole atoms only. When money moves is left to the providers; nothing here knows one.
import { z } from 'zod'
import type { Module } from './module.ts'
import { Count, Digits, Moment, SignedDigits, Text } from './rows.ts'
import type { Table } from './tables.ts'
import type { World } from './world.ts'

/** Which money is meant: one currency of one account, on one network where the provider keeps balances per network. */
export interface Purse {
  readonly provider: string
  readonly account: string
  /** Whose money it is within the account, where a provider keeps balances per user. */
  readonly holder?: string | null
  /** The provider's own codes. */
  readonly currency: string
  readonly network?: string | null
  /** How many decimal places one atom has. */
  readonly decimals: number
}

export interface Balance {
  readonly id: string
  readonly seq: number
  readonly provider: string
  readonly account: string
  readonly holder: string | null
  readonly currency: string
  readonly network: string | null
  readonly decimals: number
  /** Atoms, as text because rows are JSON; below zero only where a credit was taken back that had been spent. */
  readonly balance: string
  /** Atoms of it that open holds have set aside. */
  readonly held: string
}

/** What stands on the other side of every movement, such as `chain` or `fees`. */
interface CounterBalance {
  readonly id: string
  readonly provider: string
  readonly name: string
  readonly currency: string
  readonly network: string | null
  readonly decimals: number
  readonly balance: string
}

/** What made a movement. */
export interface Cause {
  /** The journal entry of the call, the timer or the control call; null: the world began with it. */
  readonly entry: number | null
  /** The transfer that arrived, as in `GET deposits`. */
  readonly deposit: string | null
  /** The transfer that left, as in `GET withdrawals`. */
  readonly withdrawal: string | null
  /** One sentence for people. */
  readonly reason: string | null
}

export interface Movement {
  readonly id: string
  readonly seq: number
  /** World ms. */
  readonly at: number
  /** The row of `balances` that it changed. */
  readonly balance: string
  readonly against: string
  /** What it is to the provider: `deposit`, `withdrawal`, `withdrawal_fee`, `exchange`, … */
  readonly kind: string
  /** What the account gained, atoms; what it lost has a minus. */
  readonly atoms: string
  readonly balanceAfter: string
  readonly cause: Cause
}

/** Money set aside under a name of its own, until it is released or settled: once. */
interface Hold {
  readonly id: string
  readonly balance: string
  readonly atoms: string
  readonly at: number
}

const DECIMALS_MAX = 36
const Places = Count.max(DECIMALS_MAX, `expected at most ${DECIMALS_MAX} decimals`)

export const Balances: Table<Balance> = {
  name: 'balances',
  setup: true,
  key: (row) => row.id,
  schema: z.strictObject({
    id: Text,
    seq: Count,
    provider: Text,
    account: Text,
    holder: Text.nullable(),
    currency: Text,
    network: Text.nullable(),
    decimals: Places,
    balance: SignedDigits,
    held: Digits,
  }),
  indexes: {
    all: { group: () => '', order: (row) => row.seq },
    byAccount: { group: (row) => JSON.stringify([row.provider, row.account]), order: (row) => row.seq },
  },
}

const CounterBalances: Table<CounterBalance> = {
  name: 'counter_balances',
  setup: true,
  key: (row) => row.id,
  schema: z.strictObject({
    id: Text,
    provider: Text,
    name: Text,
    currency: Text,
    network: Text.nullable(),
    decimals: Places,
    balance: SignedDigits,
  }),
  indexes: {},
}

export const Movements: Table<Movement> = {
  name: 'movements',
  setup: true,
  key: (row) => row.id,
  schema: z.strictObject({
    id: Text,
    seq: Count,
    at: Moment,
    balance: Text,
    against: Text,
    kind: Text,
    atoms: SignedDigits,
    balanceAfter: SignedDigits,
    cause: z.strictObject({
      entry: Count.nullable(),
      deposit: Text.nullable(),
      withdrawal: Text.nullable(),
      reason: Text.nullable(),
    }),
  }),
  references: ({ balance }) => [['balance', Balances, balance]],
  indexes: {
    all: { group: () => '', order: (row) => row.seq },
    byBalance: { group: (row) => row.balance, order: (row) => row.seq },
    byDeposit: { group: ({ cause }) => cause.deposit ?? undefined, order: (row) => row.seq },
  },
}

const Holds: Table<Hold> = {
  name: 'holds',
  key: (row) => row.id,
  schema: z.strictObject({ id: Text, balance: Text, atoms: Digits, at: Moment }),
  references: ({ balance }) => [['balance', Balances, balance]],
  indexes: { byBalance: { group: (row) => row.balance, order: (row) => row.at } },
}

/** There is less than was asked for. Nothing has moved. */
export class InsufficientFunds extends Error {
  /** Atoms. */
  readonly available: bigint
  readonly asked: bigint

  constructor(available: bigint, asked: bigint) {
    super(`${available} atoms are available, ${asked} were asked for`)
    this.available = available
    this.asked = asked
  }
}

function idOf({ provider, account, holder = null, currency, network = null }: Purse): string {
  return JSON.stringify([provider, account, holder, currency, network])
}

/** The row of this money; undefined: it has never been touched. */
export function balanceOf(purse: Purse, world: World): Balance | undefined {
  return world.get(Balances, idOf(purse))
}

/** Every row of an account, in the order in which they were first touched. */
export function balancesOf(provider: string, account: string, world: World): Balance[] {
  return world.list(Balances, 'byAccount', JSON.stringify([provider, account]))
}

/** What can be spent, atoms: the balance without what is held. */
export function available({ balance, held }: Pick<Balance, 'balance' | 'held'>): bigint {
  return BigInt(balance) - BigInt(held)
}

/** The same of money that may never have been touched. */
export function availableIn(purse: Purse, world: World): bigint {
  const row = balanceOf(purse, world)
  return row ? available(row) : 0n
}

export interface Posting {
  readonly purse: Purse
  /** What the account gains; a minus: loses. */
  readonly atoms: bigint
  /** The counter-account, such as `chain`, `fees` or `desk`. */
  readonly against: string
  readonly kind: string
  readonly deposit?: string | undefined
  readonly withdrawal?: string | undefined
  readonly reason?: string | undefined
  /** What was credited and is gone may take the balance below zero; nothing else may. */
  readonly overdraw?: boolean
  /** The world begins with it: no call has caused it. */
  readonly opening?: boolean
}

/**
 * Moves money between an account and a counter-account. Only inside a change. Throws `InsufficientFunds` where more would leave than is available.
 *
 * @example post({ purse, atoms: -5_000_000n, against: 'fees', kind: 'withdrawal_fee', withdrawal: 'wd_1' }, world)
 */
// rule: sandgate.ledger.double-entry, sandgate.ledger.floor
export function post(posting: Posting, world: World): Movement {
  const { purse, atoms, against, kind } = posting
  const before = open(purse, world)
  if (atoms < 0n && !posting.overdraw && available(before) < -atoms)
    throw new InsufficientFunds(available(before), -atoms)
  const balance = (BigInt(before.balance) + atoms).toString()
  world.put(Balances, { ...before, balance })
  counter(purse, against, -atoms, world)
  const seq = world.next('movements')
  return world.put(Movements, {
    id: `mov_${seq}`,
    seq,
    at: world.now,
    balance: before.id,
    against,
    kind,
    atoms: atoms.toString(),
    balanceAfter: balance,
    cause: {
      // The entry of what is happening is written when it has happened.
      entry: posting.opening ? null : world.journal.nextId,
      deposit: posting.deposit ?? null,
      withdrawal: posting.withdrawal ?? null,
      reason: posting.reason ?? null,
    },
  })
}

/** Sets money aside under a name that has never been used before. Only inside a change. Throws `InsufficientFunds`. */
// rule: sandgate.ledger.holds
export function hold(name: string, purse: Purse, atoms: bigint, world: World): void {
  if (atoms < 0n || world.get(Holds, name)) throw new Error(`${atoms} atoms are held under the name ${name} again`)
  const row = open(purse, world)
  if (available(row) < atoms) throw new InsufficientFunds(available(row), atoms)
  world.put(Balances, { ...row, held: (BigInt(row.held) + atoms).toString() })
  world.put(Holds, { id: name, balance: row.id, atoms: atoms.toString(), at: world.now })
}

/** Ends a hold: the money can be spent again, by whatever is posted next in the same change too. Only inside a change. */
export function release(name: string, world: World): void {
  const held = world.get(Holds, name)
  if (!held) throw new Error(`nothing is held under the name ${name}`)
  const row = world.get(Balances, held.balance)!
  world.remove(Holds, name)
  world.put(Balances, { ...row, held: (BigInt(row.held) - BigInt(held.atoms)).toString() })
}

/** Ends a hold by spending what it held: what is posted is debited whatever else has happened to the balance meanwhile. */
export function settle(name: string, postings: readonly Posting[], world: World): void {
  release(name, world)
  for (const posting of postings) post({ ...posting, overdraw: true }, world)
}

/** Whether money is held under this name. */
export function isHeld(name: string, world: World): boolean {
  return world.get(Holds, name) !== undefined
}

/** What is set aside of this money, by name, the oldest first. */
export function holdsOn(purse: Purse, world: World): { readonly name: string; readonly atoms: string }[] {
  return world.list(Holds, 'byBalance', idOf(purse)).map(({ id: name, atoms }) => ({ name, atoms }))
}

/** Every movement of this money, in order. */
export function movementsIn(purse: Purse, world: World): Movement[] {
  return world.list(Movements, 'byBalance', idOf(purse))
}

/** What a transfer that arrived has moved so far, in order. */
export function movementsOf(deposit: string, world: World): Movement[] {
  return world.list(Movements, 'byDeposit', deposit)
}

/**
 * Takes back what a transfer had credited, now that it is gone from the chain; the balance may fall below zero. Answers whether there was anything.
 * Only inside a change.
 */
// rule: sandgate.ledger.reversal
export function takeBack(deposit: string, kind: string, reason: string, world: World): boolean {
  const moved = new Map<string, Movement>()
  for (const row of movementsOf(deposit, world)) {
    const key = JSON.stringify([row.balance, row.against])
    const sum = BigInt(moved.get(key)?.atoms ?? 0) + BigInt(row.atoms)
    moved.set(key, { ...row, atoms: sum.toString() })
  }
  let any = false
  for (const { balance, against, atoms } of moved.values()) {
    if (atoms === '0') continue
    any = true
    const purse = world.get(Balances, balance)!
    post({ purse, atoms: -BigInt(atoms), against, kind, deposit, reason, overdraw: true }, world)
  }
  return any
}

function open(purse: Purse, world: World): Balance {
  const id = idOf(purse)
  const known = world.get(Balances, id)
  if (known) return known
  const { provider, account, holder = null, currency, network = null, decimals } = purse
  const seq = world.next('balances')
  return { id, seq, provider, account, holder, currency, network, decimals, balance: '0', held: '0' }
}

function counter({ provider, currency, network = null, decimals }: Purse, name: string, atoms: bigint, world: World) {
  const id = JSON.stringify([provider, name, currency, network])
  const balance = BigInt(world.get(CounterBalances, id)?.balance ?? 0) + atoms
  world.put(CounterBalances, { id, provider, name, currency, network, decimals, balance: balance.toString() })
}

/** What is wrong with the books, a sentence each; empty where they are whole. For tests and the simulation. */
export function ledgerProblems(world: World): string[] {
  const problems: string[] = []
  const sums = new Map<string, bigint>()
  const add = (key: string, atoms: string) => sums.set(key, (sums.get(key) ?? 0n) + BigInt(atoms))
  for (const { provider, currency, network, balance } of [...world.rows(Balances), ...world.rows(CounterBalances)])
    add(JSON.stringify(['asset', provider, currency, network]), balance)
  for (const [asset, sum] of sums) if (sum !== 0n) problems.push(`${asset}: the postings sum to ${sum}, not to 0`)
  const held = new Map<string, bigint>()
  for (const { balance, atoms } of world.rows(Holds)) held.set(balance, (held.get(balance) ?? 0n) + BigInt(atoms))
  const moved = new Map<string, bigint>()
  const reversed = new Set<string>()
  for (const { id, balance, atoms, balanceAfter, kind } of world.list(Movements, 'all', '')) {
    const sum = (moved.get(balance) ?? 0n) + BigInt(atoms)
    moved.set(balance, sum)
    if (sum.toString() !== balanceAfter) problems.push(`${id}: balance ${balanceAfter} after it, but the sum is ${sum}`)
    if (kind.endsWith('_reversed')) reversed.add(balance)
  }
  for (const row of world.rows(Balances)) {
    if (BigInt(row.held) !== (held.get(row.id) ?? 0n)) problems.push(`${row.id}: held is ${row.held}, its holds differ`)
    if (BigInt(row.balance) !== (moved.get(row.id) ?? 0n))
      problems.push(`${row.id}: the balance is ${row.balance}, its movements sum to ${moved.get(row.id) ?? 0n}`)
    if (available(row) < 0n && !reversed.has(row.id)) problems.push(`${row.id}: ${available(row)} are available`)
  }
  return problems
}

export const ledgerModule: Module = { tables: [Balances, CounterBalances, Movements, Holds] }
