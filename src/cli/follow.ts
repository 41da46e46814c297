// `sandgate follow`: what happens in a world, as it happens, a line each. It goes on after a lost connection where it stopped, and ends when it is told to.
import { type Command, InvalidArgumentError, Option } from 'commander'
import { UsageError } from '../engine/errors.ts'
import { visible } from '../telemetry/lines.ts'
import { controlUrl, type Place, placeFlags, refusalOf, tellRefusal } from './asking.ts'
import { lineOf, type WorldNews } from './event-lines.ts'
import { eventsAt, type StreamEvent, StreamRefused } from './event-stream.ts'
import { notEmpty } from './flags.ts'
import { bearer, jsonOf, unanswered } from './where.ts'

interface Flags extends Place {
  readonly provider?: string
  readonly operation?: string
  readonly kind?: string
  readonly status?: string
  readonly refused?: boolean
  readonly text?: string
  readonly after?: string
  readonly json?: boolean
}

/** How long it is until a lost connection is tried again, at first and in the end. */
const AGAIN_MS = 100
const AGAIN_AT_MOST_MS = 2_000
/** Waiting mends no token and no host. */
const FINAL: readonly number[] = [401, 403]
const FILTERS = ['provider', 'operation', 'kind', 'status', 'text'] as const

export function define(command: Command): void {
  placeFlags(command)
    .addOption(new Option('--provider <name>', 'only of this provider').argParser(notEmpty))
    .addOption(new Option('--operation <name>', 'only calls of this operation').argParser(notEmpty))
    .addOption(
      new Option('--kind <kind>', 'only of this kind').choices(['call', 'timer', 'callback', 'fault', 'control']),
    )
    .addOption(new Option('--status <status>', 'only what was answered with this status').argParser(whole))
    .option('--refused', 'only calls answered with 400 or above, or cut off')
    .addOption(new Option('--text <text>', 'only what has this text in it').argParser(notEmpty))
    .addOption(
      new Option('--after <entry>', 'begin behind this entry (default: with what comes next)').argParser(whole),
    )
    .option('--json', 'print each event as one line of JSON')
    .action(follow)
}

// rule: sandgate.follow
async function follow(flags: Flags): Promise<void> {
  const url = controlUrl(flags)
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())
  const reader = new Reader(flags)
  let tries = 0
  for (;;) {
    const ended = await reader.read(url, stop.signal).catch((error: Error) => error)
    if (stop.signal.aborted) return
    if (ended === 'renewed') continue
    if (reader.answered) tries = 0
    const final = ended instanceof StreamRefused && (!reader.everAnswered || FINAL.includes(ended.status))
    if (final) return refused(url, ended)
    // Nobody waits for a sandbox that was never there.
    if (!reader.everAnswered) throw new UsageError(`${url} did not answer: ${unanswered(ended as Error)}`)
    if (tries === 0) {
      const why =
        ended instanceof Error ? ` (${visible(refusalOf((ended as StreamRefused).text) ?? ended.message, 200)})` : ''
      reader.tellLoss(why)
    }
    await pause(Math.min(AGAIN_MS * 2 ** tries++, AGAIN_AT_MOST_MS), stop.signal)
    if (stop.signal.aborted) return
  }
}

/** What was read so far, so that the next connection goes on there. */
class Reader {
  readonly #flags: Flags
  readonly #colour = process.stdout.isTTY && !process.env.NO_COLOR
  /** The last entry that was told, or that there was before the first one. */
  #last: number | undefined
  #heard = new Date()
  #ever = false
  #lossTold = false
  /** The name of the journal that was read. */
  #journal: string | undefined
  #answered = false

  constructor(flags: Flags) {
    this.#flags = flags
    this.#last = flags.after === undefined ? undefined : Number(flags.after)
  }

  /** Whether the sandbox has answered since it began to be asked, and in the newest connection. */
  get everAnswered(): boolean {
    return this.#ever
  }

  get answered(): boolean {
    return this.#answered
  }

  /** Says that nothing more is heard, since when and why. */
  tellLoss(why: string): void {
    console.error(`no answer since ${this.#heard.toTimeString().slice(0, 8)}, trying again${why}`)
    this.#lossTold = true
  }

  /** Reads one connection to its end. `renewed`: the journal is another one, which is to be read from its beginning. */
  async read(url: string, signal: AbortSignal): Promise<'lost' | 'renewed'> {
    this.#answered = false
    let worlds = 0
    const events = eventsAt(
      `${url}/events${this.#query()}`,
      bearer(this.#flags),
      signal,
      () => (this.#heard = new Date()),
    )
    for await (const event of events) {
      if (this.#lossTold) console.error('it answers again')
      this.#lossTold = false
      const news = event.event === 'world' ? this.#newsOf(event, worlds++ === 0) : 'known'
      this.#remember(event, news)
      this.#print(event, news)
      if (news === 'other' && worlds === 1) return 'renewed'
    }
    return 'lost'
  }

  #query(): string {
    const query = new URLSearchParams()
    for (const name of FILTERS) {
      const value = this.#flags[name]
      if (value !== undefined) query.set(name, value)
    }
    if (this.#flags.refused) query.set('refused', 'true')
    if (this.#last !== undefined) query.set('after', String(this.#last))
    return query.size === 0 ? '' : `?${query}`
  }

  /** What a `world` event means for what was read. The first one of a connection is news only where the journal is another one by now. */
  #newsOf({ data }: StreamEvent, first: boolean): WorldNews {
    const { journal, next_entry: next } = jsonOf(data) ?? {}
    const isKnown = journal === this.#journal
    if (!first) return isKnown && journal !== undefined ? 'emptied' : 'other'
    return !this.#ever || this.#last === undefined || (isKnown && next > this.#last) ? 'known' : 'other'
  }

  #remember({ event, id, data }: StreamEvent, news: WorldNews): void {
    const told = jsonOf(data)
    this.#ever = this.#answered = true
    if (event === 'entry') this.#last = Number(id ?? told?.id)
    if (event === 'gap') this.#last = told?.next - 1
    if (event !== 'world' || typeof told?.next_entry !== 'number') return
    this.#journal = told.journal
    // Of another journal everything is read; of the first one, what comes next.
    if (news === 'other') this.#last = 0
    else this.#last ??= told.next_entry - 1
  }

  #print(event: StreamEvent, news: WorldNews): void {
    if (this.#flags.json)
      return console.log(
        JSON.stringify({
          event: event.event,
          ...(event.id !== undefined && { id: Number(event.id) }),
          data: jsonOf(event.data) ?? event.data,
        }),
      )
    const line = lineOf(event, news, this.#colour)
    if (line !== undefined) console.log(line)
  }
}

function refused(url: string, { status, text }: StreamRefused): void {
  const told = refusalOf(text)
  if (told === undefined)
    throw new UsageError(
      `${url} did not answer as Sandgate: ${status}${status === 200 ? ', which is no stream of events' : ` ${visible(text, 200)}`}`,
    )
  tellRefusal(text)
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const ended = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', ended)
      resolve()
    }
    const timer = setTimeout(ended, ms)
    signal.addEventListener('abort', ended)
  })
}

function whole(text: string): string {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError(`expected a whole number, got "${text}"`)
  return text
}
