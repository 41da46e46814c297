// A suite whose timers are replaced before anything else happens, as a setup file does it.
import { expect, test, vi } from 'vitest'
import { depositAddress } from './shop.cjs'

vi.useFakeTimers()
const { createSandbox } = await import('sandgate')

test('callbacks come while the time of the test stands still', async () => {
  await using sandbox = await createSandbox({ port: 0, clock: '2026-05-16T19:00:00Z' })
  const inbox = await sandbox.inbox({ provider: 'cpg' })
  const address = await depositAddress(sandbox.cpg.baseUrl, 'user_8721')
  await sandbox.deposit({ address, amount: '100', confirmations: 'instant' })
  expect(await inbox.next({ event: 'deposit.confirmed' })).toMatchObject({ signature: 'right' })
  await expect(inbox.next({ event: 'deposit.confirmed', withinMs: 1 })).rejects.toThrow('no callback deposit.confirmed came within 1 ms')
  expect((await sandbox.fetch('/nowhere')).status).toBe(404)
})
