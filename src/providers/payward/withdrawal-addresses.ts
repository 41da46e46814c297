// Addresses that an account has saved to withdraw to, each under a name of its own.
import { z } from 'zod'
import { type Answer, Refusal } from '../../provider.ts'
import { isAddress } from '../../world/addresses.ts'
import { NETWORKS as CHAINS } from '../../world/networks.ts'
import { Count, Moment, oneOf, Text } from '../../world/rows.ts'
import type { Table } from '../../world/tables.ts'
import type { World } from '../../world/world.ts'
import { type AssetType, type Method, METHODS, methodsOf, NETWORKS } from './catalogue.ts'
import { findAsset } from './methods.ts'
import { type Paging, readToken, writeToken } from './pages.ts'
import { ok, page, type PaywardCall, time } from './wire.ts'

export interface SavedAddress {
  readonly id: string
  readonly seq: number
  readonly partner: string
  readonly account: string
  /** The user's own name for it. */
  readonly key: string
  readonly method: string
  readonly address: string
  readonly memo: string | null
  readonly tag: string | null
  /** World ms. */
  readonly createdAt: number
}

export const SavedAddresses: Table<SavedAddress> = {
  name: 'payward.withdrawal_addresses',
  key: (row) => row.id,
  schema: z.strictObject({
    id: Text,
    seq: Count,
    partner: Text,
    account: Text,
    key: Text,
    method: oneOf(METHODS.map(({ id }) => id)),
    address: Text,
    memo: Text.nullable(),
    tag: Text.nullable(),
    createdAt: Moment,
  }),
  indexes: {
    byAccount: { group: (row) => row.account, order: (row) => row.seq },
    byPartner: { group: (row) => row.partner, order: (row) => row.seq },
    byKey: { group: (row) => JSON.stringify([row.account, row.key]), order: (row) => row.seq },
    byPartnerKey: { group: (row) => JSON.stringify([row.partner, row.key]), order: (row) => row.seq },
  },
}

const PAGING: Paging = { label: 'saved', prefix: '', field: 'page_token' }

const Saving = z.object({
  asset_symbol: z.string(),
  asset_type: z.string().optional(),
  method_id: z.string(),
  key: z.string(),
  address: z.string(),
  memo: z.string().nullable().default(null),
  tag: z.string().nullable().default(null),
})

const Validation = Saving.omit({ key: true, tag: true })

function bodyOf(call: PaywardCall): unknown {
  return call.content.kind === 'json' ? call.content.value : {}
}

/** The method that a body names for its asset. */
function methodNamed(
  { asset_symbol, asset_type, method_id }: z.output<typeof Validation>,
  call: PaywardCall,
  world: World,
): Method {
  const asset = findAsset(asset_symbol, asset_type as AssetType | undefined, call, world)
  const methods = methodsOf(asset)
  const method = methods.find(({ id }) => id === method_id.toLowerCase())
  // rule: payward.withdrawals.address-checks
  if (!method)
    throw new Refusal(
      'invalid_request',
      { detail: `method_id: is no method of ${asset.symbol}`, data: { field: 'method_id' } },
      `methods: ${methods.map(({ id, network }) => `${id} (${network})`).join(', ') || 'none'}`,
    )
  return method
}

function fits(address: string, { network }: Method): boolean {
  return isAddress(CHAINS[NETWORKS[network]!.on].chain, address)
}

export function validateWithdrawalAddress(call: PaywardCall, world: World): Answer {
  const input = Validation.parse(bodyOf(call))
  // rule: payward.withdrawals.validate
  return ok({ valid: fits(input.address, methodNamed(input, call, world)) })
}

export function saveWithdrawalAddress(call: PaywardCall, world: World): Answer {
  const input = Saving.parse(bodyOf(call))
  const method = methodNamed(input, call, world)
  // rule: payward.withdrawals.address-checks
  if (!fits(input.address, method))
    throw new Refusal('invalid_request', {
      detail: `address: is no address on ${method.network}`,
      data: { field: 'address' },
    })
  refuseTaken(input.key, call, world)
  const { partner } = call.caller
  const { key, address, memo, tag } = input
  const seq = world.next('payward.withdrawal_addresses')
  const id = `wda_${seq}`
  const account = call.params.account_id!
  world.put(SavedAddresses, {
    ...{ id, seq, partner, account, key, method: method.id, address, memo, tag },
    createdAt: world.now,
  })
  // rule: payward.withdrawals.save
  return ok({ key, tag })
}

function refuseTaken(key: string, call: PaywardCall, world: World): void {
  // rule: payward.withdrawals.address-checks
  if (savedUnder(key, call, world)) throw new Refusal('DuplicateWithdrawKey')
}

/** The address that this caller may use under a key. */
// rule: payward.withdrawals.key-scope
export function savedUnder(key: string, call: PaywardCall, world: World): SavedAddress | undefined {
  return world.assumes('payward.withdrawals.key-scope') === 'partner'
    ? world.first(SavedAddresses, 'byPartnerKey', JSON.stringify([call.caller.partner, key]))
    : world.first(SavedAddresses, 'byKey', JSON.stringify([call.params.account_id!, key]))
}

function inPath(call: PaywardCall, world: World): SavedAddress {
  const row = savedUnder(call.params.key!, call, world)
  // rule: payward.withdrawals.key-unknown
  if (!row) throw new Refusal('UnknownWithdrawKey')
  return row
}

const Filter = z.object({
  asset_symbol: z.string().optional(),
  asset_type: z.string().optional(),
  page_token: z.string().optional(),
  page_size: z.number().default(25),
})

export function listWithdrawalAddresses(call: PaywardCall, world: World): Answer {
  const { asset_symbol, asset_type, page_token, page_size: size } = Filter.parse(call.queryValues)
  // rule: payward.withdrawals.address-list
  const asset =
    asset_symbol === undefined ? undefined : findAsset(asset_symbol, asset_type as AssetType | undefined, call, world)
  const from = readToken(PAGING, page_token)
  const after = from === undefined ? undefined : { order: from, key: '\uffff' }
  const wide = world.assumes('payward.withdrawals.key-scope') === 'partner'
  const rows = world
    .list(SavedAddresses, wide ? 'byPartner' : 'byAccount', wide ? call.caller.partner : call.params.account_id!, {
      after,
    })
    .filter((row) => !asset || methodsOf(asset).some(({ id }) => id === row.method))
  const shown = rows.slice(0, size)
  return page(shown.map(addressShown), rows.length > size ? writeToken(PAGING, shown.at(-1)!.seq) : null)
}

function addressShown({ key, method: id, address, memo, tag, createdAt }: SavedAddress) {
  const { symbol, type, network } = METHODS.find((method) => method.id === id)!
  return {
    key,
    asset: { symbol, type },
    method: { id, name: network },
    address,
    memo,
    tag,
    created_at: time(createdAt),
  }
}

export function renameWithdrawalAddress(call: PaywardCall, world: World): Answer {
  const { new_key: key } = z.object({ new_key: z.string() }).parse(bodyOf(call))
  const row = inPath(call, world)
  // rule: payward.withdrawals.rename
  if (key !== row.key) refuseTaken(key, call, world)
  world.put(SavedAddresses, { ...row, key })
  return ok({ key })
}

export function deleteWithdrawalAddress(call: PaywardCall, world: World): Answer {
  const { id, key } = inPath(call, world)
  world.remove(SavedAddresses, id)
  // rule: payward.withdrawals.delete
  return ok({ key, deleted_at: time(world.now) })
}
