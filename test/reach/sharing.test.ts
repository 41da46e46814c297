// Several processes that serve the same worlds in turn, by clocks that disagree, while worlds are reset and deleted: slow, never wrong. Without the look
// at the epoch the same load loses changes, which shows that it would be noticed.
import seedrandom from 'seedrandom'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import * as cpg from '../clients/cpg.ts'
import * as zopay from '../clients/zopay.ts'
import { eventually, instant } from '../eventually.ts'
import { type Database, Postgres } from '../postgres.ts'
import { Balancer, inTurn } from './balancer.ts'
import { type Here, here } from './here.ts'
import { fallsBack, type Seen } from './history.ts'
import { problemsOf } from './invariants.ts'
import { Load } from './load.ts'
import type { Answer } from './node.ts'
import { askControl, Partner } from './partner.ts'
import { Receiver } from './receiver.ts'
import { storedWorld } from './replayed.ts'
import { Scene } from './scene.ts'

const START = '2026-05-16T19:00:00Z'

let postgres: Postgres
beforeAll(async () => {
  postgres = await Postgres.open()
})
afterAll(() => postgres.close())

test('a balancer that sends each call to another process makes it slow, never wrong', async () => {
  const scene = await Scene.open('in turn', postgres, 1)
  scene.cluster.balancer.policy = inTurn()
  scene.begin(4)
  await scene.answers(180)
  await scene.end()
  const takeovers = await Promise.all(scene.cluster.members.map(({ node }) => node.metric('sandgate_takeovers_total')))
  expect(takeovers.reduce((sum, one) => sum + one)).toBeGreaterThan(50)
})

/** Two sandboxes that serve two worlds in turn. Answers with what is wrong afterwards. */
async function servedInTurn(database: Database, seed: string, fence: boolean): Promise<string[]> {
  // Logs are folded all the time.
  const both = [await here('one', database, { keep: { fence, foldBytes: 20_000 } })]
  both.push(await here('two', database, { keep: { fence, foldBytes: 20_000 } }))
  const receiver = await Receiver.open()
  onTestFinished(() => receiver.close())
  const worlds = [{ id: 'frozen', clock: START }, { id: 'running' }]
  const load = new Load(new Balancer(both, inTurn()), worlds, { random: seedrandom(seed) })
  await load.prepare(receiver)
  load.start(4)
  await eventually('enough calls', () => (load.answered < 250 ? load.answered : undefined))
  await load.stop()
  // Without the fence nobody can say what a key is answered with.
  if (fence) await load.settle()
  const problems = await problemsOf(load, database, receiver).catch((error: Error) => [error.message])
  if (fence) {
    expect(both.flatMap(({ said }) => said).filter((line) => line.startsWith('a bug'))).toEqual([])
    const [folded] = await database.query(
      'select min(checkpoint_seq)::int as least from sandgate.worlds where id <> $1',
      ['default'],
    )
    expect(folded!.least, 'changes that were folded').toBeGreaterThan(0)
  }
  return problems
}

test('two that serve the same worlds in turn and fold their logs meanwhile lose nothing', async () => {
  const seed = process.env.SANDGATE_REACH_SEED ?? `fenced ${Date.now()}`
  console.log(`seed ${seed}`)
  expect(await servedInTurn(await postgres.freshDatabase(), seed, true), seed).toEqual([])
})

test('the control run: the same without the fence loses changes, and is noticed', async () => {
  const seed = process.env.SANDGATE_REACH_SEED ?? `unfenced ${Date.now()}`
  console.log(`seed ${seed}`)
  const problems = await servedInTurn(await postgres.freshDatabase(), seed, false)
  expect(problems, seed).not.toEqual([])
  console.log(`without the fence: ${problems.length} problems, such as ${problems[0]}`)
})

test('world time never goes back, whichever of three processes tells it, though their wall clocks are an hour apart', async () => {
  const database = await postgres.freshDatabase()
  const nodes: Here[] = []
  for (const [index, hours] of [0, 1, -1].entries())
    nodes.push(await here(`${hours} h`, database, { wall: () => Date.now() + hours * 3_600_000 + index }))
  const partner = new Partner('clocks')
  await partner.json(nodes[0]!, 'PUT', '', {})
  const clock: Seen[] = []
  const made: Seen[] = []
  const entries: Seen[] = []
  for (let times = 0; times < 30; times++) {
    for (const node of nodes) {
      const from = instant()
      const value = await partner.now(node)
      clock.push({ value, from, until: instant(), by: node.name })
      const asked = instant()
      const wish = cpg.allocation({ idempotency_key: `${times} ${node.name}` })
      const answer = (await partner.call(node, 'cpg', wish)) as Answer
      expect(answer.status, answer.text).toBe(200)
      const seen = { from: asked, until: instant(), by: node.name }
      made.push({ ...seen, value: Date.parse(JSON.parse(answer.text).data.created_at) })
      entries.push({ ...seen, value: Number(answer.headers['x-sandgate-entry']) })
    }
    if (times === 20) await nodes[0]!.close()
    if (times === 20) nodes.shift()
  }
  expect([...fallsBack('world time', clock, false)]).toEqual([])
  expect([...fallsBack('times of requests', made, false)]).toEqual([])
  expect([...fallsBack('journal entries', entries, true)]).toEqual([])
  // Nor does it leap with the wall of whoever serves it.
  expect(clock.at(-1)!.value - clock[0]!.value).toBeLessThan(1_800_000)
  expect((await storedWorld(database, 'clocks'))!.problems).toEqual([])
})

test('a world that is deleted or reset elsewhere is gone at once, and nothing of it is written afterwards', async () => {
  const database = await postgres.freshDatabase()
  const [one, two] = [await here('one', database), await here('two', database)]
  const partner = new Partner('gone')
  const under = new Partner('gone')
  await partner.json(one, 'PUT', '', { clock: START })
  const first = await partner.allocate(one, 'first')

  // Reset by another process, while the first one serves it.
  await partner.json(two, 'POST', '/reset')
  expect((await partner.json(one, 'GET', '/addresses')).data).toEqual([])
  expect((await partner.allocate(one, 'after')).id).toBe(first.id)
  const stored = await storedWorld(database, 'gone')
  expect(stored!.problems).toEqual([])
  expect(stored!.tables).not.toContain('"first"')

  // Deleted by another process, while calls are under way at the first one.
  const calls = Array.from({ length: 12 }, (_, index) =>
    under.call(
      one,
      'zopay',
      zopay.post('/payment-intents', { amount: '25.00', currencies: ['USDT'] }, `intent-${index}`),
    ),
  )
  const deleted = askControl(two, 'DELETE', '/_sandgate/worlds/gone')
  const answers = (await Promise.all(calls)) as Answer[]
  expect(((await deleted) as Answer).status).toBe(204)
  for (const { status, text } of answers) expect([200, 404], text).toContain(status)
  const after = (await partner.call(one, 'zopay', zopay.get('/payment-intents'))) as Answer
  expect([after.status, JSON.parse(after.text).code], after.text).toEqual([404, 'world_not_found'])
  expect(((await partner.control(one, 'GET', '/clock')) as Answer).status).toBe(404)
  expect(await storedWorld(database, 'gone')).toBeUndefined()
  expect(await database.query("select seq from sandgate.log where world = 'gone'")).toEqual([])

  // One of that name that begins elsewhere has nothing of it.
  await partner.json(two, 'PUT', '', { clock: START })
  expect((await partner.json(one, 'GET', '/addresses')).data).toEqual([])
  expect((await partner.allocate(one, 'first')).id).toBe(1)
  expect((await storedWorld(database, 'gone'))!.problems).toEqual([])
  for (const { said } of [one, two]) expect(said.filter((line) => line.startsWith('a bug'))).toEqual([])
})
