import { createHmac } from 'node:crypto'
import { expect, test } from 'vitest'
import { createSandbox } from '../src/index.ts'
import { allocation, client } from './clients/cpg.ts'
test('x', async () => {
  const box = await createSandbox({ clock: '2026-05-16T19:00:00Z' })
  const req = client.sign(allocation({}), Date.now())
  const r = await box.cpg.fetch(req.path, { method: req.method, headers: req.headers, body: req.body })
  console.log(r.status, Object.fromEntries(r.headers), await r.text())
  console.log(await box.clock.now())
  console.log(await box.addresses())
  const inbox = await box.inbox()
  const [a] = await box.addresses()
  await box.deposit({ address: a.address, amount: '5', after: '2h' })
  await expect(inbox.next({ withinMs: 10 })).rejects.toThrow('foo')
})
