// Plays a case file in a fresh world, without a port and without a network, and holds every answer against the recorded one; finds the smallest
// part of it that still differs. The file itself is read by keep/recording.ts, what differs is found by compare.ts.
import { AsyncLocalStorage } from 'node:async_hooks'
import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { type Difference, difference, leftOutSentence } from './compare.ts'
import { ask } from './control/control.ts'
import { iso, Problem } from './control/asking.ts'
import { load } from './control/armed.ts'
import type { Scenario } from './control/scenario.ts'
import type { Incoming } from './http/received.ts'
import { type Admit, reply, type Sent } from './http/reply.ts'
import { bodyBytes, LOAD, type RecordedAttempt, type RecordedCall, type RecordedDeed, type Recording, Unusable } from './keep/recording.ts'
import { type Provider, Refusal } from './provider.ts'
import type { SandboxOptions } from './options.ts'
import { Renamed } from './renamed.ts'
import { contractOf, Sandbox } from './sandbox.ts'
import { attemptEnded, Deliveries } from './world/outbox.ts'
import type { World } from './world/world.ts'

/** The first call that is answered otherwise. */
export interface Differs extends Difference {
  readonly call: RecordedCall
  /** Rules that applied when it was recorded, and now. */
  readonly rules: { readonly recorded: readonly string[]; readonly now: readonly string[] }
  /** A bug that this call met. */
  readonly bug: string | undefined
}

export interface Played {
  readonly differs: Differs | undefined
  readonly calls: number
  readonly deeds: number
  readonly attempts: number
  /** World ms where it ended. */
  readonly now: number
  /** What the file holds and the world of the replay had no place for: answers of receivers, and control calls that were refused. */
  readonly left: readonly number[]
}

/** One thing to do: a whole call, the beginning or the end of one that overlapped others, a control call, the end of an attempt. */
interface Turn {
  /** Before the entry of this number is written. */
  readonly entry: number
  /** Among those of one entry: what changes the world first, then what begins, then what ends. */
  readonly rank: number
  readonly step: number
  run(): Promise<void> | void
}

/** A call under way, which waits where a scenario lets it wait. */
interface Flight {
  readonly sent: Promise<Sent>
  readonly land: () => void
}

// rule: sandgate.replay.equal
export class Replay {
  readonly sandbox: Sandbox
  readonly world: World
  readonly #recording: Recording
  readonly #held = new AsyncLocalStorage<Promise<void>>()
  readonly #flights = new Map<RecordedCall, Flight>()
  /** What a real provider named otherwise than we do. */
  readonly #renamed = new Renamed()
  readonly #bugs: string[] = []
  readonly #left: number[] = []
  readonly #count = { calls: 0, deeds: 0, attempts: 0 }
  #wall: () => number
  #differs: Differs | undefined

  /** Throws `Unusable` when these providers cannot make the world that was recorded. */
  constructor(recording: Recording, providers: ReadonlyMap<string, Provider>) {
    this.#recording = recording
    this.#wall = () => Date.parse(recording.clock.start)
    const unknown = recording.journal.find((step) => 'provider' in step && !providers.has(step.provider))
    if (unknown) throw new Unusable(`entry ${unknown.entry} is of a provider that this version does not have: ${(unknown as RecordedCall).provider}`)
    this.sandbox = sandboxOf(recording, providers, {
      wall: () => this.#wall(),
      pause: () => this.#held.getStore() ?? Promise.resolve(),
      complain: (message: string, error?: unknown) => this.#bugs.push(error === undefined ? message : `${message}: ${String(error)}`),
    })
    this.world = this.sandbox.world()!
  }

  /** Plays everything before the entry `until`, or all of it; stops at the first answer that differs. */
  async play(until = Infinity): Promise<Played> {
    for (const turn of this.#turns().filter(({ step }) => step < until)) {
      await turn.run()
      if (this.#differs) break
    }
    for (const { land } of this.#flights.values()) land()
    const { end } = this.#recording
    if (!this.#differs && until > end.entry) this.#moveTo(end.at)
    return { differs: this.#differs, ...this.#count, now: this.world.now, left: this.#left }
  }

  /** From here on wall time goes by as it does outside: the world can be looked at by people. */
  release(wallMs: () => number): void {
    this.#wall = wallMs
  }

  #turns(): Turn[] {
    const turns = this.#recording.journal.flatMap((step): Turn[] => {
      const { entry } = step
      if (step.kind === 'clock') return [{ entry, rank: 2, step: entry, run: () => this.#moveTo(step.at) }]
      if (step.kind === 'control') return [{ entry, rank: 0, step: entry, run: () => this.#do(step) }]
      if (step.kind === 'callback') return [{ entry: step.ended?.entry ?? entry, rank: step.ended ? 0 : 2, step: entry, run: () => this.#end(step) }]
      if (!step.began) return [{ entry, rank: 2, step: entry, run: () => this.#call(step) }]
      const { began } = step
      return [{ entry: began.entry, rank: 1, step: entry, run: () => this.#begin(step, began.at) }, { entry, rank: 2, step: entry, run: () => this.#finish(step) }]
    })
    return turns.sort((a, b) => a.entry - b.entry || a.rank - b.rank)
  }

  /** What falls due on the way happens; attempts wait for their recorded answers. */
  #moveTo(at: string): void {
    this.world.clock.advanceTo(Math.max(Date.parse(at), this.world.now))
  }

  /** Some answers carry something drawn from the number of their entry, so the numbers must be those of the recording. */
  #align(entry: number): void {
    const { journal } = this.world
    while (journal.nextId < entry) journal.add({ kind: 'control', at: this.world.now, action: 'replay', summary: 'an entry of the recording that a replay does not make' })
  }

  async #call(call: RecordedCall): Promise<void> {
    this.#moveTo(call.at)
    this.#align(call.entry)
    this.#begin(call, call.at)
    await this.#finish(call)
  }

  #begin(call: RecordedCall, at: string): void {
    this.#moveTo(at)
    this.#wall = () => Date.parse(call.wall)
    const served = this.sandbox.served(call.provider)!
    let land!: () => void
    const held = new Promise<void>((resolve) => (land = resolve))
    const sent = this.#held.run(held, () => reply(this.#incoming(call), served, this.world, admit(call, served.provider)))
    this.#flights.set(call, { sent, land })
  }

  async #finish(call: RecordedCall): Promise<void> {
    const { sent, land } = this.#flights.get(call)!
    this.#moveTo(call.at)
    this.#align(call.entry)
    land()
    const got = await sent
    this.#flights.delete(call)
    this.#count.calls++
    const found = difference(call, got, this.#renamed, this.world)
    if (!found) return
    const entry = this.world.journal.get(got.told.entry)
    this.#differs = { ...found, call, rules: { recorded: call.rules ?? [], now: [...new Set((entry?.rules as string[] | undefined) ?? [])] }, bug: this.#bugs.at(-1) }
  }

  #incoming(call: RecordedCall): Incoming {
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

  async #do(deed: RecordedDeed): Promise<void> {
    this.#moveTo(deed.at)
    this.#align(deed.entry)
    const { operation, params, query, body } = deed
    this.#count.deeds++
    try {
      if (operation === LOAD) this.world.change(() => load(body as Scenario, this.world))
      else await ask(operation, true, { sandbox: this.sandbox, world: this.world, contract: contractOf('sandgate'), params, query, body, headers: {}, origin: 'http://localhost' })
    } catch (error) {
      if (!(error instanceof Problem)) throw new Unusable(`entry ${deed.entry}: the control call ${operation} cannot be made again: ${String(error)}`)
      this.#left.push(deed.entry)
    }
  }

  #end({ entry, at, ended, provider, delivery, event, attempt, status, error }: RecordedAttempt): void {
    this.#moveTo(ended?.at ?? at)
    const { world } = this
    const sending = world.list(Deliveries, 'sending', '')
    const found = sending.find(({ id }) => id === delivery) ?? sending.find((row) => row.provider === provider && row.event === event)
    if (!found) {
      this.#left.push(entry)
      return
    }
    this.#count.attempts++
    const { retryMs } = this.sandbox.providers.get(provider)!.callbacks!
    world.change(() => attemptEnded(found.id, { at: Date.parse(at), status, error }, retryMs, world))
    // Where other entries came in between, this one has given its number away.
    if (world.journal.nextId > entry) return
    this.#align(entry)
    const summary = `${event} (${found.id}), attempt ${attempt}: the recorded answer was played`
    world.journal.add({ kind: 'callback', at: world.now, provider, summary, delivery: found.id, event, object: found.object, attempt, body: found.body, status, error })
  }
}

/** The recorded caller is taken as authenticated, and one who was refused is refused again. */
function admit(call: RecordedCall, { identity }: Provider): Admit {
  return (gate, current, world) => {
    // An import has refusals of other checks too, such as a rate or a permission.
    if (call.refused?.gate === gate.name) throw new Refusal(call.refused.name, call.refused.detail)
    if (!identity.gates.includes(gate)) return false
    if (current.caller === undefined && call.who) current.caller = identity.callers(world).find((caller) => isDeepStrictEqual(identity.of(caller, world), call.who))
    if (current.caller === undefined && !call.refused) throw new Refusal('unauthorized')
    return true
  }
}

function sandboxOf({ seed, clock, settings, callbacks, limits, strict, assume, journal, end }: Recording, providers: ReadonlyMap<string, Provider>, more: Pick<SandboxOptions, 'wall' | 'pause' | 'complain'>): Sandbox {
  const nobody = { pump: () => undefined, busy: () => false, settled: () => Promise.resolve(), refuse: () => undefined }
  try {
    return new Sandbox(providers, {
      seed,
      clock: new Date(clock.start).toISOString(),
      providers: settings,
      callbacks,
      assume,
      strict,
      limits: { ...limits, journalEntries: 10_000 + end.entry + 2 * journal.length, journalBytes: Infinity },
      sender: nobody,
      ...more,
    })
  } catch (error) {
    if (!(error instanceof z.ZodError)) throw error
    const { path, message } = error.issues[0]!
    throw new Unusable(`its settings do not fit this version: ${path.join('.')}: ${message}`)
  }
}

/** Providers whose document is another one than when the file was written. */
export function changedContracts({ contracts }: Recording): string[] {
  return Object.entries(contracts).flatMap(([name, hash]) => {
    const text = contractOf(name).text
    return createHash('sha256').update(text).digest('hex') === hash ? [] : [name]
  })
}

/** One paragraph for people: what was played, and that all of it was equal. */
export function summary(played: Played, recording: Recording): string {
  const { calls, deeds, attempts, now, left } = played
  const changed = changedContracts(recording)
  const lines = [
    `${count(calls, 'call')}, ${count(deeds, 'control call')} and ${count(attempts, 'callback attempt')} played; every answer is equal to the recorded one.`,
    `World time went from ${recording.clock.start} to ${iso(now)}.`,
    ...leftOutSentence(recording),
    ...(left.length > 0 ? [`The world of the replay had no place for the entries ${left.join(', ')}.`] : []),
    ...(changed.length > 0 ? [`Since it was recorded the documents of ${changed.join(', ')} have changed.`] : []),
  ]
  return lines.join(' ')
}

/** The first call that differs, and where. */
export function report({ call, where, expected, got, rules, bug }: Differs, played: Played, recording: Recording): string {
  const changed = changedContracts(recording)
  const { recorded, now } = rules
  return [
    `entry ${call.entry} differs: ${call.method} ${call.path} (${[call.provider, call.operation].filter(Boolean).join(' ')}) at ${call.at}`,
    `  where:    ${where}`,
    `  recorded: ${JSON.stringify(expected)}`,
    `  now:      ${JSON.stringify(got)}`,
    `  rules:    ${now.join(', ') || 'none noted'}${isDeepStrictEqual(recorded, now) || recorded.length === 0 ? '' : ` (when it was recorded: ${recorded.join(', ')})`}`,
    ...(bug === undefined ? [] : [`  bug:      ${bug}`]),
    `${count(played.calls - 1, 'call')} before it ${played.calls === 2 ? 'was' : 'were'} equal.${changed.length > 0 ? ` Since it was recorded the documents of ${changed.join(', ')} have changed.` : ''}`,
  ].join('\n')
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`
}

/** How often a case is played at most to make it smaller. */
const PLAYS_MAX = 2_000

/** The recording with as few steps as keep its first difference. Throws `Unusable` when there is none. */
export async function minimise(recording: Recording, providers: ReadonlyMap<string, Provider>): Promise<{ recording: Recording; differs: Differs; plays: number }> {
  const { differs } = await new Replay(recording, providers).play()
  if (!differs) throw new Unusable('every answer is equal to the recorded one: there is no difference to keep')
  let plays = 1
  const same = async (journal: Recording['journal']) => {
    plays++
    const played = await new Replay({ ...recording, journal: [...journal, differs.call] }, providers).play()
    return played.differs?.call === differs.call && played.differs.where === differs.where
  }
  let kept = recording.journal.filter((step) => step.kind !== 'clock' && step.entry < differs.call.entry)
  if (!(await same(kept))) kept = recording.journal.filter((step) => step.entry < differs.call.entry)
  // Ever smaller pieces are left out, and stay out where the difference remains.
  for (let size = Math.ceil(kept.length / 2); size >= 1 && plays < PLAYS_MAX; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = kept.length - 1; at >= 0 && plays < PLAYS_MAX; at -= size) {
      const without = [...kept.slice(0, Math.max(0, at - size + 1)), ...kept.slice(at + 1)]
      if (without.length < kept.length && (await same(without))) kept = without
    }
  }
  const smaller = { ...recording, journal: [...kept, differs.call], end: { entry: differs.call.entry, at: differs.call.at } }
  return { recording: smaller, differs, plays }
}
