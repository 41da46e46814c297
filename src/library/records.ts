// What the library takes and returns as data: the shapes of the control API under the names of the library. They are made from specs/sandgate.yaml and
// from the schema of scenario files, so they cannot differ from what is sent.
import type { components as file } from './scenario-file.ts'
import type { components as wire } from './wire.ts'

type Wire<Name extends keyof wire['schemas']> = wire['schemas'][Name]
type File<Name extends keyof file['schemas']> = file['schemas'][Name]

/**
 * A deposit to make: `world.deposit(input)`. `amount` is decimal text in units of the currency, `after` a duration of world time (`90s`, `4h`, `PT4H`).
 * Without `confirmations` it has none when it is seen, and gets them as world time passes.
 *
 * @example
 * const input: DepositInput = { address, amount: '12.5', after: '4h', outcome: 'reorged' }
 */
export interface DepositInput extends Omit<Wire<'DepositInput'>, 'confirmations'> {
  /** How many confirmations it has when it is seen; `instant`: as many as it needs. */
  readonly confirmations?: 'instant' | number | undefined
}

/**
 * A deposit that was sent. `amount` is decimal text in units of `currency`; the times are ISO 8601 UTC in world time, null until it was so.
 *
 * @example
 * const { id, txid, status, output, outcome, block }: Deposit = await world.deposit({ address, amount: '1' })
 */
export interface Deposit extends Wire<'Deposit'> {}

/**
 * An address that a provider allocated. A row for each allocation: an address that was allocated twice has two.
 *
 * @example
 * const [{ address, tag }] = await world.addresses({ provider: 'cpg', user: 'user_1' })
 */
export interface HandOut extends Wire<'HandOut'> {}

/**
 * An entry of the journal. Which fields there are depends on `kind` (`call`, `timer`, `callback`, `callbacks`, `fault`, `control`); `at` is ISO 8601
 * UTC in world time.
 *
 * @example
 * const [entry] = await world.calls({ refused: true })
 * console.log(entry?.stopped_by, entry?.hint)
 */
export interface Entry extends Wire<'Entry'> {
  readonly [field: string]: unknown
}

/**
 * Where an account's callbacks go, with the secret that they are signed with: text as the provider gives it to a partner (Payward's in base64).
 *
 * @example
 * const { secret }: Endpoint = await world.cpg.callbacksTo({ url: 'http://127.0.0.1:3000/hooks' })
 */
export interface Endpoint extends Wire<'EndpointWithSecret'> {}

/**
 * The same as it is listed, without its secret.
 *
 * @example
 * const endpoints: EndpointListed[] = await world.endpoints({ provider: 'cpg' })
 */
export interface EndpointListed extends Wire<'Endpoint'> {}

/**
 * Where callbacks are to go. Without `account` it is that of the first demo account; without `events`, all of them.
 *
 * @example
 * const input: EndpointInput = { url: 'http://127.0.0.1:3000/hooks', secret: 'whsec_1' }
 */
export interface EndpointInput extends Wire<'EndpointInput'> {}

/**
 * A callback that was sent, or is to be, with every attempt. `body` is the text as it is sent; times are ISO 8601 UTC in world time.
 *
 * @example
 * const [delivery] = await world.callbacks({ event: 'deposit.confirmed', status: 'exhausted' })
 * console.log(delivery?.reason, delivery?.attempts.at(-1)?.error)
 */
export interface Delivery extends Wire<'Delivery'> {}

/**
 * One attempt to deliver a callback. `status` is that of the receiver's answer, null where there was none; `error` says why it did not count.
 *
 * @example
 * const statuses = delivery.attempts.map(({ status }: Attempt) => status)
 */
export interface Attempt extends Wire<'Attempt'> {}

/**
 * Something that fell due while the clock was moved. `at` is ISO 8601 UTC in world time.
 *
 * @example
 * for (const { at, summary } of await world.clock.advance('4h')) console.log(at, summary)
 */
export interface Happened extends Wire<'Happened'> {}

/**
 * A rule that is armed: how many calls it concerned (`matched`) and how often it acted (`fired`).
 *
 * @example
 * const { id }: ArmedRule = await world.faults.arm({ when: { operation: 'takeAddress', nth: 1 }, then: [{ delay: '2s' }] })
 */
export interface ArmedRule extends Wire<'ArmedRule'> {}

/**
 * What an account has of one currency: decimal text. `held` is set aside for withdrawals under way, `available` is the rest.
 *
 * @example
 * const [{ balance, held, available }] = await world.money.balances({ provider: 'cpg' })
 */
export interface Balance extends Wire<'Balance'> {}

/**
 * Money to give by hand, or to take with a minus: `world.money.adjust(input)`. The first account unless named.
 *
 * @example
 * const input: BalanceInput = { provider: 'cpg', currency: 'USDT', network: 'ETH', amount: '1000' }
 */
export interface BalanceInput extends Wire<'BalanceInput'> {}

/**
 * One change of a balance, and what caused it: a journal entry, a deposit, a withdrawal.
 *
 * @example
 * for (const { at, kind, amount, balance_after } of await world.money.movements()) console.log(at, kind, amount, balance_after)
 */
export interface Movement extends Wire<'Movement'> {}

/**
 * Money that was sent out. `deposit` is how it arrived, where this world handed out the address.
 *
 * @example
 * const [{ id, status, txid, deposit }] = await world.money.withdrawals()
 */
export interface Withdrawal extends Wire<'Withdrawal'> {}

/**
 * What becomes of a withdrawal: `world.money.settle(id, input)`.
 *
 * @example
 * const input: SettleInput = { outcome: 'failed', reason: 'execution reverted' }
 */
export interface SettleInput extends Wire<'SettleInput'> {}

/**
 * What one unit of `from` is in `to`.
 *
 * @example
 * const [{ rate, pinned }] = await world.money.rates({ from: 'BTC', to: 'EUR' })
 */
export interface Rate extends Wire<'Rate'> {}

/**
 * A rate to pin: `world.money.pinRate(input)`.
 *
 * @example
 * const input: RateInput = { from: 'BTC', to: 'EUR', rate: '60000' }
 */
export interface RateInput extends Wire<'RateInput'> {}

/**
 * What a call looks like, by parts of its body, headers, query and path: an object matches by subset, a text may be `/a regex/`.
 *
 * @example
 * const match: CallMatch = { body: { user_identifier: '/^user_/' } }
 */
export interface CallMatch extends Wire<'Match'> {}

/**
 * A question for `world.verify`: was this call made, at least once unless `times` says otherwise? With `after`, only calls behind the first call of that
 * kind count.
 *
 * @example
 * const input: VerifyInput = { provider: 'cpg', operation: 'createDepositAddress', times: { exactly: 1 } }
 */
export interface VerifyInput extends Wire<'VerifyInput'> {}

/**
 * The answer of `world.verify`: `unknown` where the journal has lost entries that could matter. `closest` names the calls that come nearest, and where
 * they differ.
 *
 * @example
 * const { ok, closest }: Verdict = await world.verify({ provider: 'cpg', operation: 'ping' })
 */
export interface Verdict extends Wire<'Verdict'> {}

/**
 * One rule of a scenario: which calls (`when`), and what happens to them (`then`). Durations are text: `90s`, `4h`, `PT4H`; amounts decimal text.
 *
 * @example
 * const rule: RuleInput = { when: { provider: 'cpg', nth: 2 }, then: [{ respond: { error: 'unavailable' } }] }
 */
export interface RuleInput extends File<'Rule'> {}

/**
 * One step of a scenario's timeline: what happens `at` a duration of world time after its start.
 *
 * @example
 * const step: StepInput = { at: '2h', do: { outage: { provider: 'cpg', for: '10m' } } }
 */
export interface StepInput extends File<'Step'> {}

/**
 * A scenario, as its file holds it; `sandgate schema` prints the same as a JSON Schema. `clock` is `real` or an ISO 8601 instant.
 *
 * @example
 * const scenario: ScenarioInput = { name: 'late', rules: [{ when: { nth: 1 }, then: [{ deposit: { amount: '1', after: '4h' } }] }] }
 */
export interface ScenarioInput extends File<'Scenario'> {}

/**
 * The scenario of a world: its rules with what they did, and what its timeline did. `name` is null where none is loaded.
 *
 * @example
 * const { never_fired }: ScenarioState = await world.scenario('late-deposit.yaml')
 */
export interface ScenarioState extends Wire<'ScenarioState'> {}

/**
 * A state of a world under a name. `at` is ISO 8601 UTC in world time, `made_at` in wall time.
 *
 * @example
 * const { at, rows }: Checkpoint = await world.checkpoints.make('paid')
 */
export interface Checkpoint extends Wire<'Checkpoint'> {}

/**
 * What has changed since a checkpoint, row by row. `truncated`: there is more than `data` holds.
 *
 * @example
 * const { total, data }: Changes = await world.checkpoints.changes('paid')
 */
export interface Changes extends Wire<'Changes'> {}

/**
 * What a world was used for since it began, by provider, the notable situations, and what was never exercised.
 *
 * @example
 * const { percent, providers }: Coverage = await world.coverage()
 */
export interface Coverage extends Wire<'Coverage'> {}

/**
 * A mistake that the traffic of a world proves: what was seen, in which journal entries, which document is behind it, what to do.
 *
 * @example
 * const found: Finding[] = await world.findings()
 */
export interface Finding extends Wire<'Finding'> {}

/**
 * What is counted: one provider alone, or all worlds of the process together.
 *
 * @example
 * await world.coverage({ worlds: 'all' } satisfies CoverageOptions)
 */
export interface CoverageOptions {
  readonly provider?: string
  readonly worlds?: 'all'
}

/** @deprecated The former name of `DepositInput`. */
export type DepositWish = DepositInput
/** @deprecated The former name of `VerifyInput`. */
export type VerifyWish = VerifyInput
