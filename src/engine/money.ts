// Money as a test drives it: given and taken by hand, withdrawals settled, rates pinned, and what people do on a provider's own pages.
import { z } from 'zod'
import { ActionRefused, type Provider } from '../provider.ts'
import { type BalanceChange, changeBalance, InvalidBalance } from '../scenario/balances.ts'
import { complaintsOf } from '../text/complaints.ts'
import { amountText } from '../text/decimals.ts'
import { didYouMean } from '../text/suggest.ts'
import { Balances, type Movement } from '../world/ledger.ts'
import { hasPrice, namesWithRates, type Pin, pin, Pins, rateBetween, rateText, tickers, unpin } from '../world/rates.ts'
import { isFinal, settleWithdrawal, type Withdrawal, Withdrawals } from '../world/withdrawals.ts'
import type { World } from '../world/world.ts'
import { type Context, note, providerNamed, refuseStopped } from './context.ts'
import { SandgateError } from './errors.ts'

export interface BalanceInput extends BalanceChange {
  readonly provider: string
}

/**
 * Gives money to an account, or takes it with a minus.
 * Throws `provider_not_found`, `no_ledger`, `balance_impossible` or `insufficient_balance`.
 */
export function adjustBalance(context: Context, world: World, input: BalanceInput): Movement {
  const provider = providerNamed(input.provider, context)
  const movement = balanceChanged(() => world.change(() => changeBalance(provider, input, world)))
  const { currency, decimals } = world.get(Balances, movement.balance)!
  const amount = amountText(BigInt(movement.atoms), decimals)
  note(world, 'balance', `${movement.id}: ${amount} ${currency} for ${provider.title}`)
  return movement
}

/** The money that a world begins with. Throws `InvalidBalance`, which names the item of the list. */
export function openBalances(
  providers: ReadonlyMap<string, Provider>,
  balances: readonly BalanceInput[],
  world: World,
): void {
  for (const [index, balance] of balances.entries())
    try {
      world.change(() => changeBalance(providers.get(balance.provider)!, balance, world, true))
    } catch (error) {
      throw error instanceof InvalidBalance ? error.of(`balances.${index}`) : error
    }
}

function balanceChanged<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof InvalidBalance) throw new SandgateError(error.code, error.message, { field: error.field })
    throw error
  }
}

export interface SettleInput {
  readonly outcome: 'confirmed' | 'failed' | 'declined'
  readonly reason?: string | undefined
}

// rule: sandgate.withdrawals.settle
/**
 * Decides what becomes of a withdrawal, at once; resolves when the callbacks that it causes are answered.
 * Throws `withdrawal_not_found`, `withdrawal_final`, `withdrawal_not_reviewed`, `insufficient_balance` or `world_stopped`.
 */
export async function settle(
  context: Context,
  world: World,
  id: string,
  { outcome, reason }: SettleInput,
): Promise<Withdrawal> {
  const mark = context.outbox.mark()
  refuseStopped(world)
  const row = world.get(Withdrawals, id)
  if (!row)
    throw new SandgateError(
      'withdrawal_not_found',
      `there is no withdrawal "${id}"; GET /_sandgate/withdrawals lists them`,
    )
  const { title, withdrawals } = context.providers.get(row.provider)!
  if (isFinal(row)) throw new SandgateError('withdrawal_final', `${row.id} is ${row.status}, which is final`)
  if (outcome === 'declined' && !withdrawals!.reviews)
    throw new SandgateError('withdrawal_not_reviewed', `${title} reviews no withdrawals; use failed`, {
      field: 'outcome',
    })
  if (outcome === 'declined' && row.status !== 'held')
    throw new SandgateError('withdrawal_final', `${row.id} was broadcast already, so nobody can decline it; use failed`)
  const unsendable =
    outcome === 'confirmed' && row.status === 'held' ? withdrawals!.unsendable?.(row, world) : undefined
  if (unsendable !== undefined) throw new SandgateError('insufficient_balance', unsendable)
  const told = world.change(() =>
    settleWithdrawal(row, outcome, reason ?? null, (step, now) => withdrawals!.onStep(step, now, world), world),
  )
  note(world, 'settle', `${row.id}: ${outcome} by hand${told.length > 0 ? `: ${told.join('; ')}` : ''}`)
  context.tick(world)
  await context.outbox.settled(world, mark)
  return world.get(Withdrawals, row.id)!
}

// rule: sandgate.actions
/**
 * Does what a person does on a provider's own pages, and resolves when the callbacks that it causes at once are answered.
 * Throws `provider_not_found`, `action_not_found`, `invalid_request`, `action_impossible` or `world_stopped`.
 */
export async function runAction(
  context: Context,
  world: World,
  named: string,
  name: string,
  input: unknown,
): Promise<object> {
  const mark = context.outbox.mark()
  refuseStopped(world)
  const provider = providerNamed(named, context)
  const actions = provider.actions ?? {}
  const action = Object.hasOwn(actions, name) ? actions[name] : undefined
  if (!action)
    throw new SandgateError(
      'action_not_found',
      `${provider.title} has no action "${name}"${didYouMean(name, Object.keys(actions))}`,
    )
  const given = input ?? {}
  const read = action.fields.safeParse(given, { reportInput: true })
  if (!read.success) {
    const known = () => z.toJSONSchema(action.fields, { io: 'input', unrepresentable: 'any' })
    const wrong = complaintsOf(read.error.issues, known, given)
    const problems = wrong.map(({ path, message }) => (path.length === 0 ? message : `${path.join('.')}: ${message}`))
    throw new SandgateError('invalid_request', problems.join('; '), {
      field: wrong[0]!.path.join('.') || undefined,
      problems,
    })
  }
  let made: object
  try {
    made = world.change(() => action.run(read.data, world))
  } catch (error) {
    if (!(error instanceof ActionRefused)) throw error
    throw new SandgateError(
      'action_impossible',
      error.field === undefined ? error.message : `${error.field}: ${error.message}`,
      { field: error.field },
    )
  }
  note(world, 'action', `${provider.title}: ${name}`)
  context.tick(world)
  await context.outbox.settled(world, mark)
  return made
}

export interface RateInput {
  readonly from: string
  readonly to: string
  /** Decimal text above zero. */
  readonly rate: string
}

/** Fixes a rate until it is let go. Throws `invalid_request`. */
export function pinRate({ providers }: Context, world: World, { from: one, to: other, rate }: RateInput): Pin {
  const wrong = (field: string, message: string) =>
    new SandgateError('invalid_request', `${field}: ${message}`, { field })
  const known = namesWithRates([...providers.values()].flatMap(({ ledger }) => ledger?.codes ?? []))
  const [from, to] = (['from', 'to'] as const).map((field) => {
    const name = (field === 'from' ? one : other).toUpperCase()
    if (!known.includes(name)) throw wrong(field, `nothing is called "${name}"${didYouMean(name, known)}`)
    return name
  }) as [string, string]
  if (from === to) throw wrong('to', `1 ${from} is always 1 ${from}`)
  if (!/[1-9]/.test(rate)) throw wrong('rate', `expected a rate above 0, got "${rate}"`)
  const row = world.change(() => pin(from, to, rate, world))
  note(world, 'rate', `1 ${from} is ${rate} ${to} from here on`)
  return row
}

/** Lets a rate move again, or all of them. Throws `rate_not_found`. */
export function unpinRates(world: World, { from, to }: { readonly from?: string; readonly to?: string }): void {
  const ended = world.list(Pins, 'all', '').filter((row) => matches(row, from, to))
  if (ended.length === 0 && (from !== undefined || to !== undefined))
    throw new SandgateError(
      'rate_not_found',
      `no rate ${[from, to].filter((name) => name !== undefined).join(' to ')} is pinned; GET /_sandgate/rates lists those that are`,
    )
  world.change(() => ended.forEach((row) => unpin(row.from, row.to, world)))
  note(world, 'rate', `${ended.length} rates move again`)
}

function matches(row: Pin, from: string | undefined, to: string | undefined): boolean {
  return (from === undefined || row.from === from) && (to === undefined || row.to === to)
}

/** How many places a rate is told with. */
const RATE_PLACES = 8

/** What one unit of a ticker is in another one at this moment. Throws `rate_not_found`. */
export function currentRate(from: string, to: string, world: World): string {
  for (const name of [from, to])
    if (!hasPrice(name))
      throw new SandgateError('rate_not_found', `there is no price of "${name}"${didYouMean(name, tickers())}`)
  return rateText(rateBetween([from], [to], world), RATE_PLACES)
}
