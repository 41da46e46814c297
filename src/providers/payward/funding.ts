// Funding transactions: the deposits of all accounts of a partner, newest first.
import { z } from 'zod'
import type { Answer } from '../../provider.ts'
import { amountText } from '../../text/decimals.ts'
import type { World } from '../../world/world.ts'
import { DECIMALS, METHODS } from './catalogue.ts'
import { type Paging, readToken, writeToken } from './pages.ts'
import { type DepositRow, Deposits } from './transfers.ts'
import { moment, page, type PaywardCall } from './wire.ts'

const PAGING: Paging = { label: 'before', prefix: 'cursor_', field: 'cursor' }

const Filter = z.object({
  type: z.enum(['withdrawal', 'deposit']),
  cursor: z.string().optional(),
  page_size: z.number().default(25),
})

export function listFundingTransactions(call: PaywardCall, world: World): Answer {
  // rule: payward.funding.filters, rule: payward.funding.pages
  const { type, cursor, page_size: size } = Filter.parse(call.queryValues)
  const before = readToken(PAGING, cursor) ?? Infinity
  // rule: payward.funding.withdrawals
  if (type === 'withdrawal') return page([], null)
  // rule: payward.funding.accounts, rule: payward.funding.order
  const found = [...new Set(call.caller.ids)]
    .flatMap((account) =>
      world.list(Deposits, 'byAccount', account, {
        descending: true,
        after: { order: before, key: '' },
        limit: size + 1,
      }),
    )
    .sort((a, b) => b.seq - a.seq)
  const shown = found.slice(0, size)
  return page(shown.map(depositShown), found.length > size ? writeToken(PAGING, shown.at(-1)!.seq) : null)
}

// rule: payward.funding.item
function depositShown(row: DepositRow) {
  const { symbol, type } = METHODS.find(({ id }) => id === row.method)!
  return {
    type: 'deposit',
    timestamp: moment(row.seenAt),
    asset: { symbol, type },
    amount: amountText(BigInt(row.atoms), DECIMALS),
    status: row.status,
    ref_id: row.refId,
  }
}
