// Some real processes of Sandgate on one real database, each by a network of its own that can be broken; and what stands in front of them.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Database } from './postgres.ts'
import { Balancer, byWorld } from './reach/balancer.ts'
import { SandgateNode } from './reach/node.ts'
import { Proxy } from './reach/proxy.ts'

/** The load makes more addresses of Payward's than a demo account may leave unused. */
const CONFIG = 'providers: { payward: { unusedAddresses: 1000000 } }\n'

export interface Member {
  readonly node: SandgateNode
  /** Between this process and the database. */
  readonly network: Proxy
}

export class Cluster {
  readonly database: Database
  readonly members: Member[] = []
  readonly balancer = new Balancer([], byWorld)
  readonly #folder = mkdtempSync(join(tmpdir(), 'sandgate-cluster-'))
  readonly #config = join(this.#folder, 'config.yaml')
  readonly #all: Member[] = []
  #started = 0

  private constructor(database: Database) {
    this.database = database
    writeFileSync(this.#config, CONFIG)
  }

  static async start(database: Database, count = 3): Promise<Cluster> {
    const cluster = new Cluster(database)
    try {
      await Promise.all(Array.from({ length: count }, () => cluster.add()))
    } catch (error) {
      await cluster.close()
      throw error
    }
    return cluster
  }

  /** One more process. */
  async add(): Promise<Member> {
    const name = `node-${++this.#started}`
    const network = await Proxy.open(this.database.url)
    const data = network.urlOf(this.database.url)
    const node = await SandgateNode.start(name, { data, flags: ['--config', this.#config] }).catch(async (error) => {
      await network.close()
      throw error
    })
    const member = { node, network }
    this.#all.push(member)
    this.members.push(member)
    this.balancer.nodes.push(node)
    return member
  }

  /** Ends a process and takes it out. Answers with its exit status; null: it was killed. */
  async remove(member: Member, signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null> {
    const status = await member.node.end(signal)
    this.members.splice(this.members.indexOf(member), 1)
    this.balancer.nodes.splice(this.balancer.nodes.indexOf(member.node), 1)
    await member.network.close()
    return status
  }

  /** The process that the balancer asks first for this world. */
  ownerOf(world: string): Member {
    const [node] = byWorld(world, this.balancer.nodes)
    return this.members.find((member) => member.node === node)!
  }

  /** Ends every session of these processes on the database's side. */
  async terminateSessions(): Promise<void> {
    await this.database.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and application_name like 'sandgate%' and application_name <> 'sandgate tests'`,
    )
  }

  /** Everything that processes said which are bugs. */
  complaints(): string[] {
    return this.#all.flatMap(({ node }) =>
      node.stderr
        .split('\n')
        .filter((line) => /a bug in Sandgate|UnhandledPromise|^\s+at /.test(line))
        .map((line) => `${node.name}: ${line}`),
    )
  }

  /** What every process of this cluster has written. */
  output(): string {
    return this.#all.map(({ node }) => node.stdout + node.stderr).join('\n')
  }

  async close(): Promise<void> {
    await Promise.all(
      [...this.members].map(async ({ node, network }) => {
        await node.end('SIGKILL')
        await network.close()
      }),
    )
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
