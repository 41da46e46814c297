// What the control run shows of the command: which operations it calls and how often, which addresses and withdrawals it makes, how far it moves time.
// Scenarios are drawn from it, so that what is drawn can happen.
import type * as api from '../library/api.ts'
import { quietEngine } from '../engine/quiet.ts'
import type { Provider } from '../provider.ts'
import type { HandOut, World } from '../world/world.ts'

/** An operation, and how often it was called. */
export interface CalledOperation {
  readonly operation: string
  readonly calls: number
}

/** A call that handed out an address: the nth of its operation. */
export interface AddressCall {
  readonly operation: string
  readonly nth: number
  readonly currency: string
  readonly network: string
  readonly tag: string | null
  readonly decimals: number
  /** Other money that can be sent there, by the provider's codes. */
  readonly others: readonly { readonly currency: string; readonly network: string; readonly decimals: number }[]
  /** How long after the call the address may be given to somebody else, world ms; undefined: never. */
  readonly reuseAfterMs: number | undefined
  /** How long it is shown to the payer, world ms; undefined: always. */
  readonly displayMs: number | undefined
}

export interface WithdrawalCall {
  readonly operation: string
  readonly nth: number
}

/** One provider as the command uses it. */
export interface ProviderProfile {
  readonly provider: Provider
  readonly operations: readonly CalledOperation[]
  readonly addresses: readonly AddressCall[]
  readonly withdrawals: readonly WithdrawalCall[]
  /** How many callbacks were sent, and how many about one thing at most. */
  readonly callbacks: { readonly sent: number; readonly most: number }
}

export interface Profile {
  readonly providers: readonly ProviderProfile[]
  /** How far the command moved the clock, world ms. */
  readonly spanMs: number
  /** Whether it moved time until nothing was due: what a scenario adds later will happen while it runs. */
  readonly quiet: boolean
}

/** What else may be sent to an address of anybody: the coins that people mix up. */
const COINS = ['USDT', 'USDC', 'BTC', 'ETH', 'TRX', 'XRP', 'LTC', 'TON', 'SOL', 'DOGE', 'BNB']

/** Looks at the world of a control run, before it goes. */
export async function profileOf(
  world: api.World,
  providers: ReadonlyMap<string, Provider>,
): Promise<readonly ProviderProfile[]> {
  const [calls, addresses, withdrawals, callbacks] = [
    await world.calls(),
    await world.addresses(),
    await world.money.withdrawals(),
    await world.callbacks(),
  ]
  const nths = numbered(calls)
  return [...providers.values()].flatMap((provider) => {
    const mine = calls.filter((call) => call.provider === provider.name && call.operation !== undefined)
    if (mine.length === 0) return []
    // Settings alone are asked of it.
    const local = quietEngine(new Map([[provider.name, provider]]), {}).world()!
    const told = callbacks.filter((delivery) => delivery.provider === provider.name)
    return {
      provider,
      operations: [...counted(mine.map(({ operation }) => operation!))].map(([operation, calls]) => ({
        operation,
        calls,
      })),
      addresses: addresses
        .filter((row) => row.provider === provider.name)
        .flatMap((row) => addressCall(row, nths.get(row.made_by), provider, addresses, local)),
      withdrawals: withdrawals
        .filter((row) => row.provider === provider.name)
        .flatMap((row) => nths.get(row.made_by) ?? []),
      callbacks: { sent: told.length, most: Math.max(0, ...counted(told.map(({ object }) => object)).values()) },
    }
  })
}

function counted<Name>(names: readonly Name[]): Map<Name, number> {
  const counts = new Map<Name, number>()
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
  return counts
}

/** Which call of its operation each entry was. */
function numbered(calls: readonly api.Entry[]): ReadonlyMap<number | undefined, WithdrawalCall> {
  const counts = new Map<string, number>()
  return new Map(
    calls.flatMap(({ id, provider, operation }) => {
      if (operation === undefined) return []
      const nth = (counts.get(`${provider} ${operation}`) ?? 0) + 1
      counts.set(`${provider} ${operation}`, nth)
      return [[id, { operation, nth }]]
    }),
  )
}

function addressCall(
  row: api.HandOut,
  call: WithdrawalCall | undefined,
  provider: Provider,
  all: readonly api.HandOut[],
  world: World,
): AddressCall[] {
  if (!call || !provider.deposits) return []
  const handOut = row as unknown as HandOut
  const assetOf = (currency: string | undefined, network: string | undefined) => {
    try {
      return provider.deposits!.asset({ handOut, currency, network }, world)
    } catch {
      // A provider may ask for more than the control API tells of an address.
      return undefined
    }
  }
  const own = assetOf(undefined, undefined)
  if (!own) return []
  const codes = [
    ...new Set([...COINS, ...all.filter((one) => one.provider === row.provider).map((one) => one.currency)]),
  ]
  const networks = [...new Set(all.filter((one) => one.provider === row.provider).map((one) => one.network))]
  const others = codes
    .flatMap((currency) => networks.map((network) => ({ currency, network })))
    .filter(({ currency, network }) => currency !== row.currency || network !== row.network)
    .flatMap(({ currency, network }) => {
      const asset = assetOf(currency, network)
      return asset ? [{ currency, network, decimals: asset.decimals }] : []
    })
  const since = (instant: string | undefined) =>
    instant === undefined ? undefined : Date.parse(instant) - Date.parse(row.at)
  return [
    {
      ...call,
      currency: row.currency,
      network: row.network,
      tag: row.tag,
      decimals: own.decimals,
      others,
      reuseAfterMs: since(row.windows.reuse_from),
      displayMs: since(row.windows.display_until),
    },
  ]
}
