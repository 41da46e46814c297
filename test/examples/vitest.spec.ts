import { createSandbox } from 'sandgate'
import { expect, test } from 'vitest'
import { depositAddress } from './shop.cjs'

test('a deposit is told when it is seen, and again when it is confirmed', async () => {
  await using sandbox = await createSandbox({ port: 0, clock: '2026-05-16T19:00:00Z' })
  const inbox = await sandbox.inbox({ provider: 'cpg' })

  const address = await depositAddress(sandbox.cpg.baseUrl, 'user_8721')
  await sandbox.deposit({ address, amount: '100', after: '4h' })
  await sandbox.clock.advance('5h')

  expect(await inbox.next()).toMatchObject({ event: 'deposit.detected', signature: 'right' })
  expect(await inbox.next()).toMatchObject({ event: 'deposit.confirmed', json: { data: { address, amount: '100.000000' } } })
})
