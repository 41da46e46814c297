// What an import has to know of Payward: which fields of its answers it draws itself, whose the accounts in the paths are, and what the methods of
// the real catalogue are called here.
import type { SeenCall, Traffic } from '../../provider.ts'
import { DEMO_ACCOUNTS, type KeyRow, METHODS, Settings } from './catalogue.ts'

export const traffic: Traffic = {
  drawn: {
    id: 'id',
    method_id: 'id',
    ref_id: 'id',
    webhook_id: 'id',
    test_id: 'id',
    transaction_id: 'id',
    quote_id: 'id',
    transfer_id: 'id',
    user_id: 'id',
    conversion_rule_id: 'id',
    fee_token: 'id',
    conversion_id: 'id',
    cursor: 'id',
    next_page_token: 'id',
    address: 'address',
    contract_address: 'address',
    tag: 'tag',
    memo: 'tag',
    txid: 'hash',
    proxy_address: 'address',
    atomic_signature: 'text',
    signature: 'text',
    expiration: 'timestamp',
    reference: 'code',
    explorer: 'url',
    secret: 'text',
    signature_header: 'text',
    payload_sent: 'text',
    timestamp: 'timestamp',
    expire_time: 'timestamp',
    expires_at: 'timestamp',
    executed_at: 'timestamp',
    created_at: 'timestamp',
    updated_at: 'timestamp',
    deleted_at: 'timestamp',
    // What prices and fees are, and what an account has, only the provider knows.
    price: 'text',
    amount: 'text',
    amount_in_quote: 'text',
    fee: 'text',
    total: 'text',
    available: 'text',
    withheld: 'text',
    open_orders: 'text',
    value: 'text',
    cost_basis: 'text',
    unrealized: 'text',
    total_pnl: 'text',
    remaining: 'text',
    maximum: 'text',
  },
  account: ({ partner }: KeyRow) => partner,
  madeBy: ({ params }, { ids }: KeyRow) =>
    params.account_id === undefined ? undefined : ids.includes(params.account_id),
  settings: (calls, settings, account) => {
    const { accounts } = Settings.parse(settings ?? {})
    const known = Object.values(accounts).flatMap(({ ids }) => ids)
    // An account that was never found is not one of the partner's. A problem says its status in the body too.
    const found = calls.flatMap(({ params, status, answered }) =>
      params.account_id !== undefined && (status ?? answered?.status) !== 404 ? [params.account_id] : [],
    )
    const ids = [...new Set(found)].filter((id) => !known.includes(id) && /^[A-Za-z0-9-]{14,42}$/.test(id))
    if (ids.length === 0) return settings
    const before = settings?.accounts?.[account] ?? DEMO_ACCOUNTS[account]
    return { ...settings, accounts: { ...settings?.accounts, [account]: { ...before, ids: [...ids, ...before.ids] } } }
  },
  catalogue: (calls) =>
    new Map(
      calls
        .flatMap(methodsSeen)
        .filter(([theirs, ours]) => theirs !== ours && !METHODS.some(({ id }) => id === theirs)),
    ),
}

/** Ids of methods that this call shows together with what they are of, and the id that method has here. */
function methodsSeen({ operation, params, sent, answered }: SeenCall): [string, string][] {
  const { data } = answered ?? {}
  if (operation === 'createDepositAddress') return sameMethod(sent?.method_id, sent?.asset_symbol, data?.name)
  if (operation === 'saveWithdrawalAddress' || operation === 'validateWithdrawalAddress')
    return onlyMethod(sent?.method_id, sent?.asset_symbol)
  const rows: any[] = Array.isArray(data) ? data : []
  if (operation === 'listDepositMethods' || operation === 'listWithdrawalMethods')
    return rows.flatMap((row) => sameMethod(row?.id, params.asset_symbol, row?.network))
  return operation === 'listDepositAddresses' || operation === 'listWithdrawalAddresses'
    ? rows.flatMap((row) => sameMethod(row?.method?.id, row?.asset?.symbol, row?.method?.name))
    : []
}

function sameMethod(id: unknown, symbol: unknown, network: unknown): [string, string][] {
  const method = METHODS.find((one) => one.symbol === symbol && one.network === network)
  return typeof id === 'string' && method ? [[id, method.id]] : []
}

/** Calls that say no network: an asset with one method leaves no doubt. */
function onlyMethod(id: unknown, symbol: unknown): [string, string][] {
  const [method, ...others] = METHODS.filter((one) => one.symbol === symbol)
  return method && others.length === 0 ? sameMethod(id, symbol, method.network) : []
}
