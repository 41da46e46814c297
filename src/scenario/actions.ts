// What may stand in one rule, and in one step of a timeline: conditions, actions and their values, as zod schemas. Text becomes milliseconds and
// defaults are filled in.
import { z } from 'zod'
import { PLAIN_DECIMAL } from '../text/decimals.ts'
import { durationMs } from '../text/durations.ts'
import { readDestination } from '../world/destinations.ts'
import { ADVANCE_MAX_MS } from '../world/clock.ts'
import { WITHDRAWAL_OUTCOMES } from '../world/withdrawals.ts'
import { contradiction, type DepositInput } from './deposits.ts'

/** The longest world time ahead in a scenario. */
const AHEAD_MS = 3650 * 86_400_000
/** The longest wall time that one call may be delayed. */
const DELAY_MS = 3_600_000

const DURATION = 'expected a duration such as 90s, 15m, 4h, 7d or PT4H'

function duration(most: number) {
  return z.string({ error: DURATION }).transform((text, context) => {
    const ms = durationMs(text)
    if (ms !== undefined && ms <= most) return ms
    context.addIssue(ms === undefined ? DURATION : `is longer than the maximum of ${most / 3_600_000} hours`)
    return z.NEVER
  })
}

const Later = duration(AHEAD_MS)
const Held = duration(DELAY_MS)
const Leap = duration(ADVANCE_MAX_MS)
const Count = z.int().min(1).max(1_000_000)
const Stage = z.enum(['before', 'after']).default('before')
const DROP = ['reset', 'close', 'hang'] as const
const CALLBACKS = [
  'duplicate',
  'delay',
  'drop',
  'reorder',
  'pause',
  'resume',
  'bad-signature',
  'stale-timestamp',
] as const

/** An unquoted number is taken as written, so an editor need not report it. */
const Header = z
  .string()
  .meta({ type: ['string', 'number', 'boolean'] as never })
  .refine((text) => /^[\t\x20-\x7e\x80-\xff]*$/.test(text), 'has characters that are not allowed in a header')
const Headers = z
  .record(z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'is not a valid header name'), Header)
  .transform((headers) =>
    Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
  )
  .refine(
    (headers) => !['content-length', 'transfer-encoding', 'connection'].some((name) => Object.hasOwn(headers, name)),
    'content-length, transfer-encoding and connection are set by Sandgate',
  )

const Answer = {
  error: z.string().optional(),
  status: z.int().min(200).max(599).optional(),
  headers: Headers.optional(),
  body: z.any().optional(),
}
const Respond = z
  .strictObject({ ...Answer, stage: Stage })
  .refine(
    ({ error, status }) => (error === undefined) !== (status === undefined),
    'set either error, one of the provider\u2019s own errors, or status',
  )
  .refine(
    ({ error, headers, body }) => error === undefined || (headers === undefined && body === undefined),
    'headers and body are allowed only with status; an error has the provider\u2019s own',
  )

const Delay = z.union([
  Held.transform((ms) => ({ minMs: ms, maxMs: ms })),
  z
    .strictObject({ min: Held, max: Held })
    .refine(({ min, max }) => min <= max, 'min is longer than max')
    .transform(({ min, max }) => ({ minMs: min, maxMs: max })),
])

const TAG = 'expected a tag in quotes, such as "1633678796"; without quotes it is exact up to fifteen digits'
const Tag = z
  .union([z.string().max(64), z.int({ error: TAG })], { error: TAG })
  .transform(String)
  .refine((tag) => tag.trim() !== '', 'is empty; use null to send without a tag')

/** An address in any notation that wallets accept. */
const Address = z.string().check(({ value, issues }) => {
  try {
    readDestination(value)
  } catch (error) {
    issues.push({ code: 'custom', message: (error as Error).message.replace(/^address: /, ''), input: value })
  }
})

const Money = {
  amount: z
    .string({ error: 'expected decimal text in quotes, such as "12.5"' })
    .regex(PLAIN_DECIMAL, 'expected decimal text such as "12.5"'),
  currency: z.string().optional(),
  network: z.string().optional(),
  tag: Tag.nullable().optional(),
  confirmations: z.union([z.literal('instant'), z.int().min(0).max(1000)]).default(0),
  outcome: z.enum(['confirmed', 'dropped', 'reorged', 'replaced']).default('confirmed'),
  repeat: z.int().min(1).max(100).default(1),
}

/** Checks that the transaction is possible. */
function possible({ value, issues }: z.core.ParsePayload<Pick<DepositInput, 'outcome' | 'confirmations'>>): void {
  const message = contradiction(value)
  if (message !== undefined)
    issues.push({ code: 'custom', message, path: ['confirmations'], input: value.confirmations })
}

/** What a node or a provider would say. */
const Reason = z.string().min(1).max(500)

const WithdrawalSchema = z
  .strictObject({
    outcome: z.enum(WITHDRAWAL_OUTCOMES).describe('What becomes of the withdrawal.'),
    stage: z
      .enum(['before', 'after'])
      .optional()
      .describe('Of the broadcast; `before` for `failed` and `declined`, else `after`.'),
    after: Later.optional().describe('How long that takes; needed by `stuck`.'),
    reason: Reason.optional().describe('What a node or the provider says.'),
  })
  .refine(
    ({ outcome, stage }) => !(stage === 'before' && (outcome === 'replaced' || outcome === 'reorged')),
    'only what was broadcast can be replaced or reorganised away: leave stage out',
  )
  .refine(
    ({ outcome, stage }) => !(stage === 'after' && outcome === 'declined'),
    'only what was not broadcast yet can be declined: leave stage out',
  )
  .refine(
    ({ outcome, after }) => outcome !== 'stuck' || after !== undefined,
    'stuck requires after: how long it is stuck',
  )
  .refine(
    ({ outcome, after }) => outcome !== 'reorged' || after === undefined,
    'a reorganisation comes with the block after the last confirmation: leave after out',
  )
  // rule: sandgate.withdrawals.stage
  .transform(({ outcome, stage, after = null, reason = null }) => ({
    outcome,
    stage: stage ?? (outcome === 'failed' || outcome === 'declined' ? ('before' as const) : ('after' as const)),
    afterMs: after,
    reason,
  }))

/** Decimal text, with a minus where money is taken. */
const Gift = z
  .string({ error: 'expected decimal text in quotes, such as "12.5" or "-3"' })
  .regex(/^-?\d{1,30}(\.\d{1,36})?$/, 'expected decimal text such as "12.5" or "-3"')

const CallbackFault = { how: z.enum(CALLBACKS), times: Count.default(1), by: Later.optional() }

function needsBy({ how, by }: { how: string; by?: number | undefined }): boolean {
  return how !== 'delay' || by !== undefined
}

const NEEDS_BY = 'a delay requires by, a duration'
const OneAction = { minProperties: 1, maxProperties: 1 }

const ActionSchema = z
  .strictObject({
    respond: Respond.optional(),
    delay: Delay.optional(),
    drop: z.strictObject({ stage: Stage, how: z.enum(DROP) }).optional(),
    corrupt: z.strictObject({ how: z.enum(['truncate', 'invalid-json', 'wrong-type', 'empty']) }).optional(),
    throttle: z.strictObject({ bytesPerSecond: z.int().min(1).max(1_000_000_000) }).optional(),
    deposit: z
      .strictObject({ ...Money, after: Later.optional() })
      .check(possible)
      .transform(({ after = 0, ...money }) => ({ ...money, afterMs: after }))
      .optional(),
    withdrawal: WithdrawalSchema.optional(),
    callbacks: z
      .strictObject(CallbackFault)
      .refine(needsBy, NEEDS_BY)
      .transform(({ by = 0, ...spoil }) => ({ ...spoil, byMs: by }))
      .optional(),
  })
  .meta(OneAction)
  .refine(
    (action) => Object.keys(action).length === 1,
    'expected one action per item: begin each action with its own dash',
  )

const WhenSchema = z.strictObject({
  provider: z.string().optional(),
  operation: z.string().optional(),
  body: z.any().optional(),
  headers: z.record(z.string(), z.any()).optional(),
  query: z.record(z.string(), z.any()).optional(),
  path: z.record(z.string(), z.any()).optional(),
  nth: Count.optional(),
  times: Count.optional(),
  every: Count.optional(),
  probability: z.number().min(0).max(1).optional(),
})

export const RuleSchema = z.strictObject({ when: WhenSchema, then: z.array(ActionSchema).min(1).max(100) })

const DoSchema = z
  .strictObject({
    callbacks: z
      .strictObject({ provider: z.string(), ...CallbackFault })
      .refine(needsBy, NEEDS_BY)
      .transform(({ by = 0, ...spoil }) => ({ ...spoil, byMs: by }))
      .optional(),
    outage: z
      .strictObject({
        provider: z.string(),
        operation: z.string().optional(),
        for: Later,
        respond: z.strictObject(Answer).optional(),
        drop: z.strictObject({ how: z.enum(DROP) }).optional(),
      })
      .refine(({ respond, drop }) => respond === undefined || drop === undefined, 'set either respond or drop')
      .refine(
        ({ respond }) => respond === undefined || (respond.error === undefined) !== (respond.status === undefined),
        'set either error or status in respond',
      )
      .transform(({ for: forMs, respond, drop, ...what }) => ({
        ...what,
        forMs,
        then: [
          drop
            ? { drop: { stage: 'before', ...drop } }
            : { respond: { stage: 'before', ...(respond ?? { error: 'unavailable' }) } },
        ],
      }))
      .optional(),
    deposit: z
      .strictObject({
        address: Address.optional(),
        provider: z.string().optional(),
        account: z.string().optional(),
        user: z.string().optional(),
        nth: Count.optional(),
        ...Money,
      })
      .check(possible)
      .refine(
        ({ address, provider }) => address !== undefined || provider !== undefined,
        'set the target: an address, or a provider (with account, user, nth)',
      )
      .transform((deposit) => ({ ...deposit, afterMs: 0 }))
      .optional(),
    balance: z
      .strictObject({
        provider: z.string(),
        account: z.string().optional().describe('The account; the first one unless given.'),
        holder: z.string().optional().describe('The user within the account, where the provider has users.'),
        currency: z.string().describe("The provider's code."),
        network: z.string().optional().describe('Where the provider keeps balances per network.'),
        amount: Gift.describe('Decimal text in quotes; with a minus it is taken.'),
        reason: Reason.optional().describe('A sentence for the movement.'),
      })
      .optional(),
    rate: z
      .strictObject({
        from: z.string().min(1).max(32).toUpperCase().describe("A ticker such as `BTC`, or a provider's own code."),
        to: z.string().min(1).max(32).toUpperCase().describe('The same.'),
        rate: z
          .string({ error: 'expected decimal text in quotes, such as "60000"' })
          .regex(/^\d{1,18}(\.\d{1,18})?$/, 'expected decimal text such as "60000"')
          .refine((text) => /[1-9]/.test(text), 'expected a rate above 0')
          .describe('What one unit of `from` is in `to`, decimal text in quotes.'),
      })
      .refine(({ from, to }) => from !== to, 'a currency is always worth itself')
      .optional(),
    clock: z
      .strictObject({ by: Leap })
      .transform(({ by }) => ({ byMs: by }))
      .optional(),
  })
  .meta(OneAction)
  .refine((doing) => Object.keys(doing).length === 1, 'expected one action per step: give each its own `at`')

export const StepSchema = z
  .strictObject({ at: Later, do: DoSchema })
  .refine(({ at, do: { clock } }) => clock === undefined || at > 0, {
    error: 'the clock leaps while it is moved: set at to more than 0s',
    path: ['at'],
  })
