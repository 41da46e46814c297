// A cluster under load, from its start to the look at everything that has to be true: what the tests of single failures have in common.
import seedrandom from 'seedrandom'
import { expect, onTestFinished } from 'vitest'
import { Cluster } from '../cluster.ts'
import { eventually } from '../eventually.ts'
import type { Postgres } from '../postgres.ts'
import { byWorld } from './balancer.ts'
import { problemsOf } from './invariants.ts'
import { Load, type LoadedWorld } from './load.ts'
import { Receiver } from './receiver.ts'

const WORKERS = 8
const START = '2026-05-16T19:00:00Z'

export class Scene {
  readonly seed: string
  readonly random: () => number
  readonly cluster: Cluster
  readonly receiver: Receiver
  readonly load: Load

  private constructor(seed: string, random: () => number, cluster: Cluster, receiver: Receiver, load: Load) {
    this.seed = seed
    this.random = random
    this.cluster = cluster
    this.receiver = receiver
    this.load = load
  }

  /**
   * Three processes, and so many worlds for each of them, every second one with a clock that runs. `SANDGATE_REACH_SEED` repeats what a seed that was
   * printed has drawn.
   */
  static async open(name: string, postgres: Postgres, worldsEach = 2): Promise<Scene> {
    const seed = process.env.SANDGATE_REACH_SEED ?? `${name} ${Date.now()}`
    console.log(`seed ${seed}`)
    const random = seedrandom(seed)
    const cluster = await Cluster.start(await postgres.freshDatabase())
    onTestFinished(() => cluster.close())
    const receiver = await Receiver.open()
    onTestFinished(() => receiver.close())
    const load = new Load(cluster.balancer, worldsFor(cluster, worldsEach), { random })
    await load.prepare(receiver)
    return new Scene(seed, random, cluster, receiver, load)
  }

  /** Load from here on. */
  begin(workers = WORKERS): void {
    this.load.start(workers)
  }

  /** Resolves when so many more calls were answered. */
  async answers(more: number): Promise<void> {
    const until = this.load.answered + more
    await eventually(`${more} more answers`, () => (this.load.answered < until ? this.ends() : undefined))
  }

  /** How calls ended so far, for whoever looks for a fault. */
  ends(): string {
    return this.load.histories
      .map(({ world, ends }) => `${world}: ${[...ends].map(([how, times]) => `${how} ${times} times`).join(', ')}`)
      .join('; ')
  }

  /** No more load; everything is as it has to be. */
  async end(): Promise<void> {
    await this.load.stop()
    await this.load.settle()
    expect(await problemsOf(this.load, this.cluster.database, this.receiver), this.seed).toEqual([])
    expect(this.cluster.complaints(), this.seed).toEqual([])
    expect(this.load.histories.flatMap((history) => history.acknowledged()).length, 'addresses').toBeGreaterThan(20)
  }

  /** Calls to worlds of these processes that failed, though nothing was done to them. */
  failuresOf(worlds: readonly string[]): unknown[] {
    return this.load.histories.filter(({ world }) => worlds.includes(world)).flatMap(({ failures }) => failures)
  }
}

/** So many worlds that the balancer leads to each of the processes. */
function worldsFor({ members, balancer }: Cluster, each: number): LoadedWorld[] {
  const worlds: LoadedWorld[] = []
  for (const { node } of members) {
    let found = 0
    for (let number = 1; found < each; number++) {
      const id = `world-of-${node.name}-${number}`
      if (byWorld(id, balancer.nodes)[0] !== node) continue
      worlds.push(found % 2 === 0 ? { id, clock: START } : { id })
      found++
    }
  }
  return worlds
}
