// The control calls that change a world, by the operation of specs/sandgate.yaml: what a recording holds and a replay makes again, whoever asks.
import type { Scenario, ScenarioRule } from '../scenario/schema.ts'
import type { World } from '../world/world.ts'
import { addEndpoint, deleteEndpoint, resumeCallbacks, sendAgain, setEndpoint } from './callbacks.ts'
import type { Context } from './context.ts'
import { sendDeposit } from './deposits.ts'
import { adjustBalance, pinRate, runAction, settle, unpinRates } from './money.ts'
import type { ControlInput } from './recorder.ts'
import { armFault, disarmFault, loadScenario, ruleOf, scenarioOf, unloadScenario } from './scenarios.ts'

/** What a command is given; it has passed the OpenAPI document. */
export interface CommandInput extends Omit<ControlInput, 'operation' | 'body'> {
  readonly body?: any
  /** The scenario or the rule that the body is, where it has been read already. */
  readonly scenario?: Scenario | undefined
  readonly rule?: ScenarioRule | undefined
}

export const COMMANDS = {
  sendDeposit: (context, world, { body }) => sendDeposit(context, world, body),
  putEndpoint: (context, world, { params, body }) => setEndpoint(context, world, params.provider!, body),
  addEndpoint: (context, world, { params, body }) => addEndpoint(context, world, params.provider!, body),
  deleteEndpoint: (context, world, { params }) => deleteEndpoint(context, world, params.provider!),
  redeliver: (context, world, { params }) => sendAgain(context, world, params.id!),
  resumeCallbacks: (context, world, { body }) => resumeCallbacks(context, world, body?.provider),
  adjustBalance: (context, world, { body }) => adjustBalance(context, world, body),
  settleWithdrawal: (context, world, { params, body }) => settle(context, world, params.id!, body),
  runAction: (context, world, { params, body }) => runAction(context, world, params.provider!, params.name!, body),
  pinRate: (context, world, { body }) => pinRate(context, world, body),
  unpinRates: (_, world, { query }) => unpinRates(world, query),
  putScenario: (context, world, { body, scenario, query }) =>
    loadScenario(context, world, scenario ?? scenarioOf(body, 'body', context), query.reset === true),
  deleteScenario: (context, world) => unloadScenario(context, world),
  armFault: (context, world, { body, rule }) => armFault(world, rule ?? ruleOf(body, 'body', context)),
  disarmFault: (_, world, { params }) => disarmFault(world, params.id),
  disarmFaults: (_, world) => disarmFault(world),
} satisfies Readonly<Record<string, (context: Context, world: World, input: CommandInput) => unknown>>

export type CommandName = keyof typeof COMMANDS
/** What a command answers. */
export type CommandResult<Name extends CommandName> = Awaited<ReturnType<(typeof COMMANDS)[Name]>>

export function isCommand(operation: string): operation is CommandName {
  return Object.hasOwn(COMMANDS, operation)
}
