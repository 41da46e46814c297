// The transfers that pay an invoice or a payment request: one row each, kept apart from ordinary deposits, and what they come to.
import { z } from 'zod'
import { type Transfer, Transfers } from '../../world/chain.ts'
import { Count, Digits, Flag, oneOf, Text } from '../../world/rows.ts'
import type { Table } from '../../world/tables.ts'
import type { World } from '../../world/world.ts'
import { nextLine } from './transactions.ts'
import { unitsOf } from './wire.ts'

export interface PaymentRow {
  /** The transfer's own id. */
  readonly transfer: string
  /** The key of what it pays. */
  readonly bill: string
  /** Its number among the lines of transactions. */
  readonly line: number
  readonly units: string
  readonly status: 'seen' | 'confirmed' | 'gone'
  /** It came when nothing was to be paid any more. */
  readonly late: boolean
}

/** A table of such payments, for what is kept in another one. */
export function paymentsOf(name: string, bills: Table<any>): Table<PaymentRow> {
  return {
    name,
    key: (row) => row.transfer,
    schema: z.strictObject({
      transfer: Text,
      bill: Text,
      line: Count,
      units: Digits,
      status: oneOf(['seen', 'confirmed', 'gone']),
      late: Flag,
    }),
    references: ({ transfer, bill }) => [
      ['transfer', Transfers, transfer],
      ['bill', bills, bill],
    ],
    indexes: { byBill: { group: (row) => row.bill, order: (row) => row.line } },
  }
}

/** Takes a transfer down that has just been seen. */
export function record(
  table: Table<PaymentRow>,
  bill: string,
  transfer: Transfer,
  late: boolean,
  world: World,
): PaymentRow {
  return world.put(table, {
    transfer: transfer.id,
    bill,
    line: nextLine(world),
    units: unitsOf(BigInt(transfer.atoms), transfer.decimals).toString(),
    status: 'seen',
    late,
  })
}

/** Those that are on their way or have arrived, oldest first. */
export function livePayments(table: Table<PaymentRow>, bill: string, world: World): PaymentRow[] {
  return world.list(table, 'byBill', bill).filter(({ status }) => status !== 'gone')
}

export function sumOf(payments: readonly PaymentRow[]): bigint {
  return payments.reduce((sum, { units }) => sum + BigInt(units), 0n)
}

export const isConfirmed = ({ status }: PaymentRow) => status === 'confirmed'
