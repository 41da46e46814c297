// Processes that die, stop or are replaced: their worlds go on elsewhere, nothing that was acknowledged is lost, and nobody else notices.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually } from '../eventually.ts'
import { Postgres } from '../postgres.ts'
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
