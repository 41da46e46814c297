// What an administrator switches on CPG's own pages: deposits and withdrawals of a currency for an account, and currencies and networks for everybody.
// Settings say how a world begins; only what differs from them is a row.
import { z } from 'zod'
import { type Action, ActionRefused, Refusal } from '../../provider.ts'
import { didYouMean } from '../../text/suggest.ts'
import { Flag, Text } from '../../world/rows.ts'
import type { Table } from '../../world/tables.ts'
import type { World } from '../../world/world.ts'
import { type Currency, CURRENCIES, currencyOf, type Enabled, NETWORKS, type Settings } from './catalogue.ts'

interface Toggle {
  readonly id: string
  readonly account: string
  readonly currency: string
  readonly network: string
  readonly deposit: boolean
  readonly withdrawal: boolean
}

export const Toggles: Table<Toggle> = {
  name: 'cpg.toggles',
  setup: true,
  key: (row) => row.id,
  schema: z.strictObject({ id: Text, account: Text, currency: Text, network: Text, deposit: Flag, withdrawal: Flag }),
  indexes: {},
}

/** What nobody can use: a network, or a currency on it. */
interface Inactive {
  readonly id: string
  readonly network: string
  readonly currency: string | null
}

export const Inactives: Table<Inactive> = {
  name: 'cpg.inactive',
  setup: true,
  key: (row) => row.id,
  schema: z.strictObject({ id: Text, network: Text, currency: Text.nullable() }),
  indexes: {},
}

function isInactive(network: string, currency: string | null, world: World): boolean {
  return world.get(Inactives, JSON.stringify([network, currency])) !== undefined
}

/** Network first, then the currency on that network: each question needs the answer before it. */
export function findCurrency(code: string, named: string, account: string, world: World): Offered {
  // rule: cpg.deposits.case
  const network = findNetwork(named, world)
  const currency = currencyOf(code.toUpperCase(), network)
  // rule: cpg.deposits.currency-not-found
  if (!currency || isInactive(network, currency.currency, world))
    throw new Refusal(
      'currency_not_found',
      {},
      currency
        ? `${currency.currency} on ${network} is switched off; the action activate switches it on`
        : `known on ${network}: ${CURRENCIES.filter((row) => row.network === network)
            .map((row) => row.currency)
            .join(', ')}`,
    )
  return offered(currency, account, world)
}

/** The catalogue's spelling of a network that is there and active. */
export function findNetwork(named: string, world: World): string {
  const network = named.toUpperCase()
  // rule: cpg.deposits.network-not-found
  if (!Object.hasOwn(NETWORKS, network))
    throw new Refusal('network_not_found', {}, `known networks: ${Object.keys(NETWORKS).join(', ')}`)
  if (isInactive(network, null, world))
    throw new Refusal('network_not_found', {}, `${network} is switched off; the action activate switches it on`)
  return network
}

/** Whether a currency can be used at all. */
export function isActive({ currency, network }: Currency, world: World): boolean {
  return !isInactive(network, null, world) && !isInactive(network, currency, world)
}

/** A currency as an account has it. */
export interface Offered extends Currency {
  readonly deposit: boolean
  readonly withdrawal: boolean
}

type Code = Pick<Currency, 'currency' | 'network'>

function same(one: Code): (other: Code) => boolean {
  return (other) => one.currency === other.currency && one.network === other.network
}

/** A data directory may know accounts that the config has no longer. */
function ownCurrencies(account: string, world: World): readonly Enabled[] {
  return world.settings<Settings>('cpg').accounts[account]?.currencies ?? []
}

/** One currency of the catalogue as an account has it. */
export function offered(known: Currency, account: string, world: World): Offered {
  const own = ownCurrencies(account, world).find(same(known))
  const toggled = world.get(Toggles, idOf(account, known))
  const { deposit = false, withdrawal = false } = toggled ?? own ?? {}
  return { ...known, ...own, deposit, withdrawal }
}

function idOf(account: string, { currency, network }: Code): string {
  return JSON.stringify([account, currency, network])
}

/** Every currency of the catalogue as an account has it: its own ones first, in the order of the settings. */
export function currenciesOf(account: string, world: World): Offered[] {
  const own = ownCurrencies(account, world)
  const rest = CURRENCIES.filter((row) => !own.some(same(row)))
  return [...own.map((row) => CURRENCIES.find(same(row))!), ...rest].map((row) => offered(row, account, world))
}

const CodeText = z.string().min(1).max(32)

export function accountsOf(world: World): string[] {
  return Object.keys(world.settings<Settings>('cpg').accounts)
}

/** The first account unless one is named. */
export function accountNamed(named: string | undefined, world: World): string | undefined {
  const accounts = accountsOf(world)
  return named === undefined ? accounts[0] : accounts.find((account) => account === named)
}

function accountOf(named: string | undefined, world: World): string {
  const account = accountNamed(named, world)
  if (account === undefined)
    throw new ActionRefused(`CPG has no account "${named}"${didYouMean(named ?? '', accountsOf(world))}`, 'account')
  return account
}

function known(network: string, currency: string | undefined): { network: string; currency: string | null } {
  const [code, on] = [currency?.toUpperCase() ?? null, network.toUpperCase()]
  if (!Object.hasOwn(NETWORKS, on))
    throw new ActionRefused(
      `CPG knows no network "${network}"; it knows ${Object.keys(NETWORKS).join(', ')}`,
      'network',
    )
  const there = CURRENCIES.filter((row) => row.network === on).map((row) => row.currency)
  if (code !== null && !there.includes(code))
    throw new ActionRefused(`CPG knows no "${currency}" on ${on}; it knows ${there.join(', ')}`, 'currency')
  return { network: on, currency: code }
}

/** `opened` hears of the first currency of a network that an account enables. */
// rule: cpg.actions.toggle
export function toggleCurrency(opened: (account: string, network: string, world: World) => void): Action {
  return {
    says: 'An administrator enables or disables deposits or withdrawals of a currency for an account.',
    fields: z
      .strictObject({
        account: z.string().optional(),
        currency: CodeText,
        network: CodeText,
        deposit: z.boolean().optional(),
        withdrawal: z.boolean().optional(),
      })
      .refine(({ deposit, withdrawal }) => deposit !== undefined || withdrawal !== undefined, {
        message: 'set deposit, withdrawal or both',
      }),
    run: (input: any, world) => {
      const account = accountOf(input.account, world)
      const { network, currency } = known(input.network, input.currency)
      const before = offered(currencyOf(currency!, network)!, account, world)
      const { deposit = before.deposit, withdrawal = before.withdrawal } = input
      if (deposit || withdrawal) opened(account, network, world)
      const row = { account, currency: currency!, network, deposit, withdrawal }
      world.put(Toggles, { id: idOf(account, row), ...row })
      return row
    },
  }
}

const OfEverybody = z.strictObject({ network: CodeText, currency: CodeText.optional() })

// rule: cpg.actions.activate
export const deactivate: Action = {
  says: 'CPG switches a currency off for everybody, or a whole network.',
  fields: OfEverybody,
  run: (input: z.output<typeof OfEverybody>, world) => {
    const row = known(input.network, input.currency)
    world.put(Inactives, { id: JSON.stringify([row.network, row.currency]), ...row })
    return { ...row, active: false }
  },
}

export const activate: Action = {
  says: 'CPG switches a currency on again that it had switched off, or a whole network.',
  fields: OfEverybody,
  run: (input: z.output<typeof OfEverybody>, world) => {
    const row = known(input.network, input.currency)
    if (!isInactive(row.network, row.currency, world))
      throw new ActionRefused(
        `${row.currency === null ? row.network : `${row.currency} on ${row.network}`} is not switched off`,
        row.currency === null ? 'network' : 'currency',
      )
    world.remove(Inactives, JSON.stringify([row.network, row.currency]))
    return { ...row, active: true }
  },
}
