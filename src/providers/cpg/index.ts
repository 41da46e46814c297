// CPG, the crypto payment gateway: signed calls, sticky and pooled deposit addresses, an idempotency key per API key.
import { type Answer, type Provider, Refusal } from '../../provider.ts'
import { withPlaces } from '../../text/decimals.ts'
import type { World } from '../../world/world.ts'
import { listBalances } from './balances.ts'
import { DEMO, PERMISSION_OF, Settings } from './catalogue.ts'
import {
  Addresses,
  byIdempotencyKey,
  createDepositAddress,
  reactions as windowReactions,
  Requests,
  windowsOf,
} from './deposits.ts'
import { gates, identity, middleware, Signatures } from './gates.ts'
import { getHotWalletAddress, HotWallets, openHotWallet } from './hot-wallet.ts'
import { ledger } from './money.ts'
import { Withdrawals, withdrawals } from './payouts.ts'
import { getDepositRequest } from './requests.ts'
import { sign, signing } from './signing.ts'
import { beginSweep, reactions as sweepReactions } from './sweeps.ts'
import { activate, currenciesOf, deactivate, Inactives, isActive, toggleCurrency, Toggles } from './toggles.ts'
import { pitfalls } from './pitfalls.ts'
import { traffic } from './traffic.ts'
import { ChainTransactions, listTransactions } from './transactions.ts'
import { depositRules, Deposits } from './transfers.ts'
import { callbacks } from './webhooks.ts'
import { byReference, createWithdrawal, getWithdrawal } from './withdrawals.ts'
import { situations } from './situations.ts'
import { type CpgCall, ok, okList, refusals } from './wire.ts'

/** What the documents leave open, by rule; the first answer is the one that is built. */
const SWITCHES = {
  'cpg.withdrawals.echo': ['client', 'token-decimals'],
  'cpg.withdrawals.excess-decimals': ['reject', 'truncate'],
  'cpg.withdrawals.checksum': ['strict', 'lenient'],
  'cpg.withdrawals.reference-scope': ['api-key', 'account'],
  'cpg.withdrawals.changed-repeat': ['ignore', '409'],
  'cpg.withdrawals.reference-after-failure': ['free', 'kept'],
  'cpg.withdrawals.broadcast-failure': ['400', '502'],
  'cpg.hot-wallet.funding': ['ample', 'tracked'],
  'cpg.balances.rows': ['touched', 'enabled'],
  'cpg.transactions.direction': ['enum', 'text'],
  'cpg.transactions.outgoing-status': ['broadcasted', 'pending'],
  'cpg.sweeps.to': ['receiving-wallet', 'hot-wallet'],
} as const

export const provider: Provider = {
  name: 'cpg',
  title: 'CPG',
  keyHeader: 'x-cpg-key',
  settings: Settings,
  demo: DEMO,
  switches: SWITCHES,
  tables: [Addresses, Requests, Deposits, Signatures, Withdrawals, ChainTransactions, HotWallets, Toggles, Inactives],
  handsOut: [Requests, HotWallets],
  // rule: cpg.validation.content-type
  readsJson: (mediaType) =>
    mediaType === undefined || mediaType === 'application/json' || /^application\/[\w.-]+\+json$/.test(mediaType),
  // rule: cpg.validation.encodings
  jsonEncodings: 'detected',
  gates,
  credentials: (world) =>
    [...world.settings<Settings>('cpg').keys.values()].map(({ account, id: key, secret }) => ({
      account,
      key,
      secret,
    })),
  identity,
  needs: PERMISSION_OF,
  operations: {
    // rule: cpg.ping
    ping: { run: () => ok({ pong: true }) },
    createDepositAddress: { run: createDepositAddress, repeats: byIdempotencyKey },
    getDepositRequest: { run: getDepositRequest },
    listCurrencies: { run: listCurrencies },
    createWithdrawal: { run: createWithdrawal, repeats: byReference, withdraws: true },
    getWithdrawal: { run: getWithdrawal },
    getHotWalletAddress: { run: getHotWalletAddress },
    listBalances: { run: listBalances },
    listTransactions: { run: listTransactions },
  },
  reactions: { ...windowReactions, ...sweepReactions },
  deposits: { ...depositRules(beginSweep), windows: windowsOf },
  ledger,
  withdrawals,
  actions: {
    'toggle-currency': toggleCurrency(openHotWallet),
    deactivate,
    activate,
  },
  callbacks,
  situations,
  refusals,
  notFound: {
    gates: middleware,
    // rule: cpg.elsewhere
    answer: (call) => {
      if (call.allowed.length > 0)
        throw new Refusal('method_not_allowed', { headers: { allow: call.allowed.join(', ') } })
      throw new Refusal('not_found')
    },
  },
  signing,
  traffic,
  pitfalls,
  sign,
  firstCall: {
    method: 'POST',
    path: '/v1/deposit-addresses',
    body: '{"currency":"USDT","network":"ETH","user_identifier":"user_1"}',
  },
}

function listCurrencies(call: CpgCall, world: World): Answer {
  // rule: cpg.currencies.list
  const rows = currenciesOf(call.caller.account, world)
    .filter((row) => (row.deposit || row.withdrawal) && isActive(row, world))
    .map((row) => ({
      currency: row.currency,
      network: row.network,
      name: row.name,
      is_token: row.contract !== null,
      contract_address: row.contract === null ? null : lowerCaseHex(row.contract),
      decimals: row.decimals,
      deposit_enabled: row.deposit,
      withdrawal_enabled: row.withdrawal,
      min_deposit_amount: withPlaces(row.minDeposit, 18),
      min_withdrawal_amount: withPlaces(row.minWithdrawal, 18),
      withdrawal_fee_flat: withPlaces(row.feeFlat, 18),
      withdrawal_fee_percent: withPlaces(row.feePercent, 6),
    }))
  return okList(rows)
}

/** This page writes EVM contracts in lower case, unlike the deposit page; base58 has no case to lose. */
function lowerCaseHex(contract: string): string {
  return contract.startsWith('0x') ? contract.toLowerCase() : contract
}
