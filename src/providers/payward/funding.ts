// Funding transactions: the deposits, or the withdrawals, of all accounts of a partner, newest first.
import { z } from 'zod'
import type { Answer } from '../../provider.ts'
import type { World } from '../../world/world.ts'
import { accountsOf } from './accounts.ts'
import { METHODS } from './catalogue.ts'
import { type Paging, readToken, writeToken } from './pages.ts'
import { type DepositRow, Deposits } from './transfers.ts'
import { type WithdrawalRow, Withdrawals } from './withdrawals.ts'
import { amountShown, moment, page, type PaywardCall } from './wire.ts'

const PAGING = {
  deposit: { label: 'before', prefix: 'cursor_', field: 'cursor' },
  withdrawal: { label: 'out-before', prefix: 'cursor_', field: 'cursor' },
} satisfies Record<string, Paging>

const Filter = z.object({
  type: z.enum(['withdrawal', 'deposit']),
  cursor: z.string().optional(),
  page_size: z.number().default(25),
})

export function listFundingTransactions(call: PaywardCall, world: World): Answer {
  // rule: payward.funding.filters, rule: payward.funding.pages
  const { type, cursor, page_size: size } = Filter.parse(call.queryValues)
  const before = readToken(PAGING[type], cursor) ?? Infinity
  const window = { descending: true, after: { order: before, key: '' }, limit: size + 1 }
  // rule: payward.funding.accounts, rule: payward.funding.order
  const accounts = accountsOf(call.caller.partner, world)
  // rule: payward.funding.withdrawals
  const found =
    type === 'withdrawal'
      ? accounts
          .flatMap((account) => world.list(Withdrawals, 'byAccount', account, window))
          .map((row) => withdrawalShown(row, world))
      : accounts
          .flatMap((account) => world.list(Deposits, 'byAccount', account, window))
          .map((row) => depositShown(row, world))
  const shown = found.sort((a, b) => b.seq - a.seq).slice(0, size)
  return page(
    shown.map(({ item }) => item),
    found.length > size ? writeToken(PAGING[type], shown.at(-1)!.seq) : null,
  )
}

function withdrawalShown(row: WithdrawalRow, world: World) {
  return { seq: row.seq, item: itemOf('withdrawal', row.requestedAt, row, world) }
}

function depositShown(row: DepositRow, world: World) {
  return { seq: row.seq, item: itemOf('deposit', row.seenAt, row, world) }
}

// rule: payward.funding.item
function itemOf(
  kind: 'deposit' | 'withdrawal',
  at: number,
  { method, atoms, status, refId }: Pick<DepositRow | WithdrawalRow, 'method' | 'atoms' | 'status' | 'refId'>,
  world: World,
) {
  const { symbol, type } = METHODS.find(({ id }) => id === method)!
  return {
    type: kind,
    timestamp: moment(at),
    asset: { symbol, type },
    amount: amountShown(BigInt(atoms), { type }, world),
    status,
    ref_id: refId,
  }
}
