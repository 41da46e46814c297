// Partner-users: who has been seen. A user comes about when Connect first hears of the ref, and there is nothing else to know of one.
import { z } from 'zod'
import { Flag, Moment, Text } from '../../world/rows.ts'
import { balanceOf } from '../../world/ledger.ts'
import type { Table } from '../../world/tables.ts'
import type { World } from '../../world/world.ts'
import { Addresses } from './addresses.ts'
import { ASSETS, NETWORKS } from './catalogue.ts'
import { purseOf, type Tenant } from './money.ts'
import { Intents } from './tables.ts'

/** The switch between two readings of what makes a user. */
export const SEEN_BY = 'zopay.users.seen-by'

/** A user that a reading of balances made; those with an address or an intent are known by it. */
interface UserRow extends Tenant {
  readonly id: string
  readonly externalRef: string
  /** World ms. */
  readonly seenAt: number
}

export const Users: Table<UserRow> = {
  name: 'zopay.users',
  key: (row) => row.id,
  schema: z.strictObject({ id: Text, org: Text, livemode: Flag, externalRef: Text, seenAt: Moment }),
  indexes: {},
}

function idOf({ org, livemode }: Tenant, externalRef: string): string {
  return JSON.stringify([org, livemode, externalRef])
}

/** Notes that the balances of this ref were read. Only inside a change. */
// rule: zopay.users.seen-by
export function sawUser({ org, livemode }: Tenant, externalRef: string, world: World): void {
  const id = idOf({ org, livemode }, externalRef)
  if (world.assumes(SEEN_BY) === 'addresses-intents' || world.get(Users, id)) return
  world.put(Users, { id, org, livemode, externalRef, seenAt: world.now })
}

/** Whether an earlier call has named this ref, or somebody has given it money. */
// rule: zopay.addresses.lazy-user
export function isKnown(tenant: Tenant, externalRef: string, world: World): boolean {
  const id = idOf(tenant, externalRef)
  const has = (asset: string, network: string) =>
    balanceOf(purseOf({ ...tenant, externalRef, asset, network }), world) !== undefined
  return (
    world.get(Users, id) !== undefined ||
    world.first(Addresses, 'user', id) !== undefined ||
    world.first(Intents, 'user', id) !== undefined ||
    ASSETS.some((asset) => Object.keys(NETWORKS).some((network) => has(asset, network)))
  )
}
