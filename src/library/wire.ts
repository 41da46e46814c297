// What the control API takes and returns, made from specs/sandgate.yaml by `node deploy/wire-types.mjs`.

export interface components {
  schemas: {
    /** @description Written like the when of a scenario; a body by subset, a number by its digits or as the text that it is, a string may be /a regex/. */
    readonly Match: {
      readonly body?: unknown | undefined
      readonly headers?:
        | {
            readonly [key: string]: unknown
          }
        | undefined
      readonly query?:
        | {
            readonly [key: string]: unknown
          }
        | undefined
      readonly path?:
        | {
            readonly [key: string]: unknown
          }
        | undefined
    }
    /**
     * @description ISO 8601 UTC.
     * @example 2026-05-16T19:00:00.000Z
     */
    readonly Instant: string
    readonly Happened: {
      readonly at: components['schemas']['Instant']
      readonly provider: string
      readonly kind: string
      readonly summary: string
    }
    readonly Clock: {
      readonly now: components['schemas']['Instant']
      /** @enum {string} */
      readonly mode: 'running' | 'frozen'
      /** @description Timers waiting. */
      readonly due: number
      readonly next: readonly components['schemas']['Happened'][]
      /** @description Why nothing falls due any more. Only where the world is stopped. */
      readonly problem?: string | undefined
    }
    readonly SnapshotClock: {
      readonly now: components['schemas']['Instant']
      /** @enum {string} */
      readonly mode: 'running' | 'frozen'
    }
    readonly Snapshot: {
      /** @constant */
      readonly sandgate: 'snapshot'
      readonly format: number
      /** @description The version that took it. */
      readonly version: string
      readonly seed: string
      readonly start: components['schemas']['SnapshotClock']
      readonly clock: components['schemas']['SnapshotClock']
      /** @description Rows by table and key. */
      readonly tables: {
        readonly [key: string]: {
          readonly [key: string]: {
            readonly [key: string]: unknown
          }
        }
      }
    }
    readonly World: {
      readonly id: string
      readonly seed: string
      readonly clock: {
        readonly now: components['schemas']['Instant']
        /** @enum {string} */
        readonly mode: 'running' | 'frozen'
      }
      /** @description Why nothing falls due in it any more, or why it is not served at all. Only where it is so. */
      readonly problem?: string | undefined
      readonly base_urls: {
        readonly [key: string]: string
      }
    }
    readonly HandOut: {
      readonly id: string
      readonly at: components['schemas']['Instant']
      readonly provider: string
      readonly account: string
      readonly user: string | null
      readonly network: string
      readonly currency: string
      readonly address: string
      readonly tag: string | null
      /** @description The provider's own id of what it belongs to. */
      readonly reference: string
    }
    readonly Deposit: {
      readonly id: string
      readonly txid: string
      readonly output: number
      /** @enum {string} */
      readonly status: 'scheduled' | 'seen' | 'confirmed' | 'dropped' | 'reorged' | 'replaced'
      /** @enum {string} */
      readonly outcome: 'confirmed' | 'dropped' | 'reorged' | 'replaced'
      readonly provider: string
      /** @description Whose money it is; null until it is seen and when nobody held the address. */
      readonly account: string | null
      /** @description The provider's own id of what it belongs to. */
      readonly reference: string | null
      readonly address: string
      readonly tag: string | null
      readonly from: string
      readonly amount: string
      readonly currency: string
      readonly network: string
      readonly confirmations: number
      readonly block: number | null
      readonly sent_at: components['schemas']['Instant']
      readonly seen_at: string | null
      readonly confirmed_at: string | null
    }
    readonly Endpoint: {
      readonly id: string
      readonly provider: string
      readonly account: string
      /** @description A user and a password inside of it are hidden. */
      readonly url: string
      readonly events: readonly string[]
    }
    readonly Delivery: {
      readonly id: string
      readonly provider: string
      readonly account: string
      readonly event: string
      /** @description The provider's own id of what it is about. */
      readonly object: string | null
      readonly url: string | null
      /** @enum {string} */
      readonly status: 'pending' | 'delivered' | 'exhausted' | 'dropped' | 'paused'
      readonly created_at: components['schemas']['Instant']
      /** @description Exactly what is sent. */
      readonly body: string
      /** @description Why it is not tried any more, where it was not tried as often as it might be. */
      readonly reason?: string | undefined
      readonly attempts: readonly {
        readonly at: components['schemas']['Instant']
        readonly status: number | null
        /** @description Why it did not count. */
        readonly error: string | null
        /** @description The headers of the request; left out where none was made. */
        readonly headers?:
          | {
              readonly [key: string]: string
            }
          | undefined
        /** @description The text that the signature in them is made of, with the secret of the endpoint. */
        readonly signed_text?: string | undefined
      }[]
    }
    readonly Entry: {
      readonly id: number
      readonly kind: string
      readonly at: components['schemas']['Instant']
      readonly provider?: string | undefined
      readonly operation?: string | undefined
      readonly status?: number | undefined
      /** @description Of a call: whether it was answered with 400 or more, or cut off. */
      readonly refused?: boolean | undefined
      /** @description Whose key made the call; absent where no account has the key. */
      readonly account?: string | undefined
      /** @description Which of the account's keys, in the order of the settings; the key itself is never told. */
      readonly key?: number | undefined
      /** @description The checks that were passed, in order. */
      readonly checks?: readonly string[] | undefined
      /** @description The check that stopped the call. */
      readonly stopped_by?: string | undefined
      readonly refusal?: string | undefined
      /** @description What the mistake looks like. */
      readonly hint?: string | undefined
      /** @description What should have been signed, where the refusal is bad_signature; bytes that are no text as \xff. */
      readonly expected_text?: string | undefined
      readonly rules?:
        | readonly {
            readonly id?: string | undefined
            readonly mark?: string | undefined
          }[]
        | undefined
      /** @description What idempotency decided, where an address came from, and the like. */
      readonly notes?:
        | {
            readonly [key: string]: unknown
          }
        | undefined
      /** @description What was sent, without keys, signatures and secrets. */
      readonly request?:
        | {
            readonly headers?:
              | {
                  readonly [key: string]: unknown
                }
              | undefined
            readonly body?: (string | null) | undefined
          }
        | undefined
      /** @description What was answered. */
      readonly response?:
        | {
            readonly headers?:
              | {
                  readonly [key: string]: unknown
                }
              | undefined
            readonly body?: (string | null) | undefined
          }
        | undefined
      /** @description Of a timer: window, confirmation, and the like. */
      readonly timer_kind?: string | undefined
      /** @description What happened, in words. */
      readonly summary?: string | undefined
    }
    readonly ArmedRule: {
      readonly id: string
      /** @description File and line. */
      readonly source: string
      readonly when: {
        readonly [key: string]: unknown
      }
      readonly then: readonly {
        readonly [key: string]: unknown
      }[]
      /** @description Calls it is about, whichever of them it waits for. */
      readonly matched: number
      readonly fired: number
    }
    readonly Rule: {
      readonly id: string
      readonly says: string
      readonly source: string
      /** @enum {string} */
      readonly mark: 'documented' | 'inferred' | 'assumed'
      /** @enum {string} */
      readonly kept: 'yes' | 'partly' | 'no'
      readonly because?: string | undefined
      readonly operations?: readonly string[] | undefined
      readonly switch?:
        | {
            readonly values: readonly string[]
            readonly on: string
          }
        | undefined
    }
    readonly DepositInput: {
      /** @description In any notation that wallets take for the same: other spellings, X-addresses, muxed accounts, payment URIs. */
      readonly address: string
      /** @description The tag or memo it is sent with, as text or as the number that was answered; none unless given. */
      readonly tag?: (string | number | null) | undefined
      /** @description Decimal text in units of the currency. */
      readonly amount: string
      /** @description Another currency than the address was asked for. */
      readonly currency?: string | undefined
      /** @description Another network than the address is of. */
      readonly network?: string | undefined
      /** @description How long until it is seen: 4h. */
      readonly after?: string | undefined
      /** @description How many it already has when it is seen; instant: enough. */
      readonly confirmations?: (string | number) | undefined
      /** @enum {string} */
      readonly outcome?: ('confirmed' | 'dropped' | 'reorged' | 'replaced') | undefined
      /** @description The id of a deposit; this one is a further output of its transaction. */
      readonly same_transaction_as?: string | undefined
    }
    readonly EndpointInput: {
      readonly url: string
      /** @description The one in use stays unless another is given; at first it is the provider's own or drawn from the seed. */
      readonly secret?: string | undefined
      readonly events?: readonly string[] | undefined
      readonly account?: string | undefined
    }
    readonly EndpointWithSecret: {
      readonly id: string
      readonly provider: string
      readonly account: string
      readonly url: string
      readonly secret: string
      readonly events: readonly string[]
    }
    readonly VerifyInput: {
      readonly provider: string
      readonly operation: string
      readonly match?: components['schemas']['Match'] | undefined
      /** @description Only calls behind the first call of this kind count. */
      readonly after?:
        | {
            readonly provider: string
            readonly operation: string
            readonly match?: components['schemas']['Match'] | undefined
          }
        | undefined
      /** @description At least once unless given. Exactly stands alone; atLeast and atMost may stand together. */
      readonly times?:
        | {
            readonly exactly?: number | undefined
            readonly atLeast?: number | undefined
            readonly atMost?: number | undefined
          }
        | undefined
    }
    readonly Verdict: {
      readonly ok: boolean | 'unknown'
      readonly count: number
      readonly closest: readonly {
        readonly entry: number
        readonly at: components['schemas']['Instant']
        readonly status: number | null
        readonly differs: readonly {
          readonly path: string
          readonly expected: unknown
          readonly got: unknown
        }[]
      }[]
    }
    readonly Attempt: {
      readonly at: components['schemas']['Instant']
      readonly status: number | null
      /** @description Why it did not count. */
      readonly error: string | null
      /** @description The headers of the request; left out where none was made. */
      readonly headers?:
        | {
            readonly [key: string]: string
          }
        | undefined
      /** @description The text that the signature in them is made of, with the secret of the endpoint. */
      readonly signed_text?: string | undefined
    }
    readonly ScenarioState: {
      readonly name: string | null
      readonly stories: readonly {
        readonly name: string
        readonly summary: string | null
        readonly source: string
      }[]
      readonly seed: string | null
      readonly clock: string | null
      readonly started_at: string | null
      readonly rules: readonly components['schemas']['ArmedRule'][]
      /** @description The ids of rules that have not struck yet, those of POST faults included. */
      readonly never_fired: readonly string[]
      readonly timeline: readonly {
        readonly id: string
        readonly source: string
        readonly at: string
        readonly do: {
          readonly [key: string]: unknown
        }
        readonly due: components['schemas']['Instant']
        /** @description What came of it; null until it was due. */
        readonly outcome: string | null
      }[]
    }
  }
}
