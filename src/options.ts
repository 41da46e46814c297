// What a sandbox can be told when it is made: what stands in a config file, what the command line adds, and what tests hand in.
import type { Config } from './config.ts'
import type { Host } from './telemetry/metrics.ts'
import type { CallbackSender, Resolve } from './outbox/sender.ts'
import type { EndpointInput } from './outbox/endpoints.ts'
import type { KeepWish } from './storage/file/directory.ts'
import type { Log } from './telemetry/log.ts'

export interface SandboxOptions extends KeepWish {
  /** `real`, or the ISO 8601 instant at which worlds start, frozen. Default `real`. */
  readonly clock?: string | undefined
  /** Scenario files that the default world starts with; their seed and clock count where none is given here. Read again when they change. */
  readonly scenarios?: readonly string[] | undefined
  /** What a config file says under `providers`, by provider. */
  readonly providers?: Readonly<Record<string, unknown>> | undefined
  /** Which answer is given where the documents leave two open, by rule id. */
  readonly assume?: Readonly<Record<string, string>> | undefined
  readonly limits?: Config['limits']
  /** Host names, beside loopback ones, IP addresses and names without a dot, that the control API answers to. */
  readonly allowHosts?: readonly string[]
  /** Where callbacks go from the start, by provider. */
  readonly callbacks?: Readonly<Record<string, EndpointInput>> | undefined
  /** How long a receiver of callbacks may take, wall ms, instead of what each provider allows. */
  readonly callbackTimeoutMs?: number | undefined
  /** Looks up the names of receivers; the system does unless given. */
  readonly resolve?: Resolve | undefined
  /** Host names that callbacks may go to, beside loopback and private addresses. */
  readonly allowCallbackHosts?: readonly string[]
  /** The control API asks for `Authorization: Bearer <token>`. */
  readonly controlToken?: string | undefined
  /** An answer off contract becomes a loud 500. */
  readonly strict?: boolean
  /** Takes a line for each call and each callback; nobody unless given. */
  readonly log?: Log | undefined
  /** What the process tells about itself, for the metrics. */
  readonly host?: Host | undefined
  /** Takes a line for each edit of a scenario file that cannot be used, and for each damage to what was kept; the log, or stderr, unless given. */
  readonly warn?: (line: string) => void
  /** Where bugs are told; the log, or stderr, unless given. */
  readonly complain?: (message: string, error?: unknown) => void
  /** Lets wall time go by, for delays of scenarios. */
  readonly pause?: (ms: number) => Promise<void>
  /** The wall clock, ms since 1970. */
  readonly wall?: () => number
  /** How long the process has been up, ms; the system's own clock for that unless given. */
  readonly uptime?: (() => number) | undefined
  /** Sends callbacks; over the network unless given. */
  readonly sender?: Pick<CallbackSender, 'pump' | 'busy' | 'mark' | 'settled' | 'refuse'> | undefined
}
