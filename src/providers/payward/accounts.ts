// Whose the accounts are: those that the config file gives a partner, and the two of every user that it has created. Without a model of users themselves.
import { z } from 'zod'
import { Count, oneOf, Text } from '../../world/rows.ts'
import type { Table } from '../../world/tables.ts'
import type { World } from '../../world/world.ts'
import type { Settings } from './catalogue.ts'

/** An account of a user that was created. */
export interface AccountRow {
  readonly id: string
  readonly seq: number
  readonly partner: string
  readonly user: string
  readonly name: 'main' | 'secondary'
}

export const UserAccounts: Table<AccountRow> = {
  name: 'payward.user-accounts',
  key: (row) => row.id,
  schema: z.strictObject({ id: Text, seq: Count, partner: Text, user: Text, name: oneOf(['main', 'secondary']) }),
  indexes: {
    byPartner: { group: (row) => row.partner, order: (row) => row.seq },
    byUser: { group: (row) => row.user, order: (row) => row.seq },
  },
}

/** The partner whose account it is; undefined: there is no such account. */
// rule: payward.users.accounts
export function partnerOf(account: string, world: World): string | undefined {
  const { accounts } = world.settings<Settings>('payward')
  return (
    Object.entries(accounts).find(([, { ids }]) => ids.includes(account))?.[0] ??
    world.get(UserAccounts, account)?.partner
  )
}

/** All accounts of a partner, those of the config file first. */
export function accountsOf(partner: string, world: World): string[] {
  const ids = world.settings<Settings>('payward').accounts[partner]?.ids ?? []
  return [...new Set([...ids, ...world.list(UserAccounts, 'byPartner', partner).map(({ id }) => id)])]
}
