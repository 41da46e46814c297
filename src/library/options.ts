// The options of the library's two functions.

/**
 * How a sandbox is made: what the flags of `sandgate serve` and its config file say. Every option may be left out.
 *
 * @example
 * const options: SandboxOptions = { port: 0, clock: '2026-05-16T19:00:00Z', scenarios: ['late-deposit.yaml'] }
 */
export interface SandboxOptions {
  /** What every world derives its addresses, ids and hashes from. Default `sandgate`. */
  readonly seed?: string | undefined
  /** A directory that the state is kept in; a sandbox that is opened there later goes on from it. Memory unless given. */
  readonly data?: string | undefined
  /** Whether what is kept survives power cuts too. Default false. */
  readonly fsync?: boolean | undefined
  /** `real`, or the ISO 8601 instant at which worlds start, frozen. Default `real`. */
  readonly clock?: string | undefined
  /** Listens as soon as it is made; 0 takes any free port. Without it nothing listens, and calls go through `fetch`. */
  readonly port?: number | undefined
  /** The address it listens on. Default `127.0.0.1`. */
  readonly host?: string | undefined
  /** Scenario files that the default world starts with. */
  readonly scenarios?: readonly string[] | undefined
  /** What a config file says under `providers`, by provider. */
  readonly providers?: Readonly<Record<string, unknown>> | undefined
  /** Which answer is given where the documents leave two open, by rule id. */
  readonly assume?: Readonly<Record<string, string>> | undefined
  readonly limits?:
    | {
        /** The largest body of a call, in bytes. Default 1 MiB. */
        readonly bodyBytes?: number | undefined
        /** How many entries a journal holds. Default 10000. */
        readonly journalEntries?: number | undefined
        /** How many bytes of bodies they may hold together. Default 64 MiB. */
        readonly journalBytes?: number | undefined
        /** How many worlds there may be. Default 1000. */
        readonly worlds?: number | undefined
        /** How long a world may stay unused, wall time, before it is deleted: a duration. Default `24h`. */
        readonly worldIdle?: string | undefined
      }
    | undefined
  /** Where callbacks go from the start, by provider. */
  readonly callbacks?:
    | Readonly<
        Record<
          string,
          {
            readonly url: string
            readonly secret?: string | undefined
            readonly events?: readonly string[] | undefined
            readonly account?: string | undefined
          }
        >
      >
    | undefined
  /** Money that every world begins with: `{ provider: 'cpg', currency: 'USDT', network: 'ETH', amount: '1000' }`. None unless given. */
  readonly balances?:
    | readonly {
        readonly provider: string
        /** The first account unless given. */
        readonly account?: string | undefined
        readonly holder?: string | undefined
        readonly currency: string
        readonly network?: string | undefined
        /** Decimal text. */
        readonly amount: string
        readonly reason?: string | undefined
      }[]
    | undefined
  /** Host names, beside loopback ones, IP addresses and names without a dot, that the control API answers to. */
  readonly allowHosts?: readonly string[] | undefined
  /** Whether the web page is served at `/_sandgate/console/`. Default true. */
  readonly console?: boolean | undefined
  /** Host names that callbacks may go to, beside loopback and private addresses. */
  readonly allowCallbackHosts?: readonly string[] | undefined
  /** The bearer token that calls of the control API need; the handles send it. */
  readonly controlToken?: string | undefined
  /** Whether an answer that violates the OpenAPI document becomes a 500. Default false. */
  readonly strict?: boolean | undefined
  /** A line for each call on stderr. Default `off`. */
  readonly log?: 'pretty' | 'json' | 'off' | undefined
}

/**
 * How to reach a sandbox that runs elsewhere.
 *
 * @example
 * const options: ConnectOptions = { world: 'ci-42', token: process.env.SANDGATE_CONTROL_TOKEN }
 */
export interface ConnectOptions {
  /** The control token of that sandbox, where it has one. */
  readonly token?: string | undefined
  /** The world that the handle is for; made when there is none of that id. The default world unless named. */
  readonly world?: string | undefined
}
