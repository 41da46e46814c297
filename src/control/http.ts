// What a route of the control API is given and answers with. Routes hold no behaviour: they call the engine and show what came of it.
import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import type { Contract } from '../contract/contract.ts'
import type { CommandInput, CommandName, CommandResult } from '../engine/commands.ts'
import type { Engine } from '../engine/engine.ts'
import type { Rules } from '../contract/rules.ts'
import type { Table } from '../world/tables.ts'
import type { World } from '../world/world.ts'
import type { EventStreams } from './event-streams.ts'
import { rowsFound } from './json-pieces.ts'

/** A call that has passed the control API's own document. */
export interface ControlRequest extends CommandInput {
  readonly engine: Engine
  readonly world: World
  /** The control API's own. */
  readonly contract: Contract
  readonly rules: Rules
  /** Those who follow a world live. */
  readonly events: EventStreams
  /** What GET metrics answers. */
  readonly metrics: () => Promise<{ readonly type: string; readonly text: string }>
  readonly query: Readonly<Record<string, any>>
  /** SHA-256 of the scenario within the body, as it was written. */
  readonly scenarioHash?: string | undefined
  /** The body as it was sent: numbers of JSON may have more digits in it than `body` holds. */
  readonly bytes: Buffer
  readonly headers: IncomingHttpHeaders
  /** Scheme and authority the client used: `http://127.0.0.1:4010`. */
  readonly origin: string
}

export interface ControlResponse {
  readonly status: number
  readonly body?: unknown
  /** Media type of a body that is text already. */
  readonly type?: string
  /** A body that is large, instead of `body`. */
  readonly pieces?: readonly Buffer[]
  readonly headers?: Readonly<Record<string, string>>
  /** Writes the body for as long as the client stays. */
  readonly stream?: (res: ServerResponse) => void
}

/** Routes by operation of specs/sandgate.yaml. */
export type Routes = Readonly<Record<string, (request: ControlRequest) => ControlResponse | Promise<ControlResponse>>>

/** Carries out the command of that name, which is recorded. */
export function run<Name extends CommandName>(name: Name, request: ControlRequest): Promise<CommandResult<Name>> {
  const { engine, world, params, query, body, scenario, rule } = request
  return engine.run(name, world, { params, query, body, scenario, rule })
}

export function ok(body: unknown): ControlResponse {
  return { status: 200, body }
}

export function created(body: unknown): ControlResponse {
  return { status: 201, body }
}

export const NO_CONTENT: ControlResponse = { status: 204 }

/** Rows when nothing else is said. */
const PAGE_ROWS = 100

/** One page of the rows that are wanted, in the order of their numbers, and where the next one begins. */
export async function paged<Row extends { readonly seq: number }>(
  table: Table<Row>,
  [index, group]: readonly [index: string, group: string],
  wanted: (row: Row) => boolean,
  view: (row: Row) => unknown,
  { world, query: { cursor, limit = PAGE_ROWS } }: Pick<ControlRequest, 'world' | 'query'>,
): Promise<ControlResponse> {
  const after = cursor === undefined ? undefined : Number(cursor)
  const rows = await rowsFound(table, index, group, { wanted, after, most: limit + 1 }, world)
  return ok({ data: rows.slice(0, limit).map(view), next: rows.length > limit ? String(rows[limit - 1]!.seq) : null })
}
