// What people write into scenario files, made from the schema in src/scenario/schema.ts by `node deploy/wire-types.mjs`.

export interface components {
  schemas: {
    readonly Rule: {
      readonly when: {
        readonly provider?: string | undefined
        readonly operation?: string | undefined
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
        readonly nth?: number | undefined
        readonly times?: number | undefined
        readonly every?: number | undefined
        readonly probability?: number | undefined
      }
      readonly then: readonly {
        readonly respond?:
          | {
              readonly error?: string | undefined
              readonly status?: number | undefined
              readonly headers?:
                | {
                    readonly [key: string]: string | number | boolean
                  }
                | undefined
              readonly body?: unknown | undefined
              /**
               * @default before
               * @enum {string}
               */
              readonly stage?: ('before' | 'after') | undefined
            }
          | undefined
        readonly delay?:
          | (
              | string
              | {
                  readonly min: string
                  readonly max: string
                }
            )
          | undefined
        readonly drop?:
          | {
              /**
               * @default before
               * @enum {string}
               */
              readonly stage?: ('before' | 'after') | undefined
              /** @enum {string} */
              readonly how: 'reset' | 'close' | 'hang'
            }
          | undefined
        readonly corrupt?:
          | {
              /** @enum {string} */
              readonly how: 'truncate' | 'invalid-json' | 'wrong-type' | 'empty'
            }
          | undefined
        readonly throttle?:
          | {
              readonly bytesPerSecond: number
            }
          | undefined
        readonly deposit?:
          | {
              readonly amount: string
              readonly currency?: string | undefined
              readonly network?: string | undefined
              readonly tag?: ((string | number) | null) | undefined
              /** @default 0 */
              readonly confirmations?: ('instant' | number) | undefined
              /**
               * @default confirmed
               * @enum {string}
               */
              readonly outcome?: ('confirmed' | 'dropped' | 'reorged' | 'replaced') | undefined
              /** @default 1 */
              readonly repeat?: number | undefined
              readonly after?: string | undefined
            }
          | undefined
        readonly withdrawal?:
          | {
              /**
               * @description What becomes of the withdrawal.
               * @enum {string}
               */
              readonly outcome: 'confirmed' | 'failed' | 'declined' | 'stuck' | 'replaced' | 'reorged'
              /**
               * @description Of the broadcast; `before` for `failed` and `declined`, else `after`.
               * @enum {string}
               */
              readonly stage?: ('before' | 'after') | undefined
              /** @description How long that takes; needed by `stuck`. */
              readonly after?: string | undefined
              /** @description What a node or the provider says. */
              readonly reason?: string | undefined
            }
          | undefined
        readonly callbacks?:
          | {
              /** @enum {string} */
              readonly how:
                | 'duplicate'
                | 'delay'
                | 'drop'
                | 'reorder'
                | 'pause'
                | 'resume'
                | 'bad-signature'
                | 'stale-timestamp'
              /** @default 1 */
              readonly times?: number | undefined
              readonly by?: string | undefined
            }
          | undefined
      }[]
    }
    readonly Step: {
      readonly at: string
      readonly do: {
        readonly callbacks?:
          | {
              readonly provider: string
              /** @enum {string} */
              readonly how:
                | 'duplicate'
                | 'delay'
                | 'drop'
                | 'reorder'
                | 'pause'
                | 'resume'
                | 'bad-signature'
                | 'stale-timestamp'
              /** @default 1 */
              readonly times?: number | undefined
              readonly by?: string | undefined
            }
          | undefined
        readonly outage?:
          | {
              readonly provider: string
              readonly operation?: string | undefined
              readonly for: string
              readonly respond?:
                | {
                    readonly error?: string | undefined
                    readonly status?: number | undefined
                    readonly headers?:
                      | {
                          readonly [key: string]: string | number | boolean
                        }
                      | undefined
                    readonly body?: unknown | undefined
                  }
                | undefined
              readonly drop?:
                | {
                    /** @enum {string} */
                    readonly how: 'reset' | 'close' | 'hang'
                  }
                | undefined
            }
          | undefined
        readonly deposit?:
          | {
              readonly address?: string | undefined
              readonly provider?: string | undefined
              readonly account?: string | undefined
              readonly user?: string | undefined
              readonly nth?: number | undefined
              readonly amount: string
              readonly currency?: string | undefined
              readonly network?: string | undefined
              readonly tag?: ((string | number) | null) | undefined
              /** @default 0 */
              readonly confirmations?: ('instant' | number) | undefined
              /**
               * @default confirmed
               * @enum {string}
               */
              readonly outcome?: ('confirmed' | 'dropped' | 'reorged' | 'replaced') | undefined
              /** @default 1 */
              readonly repeat?: number | undefined
            }
          | undefined
        readonly balance?:
          | {
              readonly provider: string
              /** @description The account; the first one unless given. */
              readonly account?: string | undefined
              /** @description The user within the account, where the provider has users. */
              readonly holder?: string | undefined
              /** @description The provider's code. */
              readonly currency: string
              /** @description Where the provider keeps balances per network. */
              readonly network?: string | undefined
              /** @description Decimal text in quotes; with a minus it is taken. */
              readonly amount: string
              /** @description A sentence for the movement. */
              readonly reason?: string | undefined
            }
          | undefined
        readonly rate?:
          | {
              /** @description A ticker such as `BTC`, or a provider's own code. */
              readonly from: string
              /** @description The same. */
              readonly to: string
              /** @description What one unit of `from` is in `to`, decimal text in quotes. */
              readonly rate: string
            }
          | undefined
        readonly clock?:
          | {
              readonly by: string
            }
          | undefined
      }
    }
    readonly Scenario: {
      readonly name?: string | undefined
      readonly summary?: string | undefined
      readonly seed?: string | undefined
      readonly clock?: string | undefined
      readonly rules?: readonly components['schemas']['Rule'][] | undefined
      readonly timeline?: readonly components['schemas']['Step'][] | undefined
    }
  }
}
