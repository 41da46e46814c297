// What a route of the control API works with: what it is asked, what it tells, and how it says no.
import type { IncomingHttpHeaders } from 'node:http'
import type { Contract } from '../http/contract.ts'
import type { Sandbox } from '../sandbox.ts'
import { durationMs } from '../world/durations.ts'
import type { World } from '../world/world.ts'
import { meant } from '../yaml.ts'

/** `query` and `body` have passed the contract. */
export interface Ask {
  readonly sandbox: Sandbox
  readonly world: World
  /** The control API's own. */
  readonly contract: Contract
  readonly params: Readonly<Record<string, string>>
  readonly query: Readonly<Record<string, any>>
  readonly body: any
  readonly headers: IncomingHttpHeaders
  /** Scheme and authority the client used: `http://127.0.0.1:4010`. */
  readonly origin: string
}

export interface Told {
  readonly status: number
  readonly body?: unknown
  /** Media type of a body that is text already. */
  readonly type?: string
  readonly headers?: Readonly<Record<string, string>>
}

export type Routes = Readonly<Record<string, (ask: Ask) => Told | Promise<Told>>>

/** A no in the sandbox's own voice: problem+json. */
export class Problem {
  readonly status: number
  readonly detail: string
  readonly more: Readonly<Record<string, unknown>>

  constructor(status: number, detail: string, more: Readonly<Record<string, unknown>> = {}) {
    this.status = status
    this.detail = detail
    this.more = more
  }
}

/** The disk is full, read-only or gone: what is not kept is not said to have happened. */
export function unkept(): Problem {
  return new Problem(503, 'what this call changes cannot be kept right now, so nothing was changed; stderr says why')
}

export function ok(body: unknown): Told {
  return { status: 200, body }
}

export function created(body: unknown): Told {
  return { status: 201, body }
}

/** A control call that changed something leaves its own entry. */
export function note(world: World, action: string, summary: string): void {
  world.journal.add({ kind: 'control', at: world.now, action, summary })
}

export function iso(ms: number): string {
  return new Date(ms).toISOString()
}

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/
/** The end of the year 9999: further than that no instant can be written. */
const LAST_MS = 253_402_300_799_999

/** An ISO 8601 instant with its zone, in ms. */
export function instant(text: string): number {
  const [year, month, day] = text.split(/[-T]/, 3).map(Number)
  // Date.parse makes March 2 of February 30.
  const exists = INSTANT.test(text) && day! <= new Date(Date.UTC(year!, month!, 0)).getUTCDate()
  const ms = exists ? Date.parse(text) : NaN
  if (Number.isNaN(ms)) throw new Problem(422, `"${text}" is no instant; expected ISO 8601 such as 2026-05-16T19:00:00Z`)
  return ms
}

/** An instant this long after another one. */
export function after(ms: number, text: string, field: string): number {
  const at = ms + duration(text, field)
  if (at > LAST_MS) throw new Problem(422, `"${field}": ${text} leads beyond the year 9999`)
  return at
}

export function duration(text: string, field: string): number {
  const ms = durationMs(text)
  if (ms === undefined) throw new Problem(422, `"${field}" is no duration: ${text}; expected 90s, 15m, 4h, 7d or PT4H`)
  return ms
}

/** That there is no provider of that name, or that it, or any of them, has no such operation; undefined when what is named exists. */
export function noSuch({ provider, operation }: { readonly provider?: string | undefined; readonly operation?: string | undefined }, sandbox: Sandbox): string | undefined {
  const named = [...sandbox.providers.values()].filter(({ name }) => provider === undefined || name === provider)
  if (named.length === 0) return `there is no provider "${provider}"${meant(provider!, [...sandbox.providers.keys()])}`
  if (operation === undefined) return undefined
  const known = named.flatMap(({ name }) => sandbox.contract(name)!.operations.map(({ id }) => id))
  return known.includes(operation) ? undefined : `${provider === undefined ? 'no provider has an' : `${named[0]!.title} has no`} operation "${operation}"${meant(operation, known)}`
}

/** One page of rows that are ordered by their number, and where the next one begins. */
export function paged<Row extends { readonly seq: number }>(rows: readonly Row[], limit: number, view: (row: Row) => unknown): Told {
  const page = rows.slice(0, limit)
  return ok({ data: page.map(view), next: rows.length > limit ? String(page.at(-1)!.seq) : null })
}

/** Where a page begins that follows the cursor. */
export function following(cursor: string | undefined): { after: { order: number; key: string } } | undefined {
  return cursor === undefined ? undefined : { after: { order: Number(cursor), key: '\uffff' } }
}

/** `real`, or an instant, checked. */
export function clockText(text: string): string {
  return text === 'real' ? text : iso(instant(text))
}
