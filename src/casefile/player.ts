// Plays a case file in a fresh world, without a port and without a network, and holds every answer against the recorded one. The file itself is read by
// casefile/format.ts and case-check.ts, what differs is found by compare.ts, what came of it is told by replay.ts.
import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { checkCase } from './check.ts'
import { type Difference, difference } from './compare.ts'
import { InvalidBalance } from '../scenario/balances.ts'
import { load } from '../scenario/runtime.ts'
import { contractOf } from '../contract/contracts.ts'
import { isCommand } from '../engine/commands.ts'
import type { Engine, EngineOptions } from '../engine/engine.ts'
import { SandgateError } from '../engine/errors.ts'
import { quietEngine } from '../engine/quiet.ts'
import type { Scenario } from '../scenario/schema.ts'
import { PlayedAttempts } from './played-attempts.ts'
import { PlayedCall } from './played-call.ts'
import { InvalidEndpoint } from '../outbox/endpoints.ts'
import type { Incoming } from '../contract/received-call.ts'
import { reply } from '../pipeline/call.ts'
import type { ProviderRuntime } from '../pipeline/exchange.ts'
import { runtimesOf } from '../pipeline/runtimes.ts'
import { iso } from '../text/instants.ts'
import {
  bodyBytes,
  type CallUnderWay,
  type RecordedAttempt,
  type RecordedCall,
  type RecordedControlCall,
  type Recording,
  type Step,
  Unusable,
} from './format.ts'
import { LOAD } from '../engine/recorder.ts'
import { type Call, type Gate, isCalled, type Provider, Refusal } from '../provider.ts'
import { Renamed } from './substitutions.ts'
import type { World } from '../world/world.ts'

/** A call that is answered otherwise. */
export interface Differs extends Difference {
  readonly call: RecordedCall
  /** Rules that applied when it was recorded, and now. */
  readonly rules: { readonly recorded: readonly string[]; readonly now: readonly string[] }
  /** What else decided our answer: the refusal, the check that stopped the call, and what its idempotency key led to. */
  readonly decided: readonly unknown[]
  /** Why there is no answer to compare. */
  readonly why: string | undefined
  /** A bug that this call met. */
  readonly bug: string | undefined
}

export interface Played {
  /** The first of them. */
  readonly differs: Differs | undefined
  /** All that were looked for, in order. */
  readonly differences: readonly Differs[]
  readonly calls: number
  readonly controlCalls: number
  readonly attempts: number
  /** Calls that had come and were not answered yet. */
  readonly underWay: number
  /** World ms where it ended. */
  readonly now: number
  /** What the file holds and the world of the replay had no place for: answers of receivers, and control calls that were refused. */
  readonly left: readonly number[]
  /** Calls that were turned away at the door, with the hint of then. */
  readonly refused: readonly RecordedCall[]
  /** Providers whose document is another one than when the file was written. */
  readonly changed: readonly string[]
}

type AnyCall = RecordedCall | CallUnderWay

/** Where something stands in the file: before the entry of this number, and among what stands there in this order. */
interface Place {
  readonly entry: number
  readonly at: string
  readonly order?: number | undefined
}

/** One thing to do: a whole call, or its coming, going on or being answered; a control call; the beginning or the end of an attempt; a move of the clock. */
interface Turn {
  readonly of: Step | CallUnderWay
  readonly entry: number
  readonly order: number
  run(): Promise<void> | void
}

/** In files without `order`, what changed the world came before what began, before the next entry. What writes the entry itself comes last. */
const CHANGES = 0
const BEGINS = 0.5
const WRITES = Infinity

// rule: sandgate.replay.equal, sandgate.replay.order
export class Replay {
  readonly engine: Engine
  readonly world: World
  readonly #runtimes: ReadonlyMap<string, ProviderRuntime>
  readonly #recording: Recording
  readonly #calls = new Map<AnyCall, PlayedCall>()
  readonly #attempts: PlayedAttempts
  /** What a real provider named otherwise than we do. */
  readonly #renamed = new Renamed()
  readonly #bugs: string[] = []
  readonly #left: number[] = []
  readonly #refused: RecordedCall[] = []
  readonly #changed: readonly string[]
  readonly #count = { calls: 0, controlCalls: 0, attempts: 0 }
  readonly #differences: Differs[] = []
  #wall: () => number

  /** Throws `Unusable` when these providers cannot make the world that was recorded. `checked`: they can. */
  constructor(recording: Recording, providers: ReadonlyMap<string, Provider>, checked = false) {
    this.#recording = checked ? recording : checkCase(recording, providers)
    this.#changed = Object.entries(recording.contracts).flatMap(([name, hash]) =>
      providers.has(name) && createHash('sha256').update(contractOf(name).text).digest('hex') === hash ? [] : [name],
    )
    this.#wall = () => Date.parse(recording.clock.start)
    const complain = (message: string, error?: unknown) =>
      void this.#bugs.push(error === undefined ? message : `${message}: ${String(error)}`)
    this.engine = engineOf(recording, providers, () => this.#wall(), complain)
    this.world = this.engine.world()!
    this.#attempts = new PlayedAttempts(providers, this.world)
    // A replayed call waits for its turn instead of wall time.
    this.#runtimes = runtimesOf(this.engine, { pause: () => Promise.resolve(), complain })
  }

  /** Plays everything before the call or the attempt with the entry `until` came, or all of it; stops at the first answer that differs unless it is to find all. */
  async play(until = Infinity, all = false): Promise<Played> {
    const turns = this.#turns()
    const named = turns.findIndex(({ of }) => 'entry' in of && of.kind !== 'control' && of.entry === until)
    const end = named >= 0 ? named : turns.findIndex(({ entry }) => entry > until)
    for (const turn of end < 0 ? turns : turns.slice(0, end)) {
      await turn.run()
      if (this.#differences.length > 0 && !all) break
    }
    const { end: last } = this.#recording
    if ((this.#differences.length === 0 || all) && until > last.entry) this.#moveTo(last.at)
    return {
      differs: this.#differences[0],
      differences: this.#differences,
      ...this.#count,
      underWay: this.#calls.size,
      now: this.world.now,
      left: this.#left,
      refused: this.#refused,
      changed: this.#changed,
    }
  }

  /** From here on wall time goes by as it does outside: the world can be looked at by people. Who was under way stays so, and nobody waits for it. */
  release(wallMs: () => number): void {
    this.#wall = wallMs
    this.engine.inFlight.forget(this.world)
  }

  #turns(): Turn[] {
    const { journal, under_way: waiting = [] } = this.#recording
    const turns = [
      ...waiting.flatMap((call) => this.#comings(call, call.began)),
      ...journal.flatMap((step) => this.#turnsOf(step)),
    ]
    return turns.sort((a, b) => a.entry - b.entry || compare(a.order, b.order))
  }

  #turnsOf(step: Step): Turn[] {
    const { entry } = step
    const writes = (run: Turn['run']): Turn => ({ of: step, entry, order: WRITES, run })
    switch (step.kind) {
      case 'clock':
        return [writes(() => this.#moveTo(step.at))]
      case 'control':
        return [{ of: step, entry, order: step.order ?? CHANGES, run: () => this.#do(step) }]
      case 'callback': {
        const end = () => this.#endAttempt(step)
        return [
          writes(() => this.#beginAttempt(step)),
          step.ended
            ? { of: step, entry: step.ended.entry, order: step.ended.order ?? CHANGES, run: end }
            : writes(end),
        ]
      }
      case 'call': {
        const coming = step.began ? this.#comings(step, step.began) : [writes(() => this.#begin(step, step))]
        return [...coming, writes(() => this.#land(step))]
      }
    }
  }

  /** Where a call comes, and goes on after it has waited. */
  #comings(call: AnyCall, began: Place): Turn[] {
    const turn = (place: Place, run: () => Promise<void>): Turn => ({
      of: call,
      entry: place.entry,
      order: place.order ?? BEGINS,
      run,
    })
    return [
      turn(began, () => this.#begin(call, began)),
      ...(call.resumed ?? []).map((place) => turn(place, () => this.#goOn(call, place))),
    ]
  }

  /** What falls due on the way happens, and what is due now; attempts wait for their recorded answers. */
  #moveTo(at: string): void {
    this.world.clock.advanceTo(Math.max(Date.parse(at), this.world.now))
  }

  /** The same for what does not look at the clock: what is due now happens when somebody does. */
  #moveOn(at: string): void {
    if (Date.parse(at) > this.world.now) this.#moveTo(at)
  }

  /** Some answers carry something drawn from the number of their entry, so the numbers must be those of the recording. */
  #align(entry: number): void {
    this.world.journal.skipTo(entry)
  }

  async #begin(call: AnyCall, { entry, at }: Place): Promise<void> {
    this.#moveTo(at)
    this.#align(entry)
    const runtime = this.#runtimes.get(call.provider)!
    const playing = new PlayedCall(admitting(call, runtime.provider), call.refused)
    this.#calls.set(call, playing)
    await this.#noting(playing, () =>
      playing.start((replayed) => reply(this.#incoming(call), runtime, this.world, replayed)),
    )
  }

  async #goOn(call: AnyCall, { entry, at }: Place): Promise<void> {
    const playing = this.#calls.get(call)!
    if (!playing.canGoOn) return
    this.#moveOn(at)
    this.#align(entry)
    await this.#noting(playing, () => playing.go())
  }

  async #land(call: RecordedCall): Promise<void> {
    const playing = this.#calls.get(call)!
    this.#moveOn(call.at)
    this.#align(call.entry)
    // A file of before does not say when it went on.
    while (playing.canGoOn) await this.#noting(playing, () => playing.go())
    if (playing.place === 'landing') await this.#noting(playing, () => playing.go())
    this.#count.calls++
    if (call.refused?.hint !== undefined) this.#refused.push(call)
    const { sent } = playing
    if (sent) this.#calls.delete(call)
    const none = { where: 'answer', expected: call.answer.status, got: null }
    const found = sent ? difference(call, sent, this.#renamed, this.world) : none
    if (!found) return
    const entry = sent && this.world.journal.get(sent.told.entry)
    const why = sent
      ? undefined
      : playing.failure === undefined
        ? this.#whyWaiting(call)
        : `no answer could be made: ${String(playing.failure)}`
    const now = entry?.kind === 'call' ? entry : undefined
    const idempotency = now?.notes.idempotency as { readonly decided?: string } | undefined
    const decided = [now?.refusal, now?.stoppedBy, idempotency?.decided, why === undefined]
    this.#differences.push({
      ...found,
      call,
      rules: { recorded: call.rules ?? [], now: [...new Set(now?.rules)] },
      decided,
      why,
      bug: playing.bugs.at(-1),
    })
  }

  /** Nobody who waits is ever answered by waiting longer: what comes next in the file is somebody else's turn. */
  #whyWaiting(call: RecordedCall): string {
    const others = [...this.#calls.keys()].flatMap((other) =>
      other !== call && 'entry' in other && other.provider === call.provider ? [other.entry] : [],
    )
    const older = call.began && call.began.order === undefined
    return `the call waits for the one in flight with its idempotency key${others.length > 0 ? ` (entry ${others.join(' or ')})` : ''}, which is answered later in this file${older || !call.began ? '; files written by older versions do not say in which order calls came that overlapped, so record it again' : ''}`
  }

  async #noting(playing: PlayedCall, work: () => Promise<void>): Promise<void> {
    const before = this.#bugs.length
    await work()
    playing.bugs.push(...this.#bugs.slice(before))
  }

  #incoming(call: AnyCall): Incoming {
    const { path, query, body } = this.#renamed.request(call, bodyBytes(call))
    return {
      method: call.method,
      path,
      linePath: call.line_path ?? path,
      query,
      headers: call.headers,
      body,
      ip: call.ip,
      origin: call.origin,
      wallMs: Date.parse(call.wall),
    }
  }

  async #do(call: RecordedControlCall): Promise<void> {
    const { operation, params, query, body, entry, at } = call
    // What came out of a file came without anybody who looked at the clock first.
    if (operation === LOAD) this.#moveOn(at)
    else this.#moveTo(at)
    this.#align(entry)
    this.#count.controlCalls++
    try {
      if (operation === LOAD) this.world.change(() => load(body as Scenario, this.world))
      else if (isCommand(operation)) await this.engine.run(operation, this.world, { params, query, body })
    } catch (error) {
      if (!(error instanceof SandgateError))
        throw new Unusable(`entry ${entry}: the control call ${operation} cannot be made again: ${String(error)}`)
      this.#left.push(entry)
    }
  }

  #beginAttempt(step: RecordedAttempt): void {
    this.#moveOn(step.at)
    if (!this.#attempts.due(step)) this.#moveTo(step.at)
    const delivery = this.#attempts.due(step)
    if (!delivery) return void this.#left.push(step.entry)
    this.#align(step.entry)
    this.#attempts.begin(step, delivery)
  }

  #endAttempt(step: RecordedAttempt): void {
    if (!this.#attempts.has(step)) return
    this.#moveOn(step.ended?.at ?? step.at)
    this.#count.attempts++
    this.#attempts.end(step)
  }
}

/** Two numbers that may both be infinite. */
function compare(a: number, b: number): number {
  return a === b ? 0 : a < b ? -1 : 1
}

/** The recorded caller is taken as authenticated, and one who was refused is refused again. */
function admitting(call: AnyCall, { identity }: Provider) {
  return (gate: Gate, current: Call, world: World): boolean => {
    // An import has refusals of other checks too, such as a rate or a permission.
    if (call.refused && isCalled(gate, call.refused.gate)) throw new Refusal(call.refused.name, call.refused.detail)
    if (!identity.gates.includes(gate)) return false
    if (current.caller === undefined && call.who)
      current.caller = identity.callers(world).find((caller) => isDeepStrictEqual(identity.of(caller, world), call.who))
    if (current.caller === undefined && !call.refused) throw new Refusal('unauthorized')
    return true
  }
}

function engineOf(
  { seed, clock, settings, callbacks, balances, limits, strict, assume }: Recording,
  providers: ReadonlyMap<string, Provider>,
  wall: () => number,
  complain: (message: string, error?: unknown) => void,
): Engine {
  try {
    return quietEngine(
      providers,
      {
        seed,
        clock: iso(Date.parse(clock.start)),
        providers: settings,
        callbacks,
        balances: balances as EngineOptions['balances'],
        assume,
        strict,
        limits: { ...limits, journalEntries: Infinity, journalBytes: Infinity },
        wall,
      },
      complain,
    )
  } catch (error) {
    if (error instanceof InvalidBalance) throw new Unusable(error.message)
    throw error instanceof InvalidEndpoint ? new Unusable(`callbacks: ${error.message}`) : error
  }
}
