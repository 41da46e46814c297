// What stands in front of the processes, as small as it can be: it chooses one for each call, and takes the next one only when nobody listens there.
import { createHash } from 'node:crypto'
import type { Request } from '../kit.ts'
import { type Answer, ask, type Failure } from './node.ts'

/** Something that listens, in a process of its own or in this one. */
export interface Listener {
  readonly name: string
  readonly port: number
}

/** In which order the processes are tried for a call to this world. */
export type Policy = (world: string, nodes: readonly Listener[]) => readonly Listener[]

/** Each world at one process, as nginx and HAProxy do it with the files in deploy/. */
export const byWorld: Policy = (world, nodes) => nodes.toSorted((a, b) => weight(world, a) - weight(world, b))

/** Each call at another process than the one before. */
export function inTurn(): Policy {
  let next = 0
  return (_, nodes) => {
    const first = next++ % nodes.length
    return [...nodes.slice(first), ...nodes.slice(0, first)]
  }
}

/** Mostly by world; some calls go anywhere. */
export function mostlyByWorld(random: () => number, share: number): Policy {
  const turn = inTurn()
  return (world, nodes) => (random() < share ? turn(world, nodes) : byWorld(world, nodes))
}

function weight(world: string, { name }: Listener): number {
  return createHash('sha256').update(`${world} ${name}`).digest().readUInt32BE()
}

export class Balancer {
  /** Who can be asked at this moment; those that ended are taken out and new ones put in by whoever runs them. */
  readonly nodes: Listener[]
  policy: Policy
  /** How long an answer is waited for. */
  patienceMs = 60_000

  constructor(nodes: Listener[], policy: Policy) {
    this.nodes = nodes
    this.policy = policy
  }

  async send(world: string, request: Request): Promise<{ answer: Answer | Failure; node: string }> {
    let last = 'nobody'
    for (const node of this.policy(world, this.nodes)) {
      last = node.name
      const answer = await ask(node.port, request, this.patienceMs)
      if (answer !== 'refused') return { answer, node: last }
    }
    return { answer: 'refused', node: last }
  }
}
