// What the control API answers, in the shapes of specs/sandgate.yaml.
import type { components } from '../../library/wire.ts'

type Schemas = components['schemas']

export type World = Schemas['World'] & {
  readonly calls?: number | null
  /** Wall time. */
  readonly used_at?: string
  readonly goes_at?: string | null
}
export type Checkpoint = Schemas['Checkpoint']
export type Changes = Schemas['Changes']
export type Clock = Schemas['Clock']
export type Happened = Schemas['Happened']
export type Rule = Schemas['Rule']
export type Coverage = Schemas['Coverage']
export type Finding = Schemas['Finding']
export type HandOut = Schemas['HandOut'] & {
  readonly windows?: {
    readonly display_until?: string
    readonly monitored_until?: string
    readonly reuse_from?: string
  }
  readonly made_by?: number
}
export type Deposit = Schemas['Deposit'] & { readonly required?: number; readonly made_by?: number }
export type Withdrawal = Schemas['Withdrawal'] & { readonly made_by?: number }
export type Balance = Schemas['Balance']
export type Movement = Schemas['Movement']
export type Endpoint = Schemas['Endpoint']
export type Attempt = Schemas['Attempt'] & { readonly answer?: string | undefined }
export type Delivery = Omit<Schemas['Delivery'], 'attempts'> & {
  readonly attempts: readonly Attempt[]
  readonly next_at?: string | null
  readonly made_by?: number
}
export type Scenario = Schemas['ScenarioState']
export type ArmedRule = Schemas['ArmedRule']

/** A page of a list. */
export interface Page<Row> {
  readonly data: readonly Row[]
  readonly next?: string | null
}

/** An entry of the journal without its bodies, as lists and the stream have it. */
export interface Brief {
  readonly id: number
  readonly kind: string
  readonly at: string
  readonly provider?: string
  readonly operation?: string
  readonly method?: string
  readonly path?: string
  readonly status?: number | null
  readonly ms?: number
  readonly refused?: boolean
  readonly refusal?: string
  readonly stopped_by?: string
  readonly account?: string
  readonly key?: number
  readonly hint?: string
  readonly summary?: string
  readonly timer_kind?: string
  readonly action?: string
  readonly event?: string
  readonly delivery?: string
  readonly attempt?: number
  readonly object?: string | null
  readonly error?: string | null
  /** Of a fault: the call that it struck. */
  readonly call?: number
  readonly idempotency?: string
  /** The faults that struck it. */
  readonly faults?: readonly number[]
  readonly made?: Made
}

/** What a call brought into the world. */
export interface Made {
  readonly addresses?: readonly {
    readonly id: string
    readonly address: string
    readonly currency: string
    readonly network: string
    readonly tag: string | null
  }[]
  readonly deposits?: readonly string[]
  readonly withdrawals?: readonly string[]
  readonly deliveries?: readonly string[]
}

/** An entry with everything that the journal knows of it. */
export interface Entry extends Brief {
  /** The checks that it passed, in order. */
  readonly checks?: readonly string[]
  /** The checks that nobody asked any more, in order. */
  readonly not_reached?: readonly string[]
  readonly expected_text?: string
  readonly rules?: readonly { readonly id: string; readonly mark?: string }[]
  readonly notes?: Readonly<Record<string, unknown>>
  readonly request?: Said
  readonly response?: Said
  /** Of a callback: what was sent and what the receiver said. */
  readonly body?: string
  readonly answer?: string
}

interface Said {
  readonly headers?: Readonly<Record<string, unknown>>
  readonly body?: string | null
}

/** What the stream says first of all, and whenever the world is another one. */
export interface WorldTold {
  readonly id: string
  readonly seed: string
  /** Sandgate's version. */
  readonly version: string
  readonly next_entry: number
  /** Tells journals apart: one that began anew has another name. */
  readonly journal?: string
  readonly gone?: boolean
  readonly problem?: string
}

/** The clock as the stream tells it. */
export interface ClockTold {
  readonly now: string
  readonly mode: 'running' | 'frozen'
  readonly due: number
  readonly next: Happened | null
  readonly problem?: string
}
