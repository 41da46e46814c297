// What people at Payward decide about users.
import { z } from 'zod'
import { type Action, ActionRefused } from '../../provider.ts'
import type { World } from '../../world/world.ts'
import { become, type UserRow, Users } from './users.ts'

const One = z.strictObject({ user_id: z.string() })
const WithReason = One.extend({ reason: z.string().min(1).max(1000).optional() })

export const userActions: Readonly<Record<string, Action>> = {
  // rule: payward.users.verification
  'verify-user': {
    says: 'Payward has verified who a user is.',
    fields: One,
    run: ({ user_id }, world: World) => {
      const row = find(user_id, world)
      if (row.verified) throw new ActionRefused(`user ${row.id} is verified already`, 'user_id')
      return become(row, 'verified', undefined, world)
    },
  },

  // rule: payward.users.states
  'disable-user': {
    says: 'Payward disables a user: its money stays, and can only be looked at.',
    fields: WithReason,
    run: ({ user_id, reason }, world: World) => {
      const row = find(user_id, world)
      if (row.state !== 'ok') throw new ActionRefused(`user ${row.id} is ${row.state} already`, 'user_id')
      return become(row, 'disabled', reason, world)
    },
  },

  'close-user': {
    says: 'Payward closes a user for good: its money stays, and can only be looked at.',
    fields: WithReason,
    run: ({ user_id, reason }, world: World) => become(find(user_id, world), 'closed', reason, world),
  },
}

function find(id: string, world: World): UserRow {
  const row = world.get(Users, id)
  if (!row) throw new ActionRefused(`there is no user ${id}`, 'user_id')
  if (row.state === 'closed') throw new ActionRefused(`user ${id} is closed, which is final`, 'user_id')
  return row
}
