// What tests of AlphaPo's money do over and over: give some, send some, ask for what is left, and look whether the books are whole.
import { expect } from 'vitest'
import { ledgerProblems } from '../../src/world/ledger.ts'
import { Inbox, type Kit, type Reply } from '../kit.ts'
import { client, clientOf, type Credentials, KEYS, lookingUp, post, withdrawing } from './alphapo.ts'

/** The id of the first transaction of a world. */
export const FIRST = 5100001
export const EVM = '0x00000000000000000000000000000000000000aa'
export const TRON = 'TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t'
export const XRP = 'rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh'

export async function give(box: Kit, currency: string, amount: string, account = 'demo'): Promise<void> {
  const reply = await box.control('POST', '/balances', { provider: 'alphapo', account, currency, amount })
  if (reply.status !== 201) throw new Error(reply.text)
}

export function withdraw(
  box: Kit,
  fields: Record<string, unknown> = {},
  credentials: Credentials = KEYS.demo,
): Promise<Reply> {
  return box.call(clientOf(credentials), withdrawing(fields))
}

/** One that is accepted. */
export async function accepted(box: Kit, fields: Record<string, unknown> = {}): Promise<any> {
  const reply = await withdraw(box, fields)
  if (reply.status !== 201) throw new Error(reply.text)
  return reply.json.data
}

/** What a merchant is told that it has. */
export async function balance(box: Kit, currency: string, credentials: Credentials = KEYS.demo): Promise<string> {
  const { data } = (await box.call(clientOf(credentials), post('/accounts/list', {}))).json
  return data.find((row: any) => row.currency === currency).balance
}

export async function info(box: Kit, by: Record<string, string | number> = { id: FIRST }): Promise<Reply> {
  return box.call(client, lookingUp(by))
}

export async function listen(box: Kit, account = 'demo'): Promise<Inbox> {
  const inbox = await Inbox.open()
  await box.subscribe('alphapo', inbox, { account })
  return inbox
}

export async function act(box: Kit, name: string, body: object): Promise<Reply> {
  return box.control('POST', `/actions/alphapo/${name}`, body)
}

export const statuses = (inbox: Inbox) => inbox.received.map(({ json }) => json.status)

export function wrong(reply: Reply, errors: Record<string, string>, what = ''): void {
  expect([what, reply.status, reply.json]).toEqual([what, 400, { errors }])
}

/** A world in which nothing is lost or made from nothing. */
export function sound(box: Kit): void {
  expect(ledgerProblems(box.world)).toEqual([])
}
