// Three processes, one database, load all the time, and one fault after the other, drawn from a seed; all invariants in between and at the end.
// `npm run chaos -- --minutes 30 --seed NAME` runs it for long, the test suite for some faults.
import seedrandom from 'seedrandom'
import { expect, onTestFinished, test } from 'vitest'
import { lasting } from '../eventually.ts'
import { Cluster, type Member } from '../cluster.ts'
import { Postgres } from '../postgres.ts'
import { mostlyByWorld } from './balancer.ts'
import { allHealthy, drawnFault, FAULTS } from './faults.ts'
import { problemsOf } from './invariants.ts'
import { Load } from './load.ts'
import { askControl } from './partner.ts'
import { Receiver } from './receiver.ts'

const MINUTES = Number(process.env.CHAOS_MINUTES ?? 0)
const SEED = process.env.CHAOS_SEED ?? (MINUTES === 0 ? 'suite' : String(Date.now()))
/** So many faults between two looks at the invariants, and so many looks at the same worlds. */
const FAULTS_A_LOOK = MINUTES === 0 ? 4 : 6
const LOOKS_A_ROUND = 8
const WORKERS = 8
/** How often a fault goes on while the next one begins. */
const OVERLAPS = 0.3
const START = '2026-05-16T19:00:00Z'

test(
  'whatever happens to processes, network and database, no promise is broken',
  async () => {
    const begun = Date.now()
    const seconds = () => ((Date.now() - begun) / 1000).toFixed(1)
    const say = (line: string) => console.log(`${seconds()} s: ${line}`)
    console.log(`seed ${SEED}; again: npm run chaos -- --minutes ${MINUTES || 1} --seed ${SEED}`)
    const random = seedrandom(SEED)
    const postgres = await Postgres.open()
    onTestFinished(() => postgres.close())
    const cluster = await Cluster.start(await postgres.freshDatabase())
    onTestFinished(() => cluster.close())
    const policy = mostlyByWorld(seedrandom(`${SEED} anywhere`), 0.05)
    cluster.balancer.policy = policy

    let calls = 0
    for (let round = 1; round === 1 || Date.now() - begun < MINUTES * 60_000; round++) {
      const receiver = await Receiver.open()
      const worlds = ['a', 'b', 'c', 'd'].map((name, index) => ({
        id: `round-${round}-${name}`,
        ...(index % 2 === 0 && { clock: START }),
      }))
      const load = new Load(cluster.balancer, worlds, { random: seedrandom(`${SEED} ${round}`) })
      await load.prepare(receiver)
      for (let look = 0; look < LOOKS_A_ROUND; look++) {
        load.start(WORKERS)
        await someFaults(random, cluster, postgres, policy, say)
        await allHealthy(cluster)
        await load.stop()
        await load.settle()
        const problems = [...(await problemsOf(load, cluster.database, receiver)), ...cluster.complaints()]
        if (problems.length > 0) say(`stderr: ${cluster.members.map(({ node }) => node.stderr).join('\n')}`)
        expect(problems, `seed ${SEED}, round ${round}`).toEqual([])
        say(`${load.answered} calls in this round, all is well`)
        if (Date.now() - begun >= MINUTES * 60_000) break
      }
      calls += load.answered
      for (const { id } of worlds) {
        const deleted = await askControl(cluster.balancer.nodes[0]!, 'DELETE', `/_sandgate/worlds/${id}`)
        expect(typeof deleted === 'string' ? deleted : deleted.status, `${id} is deleted`).toBe(204)
      }
      await receiver.close()
    }
    say(`${calls} calls, and no promise was broken`)
  },
  MINUTES === 0 ? undefined : (MINUTES + 10) * 60_000,
)

/** Some faults, one behind the other or at once; all of them are mended afterwards. */
async function someFaults(
  random: () => number,
  cluster: Cluster,
  postgres: Postgres,
  policy: Load['balancer']['policy'],
  say: (line: string) => void,
): Promise<void> {
  const going = new Map<string, Promise<void>>()
  const struck = new Set<Member>()
  for (let number = 0; number < FAULTS_A_LOOK; number++) {
    const name = drawnFault(random, postgres)
    const [at, ms, overlaps, pause] = [
      random(),
      random() ** 2 * FAULTS[name]!.lasts,
      random() < OVERLAPS,
      random() * 1500,
    ]
    const whole = cluster.members.filter((member) => !struck.has(member))
    const member = whole[Math.floor(at * whole.length)]
    // Two of a kind at once would mend each other.
    if (
      !member ||
      [...going.keys()].some((other) => other === name || (/database/.test(other) && /database/.test(name)))
    )
      continue
    struck.add(member)
    say(`${name}${FAULTS[name]!.lasts > 0 ? ` for ${Math.round(ms)} ms` : ''} (${member.node.name})`)
    const fault = FAULTS[name]!.run({ cluster, postgres, policy, member, ms }).finally(() => {
      going.delete(name)
      struck.delete(member)
    })
    fault.catch(() => undefined)
    going.set(name, fault)
    if (!overlaps) await fault
    await lasting(pause)
  }
  await Promise.all(going.values())
}
