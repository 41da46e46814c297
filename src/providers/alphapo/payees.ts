// Whom a merchant has sent money to: AlphaPo numbers their addresses as it numbers its own.
import { z } from 'zod'
import { Count, oneOf, Text } from '../../world/rows.ts'
import type { Table } from '../../world/tables.ts'
import type { World } from '../../world/world.ts'
import { nextAddress } from './addresses.ts'
import { CURRENCIES } from './catalogue.ts'

export interface PayeeRow {
  readonly id: number
  readonly merchant: string
  readonly currency: string
  /** As the client wrote it. */
  readonly address: string
  readonly tag: string | null
}

export const Payees: Table<PayeeRow> = {
  name: 'alphapo.payees',
  key: (row) => String(row.id),
  schema: z.strictObject({
    id: Count,
    merchant: Text,
    currency: oneOf([...CURRENCIES.keys()]),
    address: Text,
    tag: Text.nullable(),
  }),
  indexes: { alike: { group: (row) => alike(row), order: (row) => row.id, early: true } },
}

function alike({ merchant, currency, address, tag }: Omit<PayeeRow, 'id'>): string {
  return JSON.stringify([merchant, currency, address, tag])
}

/** The payee of this address, known from before or new. Only inside a change. */
// rule: alphapo.withdrawals.address-id
export function payeeOf(payee: Omit<PayeeRow, 'id'>, world: World): PayeeRow {
  return world.first(Payees, 'alike', alike(payee)) ?? world.put(Payees, { id: nextAddress(world), ...payee })
}
