// The faults of a chaos run: each is drawn, does its damage for a while, and mends it. Some go on while the next one begins.
import type { Cluster, Member } from '../cluster.ts'
import { eventually, lasting } from '../eventually.ts'
import type { Postgres } from '../postgres.ts'
import { inTurn, type Policy } from './balancer.ts'
import { askControl } from './partner.ts'

/** What a fault may do its damage to, and how long. */
export interface Victims {
  readonly cluster: Cluster
  readonly postgres: Postgres
  /** How the balancer goes on when nobody spoils it. */
  readonly policy: Policy
  /** One of the processes. */
  readonly member: Member
  readonly ms: number
}

interface Fault {
  /** How often it is drawn, among all. */
  readonly weight: number
  /** How long it lasts at most, ms. */
  readonly lasts: number
  /** Whether the database has to be ours. */
  readonly ours?: boolean
  run(victims: Victims): Promise<void>
}

export const FAULTS: Readonly<Record<string, Fault>> = {
  'kill -9': {
    weight: 3,
    lasts: 0,
    run: async ({ cluster, member }) => {
      await cluster.remove(member, 'SIGKILL')
      await cluster.add()
    },
  },
  'stop and continue': {
    weight: 3,
    lasts: 12_000,
    run: async ({ member, ms }) => {
      member.node.kill('SIGSTOP')
      await lasting(ms)
      member.node.kill('SIGCONT')
    },
  },
  'sessions ended by the database': {
    weight: 3,
    lasts: 0,
    run: async ({ cluster }) => {
      await cluster.terminateSessions()
    },
  },
  'connections cut': { weight: 3, lasts: 0, run: async ({ member }) => member.network.cut() },
  'network down': {
    weight: 2,
    lasts: 8_000,
    run: async ({ member, ms }) => {
      member.network.goDown()
      await lasting(ms)
      member.network.mend()
    },
  },
  'network silent': {
    weight: 2,
    lasts: 12_000,
    run: async ({ member, ms }) => {
      member.network.goSilent()
      await lasting(ms)
      member.network.mend()
    },
  },
  'answers lost': {
    weight: 3,
    lasts: 0,
    run: ({ member }) => member.network.loseNextAnswer(),
  },
  'database crashes': {
    weight: 1,
    lasts: 20_000,
    ours: true,
    run: async ({ postgres, ms }) => {
      await postgres.stop('immediate')
      await lasting(ms)
      await postgres.start()
    },
  },
  'database restarts': {
    weight: 1,
    lasts: 5_000,
    ours: true,
    run: async ({ postgres, ms }) => {
      await postgres.stop('fast')
      await lasting(ms)
      await postgres.start()
    },
  },
  'database stands still': {
    weight: 1,
    lasts: 8_000,
    ours: true,
    run: async ({ postgres, ms }) => {
      postgres.pause()
      await lasting(ms)
      postgres.resume()
    },
  },
  upgrade: {
    weight: 2,
    lasts: 0,
    run: async ({ cluster, member }) => {
      await cluster.add()
      const status = await cluster.remove(member, 'SIGTERM')
      if (status !== 0) throw new Error(`${member.node.name} ended with ${status} after SIGTERM: ${member.node.stderr}`)
    },
  },
  'worlds thrown about': {
    weight: 3,
    lasts: 4_000,
    run: async ({ cluster, policy, ms }) => {
      cluster.balancer.policy = inTurn()
      await lasting(ms)
      cluster.balancer.policy = policy
    },
  },
}

/** One of the faults that can be. */
export function drawnFault(random: () => number, { isOurs }: Postgres): string {
  const possible = Object.entries(FAULTS).filter(([, { ours }]) => isOurs || !ours)
  let left = random() * possible.reduce((sum, [, { weight }]) => sum + weight, 0)
  return possible.find(([, { weight }]) => (left -= weight) < 0)![0]
}

/** Every process says that it can keep what it is told. */
export async function allHealthy({ members }: Cluster): Promise<void> {
  for (const { node } of members) {
    await eventually(`${node.name} is healthy`, async () => {
      if (node.hasEnded) throw new Error(`${node.name} has ended by itself: ${node.stderr}`)
      const answer = await askControl(node, 'GET', '/_sandgate/health')
      return typeof answer !== 'string' && answer.status === 200 ? undefined : JSON.stringify(answer)
    })
  }
}
