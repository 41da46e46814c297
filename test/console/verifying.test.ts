// The lines to paste of the views Money and Callbacks do what they say: the first calls hand out addresses, and the line under a callback computes the
// signature that its receiver got.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { recipeOf } from '../../src/console/callbacks/recipe.ts'
import { addressCall, FILL_IN } from '../../src/console/money/address-calls.ts'
import * as alphapo from '../clients/alphapo.ts'
import * as cpg from '../clients/cpg.ts'
import * as payward from '../clients/payward.ts'
import * as zopay from '../clients/zopay.ts'
import { type Client, Inbox, type Request, start } from '../kit.ts'

const CLIENTS: Readonly<Record<string, Client>> = {
  alphapo: alphapo.client,
  cpg: cpg.client,
  payward: payward.client,
  zopay: zopay.client,
}

const NAMES = Object.keys(CLIENTS)

/** The call of a client that is handed an address. */
function handingOut(name: string): Request {
  const { takeAddress, createDepositAddress, createAddress } = CLIENTS[name]!.good
  return (takeAddress ?? createDepositAddress ?? createAddress)!()
}

test('every provider has a client here', async () => {
  const box = await start()
  expect([...box.sandbox.engine.providers.keys()].sort()).toEqual(NAMES)
})

test.each(NAMES)('the contract of %s has a call that hands out an address', async (name) => {
  const box = await start()
  const contract = await box.raw('GET', `/_sandgate/specs/${name}`, { accept: 'application/json' })
  const { method, path, body, headers } = addressCall(contract.json)!
  const good = handingOut(name)
  expect(method).toBe(good.method)
  expect(Object.keys(body).every((field) => field in JSON.parse(good.body!))).toBe(true)
  // Where the contract has an example of everything, the call can be pasted as it stands.
  if (JSON.stringify({ path: decodeURI(path), body, headers }).includes(FILL_IN)) return
  const reply = await box.call(CLIENTS[name]!, {
    method,
    path,
    body: JSON.stringify(body),
    headers: Object.fromEntries(headers.map((header) => header.toLowerCase().split(': ') as [string, string])),
  })
  expect(reply.status, reply.text).toBeLessThan(300)
  expect((await box.control('GET', '/addresses')).json.data).toHaveLength(1)
})

test.each(NAMES)('the line under a callback of %s computes its signature', async (name) => {
  const box = await start()
  const inbox = await Inbox.open()
  const secret = await box.subscribe(name, inbox)
  const reply = await box.call(CLIENTS[name]!, handingOut(name))
  expect(reply.status, reply.text).toBeLessThan(300)
  const [row] = (await box.control('GET', '/addresses')).json.data
  await box.deposit(row.address, '0.5')
  await box.control('POST', '/clock/advance', { until: 'quiet' })
  const [delivery] = (await box.control('GET', `/callbacks?provider=${name}`)).json.data
  const rules = (await box.control('GET', `/rules?provider=${name}`)).json.data
  const { header, rule, line } = recipeOf(delivery.attempts[0], rules)!
  expect(rule?.id).toMatch(/signature$/)
  const { stdout } = await promisify(execFile)('bash', ['-c', line!], {
    env: { ...process.env, CALLBACK_SECRET: secret },
  })
  const mac = /[0-9a-f]{64,}/.exec(stdout)![0]
  const got = String(inbox.received[0]!.headers[header.toLowerCase()])
  expect(got.replace(/^t=\d+,v1=/, '')).toBe(mac)
})
