// A scenario in a world: loading, unloading, running its timeline on world time; and rules armed at run time. All of it is rows,
// so that it can be shown, forked and stored. Reading the files is left to schema.ts, applying rules to calls to faults.ts.
import { z } from 'zod'
import { changeBalance, InvalidBalance } from './balances.ts'
import { arrange, InvalidDeposit } from './deposits.ts'
import { ActionSchema, arm, DepositSchema, type FaultRule, FaultRules, CallbackFaultSchema } from './faults.ts'
import type { Provider } from '../provider.ts'
import type { Module, Reaction } from '../world/module.ts'
import { type Found, findDestination, NoDestination, tagOf } from '../world/destinations.ts'
import { addCallbackFault, clearCallbackFaults } from '../world/outbox.ts'
import { Timers } from '../world/clock.ts'
import { pin } from '../world/rates.ts'
import { Count, Decimal, Moment, Text } from '../world/rows.ts'
import type { Table } from '../world/tables.ts'
import { sameTag } from '../world/tags.ts'
import { type HandOut, HandOuts, type World } from '../world/world.ts'
import type { TimelineAction, Scenario, ScenarioStep, Story, DepositTarget } from './model.ts'
import { durationText } from '../text/durations.ts'

/** The scenario of a world; there is one row or none. */
export interface Loaded {
  readonly id: 'scenario'
  readonly stories: readonly Story[]
  readonly seed: string | null
  readonly clock: string | null
  /** World ms; the timeline counts from here. */
  readonly startedAt: number
}

/** One step of its timeline. */
export interface Step extends ScenarioStep {
  readonly seq: number
  /** World ms. */
  readonly dueAt: number
  /** The timer that waits for it, or for the end of its outage. */
  readonly timer: string | null
  /** The outcome; null until the step was due. */
  readonly outcome: string | null
}

export const LoadedScenario: Table<Loaded> = {
  name: 'scenario',
  setup: true,
  key: (row) => row.id,
  schema: z.strictObject({
    id: z.literal('scenario'),
    stories: z.array(z.strictObject({ name: Text, summary: Text.nullable(), source: Text }), {
      error: 'expected a list of stories',
    }),
    seed: Text.nullable(),
    clock: Text.nullable(),
    startedAt: Moment,
  }),
  indexes: {},
}

const TimelineActionSchema = z.union(
  [
    z.strictObject({ callbacks: z.strictObject({ provider: Text, ...CallbackFaultSchema }) }),
    z.strictObject({
      outage: z.strictObject({
        provider: Text,
        operation: Text.exactOptional(),
        forMs: Count,
        then: z.array(ActionSchema).min(1),
      }),
    }),
    z.strictObject({
      deposit: z.strictObject({
        address: Text.exactOptional(),
        provider: Text.exactOptional(),
        account: Text.exactOptional(),
        user: Text.exactOptional(),
        nth: Count.exactOptional(),
        ...DepositSchema,
      }),
    }),
    z.strictObject({
      balance: z.strictObject({
        provider: Text,
        account: Text.exactOptional(),
        holder: Text.exactOptional(),
        currency: Text,
        network: Text.exactOptional(),
        amount: Text,
        reason: Text.exactOptional(),
      }),
    }),
    z.strictObject({ rate: z.strictObject({ from: Text, to: Text, rate: Decimal }) }),
    z.strictObject({ clock: z.strictObject({ byMs: Count }) }),
  ],
  { error: 'expected callbacks, outage, deposit, balance, rate or clock, each with its own fields' },
)

export const Steps: Table<Step> = {
  name: 'scenario_steps',
  setup: true,
  key: (row) => row.id,
  schema: z.strictObject({
    id: Text,
    source: Text,
    atMs: Count,
    do: TimelineActionSchema,
    written: z.looseObject({ at: Text, do: z.unknown() }),
    seq: Count,
    dueAt: Moment,
    timer: Text.nullable(),
    outcome: Text.nullable(),
  }),
  references: ({ timer }) => [['timer', Timers, timer]],
  indexes: { all: { group: () => '', order: (row) => row.seq } },
}

/** Replaces the loaded scenario; every counter restarts, and the timeline starts now. Only inside a change. */
// rule: sandgate.scenario.counters-anew
export function load(scenario: Scenario, world: World): void {
  unload(world)
  const { stories, seed = null, clock = null } = scenario
  world.put(LoadedScenario, { id: 'scenario', stories, seed, clock, startedAt: world.now })
  for (const rule of scenario.rules) arm({ ...rule, by: 'scenario' }, world)
  for (const [seq, step] of scenario.timeline.entries()) {
    const dueAt = world.now + step.atMs
    const { id: timer } = schedule('do', dueAt, step, describeAction(step.do), world)
    world.put(Steps, { ...step, seq, dueAt, timer, outcome: null })
  }
}

/** Unloads the scenario, its outages and its pending callback faults; paused and delayed callbacks are sent. Only inside a change. */
// rule: sandgate.scenario.unload
export function unload(world: World): void {
  if (!world.get(LoadedScenario, 'scenario')) return
  world.remove(LoadedScenario, 'scenario')
  for (const { id, by } of world.list(FaultRules, 'all', '')) if (by !== 'control') world.remove(FaultRules, id)
  for (const { id, timer } of world.list(Steps, 'all', '')) {
    if (timer !== null) world.clock.cancel(timer)
    world.remove(Steps, id)
  }
  clearCallbackFaults(world)
}

// rule: sandgate.scenario.timeline, sandgate.scenario.outage
/** The timers of a timeline: `do` carries a step out, `end` ends its outage. */
export function scenarioModule(providers: ReadonlyMap<string, Provider>): Module {
  const reaction = (step: 'do' | 'end'): Reaction => ({
    table: Steps,
    run: (id, world) => carryOut(step, id, world, providers),
  })
  return {
    tables: [LoadedScenario, Steps],
    reactions: { 'scenario.do': reaction('do'), 'scenario.end': reaction('end') },
  }
}

function carryOut(reaction: 'do' | 'end', id: string, world: World, providers: ReadonlyMap<string, Provider>): string {
  const step = world.get(Steps, id)
  if (!step) throw new Error(`there is no step ${id} of a timeline`)
  if (reaction === 'end') {
    world.remove(FaultRules, step.id)
    world.put(Steps, { ...step, timer: null, outcome: `${step.outcome}; it has ended` })
    return 'the outage has ended'
  }
  const { outcome, timer } = act(step, world, providers)
  world.put(Steps, { ...step, timer, outcome })
  return outcome
}

function act(
  step: Step,
  world: World,
  providers: ReadonlyMap<string, Provider>,
): { outcome: string; timer: string | null } {
  const { do: doing, source, written } = step
  if ('callbacks' in doing) {
    addCallbackFault({ ...doing.callbacks, object: null }, world)
    return { outcome: describeAction(doing), timer: null }
  }
  if ('deposit' in doing) return { outcome: pay(doing.deposit, world, providers), timer: null }
  if ('balance' in doing) return { outcome: give(doing.balance, world, providers), timer: null }
  if ('rate' in doing) {
    pin(doing.rate.from, doing.rate.to, doing.rate.rate, world)
    return { outcome: describeAction(doing), timer: null }
  }
  if ('clock' in doing) {
    world.clock.leapTo(world.now + doing.clock.byMs)
    return { outcome: describeAction(doing), timer: null }
  }
  const { provider, operation, forMs, then } = doing.outage
  arm(
    {
      id: step.id,
      by: 'outage',
      source,
      when: { provider, ...(operation !== undefined && { operation }) },
      then,
      written: [written.do],
    },
    world,
  )
  const { id: timer } = schedule('end', world.now + forMs, step, `the outage of ${provider} ends`, world)
  return { outcome: describeAction(doing), timer }
}

function schedule(reaction: 'do' | 'end', at: number, { id, do: doing }: ScenarioStep, summary: string, world: World) {
  return world.clock.schedule({
    at,
    provider: providerOf(doing),
    kind: 'scenario',
    reaction: `scenario.${reaction}`,
    args: id,
    summary,
  })
}

function providerOf(doing: TimelineAction): string {
  const what = Object.values(doing)[0] as { provider?: string }
  return what.provider ?? 'sandgate'
}

/** Sends a deposit to an address that was allocated before. */
function pay(
  deposit: Extract<TimelineAction, { deposit: unknown }>['deposit'],
  world: World,
  providers: ReadonlyMap<string, Provider>,
): string {
  try {
    const named = deposit.address === undefined ? undefined : findDestination(deposit.address, world)
    const tag = named ? tagOf(named.destination, deposit.tag) : deposit.tag
    const handOut = handOutFor(deposit, named, tag, world)
    if (!handOut) return 'nothing was sent: no matching address has been allocated yet'
    const input = { ...deposit, tag, destination: named?.destination }
    const sent = Array.from({ length: deposit.repeat }, () => arrange(input, handOut, providers, world))
    return `${sent.map(({ id }) => id).join(', ')}: ${deposit.amount} ${sent[0]!.currency} was sent to ${handOut.address}`
  } catch (error) {
    if (error instanceof InvalidDeposit || error instanceof NoDestination) return `nothing was sent: ${error.message}`
    throw error
  }
}

/** Gives money to an account, or takes it. */
function give(
  balance: Extract<TimelineAction, { balance: unknown }>['balance'],
  world: World,
  providers: ReadonlyMap<string, Provider>,
): string {
  try {
    const { id } = changeBalance(providers.get(balance.provider)!, balance, world)
    return `${id}: ${describeAction({ balance })}`
  } catch (error) {
    if (error instanceof InvalidBalance) return `nothing was moved: ${error.message}`
    throw error
  }
}

function handOutFor(
  { provider, account, user, nth }: DepositTarget,
  named: Found | undefined,
  tag: string | null | undefined,
  world: World,
): HandOut | undefined {
  const all = named === undefined ? world.list(HandOuts, 'all', '') : world.list(HandOuts, 'byAddress', named.address)
  const fit = all.filter(
    (row) =>
      (provider === undefined || row.provider === provider) &&
      (account === undefined || row.account === account) &&
      (user === undefined || row.user === user),
  )
  if (nth !== undefined) return fit[nth - 1]
  // One address with many tags has many owners.
  const tagged = named && typeof tag === 'string' ? fit.findLast((row) => sameTag(row.tag, tag)) : undefined
  return tagged ?? fit.at(-1)
}

/** One line for people: the action of a timeline step. */
export function describeAction(doing: TimelineAction): string {
  if ('callbacks' in doing) {
    const { provider, how, times, byMs } = doing.callbacks
    const more = [...(times > 1 ? [`the next ${times}`] : []), ...(byMs > 0 ? [`by ${durationText(byMs)}`] : [])].join(
      ', ',
    )
    return `callbacks of ${provider}: ${how}${more && ` (${more})`}`
  }
  if ('deposit' in doing) {
    const { address, provider, account, user, nth, amount, currency, repeat } = doing.deposit
    const whose = [address, provider, account, user, nth === undefined ? undefined : `address no. ${nth}`]
      .filter((part) => part !== undefined)
      .join(', ')
    return `deposit of ${amount}${currency === undefined ? '' : ` ${currency}`}${repeat > 1 ? `, ${repeat} times,` : ''} to ${whose}`
  }
  if ('balance' in doing) {
    const { provider, account, holder, currency, network, amount } = doing.balance
    const whose = [provider, account, holder, network].filter((part) => part !== undefined).join(', ')
    return `balance of ${whose}: ${amount.startsWith('-') ? '' : '+'}${amount} ${currency}`
  }
  if ('rate' in doing) return `1 ${doing.rate.from} is ${doing.rate.rate} ${doing.rate.to} from here on`
  if ('clock' in doing) return `the clock leaps on by ${durationText(doing.clock.byMs)}`
  const { provider, operation, forMs, then } = doing.outage
  const how =
    'drop' in then[0]!
      ? `connections: ${then[0].drop.how}`
      : 'respond' in then[0]!
        ? String(then[0].respond.error ?? then[0].respond.status)
        : ''
  return `outage of ${provider}${operation === undefined ? '' : `, ${operation}`}, for ${durationText(forMs)} (${how})`
}

/** A rule as written, and how often it was used. */
export function ruleView({ id, source, when: { unquoted: _, ...when }, written, matched, fired }: FaultRule) {
  return { id, source, when, then: written, matched, fired }
}

/** The scenario as people read it: the rules that have fired, and those that never did. */
export function scenarioView(world: World) {
  const loaded = world.get(LoadedScenario, 'scenario')
  const armed = world.list(FaultRules, 'all', '').filter(({ by }) => by !== 'outage')
  return {
    name: loaded ? loaded.stories.map(({ name }) => name).join(' + ') : null,
    stories: loaded?.stories ?? [],
    seed: loaded?.seed ?? null,
    clock: loaded?.clock ?? null,
    started_at: loaded ? new Date(loaded.startedAt).toISOString() : null,
    rules: armed.filter(({ by }) => by === 'scenario').map(ruleView),
    never_fired: armed.filter(({ fired }) => fired === 0).map(({ id }) => id),
    timeline: world.list(Steps, 'all', '').map(({ id, source, written, dueAt, outcome }) => ({
      id,
      source,
      ...written,
      due: new Date(dueAt).toISOString(),
      outcome,
    })),
  }
}
