// Payment intents: an amount somebody is to pay in one of several assets, with addresses of its own. Every creation makes a new one.
import { type Answer, Refusal } from '../../provider.ts'
import type { World } from '../../world/world.ts'
import { assetOf } from './addresses.ts'
import { readAmount } from './amount.ts'
import { type Caller, NETWORKS, type Pair } from './catalogue.ts'
import { readExact, write } from './exact.ts'
import { ofCaller, page } from './pages.ts'
import { type IntentRow, Intents } from './tables.ts'
import { ok, time, uuidIn, type ZopayCall } from './wire.ts'

interface Input {
  readonly amount: unknown
  readonly currencies: readonly string[]
  readonly external_ref?: string | null
  readonly description?: string | null
  readonly metadata?: object
}

export function createPaymentIntent(call: ZopayCall, world: World): Answer {
  const input = readExact(call.text) as Input
  const { org, livemode, pairs } = call.caller
  // rule: zopay.intents.currencies
  const currencies = [...new Set(input.currencies.map(assetOf))]
  const expanded = currencies.map((asset) => activeNetworks(asset, pairs))
  // rule: zopay.intents.unsupported
  if (expanded.some((each) => each.length === 0)) throw new Refusal('unsupported_asset')

  // rule: zopay.intents.fresh, rule: zopay.intents.deterministic
  const seq = world.next('zopay.intents')
  const id = world
    .draw(
      'zopay',
      'intent',
      org,
      livemode ? 'live' : 'test',
      world.next(JSON.stringify(['zopay.intents', org, livemode])),
    )
    .uuid()
  const row: IntentRow = world.put(Intents, {
    id,
    seq,
    org,
    livemode,
    refCode: refCode(seq, world),
    status: 'pending',
    amount: (readAmount(input.amount) as { text: string }).text,
    currencies,
    // rule: zopay.intents.addresses
    addresses: expanded.flat().map(({ asset, network }) => ({
      asset,
      network,
      address: addressFor(id, call.caller, { asset, network }, world),
    })),
    // rule: zopay.intents.external-ref
    externalRef: input.external_ref ?? null,
    // rule: zopay.intents.description
    description: input.description ?? null,
    // rule: zopay.intents.metadata
    metadata: write(input.metadata ?? {}),
    createdAt: world.now,
    completedAt: null,
    completedBy: null,
  })
  call.note('address', 'intent: a separate address for each currency and network')
  for (const { asset, network, address } of row.addresses) {
    world.handOut({
      provider: 'zopay',
      account: org,
      user: row.externalRef,
      network,
      currency: asset,
      address,
      tag: null,
      reference: id,
    })
  }
  return ok(view(row))
}

/** The pairs of an asset that the organisation may use, by name of the network. */
// rule: zopay.intents.networks
function activeNetworks(asset: string, pairs: readonly Pair[]): Pair[] {
  return Object.keys(NETWORKS)
    .map((network) => ({ asset, network }))
    .filter((wanted) => pairs.some((pair) => pair.asset === asset && pair.network === wanted.network))
}

function addressFor(id: string, { org, livemode }: Caller, { asset, network }: Pair, world: World): string {
  return world.address({
    chain: NETWORKS[network]!.chain,
    name: ['zopay', org, ...(livemode ? ['live'] : []), 'intent', id, asset, network],
  })
}

const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const CODES = 32n ** 8n
/** Odd, so that multiplying by it visits every code before it meets one again. */
const STEP = 0x9e3779b97n

/** `ZP` and eight characters: no two intents of a world share one, and neighbours do not look alike. */
// rule: zopay.intents.ref-code
function refCode(seq: number, world: World): string {
  const start = BigInt(world.draw('zopay', 'ref-codes').below(2 ** 32))
  let rest = ((BigInt(seq) + start) * STEP) % CODES
  let code = ''
  for (let i = 0; i < 8; i++) {
    code = CROCKFORD[Number(rest % 32n)] + code
    rest /= 32n
  }
  return `ZP${code}`
}

export function getPaymentIntent(call: ZopayCall, world: World): Answer {
  return ok(view(intentOf(call, world)))
}

/** The intent that the path names, if it is the caller's. */
export function intentOf(call: ZopayCall, world: World): IntentRow {
  const id = uuidIn(call.params.payment_intent_id!)
  // rule: zopay.intents.malformed-id
  if (id === undefined) throw new Refusal('invalid_payment_intent_id')
  const row = world.get(Intents, id)
  // rule: zopay.intents.foreign, rule: zopay.tenancy.modes
  if (!row || row.org !== call.caller.org || row.livemode !== call.caller.livemode)
    throw new Refusal('payment_intent_not_found')
  return row
}

export function listPaymentIntents(call: ZopayCall, world: World): Answer {
  return page(call, { table: Intents, among: ofCaller(call), wanted: () => true, view }, world)
}

export function view(row: IntentRow): object {
  return {
    // rule: zopay.intents.shape
    id: row.id,
    object: 'payment_intent',
    ref_code: row.refCode,
    status: row.status,
    amount: row.amount,
    // rule: zopay.intents.primary
    currency: row.currencies[0],
    currencies: row.currencies,
    addresses: row.addresses,
    external_ref: row.externalRef,
    description: row.description,
    metadata: readExact(row.metadata),
    // rule: zopay.intents.payment-url
    payment_url: `https://pay.zopay.invalid/${row.refCode}`,
    livemode: row.livemode,
    created_at: time(row.createdAt),
    // rule: zopay.intents.never-expires
    expires_at: null,
    completed_at: row.completedAt === null ? null : time(row.completedAt),
  }
}
