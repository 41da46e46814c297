// What coins and currencies are worth: a table of round prices that moves a little every hour of world time, and rates that a test has pinned.
import { z } from 'zod'
import type { Module } from './module.ts'
import { Count, Decimal, Text } from './rows.ts'
import type { Table } from './tables.ts'
import type { World } from './world.ts'

/** A rate that a test has fixed: what one unit of `from` is in `to`. */
export interface Pin {
  readonly id: string
  readonly seq: number
  readonly from: string
  readonly to: string
  /** Decimal text above zero. */
  readonly rate: string
}

export const Pins: Table<Pin> = {
  name: 'rates',
  setup: true,
  key: (row) => row.id,
  schema: z.strictObject({ id: Text, seq: Count, from: Text, to: Text, rate: Decimal }),
  indexes: { all: { group: () => '', order: (row) => row.seq } },
}

/** A rate as a fraction, so that nothing is lost before the last step. */
export interface Rate {
  readonly numerator: bigint
  readonly denominator: bigint
}

/** One unit in euros when a world begins. The figures are ours: round, and near enough to reality to look right. */
const EUROS: Readonly<Record<string, string>> = {
  BTC: '60000',
  LTC: '80',
  BCH: '400',
  DOGE: '0.15',
  ETH: '3000',
  XRP: '2',
  XLM: '0.25',
  ADA: '0.5',
  TRX: '0.25',
  BNB: '700',
  CSC: '0.001',
  SOL: '150',
  POL: '0.4',
  XAUT: '3600',
  USDT: '0.9',
  USDC: '0.9',
  USDG: '0.9',
  DAI: '0.9',
  EURC: '1',
  EURS: '1',
  BRZ: '0.16',
  TSLAX: '270',
  AAPLX: '180',
  VERSE: '0.0001',
  XED: '0.01',
  CPD: '0.01',
  SNACK: '0.01',
  EUR: '1',
  USD: '0.9',
  GBP: '1.15',
  ARS: '0.0007',
  AUD: '0.58',
  AZN: '0.53',
  BDT: '0.0074',
  BRL: '0.16',
  CAD: '0.65',
  CHF: '1.05',
  CLP: '0.00095',
  CNY: '0.125',
  CZK: '0.04',
  GEL: '0.33',
  HUF: '0.0025',
  IDR: '0.000055',
  ILS: '0.25',
  INR: '0.0105',
  JPY: '0.0061',
  KGS: '0.0103',
  KRW: '0.00065',
  KZT: '0.0018',
  LKR: '0.003',
  MDL: '0.051',
  MXN: '0.048',
  MYR: '0.21',
  NGN: '0.0006',
  NOK: '0.086',
  NPR: '0.0066',
  NZD: '0.53',
  PEN: '0.24',
  PHP: '0.0157',
  PLN: '0.235',
  RUB: '0.0105',
  SEK: '0.089',
  THB: '0.0275',
  TJS: '0.085',
  TRY: '0.023',
  UAH: '0.0215',
  VND: '0.000035',
  ZAR: '0.05',
}

/** What these are worth is what their currency is worth, to the digit. */
const PEGGED: Readonly<Record<string, string>> = {
  USDT: 'USD',
  USDC: 'USD',
  USDG: 'USD',
  DAI: 'USD',
  EURC: 'EUR',
  EURS: 'EUR',
}

const PLACES = 8
const HOUR_MS = 3_600_000
/** How far a price strays from the table, in ten-thousandths: coins up to 1 %, other currencies up to 0.2 %. */
const COIN_STRAYS = 100
const FIAT_STRAYS = 20
const WHOLE = 10_000

/** Whether it has a price. */
export function hasPrice(ticker: string): boolean {
  return Object.hasOwn(EUROS, ticker)
}

/** All names that a rate may be pinned for: tickers, and the codes of providers. */
export function namesWithRates(codes: Iterable<string>): readonly string[] {
  return [...new Set([...Object.keys(EUROS), ...codes])]
}

/** All that have a price. */
export function tickers(): readonly string[] {
  return Object.keys(EUROS)
}

/**
 * What one unit of `from` is in `to`, now or at another moment. Each is a list of names, the most particular first and the ticker last: a pin of any of them counts.
 *
 * @example rateBetween(['USDTT', 'USDT'], ['EUR'], world)
 */
// rule: sandgate.rates.pinned
export function rateBetween(from: readonly string[], to: readonly string[], world: World, at = world.now): Rate {
  return (
    pinnedBetween(from, to, world) ?? {
      numerator: priceOf(from.at(-1)!, world, at),
      denominator: priceOf(to.at(-1)!, world, at),
    }
  )
}

function pinnedBetween(from: readonly string[], to: readonly string[], world: World): Rate | undefined {
  for (const one of from)
    for (const other of to) {
      const there = pinned(one, other, world)
      if (there) return there
      const back = pinned(other, one, world)
      if (back) return { numerator: back.denominator, denominator: back.numerator }
    }
  return undefined
}

/** The same as long as nothing is pinned: by the table, however old the world is. */
export function tableRateBetween(from: readonly string[], to: readonly string[], world: World): Rate {
  return pinnedBetween(from, to, world) ?? { numerator: tablePrice(from.at(-1)!), denominator: tablePrice(to.at(-1)!) }
}

/** How much of the other one it is, in units of the same size; what is finer is cut off. */
export function converted(units: bigint, { numerator, denominator }: Rate): bigint {
  return (units * numerator) / denominator
}

/** A rate as decimal text with so many places, cut off. */
export function rateText({ numerator, denominator }: Rate, places: number): string {
  const digits = ((numerator * 10n ** BigInt(places)) / denominator).toString().padStart(places + 1, '0')
  return `${digits.slice(0, -places)}.${digits.slice(-places)}`
}

/** Fixes a rate, in place of one that was fixed before. Only inside a change. */
export function pin(from: string, to: string, rate: string, world: World): Pin {
  const id = idOf(from, to)
  // A rate counts both ways, so the other direction ends.
  world.remove(Pins, idOf(to, from))
  return world.put(Pins, { id, seq: world.get(Pins, id)?.seq ?? world.next('rates'), from, to, rate })
}

/** Lets a rate move again; answers whether it was fixed. Only inside a change. */
export function unpin(from: string, to: string, world: World): boolean {
  const ids = [idOf(from, to), idOf(to, from)].filter((id) => world.get(Pins, id))
  ids.forEach((id) => world.remove(Pins, id))
  return ids.length > 0
}

function idOf(from: string, to: string): string {
  return JSON.stringify([from, to])
}

function pinned(from: string, to: string, world: World): Rate | undefined {
  const rate = world.size(Pins) === 0 ? undefined : world.get(Pins, idOf(from, to))?.rate
  if (rate === undefined) return undefined
  const [whole = '', fraction = ''] = rate.split('.')
  return { numerator: BigInt(whole + fraction), denominator: 10n ** BigInt(fraction.length) }
}

/** In euros, ten-thousandths of its table's last place. */
function priceOf(ticker: string, world: World, at: number): bigint {
  return tablePrice(ticker) * BigInt(WHOLE + strays(ticker, world, at))
}

function tablePrice(ticker: string): bigint {
  const text = EUROS[ticker]
  if (text === undefined) throw new Error(`there is no price of ${ticker}`)
  const [whole = '', fraction = ''] = text.split('.')
  return BigInt(whole + fraction.padEnd(PLACES, '0'))
}

/** In the first hour of a world the table counts, so that sums can be worked out by hand; from then on each price is drawn anew every hour. */
// rule: sandgate.rates.move
function strays(ticker: string, world: World, at: number): number {
  const name = PEGGED[ticker] ?? ticker
  const hour = Math.floor((at - world.options.startMs) / HOUR_MS)
  if (name === 'EUR' || hour <= 0) return 0
  const most = isCoin(name) ? COIN_STRAYS : FIAT_STRAYS
  return world.draw('rate', name, hour).below(2 * most + 1) - most
}

const FIRST_FIAT = Object.keys(EUROS).indexOf('EUR')

function isCoin(ticker: string): boolean {
  return Object.keys(EUROS).indexOf(ticker) < FIRST_FIAT
}

export const rateModule: Module = { tables: [Pins] }
