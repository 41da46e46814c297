import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createSandbox } from 'sandgate'
import { depositAddress } from './shop.cjs'

let sandbox
before(async () => (sandbox = await createSandbox({ port: 0 })))
after(() => sandbox.close())

test('when the answer gets lost, asking again gives the same address', async () => {
  const world = sandbox.world('lost-answer')
  await world.faults.arm({ when: { operation: 'createDepositAddress', nth: 1 }, then: [{ drop: { stage: 'after', how: 'reset' } }] })

  const address = await depositAddress(world.cpg.baseUrl, 'user_8721')

  const calls = await world.calls({ provider: 'cpg', operation: 'createDepositAddress' })
  assert.equal(calls.length, 2)
  assert.deepEqual((await world.addresses()).map((row) => row.address), [address])
})
