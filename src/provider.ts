// The vocabulary every provider is written in: what a Provider promises, what a Call brings, what an Answer or a Refusal takes back.
// It holds no behaviour of its own; pipeline/call.ts runs it, the folders under providers/ speak it.
import type { IncomingHttpHeaders } from 'node:http'
import { z, type ZodType } from 'zod'
import type { Action, DepositRules, LedgerRules, Windows, WithdrawalRules } from './provider-money.ts'
import type { Pitfalls } from './provider-pitfalls.ts'
import type { Delivery, Endpoint } from './world/outbox.ts'
import type { Reaction } from './world/module.ts'
import type { Situation } from './world/situations.ts'
import type { Table } from './world/tables.ts'
import type { WithdrawalFate } from './world/withdrawals.ts'
import type { World } from './world/world.ts'

/** One company's promises. A folder under `providers/` exports one as `provider`; `app.ts` finds it there. */
export interface Provider {
  /** The folder's name, the path prefix, and the first part of every rule id: `cpg`. */
  readonly name: string
  /** The name people use: `CPG`. */
  readonly title: string
  /** The header that ends in the caller's key, lower case. `.{world}` behind the key leads to that world. */
  readonly keyHeader: string
  /** What a config file may say about this provider; parsing `{}` yields the demo accounts of contract.md. */
  readonly settings: ZodType
  /** The published demo credentials that the table at start prints. Never those of a config file. */
  readonly demo: readonly DemoCredential[]
  /**
   * Switches between two answers that the documents leave open: rule id → values, the first one is on unless
   * `assume` chooses another. Read with `world.assumes(id)`.
   */
  readonly switches?: Readonly<Record<string, readonly string[]>>
  /** All that it keeps rows in; what a snapshot says of them is held against these. */
  readonly tables: readonly Table<any>[]
  /** Those of them whose rows its hand-outs refer to. */
  readonly handsOut: readonly Table<any>[]
  /** The checks of an ordinary call, in the provider's own order. Each returns, or throws a `Refusal`. */
  readonly gates: readonly Gate[]
  /** Every key there is, with its secret where it has one. Only for hints.ts, which compares with them and tells nothing of them. */
  credentials(world: World): readonly Credential[]
  /** Who calls, without a key: how a case file names its callers, and how a replay takes them as authenticated. */
  readonly identity: Identity
  /** The permission or scope that an operation asks for, in the provider's own spelling; those without a model ask too. */
  readonly needs?: Readonly<Record<string, string>>
  /** By operationId of `specs/<name>.yaml`. An operation that is missing here is answered with a sample. */
  readonly operations: Readonly<Record<string, Operation>>
  /** What a timer does when it falls due, by the name it was scheduled under. */
  readonly reactions?: Readonly<Record<string, Reaction>>
  /** The provider's own answer to a path or a method it does not have. `call.allowed` lists the methods of that path. */
  readonly notFound: { readonly gates: readonly Gate[]; answer(call: Call, world: World): Answer }
  /**
   * Every refusal by name, in the provider's dialect. The names `unauthorized`, `bad_signature`, `forbidden`, `not_found`,
   * `invalid_request`, `body_too_large`, `rate_limited`, `internal_error` and `unavailable` exist for every provider.
   */
  readonly refusals: Readonly<Record<string, (detail: Detail, call: Call) => Answer>>
  /** Whether a body of this media type (lower case, without parameters; undefined: none given) is read as JSON. */
  readsJson(mediaType: string | undefined): boolean
  /**
   * In which encodings its JSON reader takes a body: UTF-8 without a byte order mark unless given; `detected`: with one too, and UTF-16 and UTF-32,
   * as Python's `json.loads` finds them.
   */
  readonly jsonEncodings?: 'detected'
  /** JSON text as this provider writes it; `JSON.stringify` unless given. */
  readonly stringify?: (body: unknown) => string
  /** Headers on every answer of this provider, beside content-type. */
  headers?(call: Call, world: World): Record<string, string>
  /** Paths of its predecessors and older versions, as `METHOD /path`, and the operations that took their place, so that hints.ts can lead there. */
  readonly formerPaths?: readonly FormerPaths[]
  /** How a call is signed, so that hints.ts can say what a wrong signature looks like. */
  readonly signing?: Signing
  /** What its clients add to a call: key, signature and what they are made of. */
  sign(call: Unsigned, credential: Credential): Record<string, string>
  /** A call that a demo key may make as it stands, to begin with. */
  readonly firstCall: { readonly method: string; readonly path: string; readonly body?: string }
  /** What this provider makes of money that arrives at an address it handed out. */
  readonly deposits?: DepositRules
  /** Which money it keeps for whom. */
  readonly ledger?: LedgerRules
  /** What becomes of the money that it sends out. */
  readonly withdrawals?: WithdrawalRules
  /** What people do on its own pages, by name: `approve-withdrawal`. */
  readonly actions?: Readonly<Record<string, Action>>
  /** How it tells the partner. */
  readonly callbacks?: CallbackRules
  /** The notable situations that it has, for GET coverage: each by the rule it stands on. */
  readonly situations?: readonly Situation[]
  /** What an import has to know to make a case of calls to the real provider; by the form of values alone, as the first account, without it. */
  readonly traffic?: Traffic
  /** Where its clients go wrong, for the findings. */
  readonly pitfalls?: Pitfalls
}

export interface FormerPaths {
  /** Whose paths they are: `Kraken Embed`. */
  readonly whose: string
  readonly paths: readonly (readonly [pattern: RegExp, operation: string])[]
}

export interface Credential {
  readonly account: string
  /** The name of the account in paths and bodies of calls, where that is another one. */
  readonly called?: string
  readonly key: string
  readonly secret?: string
}

/** A call that a client is about to make: the provider's own path, and the exact bytes. */
export interface Unsigned {
  readonly method: string
  readonly path: string
  readonly query: string | undefined
  readonly body: Buffer
  /** Wall time in ms, with fractions as far as the clock has them. */
  readonly wallMs: number
}

export interface DemoCredential extends Credential {
  readonly note?: string
}

/** One check of a call: it passes, or throws a `Refusal`. */
export interface Gate {
  (call: Call, world: World): void
  /** What it is called in journals and case files: it never changes. */
  readonly id: string
  /** What older case files call it. */
  readonly formerly: string
}

/** Gives a check its id. */
export function gate(id: string, formerly: string, check: (call: any, world: World) => void): Gate {
  return Object.assign(check, { id, formerly })
}

/** Whether a case file means this check by that name. */
export function isCalled({ id, formerly }: Gate, name: string): boolean {
  return name === id || name === formerly
}

/** The checks that find out who calls, and the caller they find, in facts that let nobody in. */
export interface Identity {
  /** The checks of keys, signatures, nonces and addresses of clients. A replay does not repeat them. */
  readonly gates: readonly Gate[]
  /** Everybody whom the settings know, the first demo account's first key first. */
  callers(world: World): readonly unknown[]
  /** A caller in plain facts, such as the account and which of its keys: different for every caller. */
  of(caller: any, world: World): Who
  /** The refusals that depend on who calls and how often, never on what is asked for, and the check that gives each; the usual one first. */
  readonly refuses?: readonly { readonly name: string; readonly gate: Gate; readonly detail?: Detail }[]
  /** The account of a caller. */
  account(caller: any): string
  /** Which of the account's keys it came with, in the order of the settings, from 0. */
  key(caller: any, world: World): number
}

/** The same where callers are rows of the settings. */
export function keyIndex(caller: unknown, { callers, account }: Identity, world: World): number {
  return callers(world)
    .filter((other) => account(other) === account(caller))
    .indexOf(caller)
}

export type Who = Readonly<Record<string, string | number | boolean>>

/** What a value looks like that only the provider could know: another world, or the real provider, has another one. */
export type Drawn = 'id' | 'address' | 'hash' | 'timestamp' | 'tag' | 'code' | 'url' | 'text'

/** What is known of calls that a partner made to the real provider. */
export interface Traffic {
  /** The fields of all its answers that it draws itself, by name. Under the same name a partner's own value comes back as it was sent. */
  readonly drawn: Readonly<Record<string, Drawn>>
  /** The account of a caller, as a config file names it. */
  account(caller: any): string
  /** Whether this caller can have made the call; undefined: nothing in the call speaks for or against it. */
  madeBy?(call: SeenCall, caller: any): boolean | undefined
  /** What a config file says (undefined: nothing), with what these calls prove about the account of that name, such as the ids in their paths. */
  settings?(calls: readonly SeenCall[], settings: any, account: string): unknown
  /** Ids of the real provider's own catalogue, and ours of the same things. */
  catalogue?(calls: readonly SeenCall[]): ReadonlyMap<string, string>
}

/** A call to the real provider; `sent` and `answered` are JSON values, undefined where the file does not hold them. */
export interface SeenCall {
  readonly operation: string | undefined
  readonly params: Readonly<Record<string, string>>
  /** Lower-case names; with keys in them. */
  readonly headers: Readonly<Record<string, string | string[]>>
  readonly sent: any
  readonly status: number | undefined
  readonly answered: any
}

export interface Operation {
  /** Changes the world and answers, synchronously; a thrown `Refusal` leaves the world as it was. */
  run(call: Call, world: World): Answer
  /** Checks of this operation where they differ from the provider's. */
  readonly gates?: readonly Gate[]
  /** How a repeated call is recognised and answered. */
  readonly repeats?: Repeats
  /** It sends money out: a scenario's `withdrawal` concerns it. */
  readonly withdraws?: true
  /** It makes something that callbacks are about, other than an address: a scenario's `callbacks` concerns it. */
  readonly makes?: true
}

export type { Situation }
export type { Action, DepositRules, LedgerRules, Reaction, Windows, WithdrawalRules }
export { ActionRefused } from './provider-money.ts'
export { FINDING_KINDS, type FindingKind, type Pitfalls, type RetryKey } from './provider-pitfalls.ts'

/** How callbacks leave. Times between attempts are world time, the timeout is wall time. */
export interface CallbackRules {
  /** Every event there is, in the provider's spelling. */
  readonly events: readonly string[]
  /** Waits before the second, the third, … attempt, ms, each counted from the attempt before. */
  readonly retryMs: readonly number[]
  readonly timeoutMs: number
  /** Whether this answer of the receiver counts as delivered. */
  succeeded(status: number, body: string): boolean
  /** What the signature of one attempt is made of. No secret stands in it. */
  signedText(delivery: Delivery, wallMs: number): string
  /** Headers of one attempt, signature included, over that text. */
  headers(delivery: Delivery, endpoint: Endpoint, wallMs: number, world: World): Record<string, string>
  /** Whether those headers say when the attempt was made, so that it can be stale. */
  readonly dated: boolean
  /** The account that an endpoint without a named one belongs to, and whether this one exists. */
  account(named: string | undefined, world: World): string | undefined
  /** The secret of an endpoint where none is given; a given one may be refused by throwing a sentence. */
  secret(account: string, given: string | undefined, world: World, another?: string): string
  /** Whether an account may have several endpoints, each with a secret and events of its own; `another` names one beyond the first. */
  readonly several?: true
}

/** An idempotency policy: one mechanism (`pipeline/idempotency.ts`), four providers. */
export interface Repeats {
  /** The idempotency key of this call; undefined: the call asks for no protection. */
  key(call: Call): string | undefined
  /** Within what the key is unique, e.g. the API key or the organisation. */
  scope(call: Call): string
  /** What must be equal for a call to be the same one; left out: anything goes, the first call's answer stands. */
  fingerprint?(call: Call): string
  /** How long an answer is kept, world time; left out: for ever. */
  readonly keptMs?: number
  /** Which answers are kept. Refusals the contract itself makes are never kept. */
  keeps(status: number): boolean
  /** The refusal for the same key with another fingerprint. */
  readonly conflict?: string
  /** The header that marks a replay. */
  readonly mark?: readonly [name: string, value: string]
  /** What a second call does while the first is still in flight: waits for it, or is refused by this name. */
  readonly inFlight: InFlight | ((world: World) => InFlight)
  /** Rules behind the policy, for the journal. */
  readonly rules: readonly string[]
}

export type InFlight = 'wait' | { readonly refuse: string }

/** A provider's call as it arrived, and what has been found out about it. `caller` is whatever the gates put there. */
export interface Call<Caller = any> {
  readonly provider: string
  /** operationId, undefined when no operation matches. */
  readonly operation: string | undefined
  readonly needs: string | undefined
  readonly method: string
  /** The provider's own path as sent, neither decoded nor normalised, without the sandbox's prefix: `/v1/deposit-addresses`. */
  readonly path: string
  /** The path on the request line: `/cpg/v1/deposit-addresses`; the same as `path` when reached by host name. */
  readonly linePath: string
  /** The raw text after `?`, undefined when there is no `?`. */
  readonly query: string | undefined
  readonly headers: IncomingHttpHeaders
  /** The exact bytes of the body. */
  readonly body: Buffer
  /** The body as text, in the encoding in which its reader takes it. */
  readonly text: string
  readonly ip: string
  /** Scheme and authority the client used: `http://127.0.0.1:4010`. */
  readonly origin: string
  /** Wall time in ms, for what a client measures against its own clock. */
  readonly wallMs: number
  /** Path values by name, percent-decoded. */
  readonly params: Readonly<Record<string, string>>
  /** Query values by name, converted as the contract says; the last one where a name is repeated and no array is expected. */
  readonly queryValues: Readonly<Record<string, unknown>>
  /** What the body holds. */
  readonly content: Content
  /** Methods of this path, when the method is not among them. */
  readonly allowed: readonly string[]
  /** Everything the contract finds wrong with path, query, headers and body; computed when first asked for. */
  readonly problems: readonly Problem[]
  caller: Caller
  /** What a scenario has in store for the withdrawal that this call makes. */
  readonly fate: WithdrawalFate | undefined
  /** Says which object this call makes, as in `Callback.object`, before anything is posted about it: a scenario's `callbacks` concern it. */
  concerns(object: string): void
  /** Notes for the journal that this rule decided something here. */
  because(rule: string, ...more: string[]): void
  /** Notes for the journal where an address came from, what an idempotency key decided, and the like. */
  note(key: string, value: unknown): void
}

export type Content =
  | { readonly kind: 'none' }
  /** `omitted`: so many members that nobody declares, and items beyond every limit, were left out of a value of very many parts. */
  | { readonly kind: 'json'; readonly value: any; readonly omitted?: number }
  /** Not JSON, or nested too deep: `offset` counts characters. `hint` says what the body looks like. */
  | { readonly kind: 'broken'; readonly offset: number; readonly reason: string; readonly hint?: string | undefined }
  | { readonly kind: 'not-utf8'; readonly hint?: string | undefined }
  | { readonly kind: 'other-type'; readonly mediaType: string | undefined }

/** What an unreadable body looks like. */
export function hintOf(content: Content): string | undefined {
  return 'hint' in content ? content.hint : undefined
}

/** One way in which a call is not what the OpenAPI document says. */
export interface Problem {
  readonly in: 'path' | 'query' | 'header' | 'body'
  /** Where: `['currency']`, `['currencies', 0]`; empty for the body itself. */
  readonly at: readonly (string | number)[]
  /** The JSON Schema keyword, or `syntax`, `utf8`, `mediaType`. */
  readonly keyword: string
  /** Of the keyword; of a wrong type also `required`, the names that a value of the right one must have. */
  readonly params: Readonly<Record<string, any>>
  readonly message: string
  readonly value: unknown
}

export interface Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  /** JSON value; a string is sent as it is (give its content-type); undefined: no body. */
  readonly body?: unknown
}

export type Detail = Readonly<Record<string, any>>

/** The id of a key in a config file. A dot would begin the name of a world. */
export const KeyId = z
  .string()
  .regex(/^[^.]+$/, "key ids must not contain '.', which separates the key from a world id")
  // Blanks around it, and bytes that are no ASCII, are not what the server finds in a header.
  .regex(
    /^[!-~](?:[ -~]*[!-~])?$/,
    'expected a key of printable ASCII without blanks around it, as a header carries it',
  )

/** An expected "no", by the name it has in the provider's table of refusals. Anything else thrown is a bug and is loud. */
export class Refusal {
  readonly name: string
  readonly detail: Detail
  /** Said in `x-sandgate-hint`, never in the body. */
  readonly hint: string | undefined

  constructor(name: string, detail: Detail = {}, hint?: string) {
    this.name = name
    this.detail = detail
    this.hint = hint
  }
}

/** How a provider's clients sign, in a form that can be bent on purpose. */
export interface Signing {
  /** How the signature is written on the wire. */
  readonly encoding: 'hex' | 'base64'
  /** Of the HMAC. */
  readonly digest: 'sha256' | 'sha512'
  /** The signature the client sent, and what it should have been made of. Undefined: this call carries none. */
  read(call: Call, world: World): SignedParts | undefined
  /** What is signed, of these parts. */
  text(parts: SignedParts): SignedText
  /** The same text for people to read, where bytes stand in it that are no text. */
  shown?(parts: SignedParts): SignedText
  /** Where else the same path could have been read from. */
  otherPaths(call: Call): readonly string[]
  /** What goes wrong with this provider only. */
  readonly commonMistakes: readonly Slip[]
}

export type SignedText = string | Buffer

/** A mistake: what to say of it, and what clients sign who make it. */
export type Slip = readonly [says: string, texts: (parts: SignedParts, call: Call) => readonly SignedText[]]

export interface SignedParts {
  readonly given: string
  /** The secret as displayed to the partner. */
  readonly secret: string
  /** How the displayed secret becomes the MAC's key. */
  readonly secretEncoding: 'utf8' | 'base64' | 'hex'
  readonly method: string
  /** Undefined: the provider does not sign the path. */
  readonly path: string | undefined
  readonly query: string | undefined
  readonly body: Buffer
  readonly timestamp?: string
  readonly nonce?: string
}
