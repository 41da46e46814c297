// What a scenario does besides answering: money that arrives at what a call has handed out, and callbacks that go wrong.
import { arrange, type DepositInput, InvalidDeposit } from '../scenario/deposits.ts'
import type { Plan } from '../scenario/faults.ts'
import { addCallbackFault } from '../world/outbox.ts'
import type { HandOut, World } from '../world/world.ts'
import type { Exchange, ProviderRuntime } from './exchange.ts'

// rule: sandgate.faults.deposit, sandgate.faults.callbacks
/** What a scenario lets happen to what this call handed out: money that comes, callbacks that go wrong unless they were `concerned` before. */
export function applyScenarioEffects(
  plan: Plan,
  handOuts: readonly HandOut[],
  concerned: ReadonlySet<string>,
  { providers }: ProviderRuntime,
  { call }: Exchange,
  world: World,
): void {
  for (const object of new Set(handOuts.map(({ reference }) => reference)))
    if (!concerned.has(object)) armCallbackFaults(plan, call.provider, object, world)
  for (const deposit of plan.deposits) {
    const handOut = addressee(deposit, handOuts)
    if (!handOut) continue
    try {
      for (let i = 0; i < deposit.repeat; i++) arrange(deposit, handOut, providers, world)
    } catch (error) {
      if (!(error instanceof InvalidDeposit)) throw error
      call.note('deposit', error.message)
    }
  }
}

/** What a scenario wants of the callbacks about one object. */
export function armCallbackFaults({ callbacks }: Plan, provider: string, object: string, world: World): void {
  for (const { how, times, byMs } of callbacks) addCallbackFault({ provider, object, how, times, byMs }, world)
}

/** Of several addresses the one of the network and the currency that are sent, else of the network, else the first: money may go astray on purpose. */
function addressee({ network, currency }: DepositInput, handOuts: readonly HandOut[]): HandOut | undefined {
  const same = (named: string | undefined, own: string) =>
    named === undefined || named.toLowerCase() === own.toLowerCase()
  const onNetwork = handOuts.filter((handOut) => same(network, handOut.network))
  return onNetwork.find((handOut) => same(currency, handOut.currency)) ?? onNetwork[0] ?? handOuts[0]
}
