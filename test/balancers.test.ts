// Real balancers, with the files of deploy/, in front of three real processes: every call of a world leads to one process, and a process that dies takes
// only its own worlds with it.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import {
  type Answer,
  ask,
  type Balancer,
  DEMANDED,
  freePort,
  HAPROXY,
  missing,
  NGINX,
  open,
  startBalancer,
  until,
} from './balancers.ts'
import * as alphapo from './clients/alphapo.ts'
import * as cpg from './clients/cpg.ts'
import * as payward from './clients/payward.ts'
import * as zopay from './clients/zopay.ts'
import { Running } from './command-line.ts'
import type { Client, Request } from './kit.ts'

const CREATIONS: readonly (readonly [Client, string, Request])[] = [
  [cpg.client, 'x-cpg-key', cpg.allocation({ user_identifier: 'u' })],
  [zopay.client, 'authorization', zopay.post('/addresses', { asset: 'USDT', network: 'solana', external_ref: 'u' })],
  [payward.client, 'api-key', payward.creation({})],
  [alphapo.client, 'x-processing-key', alphapo.taking({})],
]
const JSON_TYPE = { 'content-type': 'application/json' }

/** Three processes, each with the worlds that it has, for all tests of this file. */
class Nodes {
  ports: number[] = []
  readonly #running: Running[] = []

  async start(): Promise<void> {
    this.ports = await Promise.all([0, 1, 2].map((index) => this.#started(index, 0)))
  }

  end(): void {
    for (const { child } of this.#running) child.kill('SIGKILL')
  }

  /** As they were when they began. */
  async clear(): Promise<void> {
    for (const index of this.ports.keys()) {
      for (const id of (await this.calls(index)).keys())
        if (id !== 'default') await ask(this.url(index), 'DELETE', `/_sandgate/worlds/${id}`)
      await ask(this.url(index), 'POST', '/_sandgate/reset', JSON_TYPE, '{}')
    }
  }

  async kill(index: number): Promise<void> {
    this.#running[index]!.child.kill('SIGKILL')
    await this.#running[index]!.ended
  }

  async again(index: number): Promise<void> {
    await this.#started(index, this.ports[index]!)
  }

  async #started(index: number, port: number): Promise<number> {
    const running = new Running(['serve', '--port', String(port)], {}, { ends: () => undefined })
    this.#running[index] = running
    return Number(new URL(await running.ready()).port)
  }

  url(index: number): string {
    return `http://127.0.0.1:${this.ports[index]}`
  }

  /** How many calls each world of a process got, by id. */
  async calls(index: number): Promise<Map<string, number>> {
    const { json } = await ask(this.url(index), 'GET', '/_sandgate/worlds')
    return new Map(json.data.map((world: any) => [world.id, world.calls]))
  }

  /** Which process each world is on; the default one is on all. */
  async owners(): Promise<Map<string, number>> {
    const owners = new Map<string, number>()
    for (const index of this.ports.keys())
      for (const id of (await this.calls(index)).keys()) {
        if (id === 'default') continue
        expect(owners.has(id), `${id} is on two processes`).toBe(false)
        owners.set(id, index)
      }
    return owners
  }
}

/** Signs calls as their clients do, each a second later than the one before, and none of so many out of CPG's five minutes. */
function signer(): (client: Client, request: Request) => Request {
  let wallMs = Date.now() - 250_000
  return (client, request) => client.sign(request, (wallMs += 1000))
}

function put(url: string, id: string, wish: object = {}): Promise<Answer> {
  return ask(url, 'PUT', `/w/${id}/_sandgate`, JSON_TYPE, JSON.stringify(wish))
}

async function put201(url: string, ids: readonly string[]): Promise<void> {
  for (const id of ids) expect([id, (await put(url, id)).status]).toEqual([id, 201])
}

const named = (count: number) => Array.from({ length: count }, (_, index) => `ci-${index}`)

const nodes = new Nodes()
beforeAll(() => nodes.start())
afterAll(() => nodes.end())

describe.each([NGINX, HAPROXY])('$name', (balancer: Balancer) => {
  const there = balancer.program !== undefined || DEMANDED
  if (!there) console.log(missing(balancer))

  /** The base URL of the balancer. */
  async function cluster(): Promise<string> {
    await nodes.clear()
    return startBalancer(balancer, nodes.ports)
  }

  test.skipIf(!there)(
    'sandgate.worlds.ensure: worlds spread over the processes, each is on one of them, and is found there',
    async () => {
      const url = await cluster()
      const ids = named(60)
      await put201(url, ids)
      const owners = await nodes.owners()
      expect([...owners.keys()].sort()).toEqual(ids.toSorted())
      for (const index of nodes.ports.keys())
        expect(
          [...owners.values()].filter((owner) => owner === index).length,
          `on process ${index + 1}`,
        ).toBeGreaterThan(4)
      for (const id of ids) expect((await put(url, id)).status).toBe(200)
      expect((await put(url, 'ci-0', { seed: 'other' })).status).toBe(409)
      // Deleted by its id, from the path of the default world.
      for (const id of ids) expect((await ask(url, 'DELETE', `/_sandgate/worlds/${id}`)).status).toBe(204)
      expect((await nodes.owners()).size).toBe(0)
    },
  )

  test.skipIf(!there)(
    'calls of all providers come to the process of their world: by path, by host name, by key',
    async () => {
      const url = await cluster()
      const signed = signer()
      const ids = named(9)
      await put201(url, ids)
      const { port } = new URL(url)
      for (const id of ids)
        for (const [client, keyHeader, request] of CREATIONS) {
          const behindKey = (call: Request) => ({ ...call.headers, [keyHeader]: `${call.headers![keyHeader]}.${id}` })
          const ways: ((call: Request) => [path: string, headers: Record<string, string>])[] = [
            (call) => [`/w/${id}/${client.name}${call.path}`, { ...call.headers }],
            (call) => [call.path, { ...call.headers, host: `${client.name}.${id}.localhost:${port}` }],
            (call) => [call.path, { ...call.headers, host: `${client.name.toUpperCase()}.${id}.LocalHost` }],
            (call) => [`/${client.name}${call.path}`, behindKey(call)],
            (call) => [call.path, { ...behindKey(call), host: `${client.name}.localhost:${port}` }],
          ]
          for (const way of ways) {
            const call = signed(client, request)
            const [path, headers] = way(call)
            const answer = await ask(url, call.method, path, headers, call.body)
            expect([id, client.name, path, answer.status < 300 ? '' : answer.text]).toEqual([id, client.name, path, ''])
          }
          expect((await ask(url, 'GET', `/w/${id}/_sandgate/clock`)).status).toBe(200)
          expect(
            (
              await ask(url, 'GET', '/_sandgate/clock', {
                host: `${client.name}.${id}.localhost`,
                'x-cpg-key': 'k.elsewhere',
              })
            ).status,
          ).toBe(200)
        }
      const owners = await nodes.owners()
      expect(owners.size).toBe(ids.length)
      for (const index of nodes.ports.keys())
        for (const [id, calls] of await nodes.calls(index))
          expect([id, calls]).toEqual([id, id === 'default' ? 0 : CREATIONS.length * 5])
    },
  )

  test.skipIf(!there)('a call that names no world, and the control API without one, come to one process', async () => {
    const url = await cluster()
    const signed = signer()
    for (const [client, keyHeader, request] of CREATIONS) {
      const call = signed(client, request)
      // The key of another provider says nothing.
      const other = keyHeader === 'x-cpg-key' ? 'api-key' : 'x-cpg-key'
      const headers = { ...call.headers, [other]: 'some.key.of-another' }
      expect((await ask(url, call.method, `/${client.name}${call.path}`, headers, call.body)).status).toBeLessThan(300)
    }
    const counts = await Promise.all([0, 1, 2].map(async (index) => (await nodes.calls(index)).get('default')))
    expect(counts.toSorted()).toEqual([0, 0, CREATIONS.length])
    const tokens = ['Bearer a.b', 'Bearer a.ci-1', 'Bearer a.ci-2', 'Bearer a.ci-3']
    for (const authorization of tokens) {
      const { json } = await ask(url, 'GET', '/_sandgate/journal?kind=call', { authorization })
      expect(json.data).toHaveLength(CREATIONS.length)
    }
  })

  test.skipIf(!there)(
    'a process that is killed moves its own worlds and no others, and has them back when it is there again',
    async () => {
      const url = await cluster()
      const ids = named(24)
      await put201(url, ids)
      const owners = await nodes.owners()
      const dead = owners.get('ci-0')!
      const [its, others] = [ids.filter((id) => owners.get(id) === dead), ids.filter((id) => owners.get(id) !== dead)]
      const undisturbed = async () => {
        for (const id of others)
          expect([id, (await ask(url, 'GET', `/w/${id}/_sandgate/clock`)).status]).toEqual([id, 200])
      }
      await nodes.kill(dead)
      await undisturbed()
      // Without a body and with one: the next process answers, which has no such world yet.
      for (const id of its) {
        expect((await ask(url, 'GET', `/w/${id}/_sandgate/clock`)).json).toMatchObject({ code: 'world_not_found' })
        const reset = await ask(url, 'POST', `/w/${id}/_sandgate/reset`, JSON_TYPE, '{}')
        expect(reset.json).toMatchObject({ code: 'world_not_found' })
        expect([id, (await put(url, id)).status]).toEqual([id, 201])
        expect([id, (await put(url, id)).status]).toEqual([id, 200])
      }
      await undisturbed()
      await nodes.again(dead)
      // As soon as the balancer knows, the world that was made elsewhere meanwhile is not found any more.
      await until(
        async () => (await ask(url, 'GET', `/w/${its[0]}/_sandgate/clock`)).status === 404,
        'the process has its worlds back',
      )
      await put201(url, its)
      expect([...(await nodes.calls(dead)).keys()].sort()).toEqual([...its, 'default'].sort())
      await undisturbed()
    },
  )

  test.skipIf(!there)(
    'a connection that a scenario breaks ends without an answer, is tried nowhere else, and counts against nobody',
    async () => {
      const url = await cluster()
      const signed = signer()
      const ids = named(12)
      await put201(url, ids)
      const drop = { when: { provider: 'cpg' }, then: [{ drop: { stage: 'before', how: 'reset' } }] }
      expect((await ask(url, 'POST', '/w/ci-0/_sandgate/faults', JSON_TYPE, JSON.stringify(drop))).status).toBe(201)
      const owner = (await nodes.owners()).get('ci-0')!
      const before = await Promise.all([0, 1, 2].map((index) => metricOf(nodes.url(index))))
      for (const request of [cpg.client.good.listCurrencies!(), cpg.allocation({})]) {
        const call = signed(cpg.client, request)
        await expect(ask(url, call.method, `/w/ci-0/cpg${call.path}`, call.headers, call.body)).rejects.toThrow(
          /socket hang up|ECONNRESET/,
        )
        for (const id of ids) expect((await ask(url, 'GET', `/w/${id}/_sandgate/clock`)).status).toBe(200)
      }
      const after = await Promise.all([0, 1, 2].map((index) => metricOf(nodes.url(index))))
      expect(after.map((count, index) => count - before[index]!)).toEqual(
        [0, 1, 2].map((index) => (index === owner ? 2 : 0)),
      )
    },
  )

  test.skipIf(!there)('events come as they happen, and a snapshot of several megabytes passes', async () => {
    const url = await cluster()
    const signed = signer()
    await put201(url, ['ci'])
    const stream = await open(url, 'GET', '/w/ci/_sandgate/events')
    onTestFinished(() => void stream.destroy())
    let events = ''
    stream.setEncoding('utf8').on('data', (text: string) => (events += text))
    await until(() => events.includes('event: world'), 'the stream has begun')
    const call = signed(cpg.client, cpg.allocation({}))
    await ask(url, call.method, `/w/ci/cpg${call.path}`, call.headers, call.body)
    await until(() => events.includes('createDepositAddress'), 'the call is told')
    const snapshot = (await ask(url, 'GET', '/w/ci/_sandgate/snapshot')).text
    const long = `${' '.repeat(5_000_000)}${snapshot}`
    const put = await ask(url, 'PUT', '/w/ci/_sandgate/snapshot', JSON_TYPE, long)
    expect([put.status, put.text]).toEqual([204, ''])
  })
})

test.skipIf(HAPROXY.program === undefined && !DEMANDED)(
  'HAProxy leaves a process that is not well, and comes back to it',
  async () => {
    const well = [true, true, true]
    const ports = await Promise.all(
      well.map(async (_, index) => {
        const server = createServer((req, res) => {
          if (req.url === '/_sandgate/health') return void res.writeHead(well[index] ? 200 : 503).end()
          res.end(String(index))
        }).listen(await freePort(), '127.0.0.1')
        await new Promise((resolve) => server.once('listening', resolve))
        onTestFinished(() => (server.closeAllConnections(), void server.close()))
        return (server.address() as AddressInfo).port
      }),
    )
    const url = await startBalancer(HAPROXY, ports)
    const owners = async () =>
      (await Promise.all(named(30).map((id) => ask(url, 'GET', `/w/${id}/cpg/x`)))).map(({ text }) => text)
    const before = await owners()
    expect(new Set(before)).toEqual(new Set(['0', '1', '2']))
    well[1] = false
    await until(async () => !(await owners()).includes('1'), 'the process is left')
    for (const [index, owner] of (await owners()).entries())
      if (before[index] !== '1') expect(owner).toBe(before[index])
    well[1] = true
    await until(async () => (await owners()).includes('1'), 'the process is back')
    expect(await owners()).toEqual(before)
  },
)

/** How many calls a process has got from anybody, in any world. */
async function metricOf(url: string): Promise<number> {
  const { text } = await ask(url, 'GET', '/_sandgate/metrics')
  return [...text.matchAll(/^sandgate_calls_total\{.*\} (\d+)$/gm)].reduce((sum, [, count]) => sum + Number(count), 0)
}
