// Drives the shop through its life in a world of a sandbox, and says whether it is broken: `sandgate explore -- node examples/shop/dist/drive.js`.
// Customers order and pay, time goes by, other customers order and pay, some are paid out. Exit status 0: the shop is right; 1: a sentence says what is not.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { books } from './books.ts'
import { troubles } from './check.ts'
import { send } from './http.ts'
import { Shop } from './shop.ts'
import type { Credentials, ProviderName } from './types.ts'

export interface Paid {
  readonly order: string
  readonly provider: ProviderName
  readonly customer: string
  readonly currency: string
  readonly network: string
  readonly amount: string
}

/** Who comes first, and who comes days later: never the same ones. */
const FIRST: readonly Paid[] = [
  { order: 'o-1', provider: 'zopay', customer: 'zoe', currency: 'USDT', network: 'ethereum', amount: '25.3' },
  { order: 'o-2', provider: 'cpg', customer: 'cai', currency: 'USDT', network: 'ETH', amount: '100.7' },
  { order: 'o-3', provider: 'cpg', customer: 'cleo', currency: 'ETH', network: 'ETH', amount: '0.7' },
  { order: 'o-4', provider: 'payward', customer: 'pat', currency: 'BTC', network: 'Bitcoin', amount: '0.6' },
  { order: 'o-5', provider: 'payward', customer: 'pia', currency: 'XRP', network: 'XRP', amount: '50.1' },
  { order: 'o-8', provider: 'payward', customer: 'pol', currency: 'XRP', network: 'XRP', amount: '35.3' },
  { order: 'o-6', provider: 'alphapo', customer: 'al', currency: 'BTC', network: 'bitcoin', amount: '0.3' },
  { order: 'o-7', provider: 'alphapo', customer: 'ada', currency: 'XRP', network: 'xrp', amount: '60.2' },
]
const LATER: readonly Paid[] = [
  { order: 'o-11', provider: 'zopay', customer: 'zed', currency: 'USDT', network: 'ethereum', amount: '40.9' },
  { order: 'o-12', provider: 'cpg', customer: 'cora', currency: 'USDT', network: 'ETH', amount: '30.6' },
  { order: 'o-13', provider: 'cpg', customer: 'carl', currency: 'ETH', network: 'ETH', amount: '0.1' },
  { order: 'o-15', provider: 'payward', customer: 'paul', currency: 'XRP', network: 'XRP', amount: '75.7' },
  { order: 'o-17', provider: 'alphapo', customer: 'amy', currency: 'XRP', network: 'xrp', amount: '80.4' },
]
const EVM = '0x00000000000000000000000000000000000000'
const PAYOUTS = [
  {
    reference: 'p-1',
    provider: 'zopay',
    customer: 'zoe',
    currency: 'USDT',
    network: 'ethereum',
    amount: '10',
    to: `${EVM}a1`,
  },
  {
    reference: 'p-2',
    provider: 'cpg',
    customer: 'cai',
    currency: 'USDT',
    network: 'ETH',
    amount: '20',
    to: `${EVM}a2`,
  },
  {
    ...{ reference: 'p-3', provider: 'payward', customer: 'pat', currency: 'BTC', network: 'Bitcoin', amount: '0.125' },
    to: 'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4',
  },
  {
    ...{ reference: 'p-4', provider: 'alphapo', customer: 'al', currency: 'BTC', network: 'bitcoin', amount: '0.0625' },
    to: 'bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq',
  },
] as const
const PAYWARD_ACCOUNT = 'WDEMO5GATE2MAIN77'
const NAMES = ['zopay', 'cpg', 'payward', 'alphapo'] as const
/** What signs the callbacks; AlphaPo signs with the merchant's own secret. */
const SECRETS = { zopay: 'whsec_shop', cpg: 'whsec-shop', payward: 'c2hvcC1jYWxsYmFja3M=' } as const

function variable(name: string, otherwise?: string): string {
  const value = process.env[name] ?? otherwise
  if (value === undefined) {
    console.error(
      `${name} is not set: run this as the COMMAND of sandgate explore, or set what it sets (see examples/shop/README.md)`,
    )
    process.exit(2)
  }
  return value
}

class Drive {
  readonly #world = variable('SANDGATE_WORLD', 'default')
  readonly #control = `${variable('SANDGATE_URL')}/w/${this.#world}/_sandgate`
  readonly #folder = mkdtempSync(join(tmpdir(), 'shop-'))
  readonly #paid = new Map<string, Paid>()
  #now = 0
  readonly #shop = new Shop({
    file: join(this.#folder, 'store.jsonl'),
    now: () => this.#now,
    providers: Object.fromEntries(NAMES.map((name) => [name, credentials(name)])) as Record<ProviderName, Credentials>,
  })
  #url = ''

  /** Answers what is wrong with the shop, a sentence each. */
  async run(): Promise<string[]> {
    try {
      this.#url = await this.#shop.listen()
      for (const provider of NAMES) {
        const secret = provider === 'alphapo' ? {} : { secret: SECRETS[provider] }
        await this.#ask('PUT', `/callbacks/endpoints/${provider}`, { url: `${this.#url}/hooks/${provider}`, ...secret })
      }
      this.#now = Date.parse((await this.#ask('GET', '/clock')).now)
      const waiting = await this.#live()
      this.#writeBooks()
      return [
        ...this.#shop.crashes.map((crash) => `the shop crashed: ${crash}`),
        ...waiting.map(({ order, provider }) => `${order} has no address of ${provider} to this day`),
        ...troubles(this.#shop, [...this.#paid.values()]),
      ]
    } finally {
      await this.#shop.close()
      rmSync(this.#folder, { recursive: true })
    }
  }

  /** Answers the orders that nobody could pay. */
  async #live(): Promise<readonly Paid[]> {
    let wanted = [...FIRST]
    const order = async () => {
      for (const wish of wanted) if (await this.#orderAndPay(wish)) wanted = wanted.filter((one) => one !== wish)
    }
    await order()
    for (const by of ['10m', '3h']) {
      await this.#pass({ by })
      await order()
    }
    for (const payout of PAYOUTS) await this.#tell('/payouts', payout)
    for (const by of ['15m', '8h', '2d']) {
      await this.#pass({ by })
      await order()
    }
    wanted.push(...LATER)
    await order()
    for (const by of ['20m', '6h']) {
      await this.#pass({ by })
      await order()
    }
    let isAsked = await this.#pass({ until: 'quiet' })
    // A provider may still be down, or have lost the answers.
    for (let round = 0; round < 6 && (wanted.length > 0 || this.#isBusy() || !isAsked); round++) {
      await this.#pass({ by: '2h' })
      await order()
      isAsked = await this.#pass({ until: 'quiet' })
    }
    return wanted
  }

  #isBusy(): boolean {
    return [...this.#shop.store.payouts.values()].some(({ state }) => state === 'open' || state === 'sent')
  }

  /** Whether there is an address and it is paid. */
  async #orderAndPay(wish: Paid): Promise<boolean> {
    const { order: id, ...rest } = wish
    const place = (await this.#tell('/orders', { id, ...rest }))?.place
    if (!place) return false
    const tag = place.tag === null ? {} : { tag: place.tag }
    const { txid } = await this.#ask('POST', '/deposits', {
      address: place.address,
      ...tag,
      amount: wish.amount,
      currency: wish.currency,
    })
    await this.#tell('/claims', { id, txid })
    this.#paid.set(id, wish)
    return true
  }

  /** Lets time go by, and has the shop do what waits. Answers whether every provider could be asked. */
  async #pass(how: { by: string } | { until: 'quiet' }): Promise<boolean> {
    // 409: something is still due after ninety days. Time has passed all the same.
    const { now } = await this.#ask('POST', '/clock/advance', how, [409])
    this.#now = Date.parse(now ?? (await this.#ask('GET', '/clock')).now)
    return (await this.#tell('/work', {}))?.trouble?.length === 0
  }

  /** A call of the control API. */
  async #ask(
    method: 'GET' | 'POST' | 'PUT',
    path: string,
    body?: object,
    expected: readonly number[] = [],
  ): Promise<any> {
    const content = body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
    const { status, json } = await send({ method, url: this.#control + path, ...content })
    if (status >= 400 && !expected.includes(status))
      throw new Error(`the sandbox answered ${status} to ${method} ${path}: ${JSON.stringify(json)}`)
    return json
  }

  /** A call of the shop. One that breaks is in `crashes`. */
  async #tell(path: string, body: object): Promise<any> {
    const headers = { 'content-type': 'application/json' }
    const { status, json } = await send({ method: 'POST', url: this.#url + path, headers, body: JSON.stringify(body) })
    return status < 300 ? json : undefined
  }

  #writeBooks(): void {
    const file = process.env.SHOP_BOOKS || join('shop-books', `${this.#world}.jsonl`)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(
      file,
      books(this.#shop.store)
        .map((row) => `${JSON.stringify(row)}\n`)
        .join(''),
    )
  }
}

function credentials(name: ProviderName): Credentials {
  const of = (what: string, otherwise?: string) => variable(`SANDGATE_${name.toUpperCase()}_${what}`, otherwise)
  const secret = of('SECRET', '')
  const callbackSecret = name === 'alphapo' ? secret : SECRETS[name]
  // Payward names the accounts of a partner itself; a sandbox knows the partner by a shorter name.
  const account = of('ACCOUNT', '')
  const isPartner = name === 'payward' && !/^[A-Z0-9-]{14,}$/.test(account)
  return { url: of('URL'), key: of('KEY'), secret, account: isPartner ? PAYWARD_ACCOUNT : account, callbackSecret }
}

try {
  const wrong = await new Drive().run()
  for (const sentence of wrong) console.error(sentence)
  process.exitCode = wrong.length > 0 ? 1 : 0
} catch (error) {
  console.error(error)
  process.exitCode = 1
}
