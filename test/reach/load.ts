// Signed load of all four providers on some worlds, drawn from a seed: addresses handed out, asked for again, money sent, time moved, things read. What
// was not answered is asked for again under its key. Everything said is written into a history for each world.
import { contractOf } from '../../src/contract/contracts.ts'
import { eventually, instant, lasting } from '../eventually.ts'
import type { Balancer } from './balancer.ts'
import { type ProviderName, PROVIDERS, Signer, wishOf } from './calls.ts'
import { type Creation, History, nameOf } from './history.ts'
import type { Answer, Failure } from './node.ts'
import type { Receiver } from './receiver.ts'

/** Between two tries of what cannot be done at the moment, ms: nobody hammers a server that is down. */
const BACKOFF_MS = 40
/** How a provider says that the same key is being worked on: it is asked again later. */
const IN_FLIGHT: readonly string[] = ['idempotency_in_progress', 'idempotency_conflict', 'IdempotencyConflict']

/** A world for the load: how its time goes. */
export interface LoadedWorld {
  readonly id: string
  readonly clock?: string
}

export class Load {
  readonly histories: readonly History[]
  readonly balancer: Balancer
  readonly #random: () => number
  readonly #signer = new Signer()
  readonly #worlds: readonly LoadedWorld[]
  readonly #wallMs: () => number
  #serial = 0
  #running: Promise<unknown> | undefined
  #stopping = false
  /** How many calls were answered. */
  answered = 0
  /** Called after each one: a fault may be due. */
  onAnswer: () => void = () => undefined

  constructor(
    balancer: Balancer,
    worlds: readonly LoadedWorld[],
    { random, wallMs = Date.now }: { random: () => number; wallMs?: () => number },
  ) {
    this.balancer = balancer
    this.#worlds = worlds
    this.#random = random
    this.#wallMs = wallMs
    this.histories = worlds.map(({ id }) => new History(id))
  }

  /** Makes the worlds, and tells them where callbacks go. */
  async prepare(receiver?: Receiver): Promise<void> {
    for (const { id, clock } of this.#worlds) {
      const made = await this.control(id, 'PUT', '', clock === undefined ? {} : { clock })
      if (made.status !== 201) throw new Error(`the world ${id} was not made: ${made.status} ${made.text}`)
      for (const provider of receiver ? PROVIDERS : []) {
        const url = receiver!.urlFor(id, provider)
        const { status, text } = await this.control(id, 'PUT', `/callbacks/endpoints/${provider}`, { url })
        if (status !== 200) throw new Error(`${id}: no endpoint for ${provider}: ${status} ${text}`)
        receiver!.knows(id, provider, JSON.parse(text).secret)
      }
    }
  }

  /** A call of the control API of a world that has to be answered. */
  async control(world: string, method: string, path: string, body?: unknown): Promise<Answer> {
    const { answer } = await this.#control(world, method, path, body)
    if (typeof answer === 'string') throw new Error(`${world}: ${method} ${path}: ${answer}`)
    return answer
  }

  start(workers: number): void {
    this.#stopping = false
    const work = async () => {
      while (!this.#stopping) await this.step()
    }
    this.#running = Promise.all(Array.from({ length: workers }, work))
  }

  /** Waits for the calls that are under way. */
  async stop(): Promise<void> {
    this.#stopping = true
    await this.#running
  }

  /** Asks for everything that has a key and no answer until it has one. */
  async settle(): Promise<void> {
    for (const history of this.histories) {
      for (const creation of history.creations) {
        if (creation.wish.key === undefined) continue
        await eventually(`${history.world}: an answer to ${nameOf(creation.wish)}`, async () => {
          if (!creation.answer) await this.#ask(creation, history)
          return creation.answer ? undefined : JSON.stringify(history.failures.at(-1))
        })
      }
    }
  }

  /** One call to one of the worlds. */
  async step(): Promise<void> {
    const at = Math.floor(this.#random() * this.histories.length)
    const history = this.histories[at]!
    const chance = this.#random()
    if (chance < 0.1) return this.#deposit(history)
    if (chance < 0.15 && this.#worlds[at]!.clock !== undefined) return this.#advance(history)
    if (chance < 0.25) return this.#read(history)
    if (chance < 0.35) return this.#clock(history)
    if (chance < 0.5) return this.#again(history)
    const creation: Creation = { wish: wishOf(this.#random, ++this.#serial), answer: undefined, uncertain: false }
    history.creations.push(creation)
    do await this.#ask(creation, history)
    while (!creation.answer && creation.wish.key !== undefined && !this.#stopping)
  }

  /** Asks once. An answer that differs from the one there was is written down as wrong. */
  async #ask(creation: Creation, history: History): Promise<void> {
    const { wish } = creation
    const from = instant()
    const said = await this.#call(history, wish.provider, wish.request)
    if (typeof said === 'string') {
      if (said !== 'refused') creation.uncertain = true
      return lasting(BACKOFF_MS)
    }
    if (said.status === 503 || (said.status === 409 && IN_FLIGHT.some((code) => said.text.includes(code))))
      return lasting(BACKOFF_MS)
    const { status, text } = said
    if (creation.answer) {
      if (creation.answer.status !== status || creation.answer.text !== text)
        history.wrong.push(`${nameOf(wish)} was answered ${creation.answer.text} and then ${status} ${text}`)
      return
    }
    if (status !== 200 && status !== 201) {
      history.wrong.push(`${nameOf(wish)} was refused: ${status} ${text}`)
      creation.answer = { status, text, places: [] }
      return
    }
    const json = JSON.parse(text)
    // One that may have been made before has a number from before.
    if (wish.provider === 'cpg' && !creation.uncertain)
      history.requests.push({ value: json.data.request_id, from, until: instant(), by: nameOf(wish) })
    creation.answer = { status, text, places: wish.places(json) }
  }

  /** A key that was answered before, asked for again. */
  async #again(history: History): Promise<void> {
    const done = this.#draw(history.creations.filter(({ wish, answer }) => answer && wish.key !== undefined))
    if (done) await this.#ask(done, history)
  }

  async #deposit(history: History): Promise<void> {
    const place = this.#draw(this.#draw(history.acknowledged())?.answer.places ?? [])
    if (!place) return
    const deposit = {
      amount: Number((1 + ++this.#serial / 1000).toFixed(3)),
      id: undefined as string | undefined,
      uncertain: false,
    }
    history.deposits.push(deposit)
    const { answer } = await this.#control(history.world, 'POST', '/deposits', {
      ...place,
      amount: String(deposit.amount),
      ...(this.#random() < 0.5 ? { confirmations: 'instant' } : { after: '2s' }),
    })
    history.ended(`deposit ${typeof answer === 'string' ? answer : answer.status}`)
    if (typeof answer === 'string') deposit.uncertain = answer !== 'refused'
    else if (answer.status === 201) deposit.id = JSON.parse(answer.text).id
    else if (answer.status !== 503) history.wrong.push(`a deposit to ${place.address} was refused: ${answer.text}`)
    if (typeof answer === 'string' || answer.status === 503) await lasting(BACKOFF_MS)
  }

  async #advance(history: History): Promise<void> {
    const by = this.#draw(['1s', '20s', '90s'])
    const { answer } = await this.#control(history.world, 'POST', '/clock/advance', { by })
    history.ended(`advance ${typeof answer === 'string' ? answer : answer.status}`)
    if (typeof answer === 'string' || answer.status === 503) await lasting(BACKOFF_MS)
    else if (answer.status !== 200) history.wrong.push(`time did not move: ${answer.status} ${answer.text}`)
  }

  async #clock(history: History): Promise<void> {
    const from = instant()
    const { answer, node } = await this.#control(history.world, 'GET', '/clock')
    if (typeof answer === 'string' || answer.status === 503) return lasting(BACKOFF_MS)
    if (answer.status !== 200) return void history.wrong.push(`GET clock: ${answer.status} ${answer.text}`)
    const value = Date.parse(JSON.parse(answer.text).now)
    history.clock.push({ value, from, until: instant(), by: node })
  }

  /** What was handed out is there, as it was. */
  async #read(history: History): Promise<void> {
    const made = this.#draw(history.acknowledged().filter(({ wish }) => wish.provider === 'cpg'))
    if (!made) return
    const { data } = JSON.parse(made.answer.text)
    const request = { method: 'GET', path: `/v1/deposit-requests/${data.request_id}` }
    const said = await this.#call(history, 'cpg', request)
    if (typeof said === 'string' || said.status === 503) return lasting(BACKOFF_MS)
    if (said.status !== 200 || JSON.parse(said.text).data.address !== data.address)
      history.wrong.push(`request ${data.request_id} was made, and is read as ${said.status} ${said.text}`)
  }

  /** One signed call, with what its answer shows of the world's numbers. */
  async #call(
    history: History,
    provider: ProviderName,
    request: Parameters<Signer['sign']>[1],
  ): Promise<Answer | Failure> {
    const from = instant()
    const signed = this.#signer.sign(provider, request, history.world, this.#wallMs())
    const { answer, node } = await this.balancer.send(history.world, signed)
    const until = instant()
    history.ended(typeof answer === 'string' ? answer : answer.status)
    if (typeof answer === 'string') {
      history.failures.push({ how: answer, from, until, by: node })
      return answer
    }
    this.answered++
    this.onAnswer()
    if (answer.status === 503) {
      history.failures.push({ how: 503, from, until, by: node })
      const wrong = offContract(provider, request, answer)
      if (wrong) history.wrong.push(wrong)
      return answer
    }
    const entry = Number(answer.headers['x-sandgate-entry'])
    if (Number.isFinite(entry)) history.entries.push({ value: entry, from, until, by: node })
    else
      history.wrong.push(`${provider} ${request.path} was answered without an entry: ${answer.status} ${answer.text}`)
    return answer
  }

  async #control(
    world: string,
    method: string,
    path: string,
    body?: unknown,
  ): Promise<{ answer: Answer | Failure; node: string }> {
    const text = body === undefined ? undefined : JSON.stringify(body)
    const said = await this.balancer.send(world, {
      method,
      path: `/w/${world}/_sandgate${path}`,
      ...(text !== undefined && { body: text, headers: { 'content-type': 'application/json' } }),
    })
    if (typeof said.answer !== 'string') {
      this.answered++
      this.onAnswer()
    }
    return said
  }

  #draw<T>(from: readonly T[]): T | undefined {
    return from[Math.floor(this.#random() * from.length)]
  }
}

/** Why an answer is none that the provider documents. */
export function offContract(
  provider: ProviderName,
  request: { method: string; path: string },
  answer: Answer,
): string | undefined {
  const contract = contractOf(provider)
  const match = contract.match(request.method, request.path.split('?', 1)[0]!)
  if (!match) return `${provider} has no ${request.method} ${request.path}`
  let body: unknown = answer.text
  try {
    body = JSON.parse(answer.text)
  } catch {
    // It is judged as text.
  }
  const type = String(answer.headers['content-type']).split(';', 1)[0]
  const wrong = contract.judgeAnswer(match.operation, answer.status, type, body)
  return wrong.length === 0 ? undefined : `${provider} answered off its contract: ${wrong.join('; ')}: ${answer.text}`
}
