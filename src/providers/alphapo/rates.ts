// What each currency is worth: one table that never moves, so that a conversion can be worked out by hand and is the same on every run.
import { atoms } from './wire.ts'

/** One unit in euros. The figures are ours: round, and near enough to the world to look right. */
// rule: alphapo.exchange.rates
const EUROS: Readonly<Record<string, string>> = {
  BTC: '60000', BTCLN: '60000', WBTC: '60000', LTC: '80', BCH: '400', DOGE: '0.15', ETH: '3000', ETHA: '3000', ETHBASE: '3000', XRP: '2', ADA: '0.5', TRX: '0.25',
  BNB: '700', CSC: '0.001', SOL: '150', POL: '0.4', USDTE: '0.9', USDTT: '0.9', USDTB: '0.9', USDC: '0.9', USDCE: '0.9', USDCA: '0.9', USDCBASE: '0.9', USDCS: '0.9',
  USDGE: '0.9', USDGS: '0.9', DAI: '0.9', EURCE: '1', EURCBASE: '1', EURCS: '1', EURS: '1', BRZ: '0.16', VERSE: '0.0001', XED: '0.01', CPD: '0.01', SNACK: '0.01',
  EUR: '1', USD: '0.9', GBP: '1.15', ARS: '0.0007', AUD: '0.58', AZN: '0.53', BDT: '0.0074', BRL: '0.16', CAD: '0.65', CHF: '1.05', CLP: '0.00095', CNY: '0.125',
  CZK: '0.04', GEL: '0.33', HUF: '0.0025', IDR: '0.000055', ILS: '0.25', INR: '0.0105', JPY: '0.0061', KGS: '0.0103', KRW: '0.00065', KZT: '0.0018', LKR: '0.003',
  MDL: '0.051', MXN: '0.048', MYR: '0.21', NGN: '0.0006', NOK: '0.086', NPR: '0.0066', NZD: '0.53', PEN: '0.24', PHP: '0.0157', PLN: '0.235', RUB: '0.0105',
  SEK: '0.089', THB: '0.0275', TJS: '0.085', TRY: '0.023', UAH: '0.0215', VND: '0.000035', ZAR: '0.05',
}

/** What this much of one currency is in another one, hundred-millionths of each; what is finer is cut off. */
// rule: alphapo.exchange.one-to-one
export function worth(units: bigint, from: string, to: string): bigint {
  return (units * atoms(EUROS[from]!)!) / atoms(EUROS[to]!)!
}
