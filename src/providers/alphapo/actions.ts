// What people do in AlphaPo's dashboard and back office: limits, approvals, and the end of what went wrong.
import { z } from 'zod'
import { type Action, ActionRefused } from '../../provider.ts'
import { didYouMean } from '../../text/suggest.ts'
import { InsufficientFunds } from '../../world/ledger.ts'
import { settleWithdrawal, Withdrawals as Outgoing } from '../../world/withdrawals.ts'
import type { World } from '../../world/world.ts'
import { Limit, type Settings } from './catalogue.ts'
import { cancelExchange, Exchanges, exchangeView } from './exchanges.ts'
import { isCurrency } from './ledger.ts'
import { limit } from './limits.ts'
import { approve, isOver, withdrawals } from './sending.ts'
import { type WithdrawalRow, Withdrawals, withdrawalView } from './withdrawals.ts'

const Id = z.union([z.int().positive(), z.string().regex(/^\d{1,12}$/, 'expected the id of AlphaPo, such as 5100001')])
const Sentence = z.string().min(1).max(1000)

const OneOf = z.strictObject({ id: Id })
const WithError = OneOf.extend({ error: Sentence.optional() })

export const actions: Readonly<Record<string, Action>> = {
  // rule: alphapo.withdrawals.limits
  'limit-merchant': {
    says: 'The owner of a merchant sets which withdrawals wait for approval: in euros, or for one currency in that currency; amounts left out are no limits. With review all, every withdrawal waits.',
    fields: Limit.extend({
      merchant: z.string().optional(),
      currency: z.string().optional(),
      review: z.enum(['limits', 'all']).optional(),
    }),
    run: ({ merchant, currency, review, ...amounts }, world: World) => {
      const merchants = Object.keys(world.settings<Settings>('alphapo').merchants)
      const named = merchant ?? merchants[0]!
      if (!merchants.includes(named))
        throw new ActionRefused(`there is no merchant "${named}"${didYouMean(named, merchants)}`, 'merchant')
      if (currency !== undefined && !isCurrency(currency))
        throw new ActionRefused(`AlphaPo has no currency "${currency}"`, 'currency')
      return limit(named, { review, currency, amounts }, world)
    },
  },

  // rule: alphapo.withdrawals.review
  'approve-withdrawal': {
    says: 'The owner of a merchant lets a pending withdrawal go.',
    fields: OneOf,
    run: ({ id }, world: World) => withdrawalView(approve(pending(id, world), world), world),
  },

  // rule: alphapo.withdrawals.review
  'decline-withdrawal': {
    says: 'The owner of a merchant declines a pending withdrawal; its money comes back.',
    fields: WithError,
    run: ({ id, error }, world: World) => {
      const row = pending(id, world)
      return ended(row, 'declined', error, world)
    },
  },

  // rule: alphapo.withdrawals.undone
  'cancel-withdrawal': {
    says: 'AlphaPo cannot send a withdrawal, for a reason of its own; its money comes back.',
    fields: WithError,
    run: ({ id, error }, world: World) => {
      const row = withdrawalOf(id, world)
      if (isOver(row)) throw new ActionRefused(`withdrawal ${row.id} is ${row.status}, which is final`, 'id')
      return ended(row, 'failed', error, world)
    },
  },

  // rule: alphapo.exchange.cancel
  'cancel-exchange': {
    says: 'AlphaPo undoes an exchange that is not confirmed yet.',
    fields: WithError,
    run: ({ id, error }, world: World) => {
      const row = world.get(Exchanges, String(Number(id)))
      if (!row) throw new ActionRefused(`there is no exchange ${id}`, 'id')
      if (row.status !== 'processing')
        throw new ActionRefused(`exchange ${row.id} is ${row.status}, which is final`, 'id')
      try {
        return exchangeView(cancelExchange(row, error, world))
      } catch (error) {
        if (!(error instanceof InsufficientFunds)) throw error
        throw new ActionRefused(`what exchange ${row.id} brought in ${row.received.currency} has been spent`, 'id')
      }
    },
  },
}

function withdrawalOf(id: number | string, world: World): WithdrawalRow {
  const row = world.get(Withdrawals, String(Number(id)))
  if (!row) throw new ActionRefused(`there is no withdrawal ${id}`, 'id')
  return row
}

function pending(id: number | string, world: World): WithdrawalRow {
  const row = withdrawalOf(id, world)
  if (row.status !== 'pending')
    throw new ActionRefused(`withdrawal ${row.id} is ${row.status}, so nobody has to approve it`, 'id')
  return row
}

function ended(row: WithdrawalRow, outcome: 'declined' | 'failed', error: string | undefined, world: World): object {
  settleWithdrawal(world.get(Outgoing, row.outgoing)!, outcome, error ?? null, withdrawals.onStep, world)
  return withdrawalView(world.get(Withdrawals, String(row.id))!, world)
}
