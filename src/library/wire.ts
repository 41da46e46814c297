// What the control API takes and returns, made from specs/sandgate.yaml by `node deploy/wire-types.mjs`.

export interface components {
  schemas: {
    /** @description Written like when in a scenario. A body matches by subset, a number by its digits or its text; a string may be /a regex/. */
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
      /** @description The number of pending timers. */
      readonly due: number
      readonly next: readonly components['schemas']['Happened'][]
      /** @description Why the world is stopped; absent otherwise. */
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
      /** @description The Sandgate version that took the snapshot. */
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
      /** @description Why the world is stopped or not served; absent otherwise. */
      readonly problem?: string | undefined
      /** @description How many calls its providers got since it began, or since this process served it; null: another process serves it. */
      readonly calls: number | null
      /** @description When it was used last, in wall time. */
      readonly used_at: components['schemas']['Instant']
      /** @description When it is deleted unless somebody uses it before, in wall time (limits.worldIdle); null if it is not. */
      readonly goes_at: string | null
      readonly base_urls: {
        readonly [key: string]: string
      }
    }
    readonly HandOut: {
      readonly id: string
      /** @description The journal entry that made it; absent once the journal does not have it any more. */
      readonly made_by?: number | undefined
      readonly at: components['schemas']['Instant']
      readonly provider: string
      readonly account: string
      readonly user: string | null
      readonly network: string
      readonly currency: string
      readonly address: string
      readonly tag: string | null
      /** @description The provider's own id of the object the address belongs to. */
      readonly reference: string
      /** @description What becomes of the address as world time passes. A window the provider does not have is absent. */
      readonly windows: {
        /** @description Until then it is shown to the payer. */
        readonly display_until?: components['schemas']['Instant'] | undefined
        /** @description Until then money that arrives is credited; absent: always. */
        readonly monitored_until?: components['schemas']['Instant'] | undefined
        /** @description From then on it may be allocated to somebody else; absent: never. */
        readonly reuse_from?: components['schemas']['Instant'] | undefined
      }
    }
    readonly Deposit: {
      readonly id: string
      /** @description The journal entry that made it; absent once the journal does not have it any more. */
      readonly made_by?: number | undefined
      readonly txid: string
      readonly output: number
      /** @enum {string} */
      readonly status: 'scheduled' | 'seen' | 'confirmed' | 'dropped' | 'reorged' | 'replaced'
      /** @enum {string} */
      readonly outcome: 'confirmed' | 'dropped' | 'reorged' | 'replaced'
      readonly provider: string
      /** @description The account the deposit belongs to; null until it is seen, and when the address was not allocated to any account. */
      readonly account: string | null
      /** @description The provider's own id of the object the deposit belongs to. */
      readonly reference: string | null
      readonly address: string
      readonly tag: string | null
      readonly from: string
      readonly amount: string
      readonly currency: string
      readonly network: string
      readonly confirmations: number
      /** @description How many confirmations it needs to be confirmed; 0: it is credited when it is first seen. */
      readonly required: number
      readonly block: number | null
      readonly sent_at: components['schemas']['Instant']
      readonly seen_at: string | null
      readonly confirmed_at: string | null
    }
    readonly Balance: {
      readonly provider: string
      readonly account: string
      /** @description The user within the account; null where the provider keeps one balance per account. */
      readonly holder: string | null
      readonly currency: string
      /** @description Null where balances are not kept per network. */
      readonly network: string | null
      readonly balance: string
      /** @description What withdrawals under way have set aside. */
      readonly held: string
      /** @description balance minus held. */
      readonly available: string
    }
    readonly Movement: {
      readonly id: string
      readonly at: components['schemas']['Instant']
      readonly provider: string
      readonly account: string
      readonly holder: string | null
      readonly currency: string
      readonly network: string | null
      /** @description What the account gained; with a minus, what it lost. */
      readonly amount: string
      readonly balance_after: string
      /** @description What it is to the provider: deposit, withdrawal, withdrawal_fee, exchange, adjustment, opening and so on. */
      readonly kind: string
      /** @description The counter-account: chain, fees, network, desk, outside and so on. */
      readonly against: string
      readonly cause: {
        /** @description The journal entry of the call or the timer that moved it. */
        readonly entry?: number | undefined
        /** @description The deposit, as in GET deposits. */
        readonly deposit?: string | undefined
        /** @description The withdrawal, as in GET withdrawals. */
        readonly withdrawal?: string | undefined
        readonly reason?: string | undefined
      }
    }
    readonly Withdrawal: {
      readonly id: string
      /** @description The journal entry that made it; absent once the journal does not have it any more. */
      readonly made_by?: number | undefined
      /** @description Null until it is broadcast. */
      readonly txid: string | null
      /** @enum {string} */
      readonly status: 'held' | 'broadcast' | 'confirmed' | 'failed' | 'declined' | 'replaced' | 'reorged'
      /**
       * @description What is to become of it.
       * @enum {string}
       */
      readonly outcome: 'confirmed' | 'failed' | 'declined' | 'stuck' | 'replaced' | 'reorged'
      readonly reason: string | null
      readonly provider: string
      readonly account: string
      /** @description The provider's own id of the withdrawal. */
      readonly reference: string
      readonly address: string
      readonly tag: string | null
      readonly from: string
      /** @description What the payee gets. */
      readonly amount: string
      readonly currency: string
      readonly network: string
      readonly fee: string
      readonly fee_currency: string
      readonly confirmations: number
      readonly block: number | null
      /** @description The deposit as which it arrived in this world; null where the address was not allocated here. */
      readonly deposit: string | null
      readonly requested_at: components['schemas']['Instant']
      readonly broadcast_at: string | null
      readonly confirmed_at: string | null
    }
    readonly Action: {
      readonly provider: string
      readonly name: string
      /** @description What it does. */
      readonly says: string
      /** @description The JSON Schema of its body. */
      readonly fields: {
        readonly [key: string]: unknown
      }
    }
    readonly Rate: {
      readonly from: string
      readonly to: string
      /** @description What one unit of from is in to. */
      readonly rate: string
      readonly pinned: boolean
    }
    readonly EndpointInput: {
      readonly url: string
      /** @description Default: the current secret; for a new endpoint, the merchant's own secret or one drawn from the seed. */
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
    readonly Endpoint: {
      readonly id: string
      readonly provider: string
      readonly account: string
      /** @description The URL, with user and password redacted. */
      readonly url: string
      readonly events: readonly string[]
    }
    readonly Delivery: {
      readonly id: string
      /** @description The journal entry that made it; absent once the journal does not have it any more. */
      readonly made_by?: number | undefined
      readonly provider: string
      readonly account: string
      readonly event: string
      /** @description The provider's own id of the object the callback is about. */
      readonly object: string | null
      readonly url: string | null
      /** @enum {string} */
      readonly status: 'pending' | 'delivered' | 'exhausted' | 'dropped' | 'paused'
      readonly created_at: components['schemas']['Instant']
      /** @description When the next attempt is due, in world time; null if none is, or if one is on its way. */
      readonly next_at: string | null
      /** @description The exact body that is sent. */
      readonly body: string
      /** @description Why the delivery was dropped before all its attempts were made. */
      readonly reason?: string | undefined
      readonly attempts: readonly {
        readonly at: components['schemas']['Instant']
        readonly status: number | null
        /** @description Why the attempt failed. */
        readonly error: string | null
        /** @description The headers of the request; absent if no request was made. */
        readonly headers?:
          | {
              readonly [key: string]: string
            }
          | undefined
        /** @description The text that was signed with the secret of the endpoint. */
        readonly signed_text?: string | undefined
        /** @description The first 4 KiB of what the receiver answered, as text without secrets; absent if it answered nothing. */
        readonly answer?: string | undefined
      }[]
    }
    readonly Entry: {
      readonly id: number
      readonly kind: string
      readonly at: components['schemas']['Instant']
      readonly provider?: string | undefined
      readonly operation?: string | undefined
      /** @description Null: a receiver did not answer. */
      readonly status?: (number | null) | undefined
      /** @description For a call: whether it was answered with 400 or above, or its connection was cut. */
      readonly refused?: boolean | undefined
      /** @description The account whose key was used; absent if no account has the key. */
      readonly account?: string | undefined
      /** @description The position of the key among the account's keys in the settings, from 1; the key itself is never shown. */
      readonly key?: number | undefined
      /** @description The checks that the call passed, in order. */
      readonly checks?: readonly string[] | undefined
      /** @description The check that stopped the call. */
      readonly stopped_by?: string | undefined
      /** @description The checks that were not made, because another one stopped the call. */
      readonly not_reached?: readonly string[] | undefined
      /** @description How long the call took, in milliseconds of real time; only in the brief view. */
      readonly ms?: number | undefined
      /** @description What idempotency decided, in the brief view: kept, replayed, conflict. */
      readonly idempotency?: string | undefined
      /** @description The entries of the faults that were applied to the call. */
      readonly faults?: readonly number[] | undefined
      /** @description What the call, the timer or the control call made. */
      readonly made?:
        | {
            readonly addresses?:
              | readonly {
                  readonly id?: string | undefined
                  readonly address?: string | undefined
                  readonly currency?: string | undefined
                  readonly network?: string | undefined
                  readonly tag?: (string | null) | undefined
                }[]
              | undefined
            readonly deposits?: readonly string[] | undefined
            readonly withdrawals?: readonly string[] | undefined
            readonly deliveries?: readonly string[] | undefined
          }
        | undefined
      readonly refusal?: string | undefined
      /** @description The likely mistake. */
      readonly hint?: string | undefined
      /** @description The text that should have been signed, if the refusal is bad_signature; bytes that are not text are shown as \xff. */
      readonly expected_text?: string | undefined
      readonly rules?:
        | readonly {
            readonly id?: string | undefined
            readonly mark?: string | undefined
          }[]
        | undefined
      /** @description Details, such as the idempotency decision and the origin of an address. */
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
    readonly Checkpoint: {
      readonly name: string
      /** @description World time at the checkpoint. */
      readonly at: components['schemas']['Instant']
      /** @description Wall time when it was made. */
      readonly made_at: components['schemas']['Instant']
      /** @description The newest journal entry at the time; 0: none. */
      readonly entry: number
      /** @description How many rows it holds. */
      readonly rows: number
    }
    readonly Changes: {
      readonly data: readonly {
        readonly table: string
        /** @description The key of the row; hidden in tables whose keys are secret, of which rows are not shown either. */
        readonly key: string
        /** @enum {string} */
        readonly change: 'added' | 'changed' | 'removed'
        /** @description The row at the checkpoint. */
        readonly before?:
          | {
              readonly [key: string]: unknown
            }
          | undefined
        /** @description The row now. */
        readonly after?:
          | {
              readonly [key: string]: unknown
            }
          | undefined
      }[]
      readonly total: {
        readonly added: number
        readonly changed: number
        readonly removed: number
      }
      /** @description Whether there are more changes than data has. */
      readonly truncated: boolean
    }
    readonly CoverageBadge: {
      /** @constant */
      readonly schemaVersion: 1
      readonly label: string
      readonly message: string
      readonly color: string
    }
    readonly Coverage: {
      /** @description Null: the sum over all worlds. */
      readonly world: string | null
      /** @description How many worlds are in the sum. */
      readonly worlds?:
        | {
            readonly present: number
            /** @description Worlds that were used and were deleted, reset or taken over by another process. */
            readonly gone: number
          }
        | undefined
      /** @description How much of total was exercised, rounded down to one place. */
      readonly percent: number
      readonly exercised: number
      /** @description Operations, notable situations and refusals of the providers that got a call, or of the one that was asked for. */
      readonly total: number
      /** @description Calls of all providers, including those that match no operation. */
      readonly calls: number
      readonly providers: readonly {
        readonly provider: string
        /** @description Whether it got a call. */
        readonly used: boolean
        readonly percent: number
        readonly exercised: number
        readonly total: number
        /** @description Situations that integrations get wrong. */
        readonly notable: readonly {
          readonly id: string
          readonly says: string
          /** @description The rule it stands on. */
          readonly rule: string
          /** @description 0: never exercised. */
          readonly count: number
          /** @description The newest journal entry that shows it; null: none, or a sum over worlds. */
          readonly last_entry: number | null
        }[]
        /** @description What exists and was never exercised. */
        readonly never: {
          readonly operations: readonly string[]
          readonly rules: readonly string[]
          readonly refusals: readonly string[]
          readonly events: readonly string[]
        }
        readonly operations: readonly {
          readonly operation: string
          readonly calls: number
          /** @description Answered with 400 or above, or cut off. */
          readonly refused: number
        }[]
        readonly rules: readonly {
          readonly id: string
          readonly count: number
          /** @description The newest journal entry the rule applied to; null: a sum over worlds. */
          readonly last_entry: number | null
        }[]
        readonly refusals: readonly {
          readonly name: string
          readonly count: number
        }[]
        readonly statuses: readonly {
          /** @description Null: the connection was cut. */
          readonly status: number | null
          readonly count: number
        }[]
        readonly events: readonly {
          readonly event: string
          /** @description How many deliveries were sent at least once. */
          readonly deliveries: number
        }[]
        readonly receivers: readonly {
          /** @description What came of an attempt: delivered; 2xx, 3xx, 4xx or 5xx if the answer did not count as delivered; timeout; unreachable. */
          readonly outcome: string
          readonly count: number
        }[]
        readonly deposits: readonly {
          /** @enum {string} */
          readonly outcome: 'seen' | 'confirmed' | 'dropped' | 'reorged' | 'replaced'
          readonly count: number
        }[]
      }[]
    }
    readonly Finding: {
      /** @description The same for the same mistake. */
      readonly id: string
      /** @enum {string} */
      readonly kind:
        | 'new-key-on-retry'
        | 'bad-signature-accepted'
        | 'receiver-too-slow'
        | 'callback-handled-twice'
        | 'expired-address-shown'
        | 'polling-too-fast'
        | 'number-lost-digits'
        | 'nonce-went-back'
        | 'unknown-field'
        | 'retried-unchanged'
        | 'production-key'
      readonly provider: string
      /** @description What was seen the last time. */
      readonly says: string
      /** @description What to do. */
      readonly advice: string
      /** @description The document behind it. */
      readonly source: string
      /** @description The rule of the provider behind it; absent if it has none. */
      readonly rule?: string | undefined
      /** @description The journal entries that show it, oldest first; of more than 20, the first ones and the last. */
      readonly entries: readonly number[]
      /** @description How often it was seen. */
      readonly count: number
      readonly last_entry: number
    }
    readonly CheckedScenario: {
      /** @description Whether it can be loaded. */
      readonly ok: boolean
      readonly problems: readonly {
        /**
         * @description error: it cannot be loaded; warning: a part of it never applies, or has two readings.
         * @enum {string}
         */
        readonly severity: 'error' | 'warning'
        readonly message: string
        /** @description The line it is about; absent if it is about no line in particular. */
        readonly line?: number | undefined
        readonly column?: number | undefined
      }[]
      /** @description What is in it; absent if it cannot be loaded. */
      readonly summary?:
        | {
            readonly name: string
            readonly rules: number
            /** @description How many steps its timeline has. */
            readonly timeline: number
          }
        | undefined
    }
    readonly ArmedRule: {
      readonly id: string
      /** @description File and line of the rule. */
      readonly source: string
      readonly when: {
        readonly [key: string]: unknown
      }
      readonly then: readonly {
        readonly [key: string]: unknown
      }[]
      /** @description How many calls matched, before nth, times, every and probability. */
      readonly matched: number
      /** @description How many times the rule was applied. */
      readonly fired: number
    }
    readonly Rule: {
      readonly id: string
      readonly says: string
      readonly source: string
      /** @enum {string} */
      readonly mark: 'documented' | 'inferred' | 'assumed'
      /** @enum {string} */
      readonly status: 'implemented' | 'partial' | 'not-implemented'
      /**
       * @deprecated
       * @description Older name of status: yes, partly or no.
       * @enum {string}
       */
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
      /** @description The address in any notation that wallets accept: other spellings, X-addresses, muxed accounts, payment URIs. */
      readonly address: string
      /** @description The tag or memo of the payment, as a string or as the number the provider answered; default: none. */
      readonly tag?: (string | number | null) | undefined
      /** @description A decimal string in units of the currency: "100.5". */
      readonly amount: string
      /** @description A currency other than the one the address was allocated for. */
      readonly currency?: string | undefined
      /** @description A network other than the address's own. */
      readonly network?: string | undefined
      /** @description The delay until the deposit is first seen: 4h. */
      readonly after?: string | undefined
      /** @description The number of confirmations when first seen (default 0); instant: as many as are required. */
      readonly confirmations?: (string | number) | undefined
      /** @enum {string} */
      readonly outcome?: ('confirmed' | 'dropped' | 'reorged' | 'replaced') | undefined
      /** @description The id of a deposit; the new one becomes a further output of its transaction. */
      readonly same_transaction_as?: string | undefined
    }
    readonly BalanceInput: {
      readonly provider: string
      /** @description Default: the first account. */
      readonly account?: string | undefined
      /** @description The user within the account, where the provider keeps balances per user. */
      readonly holder?: string | undefined
      /** @description The provider's code. */
      readonly currency: string
      /** @description Where the provider keeps balances per network. */
      readonly network?: string | undefined
      /** @description A decimal string in units of the currency: "100.5", or "-3" to take it. */
      readonly amount: string
      readonly reason?: string | undefined
    }
    readonly SettleInput: {
      /** @enum {string} */
      readonly outcome: 'confirmed' | 'failed' | 'declined'
      /** @description What a node or the provider says. */
      readonly reason?: string | undefined
    }
    readonly RateInput: {
      /** @description A ticker such as BTC, or a code of one provider such as USDTT. */
      readonly from: string
      readonly to: string
      /** @description What one unit of from is in to, as decimal text: "60000". */
      readonly rate: string
    }
    readonly VerifyInput: {
      readonly provider: string
      readonly operation: string
      readonly match?: components['schemas']['Match'] | undefined
      /** @description Only calls after the first matching call count. */
      readonly after?:
        | {
            readonly provider: string
            readonly operation: string
            readonly match?: components['schemas']['Match'] | undefined
          }
        | undefined
      /** @description Default is atLeast 1. exactly must be alone; atLeast and atMost may be combined. */
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
      /** @description Why the attempt failed. */
      readonly error: string | null
      /** @description The headers of the request; absent if no request was made. */
      readonly headers?:
        | {
            readonly [key: string]: string
          }
        | undefined
      /** @description The text that was signed with the secret of the endpoint. */
      readonly signed_text?: string | undefined
      /** @description The first 4 KiB of what the receiver answered, as text without secrets; absent if it answered nothing. */
      readonly answer?: string | undefined
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
      /** @description The ids of rules that have not fired yet, including those of POST faults. */
      readonly never_fired: readonly string[]
      readonly timeline: readonly {
        readonly id: string
        readonly source: string
        readonly at: string
        readonly do: {
          readonly [key: string]: unknown
        }
        readonly due: components['schemas']['Instant']
        /** @description The outcome of the step; null until it is due. */
        readonly outcome: string | null
      }[]
    }
  }
}
