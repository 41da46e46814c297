// Processes that die, stop or are replaced: their worlds go on elsewhere, nothing that was acknowledged is lost, and nobody else notices.
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import * as payward from '../clients/payward.ts'
import { Cluster } from '../cluster.ts'
import { eventually, instant } from '../eventually.ts'
import { Postgres } from '../postgres.ts'
import type { Answer } from './node.ts'
import { Partner } from './partner.ts'
import { Receiver } from './receiver.ts'
import { Scene } from './scene.ts'

let postgres: Postgres
beforeAll(async () => {
  postgres = await Postgres.open()
})
afterAll(() => postgres.close())

test('an owner that is killed under load loses nothing that was acknowledged, and its worlds go on with the next call', async () => {
  const scene = await Scene.open('kill', postgres)
  const { cluster, load } = scene
  scene.begin()
  await scene.answers(150)
  const others = load.histories.map(({ world }) => world)
  for (let round = 0; round < 2; round++) {
    const [victim] = cluster.members
    const untouched = others.filter((world) => cluster.ownerOf(world) !== victim)
    others.splice(0, others.length, ...untouched)
    await cluster.remove(victim!, 'SIGKILL')
    await scene.answers(100)
    await cluster.add()
    await scene.answers(100)
  }
  expect(others.length, 'worlds of processes that lived').toBeGreaterThan(0)
  expect(scene.failuresOf(others)).toEqual([])
  const takeovers = await Promise.all(cluster.members.map(({ node }) => node.metric('sandgate_takeovers_total')))
  expect(takeovers.reduce((sum, one) => sum + one)).toBeGreaterThanOrEqual(2)
  await scene.end()
})

test('an owner that is paused while another one takes over is refused when it wakes: no stale answer, no second callback', async () => {
  const cluster = await Cluster.start(await postgres.freshDatabase(), 2)
  onTestFinished(() => cluster.close())
  const receiver = await Receiver.open()
  onTestFinished(() => receiver.close())
  receiver.refuses = () => false
  const [slow, quick] = cluster.members.map(({ node }) => node)
  const partner = new Partner('paused')
  await partner.json(slow!, 'PUT', '', {})
  await partner.subscribe(slow!, 'cpg', receiver)
  const first = await partner.allocate(slow!, 'first')
  // It falls due while its owner is paused, and again in the owner's own memory when that one wakes.
  await partner.json(slow!, 'POST', '/deposits', { address: first.address, amount: '5', after: '1s' })
  slow!.kill('SIGSTOP')
  const second = await partner.allocate(quick!, 'second')
  const heard = () => receiver.heardOf('paused')
  await eventually('the deposit is told by the new owner', () => (heard().size > 0 ? undefined : 'nothing was heard'))
  const told = await partner.now(quick!)

  const stale = partner.control(slow!, 'GET', '/addresses')
  const early = partner.now(slow!)
  slow!.kill('SIGCONT')
  const answer = await stale
  const { data } = JSON.parse(typeof answer === 'string' ? '{}' : answer.text)
  expect(data.map(({ address }: any) => address)).toEqual([first.address, second.address])
  expect(await early).toBeGreaterThanOrEqual(told)
  expect((await partner.allocate(slow!, 'second')).id).toBe(second.id)
  expect((await partner.allocate(slow!, 'third')).id).toBeGreaterThan(second.id)
  expect(await slow!.metric('sandgate_fenced_total')).toBe(1)

  // Whatever is due has been sent by now, by whoever served the world then.
  await partner.json(quick!, 'PATCH', '/clock', { mode: 'frozen' })
  await partner.json(quick!, 'POST', '/clock/advance', { by: '0s' })
  const rows = (await partner.json(quick!, 'GET', '/callbacks')).data
  expect(rows.map(({ body, attempts }: any) => [`cpg ${body}`, attempts.length])).toEqual([...heard()])
  expect([...heard().values()]).toEqual([...heard()].map(() => 1))
  expect(cluster.complaints()).toEqual([])
})

test('sandgate.shared.drain: three processes are replaced one by one under load: no call fails but those that were under way', async () => {
  const scene = await Scene.open('upgrade', postgres)
  const { cluster, load } = scene
  scene.begin()
  await scene.answers(100)
  const ends: { readonly name: string; readonly from: number; readonly until: number }[] = []
  for (const member of [...cluster.members]) {
    await cluster.add()
    const from = instant()
    expect(await cluster.remove(member, 'SIGTERM'), member.node.stderr).toBe(0)
    ends.push({ name: member.node.name, from, until: instant() })
    const [left] = await cluster.database.query(
      'select count(*)::int as worlds from sandgate.worlds where owner not in (select id from sandgate.nodes)',
    )
    expect(left, 'worlds that it let go of').toEqual({ worlds: 0 })
    await scene.answers(100)
  }
  await load.stop()
  for (const { failures, world } of load.histories)
    for (const { how, by, from, until } of failures) {
      const end = ends.find(({ name }) => name === by)
      expect(how, `${world} by ${by}`).toBe('broken')
      expect(
        end && from <= end.until && until >= end.from,
        `a call to ${by} that broke was under way when it ended`,
      ).toBe(true)
    }
  await scene.end()
})

test('sandgate.shared.adoption: timers and callbacks of a running world go on when its owner is dead, though nobody calls', async () => {
  const cluster = await Cluster.start(await postgres.freshDatabase(), 2)
  onTestFinished(() => cluster.close())
  const receiver = await Receiver.open()
  onTestFinished(() => receiver.close())
  // The first attempt is heard by nobody's successor alone: it is refused, and comes again.
  receiver.refuses = (_, times) => times === 1
  const [dead, alive] = cluster.members
  const partner = new Partner('alone')
  await partner.json(dead!.node, 'PUT', '', {})
  await partner.subscribe(dead!.node, 'payward', receiver)
  const request = payward.creation({ asset_symbol: 'XRP', method_id: payward.METHODS.XRP })
  const made = await partner.call(dead!.node, 'payward', request)
  const { address, tag } = JSON.parse((made as Answer).text).data
  await partner.json(dead!.node, 'POST', '/deposits', { address, tag, amount: '5', after: '1s' })
  await cluster.remove(dead!, 'SIGKILL')
  await eventually('the deposit is told, twice because it was refused', () =>
    [...receiver.heardOf('alone').values()].some((times) => times > 1)
      ? undefined
      : [...receiver.heardOf('alone').values()],
  )
  expect(await alive!.node.metric('sandgate_takeovers_total')).toBe(1)
  expect(receiver.wrong).toEqual([])
})
