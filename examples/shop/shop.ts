// The shop: orders, payouts and callbacks over HTTP, and the work that is done now and then because callbacks may never come.
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { alphapo } from './alphapo.ts'
import { cpg } from './cpg.ts'
import { Credits } from './credits.ts'
import { Hooks, type Reply } from './hooks.ts'
import { payward } from './payward.ts'
import { attempt, Payouts } from './payouts.ts'
import { Store } from './store.ts'
import type { Credentials, Order, Payout, Provider, ProviderName } from './types.ts'
import { zopay } from './zopay.ts'

/** How long an idempotency key of an order is used: after that an address would be shown for too short a time. */
const KEY_MS = 2 * 3_600_000

export interface Settings {
  readonly file: string
  readonly providers: Readonly<Record<ProviderName, Credentials>>
  /** The shop's clock. In a test that is the clock of the sandbox, because the age of what it asked for counts there. */
  readonly now: () => number
}

export class Shop {
  readonly store: Store
  readonly credits: Credits
  readonly payouts: Payouts
  readonly providers: readonly Provider[]
  /** What went wrong in the shop itself. */
  readonly crashes: string[] = []
  readonly #now: () => number
  readonly #hooks: Hooks
  readonly #server: Server

  constructor({ file, providers: at, now }: Settings) {
    this.store = new Store(file)
    this.credits = new Credits(this.store)
    this.payouts = new Payouts(this.store)
    this.#hooks = new Hooks(this.store, this.credits, this.payouts)
    this.providers = [zopay(at.zopay), cpg(at.cpg), payward(at.payward), alphapo(at.alphapo)]
    this.#now = now
    this.#server = createServer((request, response) => {
      this.#answer(request).then(
        ({ status, body }) => {
          response.writeHead(status, { 'content-type': 'application/json' })
          response.end(body)
        },
        (error: unknown) => response.destroy(error as Error),
      )
    })
  }

  /** Listens on a free port, and answers where. */
  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async close(): Promise<void> {
    await new Promise((resolve) => {
      this.#server.close(resolve)
      this.#server.closeAllConnections()
    })
    this.store.close()
  }

  async #answer(request: IncomingMessage): Promise<Reply> {
    try {
      const parts: Buffer[] = []
      for await (const part of request) parts.push(part as Buffer)
      return await this.#route(request, Buffer.concat(parts).toString())
    } catch (error) {
      const [what, where] = ((error as Error).stack ?? String(error)).split('\n')
      this.crashes.push(`${request.method} ${request.url}: ${what} (${where?.trim()})`)
      return { status: 500, body: '{"error":"the shop is broken"}' }
    }
  }

  async #route({ method, url = '/', headers }: IncomingMessage, body: string): Promise<Reply> {
    const [, first, second] = url.split('/')
    const provider = this.providers.find(({ name }) => name === second)
    if (method === 'POST' && first === 'hooks' && provider) return this.#hooks.receive(provider, headers, body)
    if (method === 'POST' && url === '/orders') return this.#order(JSON.parse(body))
    if (method === 'POST' && url === '/claims') return this.#claim(JSON.parse(body))
    if (method === 'POST' && url === '/payouts') return this.#payout(JSON.parse(body))
    if (method === 'POST' && url === '/work') return this.#work()
    return { status: 404, body: '{"error":"no such page"}' }
  }

  async #order(wish: Pick<Order, 'id' | 'provider' | 'customer' | 'currency' | 'network' | 'amount'>): Promise<Reply> {
    if (!this.store.orders.has(wish.id))
      this.store.put('order', { ...wish, keyedAt: this.#now(), keys: 1, place: null, txid: null })
    const { place } = await this.#handOut(wish.id)
    return { status: place ? 201 : 202, body: JSON.stringify({ place }) }
  }

  /** Asks for an address unless there is one. */
  async #handOut(id: string): Promise<Order> {
    let order = this.store.orders.get(id)!
    if (order.place) return order
    if (this.#now() - order.keyedAt > KEY_MS)
      order = this.store.put('order', { ...order, keyedAt: this.#now(), keys: order.keys + 1 })
    const provider = this.#provider(order.provider)
    await attempt(async () => {
      order = this.store.put('order', { ...order, place: await provider.handOut(order) })
      this.credits.assign(provider)
    })
    return order
  }

  /** A customer says by which transaction an order was paid. */
  #claim({ id, txid }: Pick<Order, 'id' | 'txid'>): Reply {
    const order = this.store.orders.get(id)
    if (!order) return { status: 404, body: '{"error":"no such order"}' }
    this.store.put('order', { ...order, txid })
    return { status: 200, body: '{}' }
  }

  async #payout(
    wish: Pick<Payout, 'reference' | 'provider' | 'customer' | 'currency' | 'network' | 'amount' | 'to'>,
  ): Promise<Reply> {
    if (this.store.payouts.has(wish.reference)) return { status: 200, body: '{}' }
    const isBusy = [...this.store.payouts.values()].some(
      ({ provider, customer, state }) =>
        provider === wish.provider && customer === wish.customer && (state === 'open' || state === 'sent'),
    )
    if (isBusy) return { status: 409, body: '{"error":"another payout of this customer is under way"}' }
    const fresh = { createdAt: this.#now(), state: 'open', tried: false, round: 0, id: null } as const
    this.store.put('payout', { ...wish, ...fresh, arrives: wish.amount })
    await this.payouts.work(this.#provider(wish.provider))
    return { status: 201, body: '{}' }
  }

  /** Everything that waits: orders without an address, payouts, and deposits that no callback told of. */
  async #work(): Promise<Reply> {
    const trouble: string[] = []
    for (const provider of this.providers) {
      const { name } = provider
      for (const { id } of this.store.ordersOf(name)) await this.#handOut(id)
      await this.payouts.work(provider)
      const done = await attempt(async () => {
        for (const notice of await provider.deposits(this.store.depositsOf(name), this.store.ordersOf(name)))
          this.credits.report(provider, notice)
      })
      if (!done) trouble.push(name)
    }
    return { status: 200, body: JSON.stringify({ trouble }) }
  }

  #provider(wanted: ProviderName): Provider {
    return this.providers.find(({ name }) => name === wanted)!
  }
}
