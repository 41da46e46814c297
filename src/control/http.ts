// What a route of the control API works with: what it is asked, what it tells, and how it says no.
import type { IncomingHttpHeaders } from 'node:http'
import type { Contract } from '../contract/contract.ts'
import type { Sandbox } from '../app.ts'
import { type Found, findDestination, NoDestination } from '../world/destinations.ts'
import { durationMs } from '../text/durations.ts'
import type { Table } from '../world/tables.ts'
import type { World } from '../world/world.ts'
import { didYouMean as meant } from '../text/suggest.ts'
import { rowsFound } from './json-pieces.ts'
import type { Scenario, ScenarioRule } from '../scenario/schema.ts'

/** `query` and `body` have passed the contract. */
export interface Ask {
  readonly sandbox: Sandbox
  readonly world: World
  /** The control API's own. */
  readonly contract: Contract
  readonly params: Readonly<Record<string, string>>
  readonly query: Readonly<Record<string, any>>
  readonly body: any
  /** The body as it was sent: numbers of JSON may have more digits in it than `body` holds. */
  readonly bytes?: Buffer | undefined
  /** The scenario or the rule that the body is, or that stands in it, read already. */
  readonly scenario?: Scenario | undefined
  readonly rule?: ScenarioRule | undefined
  readonly headers: IncomingHttpHeaders
  /** Scheme and authority the client used: `http://127.0.0.1:4010`. */
  readonly origin: string
}

export interface Told {
  readonly status: number
  readonly body?: unknown
  /** Media type of a body that is text already. */
  readonly type?: string
  /** A body that is large, instead of `body`. */
  readonly pieces?: readonly Buffer[]
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

/** Time does not pass in a world that is stopped, so nothing that needs it is promised. */
// rule: sandgate.worlds.stopped
export function stoppedProblem({ id, stopped }: World): Problem {
  const { reason, rows } = stopped!
  return new Problem(
    409,
    `the world "${id}" is ${rows === 'good' ? 'frozen' : 'not served'}: ${reason}. POST reset begins it anew, PUT snapshot brings back another state, DELETE /_sandgate/worlds/${id} deletes it`,
    { code: 'world_stopped' },
  )
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
export const LAST_MS = 253_402_300_799_999

/** An ISO 8601 instant with its zone, in ms. */
export function instant(text: string): number {
  const [year, month, day] = text.split(/[-T]/, 3).map(Number)
  // Date.parse makes March 2 of February 30.
  const exists = INSTANT.test(text) && day! <= new Date(Date.UTC(year!, month!, 0)).getUTCDate()
  const ms = exists ? Date.parse(text) : NaN
  if (Number.isNaN(ms))
    throw new Problem(422, `"${text}" is no instant; expected ISO 8601 such as 2026-05-16T19:00:00Z`)
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
export function noSuch(
  { provider, operation }: { readonly provider?: string | undefined; readonly operation?: string | undefined },
  sandbox: Sandbox,
): string | undefined {
  const named = [...sandbox.providers.values()].filter(({ name }) => provider === undefined || name === provider)
  if (named.length === 0) return `there is no provider "${provider}"${meant(provider!, [...sandbox.providers.keys()])}`
  if (operation === undefined) return undefined
  const known = named.flatMap(({ name }) => sandbox.contract(name)!.operations.map(({ id }) => id))
  return known.includes(operation)
    ? undefined
    : `${provider === undefined ? 'no provider has an' : `${named[0]!.title} has no`} operation "${operation}"${meant(operation, known)}`
}

/** What an address names, in whatever notation it is written. */
export function place(address: string, world: World): Found {
  try {
    return findDestination(address, world)
  } catch (error) {
    if (error instanceof NoDestination) throw new Problem(422, error.message)
    throw error
  }
}

/** Rows when nothing else is said. */
const PAGE_ROWS = 100

/** One page of the rows that are wanted, in the order of their numbers, and where the next one begins. */
export async function paged<Row extends { readonly seq: number }>(
  table: Table<Row>,
  [index, group]: readonly [index: string, group: string],
  wanted: (row: Row) => boolean,
  view: (row: Row) => unknown,
  { world, query: { cursor, limit = PAGE_ROWS } }: Pick<Ask, 'world' | 'query'>,
): Promise<Told> {
  const rows = await rowsFound(
    table,
    index,
    group,
    { wanted, after: cursor === undefined ? undefined : Number(cursor), most: limit + 1 },
    world,
  )
  return ok({ data: rows.slice(0, limit).map(view), next: rows.length > limit ? String(rows[limit - 1]!.seq) : null })
}

/** `real`, or an instant, checked. */
export function clockText(text: string): string {
  return text === 'real' ? text : iso(instant(text))
}
