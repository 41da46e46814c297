// What people do at Payward: they look at a withdrawal before it is sent, and let it go on.
import { z } from 'zod'
import { type Action, ActionRefused } from '../../provider.ts'
import type { World } from '../../world/world.ts'
import { firstStatus, holdBack, letOn, shown, type WithdrawalRow, Withdrawals } from './withdrawals.ts'

const OneOf = z.strictObject({ ref_id: z.string().min(1).max(64) })

export const actions: Readonly<Record<string, Action>> = {
  // rule: payward.withdrawals.review
  'hold-withdrawal': {
    says: 'Payward holds a withdrawal for review before it is sent.',
    fields: OneOf,
    run: ({ ref_id: id }, world: World) => {
      const row = find(id, world)
      if (row.status !== firstStatus(world) || row.txid !== null)
        throw new ActionRefused(
          `withdrawal ${id} is ${row.status}${row.txid === null ? '' : ' and sent'}, so it cannot be held`,
          'ref_id',
        )
      return shown(holdBack(row, world), world)
    },
  },
  // rule: payward.withdrawals.review
  'release-withdrawal': {
    says: 'Payward has looked at a withdrawal that is held, and lets it go on.',
    fields: OneOf,
    run: ({ ref_id: id }, world: World) => {
      const row = find(id, world)
      if (row.status !== 'held')
        throw new ActionRefused(`withdrawal ${id} is ${row.status}, so nobody holds it`, 'ref_id')
      return shown(letOn(row, world), world)
    },
  },
}

function find(id: string, world: World): WithdrawalRow {
  const row = world.first(Withdrawals, 'byRef', id)
  if (!row) throw new ActionRefused(`there is no withdrawal ${id}`, 'ref_id')
  return row
}
