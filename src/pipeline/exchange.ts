// What a provider's call passes through the pipeline with: the provider as it is served, how far the call has come, and what leaves in the end.
import type { Contract, Match } from '../contract/contract.ts'
import type { ReceivedCall } from '../contract/received-call.ts'
import type { Commit } from '../engine/commit.ts'
import type { InFlightCalls } from '../engine/in-flight.ts'
import type { Answer, Call, Gate, Provider, Refusal } from '../provider.ts'
import type { CorruptHow, DropHow, Plan } from '../scenario/faults.ts'
import type { Place } from '../world/journal.ts'
import type { World } from '../world/world.ts'

/** A provider with its contract, as a sandbox serves it. */
export interface ProviderRuntime {
  readonly provider: Provider
  readonly contract: Contract
  /** All providers of the sandbox, because money can be sent to any address. */
  readonly providers: ReadonlyMap<string, Provider>
  /** Calls under way, and the idempotency keys that they claim. */
  readonly inFlight: InFlightCalls
  readonly commit: Commit
  /** Answers operations that no provider models. */
  readonly sample: (contract: Contract, call: Call, match: Match, number: number, world: World) => Promise<Answer>
  /** Answers 500 when a modelled answer violates the OpenAPI document. */
  readonly strict: boolean
  /** Where bugs are told. */
  readonly complain: (message: string, error?: unknown) => void
  /** Wall time goes by. */
  readonly pause: (ms: number) => Promise<void>
  /** What a call set off and is due at once happens now. */
  readonly afterwards: (world: World) => void
}

/** Bytes out, and what a scenario does to them on the way. */
export interface Sent {
  readonly status: number
  /** The provider's own. */
  readonly headers: Readonly<Record<string, string>>
  readonly text: string | undefined
  readonly drop?: DropHow | undefined
  readonly corrupt?: CorruptHow | undefined
  readonly bytesPerSecond?: number | undefined
  /** Another process serves the world: the call has changed nothing, and may be made again. */
  readonly taken?: true
  /** What the sandbox adds to the headers, and what the log and the metrics tell of it; entry 0: there is none. */
  readonly told: {
    readonly operation: string | undefined
    readonly entry: number
    readonly refusal: string | undefined
    readonly hint: string | undefined
    /** Whatever the checks found out about who calls. */
    readonly caller: unknown
    readonly struck: Plan['rules'] | undefined
  }
}

/** How far a call came. */
export interface Exchange {
  readonly call: ReceivedCall
  readonly plan: Plan | undefined
  /** The checks of this call, and how many it has passed. */
  gates: readonly Gate[]
  passed: number
  stoppedBy: string | undefined
  refusal: Refusal | undefined
  /** Whether the last of its changes is response, known at the end of that turn; undefined: nobody keeps it, or there was none. */
  committed: Promise<boolean> | undefined
  readonly replay: ReplayedCall | undefined
  /** When the call came, and each time it went on after it had waited. */
  readonly began: Place & { resumed: Place[] | undefined }
}

/** Stands in for the client's key, and for all waiting, as a replay does. */
export interface ReplayedCall {
  /** Whether this check is not asked, because it is known who called. */
  readonly admit: (gate: Gate, call: Call, world: World) => boolean
  /** A refusal for which the request alone does not show why any more, and the hint there was. */
  readonly refused: { readonly hint?: string | undefined } | undefined
  /** Resolves when it is this call's turn to go on. `flight`: the call that it waits for. */
  turn(flight?: Promise<unknown>): Promise<void>
  /** Resolves when it is to be answered. */
  landing(): Promise<void>
}
