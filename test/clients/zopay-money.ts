// What tests of Zopay's money do over and over: fund a user, quote, execute, read.
import { expect } from 'vitest'
import { type Kit, type Reply } from '../kit.ts'
import { client, execute, get, quote } from './zopay.ts'

/** Money by hand: 100 USDT on ethereum for user-1 unless anything else is said. */
export async function fund(box: Kit, more: Record<string, unknown> = {}): Promise<void> {
  const money = { provider: 'zopay', holder: 'user:user-1', currency: 'USDT', network: 'ethereum', amount: '100' }
  const reply = await box.control('POST', '/balances', { ...money, ...more })
  expect(reply.status, reply.text).toBe(201)
}

let keys = 0

/** A key that no other call has. */
export function fresh(): string {
  return `key-${++keys}`
}

export async function quoted(box: Kit, fields: Record<string, unknown> = {}, by = client): Promise<any> {
  const reply = await box.call(by, quote(fields, fresh()))
  expect(reply.status, reply.text).toBe(200)
  return reply.json
}

export async function paidOut(box: Kit, fields: Record<string, unknown> = {}, by = client): Promise<any> {
  const { quote_id } = await quoted(box, fields, by)
  const reply = await box.call(by, execute(quote_id, fresh()))
  expect(reply.status, reply.text).toBe(200)
  return reply.json
}

export async function payoutOf(box: Kit, id: string): Promise<any> {
  const reply = await box.call(client, get(`/payouts/${id}`))
  expect(reply.status, reply.text).toBe(200)
  return reply.json
}

/** What a user has of each asset on each network that is not zero, as `USDT ethereum 60.00`. */
export async function holdings(box: Kit, ref = 'user-1', by = client): Promise<string[]> {
  const { json } = await box.call(by, get(`/balances?external_ref=${ref}`))
  return json.balances
    .filter(({ amount }: any) => Number(amount) !== 0)
    .map(({ asset, network, amount }: any) => `${asset} ${network} ${amount}`)
}

export function refused(reply: Reply, status: number, code: string): void {
  expect([reply.status, reply.json?.error?.code ?? reply.json?.detail]).toEqual([status, code])
}

/** What a scenario has in store for the next payout. */
export async function destined(box: Kit, then: Record<string, unknown>): Promise<void> {
  const rule = { when: { provider: 'zopay', operation: 'createPayout', nth: 1 }, then: [{ withdrawal: then }] }
  expect((await box.control('POST', '/faults', rule)).status).toBe(201)
}
