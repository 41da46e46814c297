// What Payward owes its accounts: one balance for each account and asset, in hundred-millionths, and what of it is set aside for what.
import { z } from 'zod'
import type { LedgerRules } from '../../provider.ts'
import { didYouMean } from '../../text/suggest.ts'
import {
  available,
  balanceOf,
  hold,
  holdsOn,
  post,
  type Posting,
  type Purse,
  release,
  settle,
  takeBack,
} from '../../world/ledger.ts'
import { Digits, Text } from '../../world/rows.ts'
import type { Table } from '../../world/tables.ts'
import type { World } from '../../world/world.ts'
import { partnerOf } from './accounts.ts'
import { type Asset, ASSETS, DECIMALS, type Settings } from './catalogue.ts'

/** Which money: a ticker of one class. */
export type Money = Pick<Asset, 'symbol' | 'type'>

/** What deposits had brought an account before there was a ledger, by asset; each row moves into the ledger when its money is first touched. */
export const Balances: Table<{ readonly id: string; readonly atoms: string }> = {
  name: 'payward.balances',
  key: (row) => row.id,
  schema: z.strictObject({ id: Text, atoms: Digits }),
  indexes: {},
}

/** What money is set aside for. Whoever holds some names it by kind and id, once. */
export type HoldKind = 'withdrawal' | 'quote' | 'transfer' | 'other'

// rule: payward.ledger.accounts
export const ledger: LedgerRules = {
  codes: ASSETS.map(codeOf),
  purse: ({ account, holder, currency, network }, world) => {
    const ids = Object.values(world.settings<Settings>('payward').accounts).flatMap((partner) => partner.ids)
    const named = account ?? ids[0]
    if (named === undefined || partnerOf(named, world) === undefined)
      return `there is no account "${named}"${didYouMean(named ?? '', ids)}`
    if (holder !== undefined) return 'Payward keeps no balances of single users beside their accounts: leave holder out'
    const asset = ASSETS.find((known) => codeOf(known).toUpperCase() === currency.toUpperCase())
    if (!asset) return `Payward has no asset "${currency}"${didYouMean(currency.toUpperCase(), ASSETS.map(codeOf))}`
    if (network !== undefined) return 'Payward keeps one balance for all networks of an asset: leave network out'
    return purseOf(named, asset, world)
  },
}

/** The code of an asset in the books: its ticker in capitals, with the class behind it where another class had the ticker first. */
function codeOf({ symbol, type }: Money): string {
  return ASSETS.find((asset) => asset.symbol === symbol)?.type === type
    ? symbol.toUpperCase()
    : `${symbol.toUpperCase()}:${type}`
}

/** The money of an account in an asset, with what was there before there was a ledger. Only inside a change. */
export function purseOf(account: string, asset: Money, world: World): Purse {
  const purse = { provider: 'payward', account, currency: codeOf(asset), decimals: DECIMALS }
  const id = `${account}/${asset.symbol}/${asset.type}`
  const former = world.get(Balances, id)
  if (!former) return purse
  // rule: payward.ledger.carried-over
  world.remove(Balances, id)
  if (former.atoms !== '0')
    post({ purse, atoms: BigInt(former.atoms), against: 'outside', kind: 'carried_over', opening: true }, world)
  return purse
}

/** What an account has of an asset, atoms. */
export interface Standing {
  readonly total: bigint
  readonly available: bigint
  /** Set aside for withdrawals, transfers and the rest. */
  readonly withheld: bigint
  /** Set aside for quotes that are being executed. */
  readonly openOrders: bigint
}

/** Only inside a change. */
// rule: payward.ledger.holds
export function standing(account: string, asset: Money, world: World): Standing {
  const purse = purseOf(account, asset, world)
  const row = balanceOf(purse, world)
  if (!row) return { total: 0n, available: 0n, withheld: 0n, openOrders: 0n }
  const openOrders = holdsOn(purse, world)
    .filter(({ name }) => name.startsWith('payward/quote/'))
    .reduce((sum, { atoms }) => sum + BigInt(atoms), 0n)
  return {
    total: BigInt(row.balance),
    available: available(row),
    withheld: BigInt(row.held) - openOrders,
    openOrders,
  }
}

/** A movement of an account; what it says of the other side is such as `outside`, `fees`, `trading` or `transfer`. */
export interface Booking extends Pick<Posting, 'atoms' | 'against' | 'kind' | 'deposit' | 'withdrawal' | 'reason'> {
  readonly account: string
  readonly asset: Money
}

/** Moves money. Throws `InsufficientFunds`. Nothing is not booked. Only inside a change. */
export function book({ account, asset, ...rest }: Booking, world: World): void {
  if (rest.atoms !== 0n) post({ purse: purseOf(account, asset, world), ...rest }, world)
}

/** Sets money aside. Throws `InsufficientFunds`. Only inside a change. */
export function setAside(
  { kind, id, account, asset, atoms }: { kind: HoldKind; id: string; account: string; asset: Money; atoms: bigint },
  world: World,
): void {
  hold(nameOf(kind, id), purseOf(account, asset, world), atoms, world)
}

/** What was set aside can be spent again. Only inside a change. */
export function letGo(kind: HoldKind, id: string, world: World): void {
  release(nameOf(kind, id), world)
}

/** What was set aside is spent. Only inside a change. */
export function spend(kind: HoldKind, id: string, bookings: readonly Booking[], world: World): void {
  settle(
    nameOf(kind, id),
    bookings.map(({ account, asset, ...rest }) => ({ purse: purseOf(account, asset, world), ...rest })),
    world,
  )
}

function nameOf(kind: HoldKind, id: string): string {
  return `payward/${kind}/${id}`
}

/** Takes back what a deposit brought, that of one from before there was a ledger too; the total may fall below zero. Only inside a change. */
// rule: payward.deposits.failure
export function takeBackDeposit(
  { id, account, asset, atoms }: { id: string; account: string; asset: Money; atoms: bigint },
  world: World,
): void {
  const purse = purseOf(account, asset, world)
  const reason = 'the transaction no longer exists'
  if (takeBack(id, 'deposit_reversed', reason, world)) return
  post(
    { purse, atoms: -atoms, against: 'outside', kind: 'deposit_reversed', deposit: id, reason, overdraw: true },
    world,
  )
}
