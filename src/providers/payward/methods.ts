// Deposit methods: in which assets an account can be paid, over which networks, and within which limits.
import { type Answer, Refusal } from '../../provider.ts'
import type { World } from '../../world/world.ts'
import { type Asset, ASSETS, type AssetType, type Method, methodsOf, NETWORKS } from './catalogue.ts'
import { feesOf, limitsOf } from './deposit-terms.ts'
import { money, page, type PaywardCall } from './wire.ts'

export function listDepositMethods(call: PaywardCall, world: World): Answer {
  const asset = findAsset(
    call.params.asset_symbol!,
    call.queryValues.asset_type as AssetType | undefined,
    call,
    world,
    'path',
  )
  // rule: payward.methods.fiat-empty, rule: payward.methods.one-page
  const methods = methodsOf(asset)
  const limits = methods.length > 0 ? limitsOf(call.params.account_id!, world) : []
  return page(
    methods.map((method) => methodShown(method, asset, limits, world)),
    null,
  )
}

// rule: payward.methods.item
function methodShown(method: Method, asset: Asset, limits: ReturnType<typeof limitsOf>, world: World) {
  const { fee, addressSetupFee } = feesOf(method, world)
  return {
    id: method.id,
    network: method.network,
    network_info: networkInfo(method),
    fee: money(asset, fee, world),
    minimum: money(asset, method.minimum, world),
    maximum: money(asset, method.maximum, world),
    address_setup_fee: money(asset, addressSetupFee, world),
    fee_percentage: '0.00',
    deposit_limit_meta: limits,
  }
}

export function networkInfo(method: Method) {
  const network = NETWORKS[method.network]!
  return {
    explorer: `https://explorer.example/${method.network.toLowerCase()}/tx/{txid}`,
    confirmations: network.confirmations,
    est_confirmation_time: network.estimate,
    contract_address: method.contract,
  }
}

/** The asset of this ticker and class; `where` a call names it decides how it is refused. */
export function findAsset(
  symbol: string,
  type: AssetType | undefined,
  call: PaywardCall,
  world: World,
  where: 'path' | 'elsewhere' = 'elsewhere',
): Asset {
  // rule: payward.assets.type, rule: payward.assets.untyped-token
  const found = ASSETS.find((asset) => asset.symbol === symbol && asset.type === (type ?? 'crypto'))
  if (found) return found
  const namesakes = ASSETS.filter((asset) => asset.symbol === symbol)
  if (type === undefined && namesakes.length === 1 && world.assumes('payward.assets.untyped-token') === 'by-ticker') {
    call.because('payward.assets.untyped-token')
    return namesakes[0]!
  }
  // rule: payward.assets.unknown
  // rule: payward.assets.unknown-status
  const name =
    where === 'path' || world.assumes('payward.assets.unknown-status') === '404' ? 'UnknownAsset' : 'UnknownAsset_400'
  throw new Refusal(name, {}, assetHint(symbol, namesakes))
}

function assetHint(symbol: string, namesakes: readonly Asset[]): string {
  if (namesakes.length > 0)
    return `${symbol} is known as ${namesakes.map(({ type }) => type).join(', ')}: send asset_type`
  return `known assets: ${ASSETS.map((asset) => `${asset.symbol} (${asset.type})`).join(', ')}`
}
