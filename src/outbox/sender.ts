// Sends what the outbox has due: one attempt, one request, the provider's headers over the exact body. A receiver that hangs, resets, streams
// or points elsewhere costs its own timeout and nothing else.
import { lookup, type LookupAddress } from 'node:dns'
import { type ClientRequest, type IncomingMessage, request as http } from 'node:http'
import { request as https } from 'node:https'
import { BlockList, isIP } from 'node:net'
import type { CallbackRules, Provider } from '../provider.ts'
import { hiding, secretsOfHeaders, UNSEEN } from '../text/redact.ts'
import {
  type Attempt,
  attemptEnded,
  Deliveries,
  type Delivery,
  type Endpoint,
  Endpoints,
  keepRequest,
} from '../world/outbox.ts'
import type { World } from '../world/world.ts'
import { clearTimeout, setTimeout } from '../runtime/timers.ts'
import { Departures } from './lanes.ts'
import { noticeAttempt } from './situations.ts'

/** How many bytes of an answer are read before the connection is closed. */
const ANSWER_BYTES = 65_536
/** How many bytes of it are kept with the attempt. */
const KEPT_BYTES = 4096
/** How long a call waits for attempts that were on their way before it came, while none of them ends: so many pieces of so much wall time, ms. */
const PATIENCE_TIMES = 50
const PATIENCE_MS = 10
/** How far in the past a stale timestamp is. */
const STALE_MS = 3_600_000

const PRIVATE = blockList([
  ['127.0.0.0', 8],
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['100.64.0.0', 10],
  ['::1', 128],
  ['fc00::', 7],
])
/** Link-local and cloud metadata addresses, and addresses that are not hosts. */
const NEVER = blockList([
  ['169.254.0.0', 16],
  ['fe80::', 10],
  ['0.0.0.0', 8],
  ['::', 128],
  ['224.0.0.0', 4],
  ['ff00::', 8],
  ['fd00:ec2::254', 128],
  ['100.100.100.200', 32],
])

/** The result of one attempt. */
interface Outcome {
  readonly status: number | null
  readonly text: string
  readonly error: string | null
}

/** As `dns.lookup` with `all`. */
export type Resolve = (
  name: string,
  options: { all: true },
  found: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void

export interface CallbackSenderOptions {
  readonly providers: ReadonlyMap<string, Provider>
  /** Host names to which callbacks may be sent, beside loopback and private addresses. */
  readonly allowHosts: readonly string[]
  /** Resolves host names; default: the system's resolver. */
  readonly resolve?: Resolve | undefined
  /** Instead of the providers' own timeouts, wall ms. */
  readonly timeoutMs?: number | undefined
  /** The wall clock, ms: signatures contain its time. */
  readonly wall: () => number
  /** Whether the world still exists: nothing is sent from a world that was deleted or reset. */
  readonly alive: (world: World) => boolean
  /** Whether every change of a world is durable: nobody is told of what could be lost. Undefined: it is. */
  readonly committed: (world: World) => Promise<boolean> | undefined
  /** Whether changes of a world can be stored at this moment. */
  readonly isWritable: (world: World) => boolean
  /** A text without what lets somebody into the sandbox. */
  readonly hide: (text: string, world: World) => string
  /** An attempt has ended; `error` is null when it counts as delivered. */
  readonly ended: (delivery: Delivery, attempt: Attempt, world: World) => void
}

/** An attempt and its journal entry. */
interface Noted {
  readonly entry: number
  /** World ms when it fell due. */
  readonly at: number
  readonly attempt: number
}

/** The headers of one attempt, and the time inside its signature. */
interface Signed {
  readonly headers: Readonly<Record<string, string>>
  readonly wallMs: number
}

export class CallbackSender {
  readonly #options: CallbackSenderOptions
  readonly #departures = new Departures()

  constructor(options: CallbackSenderOptions) {
    this.#options = options
  }

  /** Sends every attempt of this world that fell due. */
  pump(world: World): void {
    if (
      world.stopped ||
      !world.first(Deliveries, 'sending', '') ||
      !this.#options.isWritable(world) ||
      !this.#options.alive(world)
    )
      return
    for (const delivery of world.list(Deliveries, 'sending', '')) {
      const { id, provider, event, endpoint, object } = delivery
      if (this.#departures.has(id, world)) continue
      const noted = this.#note(delivery, world)
      this.#departures.add(
        {
          delivery: id,
          url: world.get(Endpoints, endpoint)?.url ?? '',
          // The instant is part of the line: what falls due while a receiver moves the clock does not wait for that receiver's answer.
          line: object === null ? null : JSON.stringify([endpoint, object, world.now]),
          run: (departed) =>
            noted
              .then((entry) =>
                entry && this.#options.alive(world) ? this.#attempt(id, entry, departed, world) : undefined,
              )
              .catch((error) => world.stop(`sending ${id} (${provider}, ${event}) failed: ${String(error)}`, error)),
        },
        world,
      )
    }
  }

  /** Whether an attempt of this world is on its way. */
  busy(world: World): boolean {
    return this.#departures.busy(world)
  }

  /** Taken when a call comes: `settled` waits for what falls due later. */
  mark(): number {
    return this.#departures.mark
  }

  /**
   * Resolves when no attempt of this world that fell due after the mark is on its way, those aside that are held back by one that was on its way
   * before: its receiver may be the one who calls, and answers only then.
   */
  async settled(world: World, mark = 0): Promise<void> {
    await this.#patience(world, mark)
    for (;;) {
      this.pump(world)
      const flights = this.#departures.following(mark, world)
      if (flights.length === 0) return
      for (const flight of flights) flight.attended = true
      await Promise.all(flights.map(({ ended }) => ended))
    }
  }

  /**
   * What a provider's call or the clock has set off just now is most often answered at once, and what follows should find it so. Where it is not,
   * its receiver may wait for this very call.
   */
  async #patience(world: World, mark: number): Promise<void> {
    const flights = this.#departures.unattended(mark, world)
    if (flights.length === 0) return
    let left = flights.length
    for (const flight of flights) {
      flight.attended = true
      const over = () => void left--
      void flight.ended.then(over, over)
    }
    const all = Promise.allSettled(flights.map(({ ended }) => ended))
    // In pieces, so that a machine that stands still for a while has not waited meanwhile.
    for (let times = 0, before = left; left > 0 && times < PATIENCE_TIMES; times = left < before ? 0 : times + 1) {
      before = left
      await within(PATIENCE_MS, all)
    }
  }

  /** Adds the journal entry of an attempt, in the order in which attempts fall due, before they are sent. Undefined: the due attempt could not be stored. */
  async #note(
    { id, provider, event, object, endpoint, attempts, body }: Delivery,
    world: World,
  ): Promise<Noted | undefined> {
    // Nothing is sent before the change that caused it is stored.
    const settled = this.#options.committed(world)
    if (settled && !(await settled)) return undefined
    const [at, attempt] = [world.now, attempts.length + 1]
    const summary = `${event} (${id}), attempt ${attempt}, to ${world.get(Endpoints, endpoint)?.url ?? 'a deleted endpoint'}`
    return {
      entry: world.journal.add({ kind: 'callback', at, provider, summary, delivery: id, event, object, attempt, body }),
      at,
      attempt,
    }
  }

  async #attempt(id: string, { entry, at, attempt: number }: Noted, departed: () => void, world: World): Promise<void> {
    const delivery = world.get(Deliveries, id)
    if (!delivery || delivery.sending === null) return
    const rules = this.#options.providers.get(delivery.provider)!.callbacks!
    const endpoint = world.get(Endpoints, delivery.endpoint)
    let signed: Signed | undefined
    const send = async () => {
      if (!endpoint) return nothing('the endpoint was deleted')
      signed = this.#sign(delivery, endpoint, rules, world)
      return this.#send(delivery, endpoint.url, signed.headers, rules, departed)
    }
    const outcome = await send().catch((error: Error) => nothing(`could not be sent: ${error.message}`))
    const error =
      outcome.error ??
      (rules.succeeded(outcome.status!, outcome.text) ? null : `the receiver answered ${outcome.status}`)
    const attempt = { at, status: outcome.status, error }
    const told = withoutSecrets(outcome.text, signed?.headers ?? {}, endpoint?.secret)
    world.change(() => {
      attemptEnded(delivery.id, attempt, rules.retryMs, world)
      if (signed)
        keepRequest(
          delivery.id,
          number,
          { ...signed, ...(told !== '' && { answer: beginningOf(told, (text) => this.#options.hide(text, world)) }) },
          world,
        )
    })
    noticeAttempt(delivery, attempt, entry, world)
    world.journal.amend(entry, {
      status: outcome.status,
      error,
      answer: told.slice(0, 2000),
    })
    this.#options.ended(delivery, attempt, world)
  }

  #sign(delivery: Delivery, endpoint: Endpoint, rules: CallbackRules, world: World): Signed {
    const wallMs = this.#options.wall() - (delivery.spoiled === 'stale-timestamp' ? STALE_MS : 0)
    const signed =
      delivery.spoiled === 'bad-signature'
        ? { ...endpoint, secret: Buffer.from(`not ${endpoint.secret}`).toString('base64') }
        : endpoint
    const length = String(Buffer.byteLength(delivery.body))
    return {
      headers: {
        'content-type': 'application/json',
        ...rules.headers(delivery, signed, wallMs, world),
        'content-length': length,
      },
      wallMs,
    }
  }

  async #send(
    delivery: Delivery,
    url: string,
    headers: Signed['headers'],
    rules: CallbackRules,
    departed: () => void,
  ): Promise<Outcome> {
    const timeoutMs = this.#options.timeoutMs ?? rules.timeoutMs
    const target = new URL(url)
    const refused = this.refuse(target)
    if (refused) return nothing(refused)
    return new Promise<Outcome>((done) => {
      const request: ClientRequest = (target.protocol === 'https:' ? https : http)(
        target,
        {
          method: 'POST',
          headers,
          lookup: this.#lookup(target.hostname),
          agent: false,
          signal: AbortSignal.timeout(timeoutMs),
        },
        (response) =>
          readAnswer(response, (outcome) => {
            done(outcome)
            request.destroy()
          }),
      )
      request.on('error', (error: NodeJS.ErrnoException) =>
        done(
          nothing(
            error.name === 'TimeoutError' || error.name === 'AbortError'
              ? `no answer within ${timeoutMs / 1000} s`
              : describe(error),
          ),
        ),
      )
      request.on('finish', departed).on('close', departed)
      request.end(delivery.body)
    })
  }

  /** Why callbacks may not be sent to this URL; undefined: they may. A host name is checked when it is resolved. */
  refuse(target: URL): string | undefined {
    if (target.protocol !== 'http:' && target.protocol !== 'https:')
      return `callbacks are sent to http and https URLs only, not to ${target.protocol}`
    const host = target.hostname.replace(/^\[(.*)\]$/, '$1')
    return isIP(host) ? this.#refuseAddress(host, host) : undefined
  }

  #refuseAddress(address: string, host: string): string | undefined {
    // rule: sandgate.callbacks.targets
    const plain = address.replace(/^::ffff:(?=\d+\.)/, '')
    const family = isIP(plain) === 6 ? 'ipv6' : 'ipv4'
    if (NEVER.check(plain, family)) return `${host} is link-local or a metadata address: callbacks are never sent there`
    if (PRIVATE.check(plain, family) || this.#options.allowHosts.includes(host)) return undefined
    return `${host} is neither loopback nor private; allow it with --allow-callback-host ${host}`
  }

  /** Name resolution that checks every address it finds, at the time of connecting. */
  #lookup(host: string) {
    return (name: string, options: any, found: (error: Error | null, address: any, family?: number) => void): void => {
      const resolve = this.#options.resolve ?? lookup
      resolve(name, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
        if (error) return found(error, '')
        const refused = addresses.map(({ address }) => this.#refuseAddress(address, host)).find(Boolean)
        if (refused) return found(new Error(refused), '')
        if (options.all) return found(null, addresses)
        found(null, addresses[0]!.address, addresses[0]!.family)
      })
    }
  }
}

/** Resolves when the work is done, or after so many ms. */
async function within(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  await Promise.race([work, new Promise((resolve) => (timer = setTimeout(resolve, ms)))])
  clearTimeout(timer)
}

// rule: sandgate.secrets.spellings
/** A receiver's answer without the credentials it was sent: some receivers echo the whole request. */
function withoutSecrets(text: string, sent: Readonly<Record<string, string>>, secret: string | undefined): string {
  return text === ''
    ? text
    : hiding(new Map(secret === undefined ? [] : [[secret, UNSEEN]]), new Set(secretsOfHeaders(sent)), UNSEEN)(text)
}

// rule: sandgate.callbacks.answer
/** As much of an answer as is kept, secrets taken out before it is cut; half a character at the end is left out. */
function beginningOf(whole: string, hide: (text: string) => string): string {
  const text = hide(whole.slice(0, 4 * KEPT_BYTES))
  const bytes = Buffer.from(text)
  return bytes.length <= KEPT_BYTES ? text : bytes.toString('utf8', 0, KEPT_BYTES).replace(/\ufffd{1,3}$/, '')
}

function readAnswer(response: IncomingMessage, done: (outcome: Outcome) => void): void {
  const chunks: Buffer[] = []
  let length = 0
  const end = () =>
    done({ status: response.statusCode!, text: Buffer.concat(chunks).toString('utf8', 0, ANSWER_BYTES), error: null })
  response.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    length += chunk.length
    if (length >= ANSWER_BYTES) end()
  })
  response.on('end', end)
  response.on('error', (error) => done(nothing(`the connection broke while the answer was read: ${error.message}`)))
}

function nothing(error: string): Outcome {
  return { status: null, text: '', error }
}

function describe(error: NodeJS.ErrnoException): string {
  return error.code === 'ECONNREFUSED' ? 'the connection was refused' : error.message || String(error.code)
}

function blockList(subnets: readonly (readonly [string, number])[]): BlockList {
  const list = new BlockList()
  for (const [net, prefix] of subnets) list.addSubnet(net, prefix, net.includes(':') ? 'ipv6' : 'ipv4')
  return list
}
