// The load and its invariants themselves: a single process that loses nothing satisfies them, and each lie about it is found.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import seedrandom from 'seedrandom'
import { expect, onTestFinished, test } from 'vitest'
import { eventually, instant } from '../eventually.ts'
import { Balancer, byWorld } from './balancer.ts'
import { problemsOf } from './invariants.ts'
import { Load } from './load.ts'
import { SandgateNode } from './node.ts'
import { Receiver } from './receiver.ts'

test('a process that is left alone keeps every promise, and a broken one is noticed', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sandgate-load-'))
  writeFileSync(join(folder, 'config.yaml'), 'providers: { payward: { unusedAddresses: 1000000 } }\n')
  const node = await SandgateNode.start('alone', { flags: ['--config', join(folder, 'config.yaml')] })
  const receiver = await Receiver.open()
  onTestFinished(async () => {
    await node.end('SIGKILL')
    await receiver.close()
    rmSync(folder, { recursive: true })
  })
  const worlds = [{ id: 'frozen', clock: '2026-05-16T19:00:00Z' }, { id: 'running' }]
  const load = new Load(new Balancer([node], byWorld), worlds, { random: seedrandom('alone') })
  await load.prepare(receiver)
  load.start(6)
  await eventually('a few hundred calls', () => (load.answered < 400 ? load.answered : undefined))
  await load.stop()
  await load.settle()
  expect(await problemsOf(load, undefined, receiver)).toEqual([])
  const [history] = load.histories
  expect([...receiver.heard.keys()].length, 'callbacks were heard').toBeGreaterThan(0)

  const acknowledged = history!.acknowledged()
  const kept = acknowledged.find(({ wish }) => wish.provider === 'zopay' && wish.holder !== undefined)!
  history!.creations.push({ ...kept, answer: { ...kept.answer, places: [{ address: 'another', tag: null }] } })
  history!.entries.push({ value: 1, from: instant(), until: instant(), by: 'a liar' })
  history!.deposits.push({ amount: 7_000_000, id: 'dep_0', uncertain: false })
  const lost = history!.creations.findIndex(({ wish }) => wish.provider === 'alphapo')
  history!.creations.splice(lost, 1)
  const found = (await problemsOf(load, undefined, receiver)).join('\n')
  expect(found).toMatch(/the address of zopay user-\d+ was/)
  expect(found).toMatch(/journal entries fall back/)
  expect(found).toMatch(/zopay another was handed out 1 times, and is listed 0 times/)
  expect(found).toMatch(/deposit dep_0 of 7000000 is listed as/)
  expect(found).toMatch(/is listed 1 times more than it was handed out/)
})
