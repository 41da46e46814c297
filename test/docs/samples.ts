// Callbacks and refusals for the documents, as a sandbox with the default seed and a frozen clock really sends them.
import type { DemoCredential, Provider } from '../../src/provider.ts'
import { Deliveries, Endpoints } from '../../src/world/outbox.ts'
import { invoicing, requesting, withdrawing } from '../clients/alphapo.ts'
import { EVM } from '../clients/alphapo-money.ts'
import { createsUser, executing, quoting, registration, withdrawing as paying } from '../clients/payward.ts'
import { post } from '../clients/zopay.ts'
import { type Client, Inbox, type Kit, type Received, type Reply, type Request, START, start } from '../kit.ts'

/** What is printed in place of the free port of a test receiver. */
const PRINTED_RECEIVER = '127.0.0.1:3000'

/** What is printed in place of the free port of a test sandbox. */
const PRINTED_SANDBOX = 'http://127.0.0.1:4010'

export interface Sample {
  readonly event: string
  /** Tells samples of one event apart: the status that the body names. Empty where there is only one. */
  readonly variant: string
  /** As on the wire, in order and case. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: string
  /** The secret that signed it. */
  readonly secret: string
}

export interface Samples {
  /** The secret of the endpoint that the control API set, which signed most of them. */
  readonly secret: string
  readonly samples: readonly Sample[]
}

/** What a story of a provider can do. */
interface Acting {
  /** A good call of the provider's client, or another request, signed. Fails unless it is answered with 2xx. */
  call(what: string | Request): Promise<Reply>
  /** Money for the newest address. */
  pay(amount: string, more?: Record<string, unknown>): Promise<void>
  /** Everything that is due happens, callbacks included. */
  settle(): Promise<void>
  /** A call of the control API, which has to succeed. */
  control(method: string, path: string, body?: unknown): Promise<void>
  /** The URL of the receiver, for webhooks that are registered with the provider's own calls. */
  readonly receiver: string
}

interface Story {
  /** Makes the provider send its callbacks. */
  readonly play: (acting: Acting) => Promise<void>
  /** Tells callbacks of the same event apart. */
  readonly variant?: (body: any) => string
  /** Events of the provider that the sandbox never sends, and why. A test fails when one of them is sent, and when another one is missing. */
  readonly never?: Readonly<Record<string, string>>
}

export const STORIES: Readonly<Record<string, Story>> = {
  cpg: {
    play: async ({ call, pay, settle, control }) => {
      await call('createDepositAddress')
      await pay('100')
      await settle()
      await call('createWithdrawal')
      await settle()
      await control('POST', '/faults', {
        when: { provider: 'cpg', operation: 'createWithdrawal' },
        then: [{ withdrawal: { outcome: 'failed', stage: 'after' } }],
      })
      await call('createWithdrawal')
      await settle()
    },
  },
  zopay: {
    play: async ({ call, pay, settle }) => {
      await call('createAddress')
      await pay('100')
      await settle()
      await call(
        post('/payment-intents', { amount: '25.00', currencies: ['USDT'], external_ref: 'order-1042' }, 'order-1042'),
      )
      await pay('25.00')
      await settle()
    },
    never: {
      'payment.completed':
        'the older name of payment_intent.completed; sent in its place under the switch zopay.webhooks.completed-name',
      ...Object.fromEntries(
        ['payout.broadcast', 'payout.delivered', 'payout.failed'].map((event) => [
          event,
          'announced by Zopay, not sent yet; sent under the switch zopay.payouts.events',
        ]),
      ),
    },
  },
  payward: {
    play: async ({ call, pay, settle, control, receiver }) => {
      await call('createDepositAddress')
      await pay('0.5')
      await settle()
      await call('createDepositAddress')
      await pay('0.25', { outcome: 'dropped' })
      await settle()
      await call('saveWithdrawalAddress')
      await call('withdrawFunds')
      await settle()
      await control('POST', '/faults', {
        when: { provider: 'payward', operation: 'withdrawFunds' },
        then: [{ withdrawal: { outcome: 'declined' } }],
      })
      await call(paying({ amount: '0.1' }))
      await settle()
      const acts = (name: string, fields: object) => control('POST', `/actions/payward/${name}`, fields)
      for (const end of ['execute', 'fail', 'expire']) {
        const { id: quote_id } = (await call(quoting({ from: { symbol: 'BTC', type: 'crypto', amount: '0.01' } }))).json
          .data
        if (end !== 'expire') await call(executing(quote_id))
        if (end !== 'execute') await acts(`${end}-quote`, { quote_id, reason: 'The market has moved.' })
        await settle()
      }
      // Callbacks about a user go to webhooks of the partner, not to the endpoint of an account.
      const events = ['user.verified', 'user.disabled', 'user.closed']
      const { webhook } = (await call(registration({ url: receiver, events }))).json.data
      const { id: user_id } = (await call(createsUser({}))).json.data
      await settle()
      await acts('disable-user', { user_id, reason: 'A document has expired.' })
      await acts('close-user', { user_id })
      await settle()
      await call({ method: 'POST', path: `/v1/webhooks/${webhook.id}/test` })
      await settle()
    },
    variant: (body) => body.data?.status ?? '',
    never: {
      ...Object.fromEntries(
        ['custom_order.executed', 'custom_order.execution_failed', 'custom_order.cancelled', 'reward.paid'].map(
          (event) => [event, 'not sent: no page describes the operations behind it'],
        ),
      ),
      ...Object.fromEntries(
        ['transfer', 'swap', 'withdrawal']
          .flatMap((what) => [`${what}.completed`, `${what}.failed`])
          .concat('deposit.completed')
          .map((event) => [event, 'sent only under the switch payward.webhooks.vocabulary']),
      ),
    },
  },
  alphapo: {
    play: async ({ call, pay, settle, control }) => {
      await call('takeAddress')
      await pay('0.01')
      await settle()
      await pay('0.02', { outcome: 'dropped' })
      await settle()
      for (const currency of ['BTC', 'EUR'])
        await control('POST', '/balances', { provider: 'alphapo', currency, amount: '1000' })
      await call('withdrawCrypto')
      await settle()
      await call(withdrawing({ foreign_id: 'wd-2', convert_to: 'USDTE', address: EVM }))
      await settle()
      await control('POST', '/faults', {
        when: { provider: 'alphapo', operation: 'withdrawCrypto' },
        then: [{ withdrawal: { outcome: 'declined' } }],
      })
      await call(withdrawing({ foreign_id: 'wd-3' }))
      await settle()
      await call('exchangeNow')
      await settle()
      await call(invoicing({ sender_currency: 'BTC', type: 'good_until_expired' }))
      await pay('0.0004')
      await settle()
      await pay('0.0006')
      await settle()
      await call(requesting({ payment_currency: { iso: 'BTC', network_name: 'bitcoin' } }))
      await pay('0.001')
      await settle()
    },
    // The event of a body without a type of its own is its status.
    variant: (body) => body.type ?? '',
    never: {
      failed: 'sent for an invoice or a payment request whose time is over while too little was paid',
      expired: 'sent for a payment request whose time is over and nothing was paid',
      restricted: 'sent for a payment request that people at AlphaPo restrict: the action restrict-payment-request',
    },
  },
}

/** Every callback that the provider's story brings about, the first of each kind. */
export async function samplesOf({ name }: Provider): Promise<Samples> {
  const story = STORIES[name]
  if (!story) throw new Error(`test/docs/samples.ts has no story for ${name}`)
  // A sandbox whose wall shows world time, as one on a real clock does; a moment passes with every call.
  let now = () => Date.parse(START)
  const box = await start({ wall: () => now() })
  let calls = 0
  now = () => box.world.now + calls
  const inbox = await Inbox.open()
  const secret = await box.subscribe(name, inbox)
  const client = await clientOf(name)
  const control = async (method: string, path: string, body?: unknown) => {
    const { status, text } = await box.control(method, path, body)
    if (status >= 300) throw new Error(text)
  }
  await story.play({
    call: async (what) => {
      calls++
      const reply = await box.send(name, client.sign(typeof what === 'string' ? client.good[what]!() : what, now()))
      if (reply.status >= 300) throw new Error(`${name} refused a call of its story: ${reply.text}`)
      return reply
    },
    pay: async (amount, more = {}) => {
      const { address, tag } = (await box.control('GET', '/addresses')).json.data.at(-1)
      await box.deposit(address, amount, { ...(tag != null && { tag }), ...more })
    },
    settle: () => control('POST', '/clock/advance', { until: 'quiet' }),
    control,
    receiver: inbox.url,
  })
  const rows: any[] = (await box.control('GET', '/callbacks')).json.data
  const found = new Map<string, Sample>()
  for (const received of inbox.received) {
    const { id, event } = rows.find(({ body }) => body === received.text)
    const variant = story.variant?.(received.json) ?? ''
    const kind = `${event} ${variant}`
    if (found.has(kind)) continue
    const endpoint = box.world.get(Endpoints, box.world.get(Deliveries, id)!.endpoint)!
    const headers = headersOf(received, inbox.url)
    found.set(kind, { event, variant, headers, body: received.text, secret: endpoint.secret })
  }
  return { secret, samples: [...found.values()] }
}

export async function clientOf(provider: string): Promise<Client> {
  return (await import(`../clients/${provider}.ts`)).client
}

/** An address of this provider, taken by its demo client. */
export async function newAddress(box: Kit, provider: string, wallMs: number): Promise<string> {
  const { good, sign } = await clientOf(provider)
  const operation = Object.keys(good).find((id) => /^(create|take)\w*Address$/.test(id))!
  const reply = await box.send(provider, sign(good[operation]!(), wallMs))
  const { data } = (await box.control('GET', '/addresses')).json
  if (reply.status >= 300 || data.length === 0) throw new Error(reply.text)
  return data.at(-1).address
}

function headersOf({ rawHeaders }: Received, url: string): [string, string][] {
  return rawHeaders.flatMap((name, i): [string, string][] =>
    i % 2 === 1 ? [] : [[name, rawHeaders[i + 1]!.replace(new URL(url).host, PRINTED_RECEIVER)]],
  )
}

/** What each error name of the provider makes of its first call. */
export async function refusalsOf(provider: Provider): Promise<ReadonlyMap<string, Reply>> {
  const box = await start()
  const found = new Map<string, Reply>()
  for (const error of Object.keys(provider.refusals)) {
    const armed = await box.control('POST', '/faults', {
      when: { provider: provider.name },
      then: [{ respond: { error } }],
    })
    if (armed.status !== 201) throw new Error(armed.text)
    box.passWall(1000)
    const { method, path, headers, body } = signed(provider, provider.demo[0]!, box.wallMs)
    // Not judged by the contract: a scenario may answer an operation with an error that its document does not list.
    const reply = await box.raw(method, `/${provider.name}${path}`, headers, body)
    // Some answers lead back to the sandbox, whose port is another one every time.
    found.set(error, JSON.parse(JSON.stringify(reply).replaceAll(box.url, PRINTED_SANDBOX)))
    await box.control('DELETE', `/faults/${armed.json.id}`)
  }
  return found
}

/** The provider's first call as its clients sign it. */
function signed(provider: Provider, credential: DemoCredential, wallMs: number): Request {
  const { method, path: target, body } = provider.firstCall
  const [path, query] = target.split('?')
  const headers = provider.sign({ method, path: path!, query, body: Buffer.from(body ?? ''), wallMs }, credential)
  return {
    method,
    path: target,
    body,
    headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
  }
}
