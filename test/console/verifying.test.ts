// The lines to paste of the views Money and Callbacks do what they say: the first calls hand out addresses, and the line under a callback computes the
// signature that its receiver got.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { RECIPES, signingLine } from '../../src/console/callbacks/recipe.ts'
import { ADDRESS_CALLS } from '../../src/console/money/samples.ts'
import * as alphapo from '../clients/alphapo.ts'
import * as cpg from '../clients/cpg.ts'
import * as payward from '../clients/payward.ts'
import * as zopay from '../clients/zopay.ts'
import { type Client, Inbox, start } from '../kit.ts'

const CLIENTS: Readonly<Record<string, Client>> = {
  alphapo: alphapo.client,
  cpg: cpg.client,
  payward: payward.client,
  zopay: zopay.client,
}

test('every provider has a first call and a recipe', async () => {
  const box = await start()
  const names = [...box.sandbox.engine.providers.keys()].sort()
  expect(Object.keys(ADDRESS_CALLS).sort()).toEqual(names)
  expect(Object.keys(RECIPES).sort()).toEqual(names)
})

test.each(Object.keys(CLIENTS))('the line under a callback of %s computes its signature', async (name) => {
  const box = await start()
  const inbox = await Inbox.open()
  const secret = await box.subscribe(name, inbox)
  const { method, path, body, header } = ADDRESS_CALLS[name]!
  const [key, value] = header?.split(': ') ?? []
  const reply = await box.call(CLIENTS[name]!, {
    method,
    path,
    body: JSON.stringify(body),
    headers: key === undefined ? {} : { [key.toLowerCase()]: value! },
  })
  expect(reply.status, reply.text).toBeLessThan(300)
  const [row] = (await box.control('GET', '/addresses')).json.data
  await box.deposit(row.address, '0.5')
  await box.control('POST', '/clock/advance', { until: 'quiet' })
  const [delivery] = (await box.control('GET', `/callbacks?provider=${name}`)).json.data
  const recipe = RECIPES[name]!
  const line = signingLine(recipe, delivery.attempts[0].signed_text)
  const { stdout } = await promisify(execFile)('bash', ['-c', line], {
    env: { ...process.env, CALLBACK_SECRET: secret },
  })
  const mac = /[0-9a-f]{64,}/.exec(stdout)![0]
  const got = String(inbox.received[0]!.headers[recipe.header.toLowerCase()])
  expect(got.replace(/^t=\d+,v1=/, '')).toBe(mac)
})
