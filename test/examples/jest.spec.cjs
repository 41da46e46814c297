const { createSandbox } = require('sandgate')
const { depositAddress } = require('./shop.cjs')

let sandbox
beforeAll(async () => (sandbox = await createSandbox({ port: 0, clock: '2026-05-16T19:00:00Z' })))
afterAll(() => sandbox.close())

test('a callback that is answered with 500 comes again a minute later', async () => {
  const world = sandbox.world('flaky-receiver')
  const inbox = await world.inbox({ provider: 'cpg', events: ['deposit.confirmed'] })
  inbox.answer = (received, index) => (index === 0 ? 500 : 200)

  const address = await depositAddress(world.cpg.baseUrl, 'user_8721')
  await world.deposit({ address, amount: '100', confirmations: 'instant' })
  expect(inbox.received).toHaveLength(1)

  await world.clock.advance('1m')
  expect(inbox.received).toHaveLength(2)
  expect(inbox.received[1].text).toBe(inbox.received[0].text)
})
