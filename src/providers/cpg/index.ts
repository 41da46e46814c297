// CPG, the crypto payment gateway: signed calls, sticky and pooled deposit addresses, an idempotency key per API key.
import { type Answer, type Provider, Refusal } from '../../provider.ts'
import type { World } from '../../world/world.ts'
import { currencyOf, DEMO, PERMISSION_OF, Settings } from './catalogue.ts'
import {
  Addresses,
  byIdempotencyKey,
  createDepositAddress,
  reactions as windowReactions,
  Requests,
} from './deposits.ts'
import { gates, identity, middleware, Signatures } from './gates.ts'
import { getDepositRequest } from './requests.ts'
import { traffic } from './traffic.ts'
import { Deposits, deposits, reactions as transferReactions } from './transfers.ts'
import { callbacks } from './webhooks.ts'
import { sign, signing } from './signing.ts'
import { type CpgCall, ok, okList, refusals } from './wire.ts'

export const provider: Provider = {
  name: 'cpg',
  title: 'CPG',
  keyHeader: 'x-cpg-key',
  settings: Settings,
  demo: DEMO,
  tables: [Addresses, Requests, Deposits, Signatures],
  handsOut: [Requests],
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
  },
  reactions: { ...windowReactions, ...transferReactions },
  deposits,
  callbacks,
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
  sign,
  firstCall: {
    method: 'POST',
    path: '/v1/deposit-addresses',
    body: '{"currency":"USDT","network":"ETH","user_identifier":"user_1"}',
  },
}

function listCurrencies(call: CpgCall, world: World): Answer {
  // rule: cpg.currencies.list
  const rows = world
    .settings<Settings>('cpg')
    .accounts[call.caller.account]!.currencies.filter((enabled) => enabled.deposit || enabled.withdrawal)
    .map((enabled) => {
      const known = currencyOf(enabled.currency, enabled.network)!
      return {
        currency: known.currency,
        network: known.network,
        name: known.name,
        is_token: known.contract !== null,
        contract_address: known.contract === null ? null : lowerCaseHex(known.contract),
        decimals: known.decimals,
        deposit_enabled: enabled.deposit,
        withdrawal_enabled: enabled.withdrawal,
        min_deposit_amount: places(known.minDeposit, 18),
        min_withdrawal_amount: places(known.minWithdrawal, 18),
        withdrawal_fee_flat: places(known.feeFlat, 18),
        withdrawal_fee_percent: places('0', 6),
      }
    })
  return okList(rows)
}

/** This page writes EVM contracts in lower case, unlike the deposit page; base58 has no case to lose. */
function lowerCaseHex(contract: string): string {
  return contract.startsWith('0x') ? contract.toLowerCase() : contract
}

function places(amount: string, count: number): string {
  const [whole, fraction = ''] = amount.split('.')
  return `${whole}.${fraction.padEnd(count, '0')}`
}
