// Swap quotes: a price that holds for half a minute, executed within two seconds of being asked for, or never.
import { z } from 'zod'
import { type Answer, type Reaction, Refusal } from '../../provider.ts'
import { Timers } from '../../world/clock.ts'
import { Count, Moment, oneOf, Text } from '../../world/rows.ts'
import type { Table } from '../../world/tables.ts'
import type { World } from '../../world/world.ts'
import { checkSwap } from './asset-states.ts'
import { ASSET_TYPES, type Settings } from './catalogue.ts'
import { type Booking, letGo, setAside, spend } from './ledger.ts'

import { findAsset } from './methods.ts'
import { covered } from './refused.ts'
import { amountIn, rateShown, sumShown, type Terms, TermsFields, termsOf } from './terms.ts'
import { lockOf, userOf } from './users.ts'
import { tell } from './webhooks.ts'
import { moment, ok, type PaywardCall, time } from './wire.ts'

export const QUOTE_STATUSES = ['offered', 'executing', 'executed', 'expired', 'failed'] as const
export type QuoteStatus = (typeof QUOTE_STATUSES)[number]

export interface QuoteRow extends Terms {
  readonly id: string
  readonly seq: number
  readonly account: string
  readonly status: QuoteStatus
  /** World ms. */
  readonly createdAt: number
  readonly expiresAt: number
  readonly executedAt: number | null
  readonly endedAt: number | null
  /** Why it did not come to anything. */
  readonly reason: string | null
  /** The timer of its next step. */
  readonly timer: string | null
}

export const Quotes: Table<QuoteRow> = {
  name: 'payward.quotes',
  key: (row) => row.id,
  schema: z.strictObject({
    ...TermsFields,
    id: Text,
    seq: Count,
    account: Text,
    status: oneOf(QUOTE_STATUSES),
    createdAt: Moment,
    expiresAt: Moment,
    executedAt: Moment.nullable(),
    endedAt: Moment.nullable(),
    reason: Text.nullable(),
    timer: Text.nullable(),
  }),
  references: ({ timer }) => [['timer', Timers, timer]],
  indexes: {
    /** Those that money has been set aside for. */
    executedIn: { group: (row) => (row.executedAt === null ? undefined : row.account), order: (row) => row.seq },
  },
}

const EXPIRE = 'payward.quote-expires'
const EXECUTE = 'payward.quote-executes'
const EXECUTING_MS = 2000

const Side = z.object({ symbol: z.string(), type: z.enum(ASSET_TYPES), amount: z.string().optional() })
const Input = z.object({ from: Side, to: Side, fee: z.object({ bps: z.number().default(0) }).optional() })

export function createQuote(call: PaywardCall, world: World): Answer {
  const account = call.params.account_id!
  const input = Input.parse(call.content.kind === 'json' ? call.content.value : {})
  if (input.fee === undefined && world.assumes('payward.quotes.fee-required') === 'yes')
    throw new Refusal('invalid_request', { detail: 'fee: is required', data: { field: 'fee' } })
  const terms = termsAsked(call, input, input.fee?.bps ?? 0, world)
  // rule: payward.users.locked
  const lock = lockOf(account, true, world)
  if (lock) throw lock

  const seq = world.next('payward.quotes')
  const id = `qte_${world.draw('payward quote', seq).base32(20)}`
  // rule: payward.quotes.ttl
  const expiresAt = world.now + world.settings<Settings>('payward').quoteSeconds * 1000
  const { id: timer } = world.clock.schedule({
    at: expiresAt,
    provider: 'payward',
    kind: 'window',
    reaction: EXPIRE,
    args: id,
    summary: `quote ${id} expires`,
  })
  const row: QuoteRow = world.put(Quotes, {
    ...terms,
    id,
    seq,
    account,
    status: 'offered',
    createdAt: world.now,
    expiresAt,
    executedAt: null,
    endedAt: null,
    reason: null,
    timer,
  })
  call.concerns(objectOf(row))
  return ok(quoteShown(row, world))
}

/** The terms of a swap as a call asks for it: checked in the documented order. */
// rule: payward.quotes.one-amount, rule: payward.quotes.same-asset
export function termsAsked(
  call: PaywardCall,
  { from, to }: Pick<z.output<typeof Input>, 'from' | 'to'>,
  bps: number,
  world: World,
): Terms {
  if ((from.amount === undefined) === (to.amount === undefined))
    throw new Refusal('invalid_request', {
      detail: 'from.amount: exactly one of from.amount and to.amount must be given',
      data: { field: 'from.amount' },
    })
  const [spent, received] = [from, to].map(({ symbol, type }) => findAsset(symbol, type, call, world))
  if (spent === received)
    throw new Refusal('invalid_request', { detail: 'to: must be another asset than from', data: { field: 'to' } })
  checkSwap(spent!, received!, world)
  const fixed = from.amount === undefined ? 'to' : 'from'
  const atoms = amountIn(fixed === 'from' ? spent! : received!, (from.amount ?? to.amount)!, `${fixed}.amount`)
  return termsOf({ from: spent!, to: received!, fixed, atoms, bps }, world)
}

export function getQuote(call: PaywardCall, world: World): Answer {
  return ok(quoteShown(find(call, world), world))
}

export function executeQuote(call: PaywardCall, world: World): Answer {
  const before = find(call, world)
  const { status, timer } = before
  // rule: payward.quotes.execute
  if (status === 'executing' || status === 'executed') throw new Refusal('QuoteAlreadyAccepted')
  if (status === 'failed') throw new Refusal('QuoteExecutionFailed')
  // rule: payward.quotes.expired
  if (status === 'expired' || world.now >= before.expiresAt) throw new Refusal('QuoteExpired')
  const row = begin(before, world)
  if (timer !== null) world.clock.cancel(timer)
  call.concerns(objectOf(row))
  return ok({ id: row.id, status: row.status, executed_at: time(world.now) })
}

/** Sets aside what it spends. Refuses where the account has less. */
// rule: payward.quotes.insufficient
function begin(before: QuoteRow, world: World): QuoteRow {
  const { id, account, from } = before
  covered(() => setAside({ kind: 'quote', id, account, asset: from, atoms: BigInt(from.atoms) }, world), world)
  const { id: timer } = world.clock.schedule({
    at: world.now + EXECUTING_MS,
    provider: 'payward',
    kind: 'confirmation',
    reaction: EXECUTE,
    args: id,
    summary: `quote ${id} is executed`,
  })
  return world.put(Quotes, { ...before, status: 'executing', executedAt: world.now, timer })
}

export const quoteReactions: Readonly<Record<string, Reaction>> = {
  // rule: payward.quotes.expired
  [EXPIRE]: {
    table: Quotes,
    run: (id: string, world: World) => `quote ${end(world.get(Quotes, id)!, 'expired', 'expired', world).id} expires`,
  },
  // rule: payward.quotes.states
  [EXECUTE]: {
    table: Quotes,
    run: (id: string, world: World) => {
      const row = world.get(Quotes, id)!
      spend('quote', id, bookingsOf(row, 'quote'), world)
      return `quote ${end(row, 'executed', null, world).id} is executed`
    },
  },
}

/** What the account pays and gets; the fee is the partner's. */
// rule: payward.quotes.postings
export function bookingsOf(
  { account, from, to, fee }: Terms & { readonly account: string },
  kind: string,
  reason?: string,
): Booking[] {
  const feeAtoms = BigInt(fee.atoms)
  const inFrom = fee.symbol === from.symbol && fee.type === from.type
  const spent = BigInt(from.atoms) - (inFrom ? feeAtoms : 0n)
  const gross = BigInt(to.atoms) + (inFrom ? 0n : feeAtoms)
  const more = reason === undefined ? {} : { reason }
  return [
    { account, asset: from, atoms: -spent, against: 'trading', kind, ...more },
    { account, asset: to, atoms: gross, against: 'trading', kind, ...more },
    { account, asset: fee, atoms: -feeAtoms, against: 'partner_fees', kind: `${kind}_fee`, ...more },
  ].filter(({ atoms }) => atoms !== 0n)
}

/** The end of a quote, and the webhook that tells of it. Only inside a change. */
export function end(
  before: QuoteRow,
  status: 'executed' | 'expired' | 'failed',
  reason: string | null,
  world: World,
): QuoteRow {
  if (before.timer !== null) world.clock.cancel(before.timer)
  if (before.status === 'executing' && status === 'failed') letGo('quote', before.id, world)
  const row: QuoteRow = world.put(Quotes, { ...before, status, reason, endedAt: world.now, timer: null })
  announce(row, world)
  return row
}

function find(call: PaywardCall, world: World): QuoteRow {
  const row = world.get(Quotes, call.params.quote_id!)
  // rule: payward.quotes.unknown
  if (!row || row.account !== call.params.account_id) throw new Refusal('QuoteNotFound')
  return row
}

// rule: payward.quotes.item
export function quoteShown(row: QuoteRow, world: World) {
  return {
    id: row.id,
    status: row.status,
    expires_at: time(row.expiresAt),
    from: sumShown(row.from, world),
    to: sumShown(row.to, world),
    fees: { trade: sumShown(row.fee, world) },
    rate: rateShown(row),
  }
}

function objectOf({ id }: QuoteRow): string {
  return `quote:${id}`
}

const EVENTS = {
  executed: ['quote.executed', 'executed_at'],
  failed: ['quote.execution_failed', 'failed_at'],
  expired: ['quote.cancelled', 'cancelled_at'],
} as const

// rule: payward.webhooks.quote-data, rule: payward.quotes.tell-expiry
function announce(row: QuoteRow, world: World): void {
  const { id, account, status, reason } = row
  if (status === 'offered' || status === 'executing') return
  if (status === 'expired' && world.assumes('payward.quotes.tell-expiry') === 'no') return
  const [event, field] = EVENTS[status]
  const { from, to, fees, rate } = quoteShown(row, world)
  tell(
    { event, account, object: objectOf(row) },
    {
      user_id: userOf(account, world)?.id ?? null,
      account_id: account,
      quote_id: id,
      status,
      from,
      to,
      fees,
      rate,
      [field]: moment(world.now),
      ...(reason !== null && { reason }),
    },
    world,
  )
}
