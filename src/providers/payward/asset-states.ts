// What Payward has stopped doing with an asset for a while: taking deposits of it, paying it out, at all or by one method, or swapping it, at all or
// against another one.
import { z } from 'zod'
import { type Action, ActionRefused, Refusal } from '../../provider.ts'
import { Moment, oneOf, Text } from '../../world/rows.ts'
import type { Table } from '../../world/tables.ts'
import type { World } from '../../world/world.ts'
import { type Asset, ASSET_TYPES, ASSETS, type Method, METHODS } from './catalogue.ts'

const WHAT = ['deposit', 'withdraw', 'swap'] as const
type What = (typeof WHAT)[number]

type Named = Pick<Asset, 'symbol' | 'type'>

/** Assets are written as `type/symbol`, a method of one as `method/` and its id. */
export const DisabledAssets: Table<{
  readonly id: string
  readonly asset: string
  readonly what: What
  /** Of swaps: the one asset that it is not swapped with; null: any. */
  readonly against: string | null
  /** World ms. */
  readonly since: number
}> = {
  name: 'payward.disabled_assets',
  key: (row) => row.id,
  schema: z.strictObject({ id: Text, asset: Text, what: oneOf(WHAT), against: Text.nullable(), since: Moment }),
  indexes: { all: { group: () => '', order: (row) => row.since } },
}

function nameOf({ symbol, type }: Named): string {
  return `${type}/${symbol}`
}

function idOf(asset: string, what: What, against: string | null): string {
  return [asset, what, ...(against === null ? [] : [against])].join(' ')
}

// rule: payward.assets.disabled
export function isDisabled(asset: Named, what: What, world: World): boolean {
  return world.get(DisabledAssets, idOf(nameOf(asset), what, null)) !== undefined
}

/** Whether money comes, or goes, by this method. */
// rule: payward.methods.disabled
export function isStopped(method: Method, what: 'deposit' | 'withdraw', world: World): boolean {
  return (
    isDisabled(method, what, world) || world.get(DisabledAssets, idOf(`method/${method.id}`, what, null)) !== undefined
  )
}

/** The assets that this one is not swapped with, whichever of the two was named first. */
export function disabledAgainst(asset: Named, world: World): Named[] {
  if (world.size(DisabledAssets) === 0) return []
  const name = nameOf(asset)
  const others = world
    .list(DisabledAssets, 'all', '')
    .flatMap((row) =>
      row.against === null ? [] : row.asset === name ? row.against : row.against === name ? row.asset : [],
    )
  return ASSETS.filter((one) => others.includes(nameOf(one))).map(({ symbol, type }) => ({ symbol, type }))
}

/** Refuses a swap that is not done at the time. */
// rule: payward.quotes.disabled
export function checkSwap(from: Named, to: Named, world: World): void {
  const apart = disabledAgainst(from, world).some((one) => nameOf(one) === nameOf(to))
  if (apart || isDisabled(from, 'swap', world) || isDisabled(to, 'swap', world)) throw new Refusal('AssetDisabled')
}

const One = z.strictObject({ symbol: z.string(), type: z.enum(ASSET_TYPES) })
const Fields = z.strictObject({ ...One.shape, what: z.enum(WHAT), against: One.optional() })

function readFields({ against, what, ...asset }: z.output<typeof Fields>) {
  const [name, other] = [asset, against].map((one, index) => {
    if (one === undefined) return null
    if (ASSETS.some((known) => nameOf(known) === nameOf(one))) return nameOf(one)
    throw new ActionRefused(`Payward has no asset ${nameOf(one)}`, index === 0 ? 'symbol' : 'against')
  })
  if (other !== null && what !== 'swap') throw new ActionRefused('goes with swap only', 'against')
  if (other === name) throw new ActionRefused('must be another asset', 'against')
  return { id: idOf(name!, what, other!), asset: name!, what, against: other! }
}

const OfMethod = z.strictObject({ method_id: z.string().toLowerCase(), what: z.enum(['deposit', 'withdraw']) })

function readMethod({ method_id: id, what }: z.output<typeof OfMethod>) {
  if (!METHODS.some((method) => method.id === id))
    throw new ActionRefused(`Payward has no method ${id}: its lists of methods have them`, 'method_id')
  const asset = `method/${id}`
  return { id: idOf(asset, what, null), asset, what, against: null }
}

function enable<Row extends { readonly id: string }>(row: Row, world: World): Row {
  if (!world.get(DisabledAssets, row.id)) throw new ActionRefused('it is not disabled', 'what')
  world.remove(DisabledAssets, row.id)
  return row
}

export const assetActions: Readonly<Record<string, Action>> = {
  // rule: payward.assets.disabled
  'disable-asset': {
    says: 'Payward takes no deposits of an asset, pays none out, or does not swap it, at all or against another one.',
    fields: Fields,
    run: (fields, world: World) => world.put(DisabledAssets, { ...readFields(fields), since: world.now }),
  },
  'enable-asset': {
    says: 'Payward does again what disable-asset has stopped.',
    fields: Fields,
    run: (fields, world: World) => enable(readFields(fields), world),
  },
  // rule: payward.methods.disabled
  'disable-method': {
    says: 'Payward takes no deposits by a method, or pays none out by it: the other networks of the asset go on.',
    fields: OfMethod,
    run: (fields, world: World) => world.put(DisabledAssets, { ...readMethod(fields), since: world.now }),
  },
  'enable-method': {
    says: 'Payward does again what disable-method has stopped.',
    fields: OfMethod,
    run: (fields, world: World) => enable(readMethod(fields), world),
  },
}
