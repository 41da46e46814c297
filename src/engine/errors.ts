// Every way in which the sandbox itself says no, each with a code that programs can rely on. Refusals of a provider are not among them: they have
// names and texts of their own.
import { STATUS_CODES } from 'node:http'

/** Each code, the HTTP status it is answered with, and when. A code never changes its meaning; new ones may be added. */
export const ERRORS = {
  action_impossible: [409, 'the action cannot be done in the present state'],
  action_not_found: [404, 'the provider has no action of that name'],
  advance_limit: [409, 'the clock stopped after 90 days or 100,000 events, with timers still due'],
  account_not_found: [404, 'the provider has no account of that name'],
  ambiguous_endpoint: [409, 'the provider has several callback endpoints: name one by its id'],
  balance_impossible: [
    422,
    'there is no such balance: the account, the currency, the network or the amount does not fit',
  ],
  body_too_large: [413, 'the body is larger than the limit'],
  callback_in_flight: [409, 'the callback is being sent right now'],
  callback_not_found: [404, 'there is no callback of that id'],
  checkpoint_not_found: [404, 'the world has no checkpoint of that name'],
  checkpoint_too_large: [409, 'the checkpoints of all worlds would hold more rows than they may'],
  clock_out_of_range: [409, 'the clock cannot go further than the end of the year 9999'],
  default_world: [409, 'the default world can be reset, not deleted'],
  deposit_impossible: [
    422,
    'such a deposit cannot be made: the currency, the network, the amount or the transaction does not fit',
  ],
  deposit_not_found: [404, 'there is no deposit of that id'],
  endpoint_not_found: [404, 'there is no callback endpoint of that id'],
  endpoint_registered: [
    409,
    'the partner registered this endpoint with a call of the provider; such a call removes it',
  ],
  entry_not_found: [404, 'the journal has no entry of that number, or has it no longer'],
  fault_not_found: [404, 'no fault rule of that id is armed'],
  fault_of_scenario: [409, 'the rule belongs to the scenario and ends with it'],
  forbidden: [403, 'a web page of another site, or an unknown host name, may not drive the sandbox'],
  http_error: [400, 'the request breaks HTTP itself: its head, its length or its encoding cannot be read'],
  insufficient_balance: [409, 'the balance would fall below its floor'],
  internal_error: [500, 'a bug in Sandgate; stderr has the details'],
  invalid_address: [422, 'the text is no address of any network'],
  invalid_request: [
    422,
    'the call does not match specs/sandgate.yaml, or an option of the library is not valid: the problems are listed',
  ],
  invalid_scenario: [422, 'the scenario or the fault rule is wrong: file, line and field are named'],
  invalid_snapshot: [422, 'the snapshot holds rows that this version cannot use'],
  method_not_allowed: [405, 'the path does not know this method; Allow lists those it knows'],
  no_callbacks: [422, 'the provider sends no callbacks'],
  no_ledger: [422, 'the provider keeps no balances'],
  not_found: [404, 'there is nothing at this path'],
  provider_not_found: [404, 'there is no provider of that name'],
  rate_not_found: [404, 'no rate between these currencies is pinned, or one of them has no price'],
  recording_incomplete: [
    409,
    'the journal no longer holds everything that happened, so a recording would be incomplete',
  ],
  search_too_costly: [422, 'the regular expressions cost too much on so many calls'],
  single_endpoint: [422, 'the provider sends the callbacks of an account to one URL'],
  snapshot_too_large: [409, 'the world is larger than a snapshot may be'],
  storage_unavailable: [503, 'storage is not writable, so the change was rolled back'],
  time_in_past: [409, 'world time never goes back'],
  timeout: [408, 'the request did not arrive in time'],
  too_many_checkpoints: [409, 'the world has as many checkpoints as a world may have'],
  too_many_faults: [409, 'too many fault rules are armed'],
  too_many_streams: [409, 'as many clients follow events as may'],
  too_many_worlds: [409, 'there are as many worlds as limits.worlds allows'],
  unauthorized: [401, 'the control API asks for the token given by --control-token'],
  unknown_address: [404, 'no provider has allocated this address in this world'],
  unsupported_encoding: [415, 'the Content-Encoding of the body is not supported'],
  withdrawal_final: [409, 'the withdrawal has ended: nothing more can become of it'],
  withdrawal_not_found: [404, 'there is no withdrawal of that id'],
  withdrawal_not_reviewed: [422, 'the provider reviews no withdrawals, so none can be declined'],
  world_changed: [409, 'the world was deleted or reset while the call was running'],
  world_exists: [409, 'there is a world of that id already'],
  world_not_found: [404, 'there is no world of that id'],
  world_stopped: [409, 'the world is stopped: reset it, restore a snapshot, or delete it'],
  world_used: [409, 'the scenario has a seed or a clock, and the world has been used: load it with ?reset=true'],
} as const

export type ErrorCode = keyof typeof ERRORS

/** What an error may carry beside its code and its sentence. */
export interface ErrorDetails {
  /** The field of the input that is wrong, such as `address` or `query.limit`. */
  readonly field?: string | undefined
  /** Everything that is wrong, one sentence each, where it is more than one thing. */
  readonly problems?: readonly string[] | undefined
  /** More facts for programs; they are members of the problem body. */
  readonly more?: Readonly<Record<string, unknown>> | undefined
}

/**
 * A use case that cannot be carried out. Nothing was changed.
 *
 * @example throw new SandgateError('time_in_past', 'world time is 2026-05-16T19:00:00.000Z and never goes back', { field: 'now' })
 */
export class SandgateError extends Error {
  readonly code: ErrorCode
  readonly field: string | undefined
  readonly problems: readonly string[] | undefined
  readonly more: Readonly<Record<string, unknown>>

  constructor(code: ErrorCode, message: string, { field, problems, more = {} }: ErrorDetails = {}) {
    super(message)
    this.name = 'SandgateError'
    this.code = code
    this.field = field
    this.problems = problems
    this.more = more
  }
}

/** As RFC 9110 has them; Node.js still has older ones. */
const TITLES: Readonly<Record<number, string | undefined>> = {
  ...STATUS_CODES,
  413: 'Content Too Large',
  422: 'Unprocessable Content',
}

/** An error as `application/problem+json`, RFC 9457, with its stable code. */
export interface ProblemBody {
  readonly type: 'about:blank'
  readonly title: string
  readonly status: number
  readonly code: ErrorCode
  /** One sentence for people. */
  readonly detail: string
  readonly field?: string
  readonly problems?: readonly string[]
  readonly [more: string]: unknown
}

export function problemOf({ code, message, field, problems, more }: SandgateError): ProblemBody {
  return {
    ...problemBody(code, message),
    ...(field !== undefined && { field }),
    ...(problems && { problems }),
    ...more,
  }
}

/** `status`: where HTTP itself asks for another one than the code has. */
export function problemBody(code: ErrorCode, detail: string, status: number = ERRORS[code][0]): ProblemBody {
  return { type: 'about:blank', title: TITLES[status] ?? 'Error', status, code, detail }
}

/** What the user of the command line has to mend: one line on stderr, exit status 2. */
export class UsageError extends Error {}
