// The whole under random calls, deposits, faults and time: after every step the invariants of the sandbox hold. A failure prints the seed that
// repeats it: SIMULATE_SEED=<seed> npx vitest run test/simulation.test.ts. Longer runs: npm run simulate -- --seeds 1000.
import { expect, test } from 'vitest'
import { type Draw, draw } from '../src/world/draws.ts'
import { arm, type Action } from '../src/http/faults.ts'
import * as alphapo from './clients/alphapo.ts'
import * as cpg from './clients/cpg.ts'
import * as payward from './clients/payward.ts'
import * as zopay from './clients/zopay.ts'
import { type Client, Inbox, type Kit, type Reply, type Request, start } from './kit.ts'

const STEPS = 600
const SEEDS = process.env.SIMULATE_SEED ? [process.env.SIMULATE_SEED] : Array.from({ length: Number(process.env.SIMULATE_SEEDS ?? 4) }, (_, index) => `seed-${index}`)

/** Rows that the checks in front of an operation write, whatever becomes of the call (spent signatures, nonces, rates, what struck), and refusals kept for repeats. */
const OF_GATES = /signatures|nonces|buckets|faults|counters|repeats/

/** A call that was made, with what it takes to make it again. */
interface Made {
  readonly client: Client
  readonly request: Request
  readonly reply: Reply
  /** The key that protects it, where it has one that lasts. */
  readonly key: string | undefined
}

function pick<T>(from: readonly T[], drawn: Draw): T {
  return from[drawn.below(from.length)]!
}

const USERS = ['ann', 'bob', 'cem', undefined]
const KEYS = ['k1', 'k2', 'k3', undefined]
const uuid = (n: number) => `550e8400-e29b-41d4-a716-44665544${String(n).padStart(4, '0')}`

/** A random call that creates something, now and then a wrong one. */
function creation(drawn: Draw, n: number): Pick<Made, 'client' | 'request' | 'key'> {
  const wrong = drawn.below(8) === 0
  switch (drawn.below(5)) {
    case 0: {
      const [who, credentials] = pick(Object.entries({ demo: cpg.KEYS.demo, second: cpg.KEYS.second, other: cpg.KEYS.other }), drawn)
      const idempotency_key = pick(KEYS, drawn)
      const fields = { network: wrong ? 'NOPE' : pick(['ETH', 'BSC', 'TRX'], drawn), user_identifier: pick(USERS, drawn), idempotency_key }
      return { client: cpg.clientOf(credentials), request: cpg.allocation(fields), key: idempotency_key && `cpg/${who}/${idempotency_key}` }
    }
    case 1: {
      const client = zopay.clientOf(pick([zopay.KEYS.demo, zopay.KEYS.other], drawn))
      const body = { asset: pick(['USDT', 'XAUT'], drawn), network: wrong ? 'nope' : pick(['solana', 'ethereum'], drawn), external_ref: pick(USERS, drawn) }
      return { client, request: zopay.post('/addresses', body, `address-${n}`), key: undefined }
    }
    case 2: {
      const client = zopay.clientOf(zopay.KEYS.demo)
      return { client, request: zopay.post('/payment-intents', { amount: wrong ? '-1' : '25.00', currencies: ['USDT'] }, `intent-${n}`), key: undefined }
    }
    case 3: {
      const idempotency = drawn.below(2) === 0 ? uuid(drawn.below(4)) : undefined
      const request = payward.creation(wrong ? { method_id: uuid(9999) } : {})
      return { client: payward.client, request: idempotency ? { ...request, headers: { 'idempotency-key': idempotency } } : request, key: undefined }
    }
    default: {
      const request = alphapo.taking({ currency: wrong ? 'NOPE' : pick(['BTC', 'ETH', 'XRP', 'TRX'], drawn), foreign_id: pick(['ann', 'bob'], drawn) })
      return { client: alphapo.clientOf(pick([alphapo.KEYS.demo, alphapo.KEYS.other], drawn)), request, key: undefined }
    }
  }
}

class Simulation {
  readonly #box: Kit
  readonly #drawn: Draw
  readonly #made: Made[] = []
  /** The first answer under an idempotency key that lasts for ever. */
  readonly #promised = new Map<string, string>()
  /** Who was given a sticky address. */
  readonly #stuck = new Map<string, string>()
  #n = 0

  constructor(box: Kit, drawn: Draw) {
    this.#box = box
    this.#drawn = drawn
  }

  async step(): Promise<string> {
    const drawn = this.#drawn
    this.#n++
    const dice = drawn.below(100)
    if (dice < 50) return this.#create()
    if (dice < 60) return this.#again()
    if (dice < 75) return this.#deposit()
    if (dice < 90) return this.#wait()
    if (dice < 96) return this.#fault()
    return this.#rewind()
  }

  async #create(): Promise<string> {
    const call = creation(this.#drawn, this.#n)
    const before = this.#rows()
    const reply = await this.#box.call(call.client, call.request)
    if (!(await this.#struck(reply))) this.#check(call, reply, before)
    this.#made.push({ ...call, reply })
    return `${call.client.name} ${call.request.path} ${reply.status}`
  }

  /** The very same call once more, freshly signed: it repeats, or it makes something new where nothing protects it. */
  async #again(): Promise<string> {
    if (this.#made.length === 0) return 'nothing to repeat'
    const call = pick(this.#made, this.#drawn)
    const before = this.#rows()
    const reply = await this.#box.call(call.client, call.request)
    if (!(await this.#struck(reply))) this.#check(call, reply, before)
    return `again ${call.client.name} ${call.request.path} ${reply.status}`
  }

  /** Whether a fault took part: what it answered says nothing about what was done. */
  async #struck(reply: Reply): Promise<boolean> {
    const entry = Number(reply.headers['x-sandgate-entry'])
    return (await this.#box.control('GET', `/journal?kind=fault&after=${entry}&limit=1`)).json.data.some(({ call }: any) => call === entry)
  }

  #check({ client, key }: Pick<Made, 'client' | 'key'>, reply: Reply, before: string[]): void {
    expect(reply.status, reply.text).toBeLessThan(500)
    if (reply.status >= 400) expect(this.#rows(), 'a refused call changes nothing').toEqual(before)
    if (key && reply.status === 200) {
      const promised = this.#promised.get(key)
      if (promised !== undefined) {
        expect(reply.text, `${client.name}: one key, one object`).toBe(promised)
        expect(this.#rows(), 'a repeat changes nothing').toEqual(before)
      }
      this.#promised.set(key, reply.text)
    }
  }

  async #deposit(): Promise<string> {
    const { data } = (await this.#box.control('GET', '/addresses?limit=1000')).json
    if (data.length === 0) return 'nobody to pay'
    const { address, tag } = pick(data as any[], this.#drawn)
    const wish = {
      address,
      ...(tag !== null && this.#drawn.below(4) > 0 && { tag }),
      amount: pick(['0.0001', '1', '25', '100.5'], this.#drawn),
      ...(this.#drawn.below(3) === 0 && { after: pick(['10m', '3h', '8d'], this.#drawn) }),
      confirmations: pick(['instant', 0, 1], this.#drawn),
      outcome: pick(['confirmed', 'confirmed', 'confirmed', 'dropped', 'replaced', 'reorged'], this.#drawn),
    }
    const reply = await this.#box.control('POST', '/deposits', wish)
    expect([201, 422], reply.text).toContain(reply.status)
    return `deposit ${wish.amount} ${wish.outcome} ${reply.status}`
  }

  async #wait(): Promise<string> {
    const by = pick(['1s', '5m', '1h', '4h', '30h', '8d'], this.#drawn)
    const before = (await this.#box.control('GET', '/clock')).json.now
    const { now } = await this.#box.advance(by)
    expect(now > before).toBe(true)
    return `wait ${by}`
  }

  async #fault(): Promise<string> {
    const provider = pick(['cpg', 'zopay', 'payward', 'alphapo'], this.#drawn)
    const then: Action[] = [
      pick<Action>(
        [
          { respond: { error: 'unavailable', stage: 'before' } },
          { respond: { error: 'internal_error', stage: 'after' } },
          { callbacks: { how: 'duplicate', times: 1, byMs: 0 } },
          { callbacks: { how: 'drop', times: 1, byMs: 0 } },
          { deposit: { amount: '3', afterMs: 3_600_000, confirmations: 'instant', outcome: 'confirmed', repeat: 1 } },
        ],
        this.#drawn,
      ),
    ]
    const { world } = this.#box
    world.change(() => arm({ source: 'simulation', when: { provider, times: 1 }, then }, world))
    return `fault ${JSON.stringify(then)}`
  }

  /** A world that becomes what it is stays what it is. */
  #rewind(): Promise<string> {
    const before = JSON.stringify(this.#box.world.dump())
    this.#box.world.load(this.#box.world.kept)
    expect(JSON.stringify(this.#box.world.dump())).toBe(before)
    return Promise.resolve('snapshot and restore')
  }

  /** Every row but those of the gates. */
  #rows(): string[] {
    const tables = Object.entries(this.#box.world.dump()).filter(([table]) => !OF_GATES.test(table))
    return tables.flatMap(([table, rows]) => Object.entries(rows).map(([key, row]) => `${table} ${key} ${JSON.stringify(row)}`))
  }

  async invariants(): Promise<void> {
    const { data } = (await this.#box.control('GET', '/addresses?limit=1000')).json
    const serving = new Map<string, any>()
    for (const row of data) {
      const owner = `${row.provider}/${row.account}/${row.network}/${row.user}`
      if (row.user !== null && row.tag === null && row.provider === 'cpg') {
        expect(this.#stuck.get(row.address) ?? owner, 'a sticky address never changes hands').toBe(owner)
        this.#stuck.set(row.address, owner)
      }
      if (row.provider === 'cpg' && row.user === null) {
        const earlier = serving.get(row.address)
        if (earlier) expect(Date.parse(row.at) - Date.parse(earlier.at), 'a pool address never serves two live requests').toBeGreaterThanOrEqual(7 * 86_400_000)
        serving.set(row.address, row)
      }
    }
    for (const deposit of (await this.#box.control('GET', '/deposits?limit=1000')).json.data) {
      if (deposit.status === 'confirmed' || deposit.status === 'reorged') expect(deposit.seen_at).not.toBeNull()
      if (deposit.status !== 'scheduled' && deposit.status !== 'seen') expect([deposit.outcome, 'confirmed']).toContain(deposit.status)
    }
  }
}

async function play(seed: string, steps: number): Promise<string[]> {
  const drawn = draw(seed, ['simulation'])
  // A receiver that fails now and then, decided by what it is told and not by when.
  const inbox = await Inbox.open()
  inbox.answers = (received) => ({ status: draw(seed, [received.text]).below(4) === 0 ? 500 : 200 })
  const box = await start({ seed, limits: { journalEntries: 100_000 }, providers: { payward: { unusedAddresses: 5 } } })
  for (const provider of box.sandbox.providers.values()) if (provider.callbacks) await box.subscribe(provider.name, inbox)
  const simulation = new Simulation(box, drawn)
  const told: string[] = []
  for (let step = 0; step < steps; step++) {
    try {
      told.push(await simulation.step())
      await simulation.invariants()
    } catch (error) {
      throw new Error(`SIMULATE_SEED=${seed}, step ${step}, after ${JSON.stringify(told.slice(-5))}: ${(error as Error).message}`, { cause: error })
    }
  }
  const { data } = (await box.control('GET', '/journal?limit=1000')).json
  await box.sandbox.close()
  // The receiver has another port each time, and a port stands in no answer.
  return data.map((entry: unknown) => JSON.stringify(entry).replace(/127\.0\.0\.1:\d+/g, 'HOST'))
}

test.each(SEEDS)('simulation %s: the invariants hold after every step', async (seed) => {
  await play(seed, STEPS)
}, 600_000)

test('the same seed gives the same journal', async () => {
  expect(await play('twice', 120)).toEqual(await play('twice', 120))
})
