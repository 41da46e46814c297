// Transfers between accounts of this world: mostly completed in the call that makes them, sometimes held back until somebody has looked at them.
import { z } from 'zod'
import { type Answer, type Reaction, Refusal } from '../../provider.ts'
import { Timers } from '../../world/clock.ts'
import { Count, Digits, Moment, oneOf, Text } from '../../world/rows.ts'
import type { Table } from '../../world/tables.ts'
import type { World } from '../../world/world.ts'
import { partnerOf, UserAccounts } from './accounts.ts'
import { ASSET_TYPES, type AssetType, type Settings } from './catalogue.ts'
import { book, letGo, setAside } from './ledger.ts'
import { type Paging, readToken, writeToken } from './pages.ts'
import { findAsset } from './methods.ts'
import { covered } from './refused.ts'
import { amountIn, SumSchema, sumShown } from './terms.ts'
import { lockOf, userOf, Users } from './users.ts'
import { tell } from './webhooks.ts'
import { moment, ok, page, type PaywardCall, time } from './wire.ts'

export const TRANSFER_STATUSES = ['pending', 'processing', 'completed', 'failed', 'cancelled'] as const
export type TransferStatus = (typeof TRANSFER_STATUSES)[number]

export interface TransferRow {
  readonly id: string
  readonly seq: number
  readonly account: string
  /** The account that gets it. */
  readonly recipient: string
  /** How the recipient was named, and in which words. */
  readonly by: 'account' | 'tag' | 'email'
  readonly named: string
  readonly symbol: string
  readonly type: AssetType
  readonly atoms: string
  readonly status: TransferStatus
  readonly failureReason: string | null
  /** World ms. */
  readonly createdAt: number
  readonly updatedAt: number
  /** The timer of its completion. */
  readonly timer: string | null
}

export const AccountTransfers: Table<TransferRow> = {
  name: 'payward.account-transfers',
  key: (row) => row.id,
  schema: z.strictObject({
    id: Text,
    seq: Count,
    account: Text,
    recipient: Text,
    by: oneOf(['account', 'tag', 'email']),
    named: Text,
    symbol: SumSchema.shape.symbol,
    type: oneOf(ASSET_TYPES),
    atoms: Digits,
    status: oneOf(TRANSFER_STATUSES),
    failureReason: Text.nullable(),
    createdAt: Moment,
    updatedAt: Moment,
    timer: Text.nullable(),
  }),
  references: ({ timer }) => [['timer', Timers, timer]],
  indexes: {
    outgoing: { group: (row) => row.account, order: (row) => row.seq },
    incoming: { group: (row) => row.recipient, order: (row) => row.seq },
  },
}

/** Accounts whose next transfer is held back. */
export const Watched: Table<{ readonly account: string; readonly since: number }> = {
  name: 'payward.watched-accounts',
  key: (row) => row.account,
  schema: z.strictObject({ account: Text, since: Moment }),
  indexes: {},
}

const Input = z.object({
  from: z.object({ asset: z.object({ symbol: z.string(), type: z.enum(ASSET_TYPES), amount: z.string().optional() }) }),
  to: z.object({ account: z.string().optional(), tag: z.string().optional(), email: z.string().optional() }),
})

const WAYS = ['account', 'tag', 'email'] as const

export function createTransfer(call: PaywardCall, world: World): Answer {
  const account = call.params.account_id!
  const { from, to } = Input.parse(call.content.kind === 'json' ? call.content.value : {})
  // rule: payward.transfers.one-destination
  const ways = WAYS.filter((way) => to[way] !== undefined)
  const [by] = ways
  if (by === undefined || ways.length > 1) throw wrong('to', 'exactly one of account, tag and email must be given')
  // rule: payward.transfers.order
  const { symbol, type } = findAsset(from.asset.symbol, from.asset.type, call, world)
  const atoms = amountIn({ symbol, type }, from.asset.amount ?? '', 'from.asset.amount')
  const named = to[by]!
  const recipient = recipientOf(by, named, world)
  if (recipient === undefined) throw new Refusal('UnknownRecipient')
  if (recipient === account) throw wrong('to', 'must be another account')
  const lock = lockOf(recipient, false, world)
  // rule: payward.transfers.locked-recipient
  if (lock) throw lock

  const seq = world.next('payward.account-transfers')
  const held = world.get(Watched, account) !== undefined
  world.remove(Watched, account)
  const row: TransferRow = {
    id: `trf_${world.draw('payward transfer', seq).base32(20)}`,
    seq,
    account,
    recipient,
    by,
    named,
    symbol,
    type,
    atoms: atoms.toString(),
    status: 'pending',
    failureReason: null,
    createdAt: world.now,
    updatedAt: world.now,
    timer: null,
  }
  // rule: payward.transfers.postings
  covered(() => {
    if (held) setAside({ kind: 'transfer', id: row.id, account, asset: row, atoms }, world)
    else move(row, world)
  }, world)
  call.concerns(objectOf(row))
  // rule: payward.transfers.statuses
  return ok(transferShown(change(row, { status: held ? 'pending' : 'completed' }, world), world))
}

function wrong(field: string, why: string): Refusal {
  return new Refusal('invalid_request', { detail: `${field}: ${why}`, data: { field } })
}

// rule: payward.transfers.recipients
function recipientOf(by: (typeof WAYS)[number], named: string, world: World): string | undefined {
  if (by === 'account') return partnerOf(named, world) === undefined ? undefined : named
  if (by === 'tag') {
    const account = world.settings<Settings>('payward').tags[named]
    return account !== undefined && partnerOf(account, world) !== undefined ? account : undefined
  }
  const user = world.first(Users, 'byEmail', named.toLowerCase())
  return user && world.first(UserAccounts, 'byUser', user.id)!.id
}

function move(row: TransferRow, world: World): void {
  const { account, recipient, atoms } = row
  const more = { asset: row, against: 'internal', kind: 'transfer', reason: row.id }
  book({ account, atoms: -BigInt(atoms), ...more }, world)
  book({ account: recipient, atoms: BigInt(atoms), ...more }, world)
}

const PROCESSED = 'payward.transfer-processed'
const PROCESSING_MS = 60_000

export const transferReactions: Readonly<Record<string, Reaction>> = {
  // rule: payward.transfers.statuses
  [PROCESSED]: {
    table: AccountTransfers,
    run: (id: string, world: World) => {
      const row = world.get(AccountTransfers, id)!
      letGo('transfer', id, world)
      move(row, world)
      return `transfer ${change(row, { status: 'completed', timer: null }, world).id} is completed`
    },
  },
}

/** From now on it can no longer be cancelled, and a minute later it is completed. Only inside a change. */
export function process(before: TransferRow, world: World): TransferRow {
  const { id: timer } = world.clock.schedule({
    at: world.now + PROCESSING_MS,
    provider: 'payward',
    kind: 'confirmation',
    reaction: PROCESSED,
    args: before.id,
    summary: `transfer ${before.id} is completed`,
  })
  return change(before, { status: 'processing', timer }, world)
}

/** Its money can be spent again. Only inside a change. */
export function undo(
  before: TransferRow,
  status: 'failed' | 'cancelled',
  failureReason: string | null,
  world: World,
): TransferRow {
  if (before.timer !== null) world.clock.cancel(before.timer)
  letGo('transfer', before.id, world)
  return change(before, { status, failureReason, timer: null }, world)
}

function change(before: TransferRow, fields: Partial<TransferRow>, world: World): TransferRow {
  const row = world.put(AccountTransfers, { ...before, ...fields, updatedAt: world.now })
  announce(row, world)
  return row
}

function objectOf({ id }: TransferRow): string {
  return `transfer:${id}`
}

// rule: payward.webhooks.transfer-data
function announce(row: TransferRow, world: World): void {
  const { account, status, failureReason: reason } = row
  if (status !== 'completed' && status !== 'failed') return
  const { id: transfer_id, from, to, asset } = transferShown(row, world)
  tell(
    { event: `transfer.${status}`, account, object: objectOf(row) },
    {
      user_id: userOf(account, world)?.id ?? null,
      account_id: account,
      transfer_id,
      status,
      ...{ from, to, asset },
      [`${status}_at`]: moment(world.now),
      ...(reason !== null && { reason }),
    },
    world,
  )
}

export function getTransfer(call: PaywardCall, world: World): Answer {
  const row = find(call, world)
  const sides = [row.account, row.recipient].map((account) => partnerOf(account, world))
  // rule: payward.transfers.unknown
  if (!sides.includes(call.caller.partner)) throw new Refusal('TransferNotFound')
  return ok(transferShown(row, world))
}

export function cancelTransfer(call: PaywardCall, world: World): Answer {
  const row = find(call, world)
  if (partnerOf(row.account, world) !== call.caller.partner) throw new Refusal('TransferNotFound')
  const lock = lockOf(row.account, false, world)
  if (lock) throw lock
  // rule: payward.transfers.cancel
  if (row.status !== 'pending') throw new Refusal('TransferNotCancellable', {}, `the transfer is ${row.status}`)
  return ok(transferShown(undo(row, 'cancelled', null, world), world))
}

function find(call: PaywardCall, world: World): TransferRow {
  const row = world.get(AccountTransfers, call.params.transfer_id!)
  if (!row) throw new Refusal('TransferNotFound')
  return row
}

const PAGING: Paging = { label: 'transfers', prefix: '', field: 'page_token' }
const Filter = z.object({ page_size: z.number().default(20), page_token: z.string().optional() })

// rule: payward.transfers.list
export function listTransfers(call: PaywardCall, world: World): Answer {
  const { page_size: size, page_token } = Filter.parse(call.queryValues)
  const order = readToken(PAGING, page_token) ?? Infinity
  const indexes = world.assumes('payward.transfers.list') === 'both' ? ['outgoing', 'incoming'] : ['outgoing']
  const found = indexes
    .flatMap((index) =>
      world.list(AccountTransfers, index, call.params.account_id!, {
        descending: true,
        after: { order, key: '' },
        limit: size + 1,
      }),
    )
    .sort((a, b) => b.seq - a.seq)
  const shown = found.slice(0, size)
  return page(
    shown.map((row) => transferShown(row, world)),
    found.length > size ? writeToken(PAGING, shown.at(-1)!.seq) : null,
  )
}

// rule: payward.transfers.item
export function transferShown(row: TransferRow, world: World) {
  const asset = sumShown(row, world)
  return {
    id: row.id,
    status: row.status,
    from: { account: row.account, asset },
    to: { [row.by]: row.named },
    asset,
    failure_reason: row.failureReason,
    created_at: time(row.createdAt),
    updated_at: time(row.updatedAt),
  }
}
