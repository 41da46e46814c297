// One line for each call and each callback, for a terminal or for a program. What it is told holds no key, signature, secret, query or body;
// where the lines go, and whether in colour, is left to whoever makes it.
import { stackOf } from '../runtime/stack.ts'
import { setImmediate, wallNow } from '../runtime/timers.ts'
import { coloured, looksOf, reasonsOf, visible } from './lines.ts'

export const LOG_FORMATS = ['pretty', 'json', 'off'] as const
export const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const
export type LogFormat = (typeof LOG_FORMATS)[number]
export type LogLevel = (typeof LOG_LEVELS)[number]

export interface LogOptions {
  readonly format: 'pretty' | 'json'
  /** The least important level that is still written; `info` unless given. */
  readonly level?: LogLevel | undefined
  readonly colour?: boolean | undefined
  /** Takes whole lines, as many as one turn of the event loop brought. */
  readonly write: (text: string) => void
  readonly wall?: (() => number) | undefined
}

/** A call of a provider, answered. */
export interface CallTold {
  readonly world: string
  readonly provider: string
  /** Undefined: the document knows no such path; then method and path say what was asked. */
  readonly operation: string | undefined
  /** The account of the key; undefined: the key is unknown. */
  readonly account: string | undefined
  readonly method: string
  readonly path: string
  /** 0: the connection was cut instead. */
  readonly status: number
  readonly ms: number
  /** The journal entry that explains it. */
  readonly entry: number
  readonly refusal: string | undefined
  readonly hint: string | undefined
  /** Faults that struck. */
  readonly faults: number
}

/** One attempt of a callback, ended. */
export interface CallbackTold {
  readonly world: string
  readonly provider: string
  readonly event: string
  readonly delivery: string
  readonly attempt: number
  /** Null: nobody answered. */
  readonly status: number | null
  readonly error: string | null
}

/** How many lines wait for the end of a turn; more are counted, not kept. */
const WAITING_LINES = 10_000
/** How much of a path that no document knows is shown. */
const PATH_CHARACTERS = 80

export class Log {
  readonly #options: LogOptions
  readonly #wall: () => number
  readonly #least: number
  #lines: string[] = []
  #lost = 0
  #second = NaN
  #time = ''

  constructor(options: LogOptions) {
    this.#options = options
    this.#wall = options.wall ?? wallNow
    this.#least = LOG_LEVELS.indexOf(options.level ?? 'info')
  }

  wants(level: LogLevel): boolean {
    return LOG_LEVELS.indexOf(level) <= this.#least
  }

  call(told: CallTold): void {
    // rule: sandgate.log.refused
    const level = told.status >= 400 || told.status === 0 ? 'warn' : 'info'
    if (!this.wants(level)) return
    const { world, provider, operation, account, method, status, entry, refusal, hint, faults } = told
    const ms = Math.round(told.ms * 10) / 10
    const path = operation === undefined ? visible(told.path, PATH_CHARACTERS) : undefined
    if (this.#options.format === 'json')
      return this.#json(level, {
        event: 'call',
        world,
        provider,
        operation: operation ?? 'none',
        account,
        method,
        path,
        status: status || null,
        ms,
        entry,
        refusal,
        hint,
        faults: faults || undefined,
      })
    const asked = operation ?? `${method} ${path}`
    const more = reasonsOf(refusal, faults, hint)
    this.#pretty(
      level,
      `${provider} ${asked} ${status || 'cut'} ${ms}ms entry ${entry}${worldOf(world)}${more && ` ${more}`}`,
      looksOf(status),
    )
  }

  callback(told: CallbackTold): void {
    const level = told.error === null ? 'info' : 'warn'
    if (!this.wants(level)) return
    const { world, provider, event, delivery, attempt, status, error } = told
    if (this.#options.format === 'json')
      return this.#json(level, {
        event: 'callback',
        world,
        provider,
        callback: event,
        delivery,
        attempt,
        status,
        error: error ?? undefined,
      })
    this.#pretty(
      level,
      `${provider} callback ${event} ${status ?? 'unanswered'} attempt ${attempt} ${delivery}${worldOf(world)}${error === null ? '' : ` ${visible(error)}`}`,
    )
  }

  /** Anything else, in a sentence. An error comes with where it was thrown. */
  say(level: LogLevel, message: string, error?: unknown): void {
    if (!this.wants(level)) return
    const cause = error === undefined ? undefined : stackOf(error)
    if (this.#options.format === 'json') this.#json(level, { event: 'message', message, error: cause })
    else
      this.#pretty(
        level,
        `${level === 'info' ? '' : `${level}: `}${visible(message)}${cause === undefined ? '' : `\n${cause}`}`,
      )
  }

  /** Writes what is waiting, at once. */
  flush(): void {
    if (this.#lines.length === 0) return
    const lost = this.#lost > 0 ? `${this.#lost} more lines were left out\n` : ''
    const text =
      this.#lines.join('') +
      (this.#options.format === 'json' && lost
        ? `${JSON.stringify({ level: 'warn', event: 'message', message: lost.trimEnd() })}\n`
        : lost)
    this.#lines = []
    this.#lost = 0
    this.#options.write(text)
  }

  #json(level: LogLevel, fields: Readonly<Record<string, unknown>>): void {
    this.#add(`${JSON.stringify({ time: new Date(this.#wall()).toISOString(), level, ...fields })}\n`)
  }

  #pretty(level: LogLevel, text: string, looks: LogLevel = level): void {
    this.#add(`${this.#clock()} ${coloured(text, looks, this.#options.colour)}\n`)
  }

  /** All lines of one turn of the event loop are one write. */
  #add(line: string): void {
    if (this.#lines.length >= WAITING_LINES) {
      this.#lost++
      return
    }
    if (this.#lines.push(line) === 1) setImmediate(() => this.flush())
  }

  /** `12:00:01`, the wall's own time of day, made once a second. */
  #clock(): string {
    const second = Math.floor(this.#wall() / 1000)
    if (second !== this.#second) {
      this.#second = second
      this.#time = new Date(second * 1000).toTimeString().slice(0, 8)
    }
    return this.#time
  }
}

function worldOf(id: string): string {
  return id === 'default' ? '' : ` world ${id}`
}
