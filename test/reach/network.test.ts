// The stretch between the processes and the database breaks, falls silent, or loses answers; the database crashes, restarts or takes no writes. Nothing is
// lost and nothing is done twice, and when it is over everything goes on by itself.
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import * as alphapo from '../clients/alphapo.ts'
import * as cpg from '../clients/cpg.ts'
import * as payward from '../clients/payward.ts'
import * as zopay from '../clients/zopay.ts'
import { Cluster } from '../cluster.ts'
import { eventually } from '../eventually.ts'
import type { Request } from '../kit.ts'
import { Postgres } from '../postgres.ts'
import type { ProviderName } from './calls.ts'
import { offContract } from './load.ts'
import type { Answer, SandgateNode } from './node.ts'
import { askControl, Partner } from './partner.ts'
import { storedWorld } from './replayed.ts'
import { Scene } from './scene.ts'

let postgres: Postgres
beforeAll(async () => {
  postgres = await Postgres.open()
})
afterAll(() => postgres.close())

async function healthOf(node: SandgateNode): Promise<number | string> {
  const answer = await askControl(node, 'GET', '/_sandgate/health')
  return typeof answer === 'string' ? answer : answer.status
}

function isHealthy(node: SandgateNode): Promise<void> {
  return eventually(`${node.name} is healthy`, async () => {
    const health = await healthOf(node)
    return health === 200 ? undefined : health
  })
}

test('sessions that the database ends are made anew, and what became of their commits is looked up', async () => {
  const scene = await Scene.open('terminate', postgres)
  scene.begin()
  for (let times = 0; times < 5; times++) {
    await scene.answers(50)
    await scene.cluster.terminateSessions()
  }
  await scene.answers(50)
  await scene.end()
})

test('a process whose network falls silent answers 503 or closes, never hangs, and comes back; the others notice nothing', async () => {
  const scene = await Scene.open('silent', postgres)
  const { cluster, load } = scene
  const [victim] = cluster.members
  const others = load.histories.map(({ world }) => world).filter((world) => cluster.ownerOf(world) !== victim)
  scene.begin()
  await scene.answers(60)
  victim!.network.goSilent()
  await eventually('its calls end', () =>
    load.histories.some(({ failures }) => failures.some(({ how }) => how === 503)) ? undefined : scene.ends(),
  )
  expect(await healthOf(victim!.node)).toBe(503)
  victim!.network.mend()
  await isHealthy(victim!.node)
  await scene.answers(60)
  expect(scene.failuresOf(others)).toEqual([])
  expect(load.histories.flatMap(({ failures }) => failures).filter(({ how }) => how === 'silent')).toEqual([])
  await scene.end()
})

test('sandgate.shared.unknown: a connection that is cut between a commit and its answer, or before the commit, leaves each call done once', async () => {
  const cluster = await Cluster.start(await postgres.freshDatabase(), 1)
  onTestFinished(() => cluster.close())
  const [{ node, network }] = cluster.members as [(typeof cluster.members)[0]]
  const partner = new Partner('cut')
  await partner.json(node, 'PUT', '', {})
  const made: string[] = []
  const calls = (name: string): [ProviderName, Request, string][] => {
    const uuid = `00000000-0000-4000-8000-${Buffer.from(name).toString('hex').padStart(12, '0').slice(-12)}`
    const wish = payward.creation({ asset_symbol: 'XRP', method_id: payward.METHODS.XRP })
    return [
      [
        'zopay',
        zopay.post('/payment-intents', { amount: '25.00', currencies: ['USDT'] }, `zopay-${name}`),
        `zopay-${name}`,
      ],
      ['cpg', cpg.allocation({ idempotency_key: `cpg-${name}` }), `cpg-${name}`],
      ['payward', { ...wish, headers: { 'idempotency-key': uuid } }, uuid],
      ['alphapo', alphapo.taking({ currency: 'XRP', foreign_id: `alphapo-${name}` }), `alphapo-${name}`],
    ]
  }
  const inLog = async (text: string) =>
    (
      await cluster.database.query(`select 1 from sandgate.log where position(convert_to($1, 'utf8') in records) > 0`, [
        text,
      ])
    ).length > 0
  for (const [provider, request, mark] of calls('answer')) {
    const lost = network.loseAnswerOf(mark, () => inLog(mark))
    const answer = (await partner.call(node, provider, request)) as Answer
    await lost
    expect(answer.status, answer.text).toBeLessThan(300)
    made.push(answer.text)
    if (provider !== 'alphapo')
      expect(((await partner.call(node, provider, request)) as Answer).text, 'asked again').toBe(answer.text)
  }
  for (const [provider, request, mark] of calls('request')) {
    const lost = network.loseRequestOf(mark)
    const answer = (await partner.call(node, provider, request)) as Answer
    await lost
    expect(answer.status, answer.text).toBeLessThan(300)
    made.push(answer.text)
  }
  const { data } = await partner.json(node, 'GET', '/addresses')
  // An intent of Zopay's has an address on each of two networks.
  expect(data.length).toBe(made.length + 2)
  for (const { address, tag } of data)
    expect(made.filter((text) => text.includes(tag ?? address)).length, `${address} ${tag}`).toBe(1)
  const stored = await storedWorld(cluster.database, 'cut')
  expect(stored!.problems).toEqual([])
  expect(cluster.complaints()).toEqual([])
})

test('the database crashes and restarts under load: calls wait or are refused, and go on by themselves', async ({
  skip,
}) => {
  if (!postgres.isOurs) skip('SANDGATE_TEST_POSTGRES names a server that is not ours to stop')
  const scene = await Scene.open('restart', postgres)
  const { cluster } = scene
  scene.begin()
  for (const how of ['immediate', 'fast'] as const) {
    await scene.answers(80)
    await postgres.stop(how)
    await eventually('everybody says that nothing can be kept', async () => {
      const all = await Promise.all(cluster.members.map(({ node }) => healthOf(node)))
      return all.every((health) => health === 503) ? undefined : all
    })
    await postgres.start()
    for (const { node } of cluster.members) await isHealthy(node)
    await scene.answers(80)
  }
  await scene.end()
})

test('a database that takes no writes: every provider answers 503 in its own shape, nothing is changed, and then it goes on', async () => {
  const cluster = await Cluster.start(await postgres.freshDatabase(), 1)
  onTestFinished(() => cluster.close())
  const { database } = cluster
  const [{ node }] = cluster.members as [(typeof cluster.members)[0]]
  const partner = new Partner('closed')
  await partner.json(node, 'PUT', '', { clock: '2026-05-16T19:00:00Z' })
  const before = await partner.allocate(node, 'before')
  const stored = await storedWorld(database, 'closed')

  await database.query(`alter database ${database.name} set default_transaction_read_only = on`)
  await cluster.terminateSessions()
  const wishes: [ProviderName, Request][] = [
    ['zopay', zopay.post('/addresses', { asset: 'USDT', network: 'solana' }, 'while-closed')],
    ['cpg', cpg.allocation({ idempotency_key: 'while-closed' })],
    ['payward', payward.creation({ asset_symbol: 'XRP', method_id: payward.METHODS.XRP })],
    ['alphapo', alphapo.taking({ currency: 'XRP' })],
  ]
  for (const [provider, request] of wishes) {
    const answer = (await partner.call(node, provider, request)) as Answer
    expect(answer.status, `${provider}: ${answer.text}`).toBe(503)
    expect(offContract(provider, request, answer)).toBeUndefined()
  }
  const refused = (await partner.control(node, 'POST', '/deposits', { address: before.address, amount: '1' })) as Answer
  expect([refused.status, JSON.parse(refused.text).code]).toEqual([503, 'storage_unavailable'])
  expect(await storedWorld(database, 'closed')).toEqual(stored)
  expect(await healthOf(node)).toBe(503)

  await postgres.query(`alter database ${database.name} set default_transaction_read_only = off`)
  await cluster.terminateSessions()
  await isHealthy(node)
  for (const [provider, request] of wishes) {
    const answer = (await partner.call(node, provider, request)) as Answer
    expect(answer.status, `${provider}: ${answer.text}`).toBeLessThan(300)
  }
  expect((await partner.json(node, 'GET', '/addresses')).data.length).toBe(5)
  expect(cluster.complaints()).toEqual([])
})
