// Deposit addresses: every call creates a new one, distinguished from others of the same customer by its id.
import { z } from 'zod'
import { type Answer, gate, Refusal } from '../../provider.ts'
import { Count, Digits, Moment, oneOf, Text } from '../../world/rows.ts'
import type { Table } from '../../world/tables.ts'
import type { World } from '../../world/world.ts'
import { CURRENCIES, type Currency, FIAT, type Settings } from './catalogue.ts'
import { bodyOf, type FieldErrors, fieldErrors, forgive, isBlank, unknownChoice } from './fields.ts'
import { invoiceFor, judgeAmount, LIGHTNING } from './lightning.ts'
import type { AlphapoCall } from './wire.ts'

export interface AddressRow {
  readonly id: number
  readonly merchant: string
  readonly currency: string
  readonly convertTo: string | null
  readonly address: string
  /** Decimal digits. */
  readonly tag: string | null
  readonly foreignId: string
  readonly reference: string | null
  /** What an invoice is over, hundred-millionths; null: an address takes any amount. */
  readonly invoiced: string | null
  /** World ms. */
  readonly createdAt: number
}

export const Addresses: Table<AddressRow> = {
  name: 'alphapo.addresses',
  key: (row) => String(row.id),
  schema: z.strictObject({
    id: Count,
    merchant: Text,
    currency: oneOf([...CURRENCIES.keys()]),
    convertTo: oneOf([...CURRENCIES.keys(), ...FIAT]).nullable(),
    address: Text,
    tag: Digits.nullable(),
    foreignId: Text,
    reference: Text.nullable(),
    invoiced: Digits.nullable(),
    createdAt: Moment,
  }),
  indexes: {
    alike: { group: (row) => alike(row), order: (row) => row.id, early: true },
    tagged: {
      group: (row) => (row.tag === null ? undefined : JSON.stringify([row.address, row.tag])),
      order: (row) => row.id,
    },
  },
}

/** What two wishes must share to be the same one, where a repeat gets the same address. */
function alike({
  merchant,
  currency,
  convertTo,
  foreignId,
}: Pick<AddressRow, 'merchant' | 'currency' | 'convertTo' | 'foreignId'>): string {
  return JSON.stringify([merchant, currency, convertTo, foreignId])
}

const FIELDS = ['currency', 'foreign_id', 'end_user_reference', 'convert_to', 'amount']

/** Clients keep ids and tags in 32 bits, signed. */
const INT32_MAX = 2 ** 31 - 1
const FIRST_ID = 900_001
const FIRST_TAG = 100_000_000

/** The id of the next address, whoever it belongs to. Only inside a change. */
export function nextAddress(world: World): number {
  return FIRST_ID - 1 + world.next('alphapo.addresses')
}

type Input = ReturnType<typeof inputOf>

/** The fields of a legal body; others are ignored. */
// rule: alphapo.content.extra
function inputOf(call: AlphapoCall) {
  const { currency, foreign_id: foreignId, end_user_reference: reference, convert_to: convertTo, amount } = bodyOf(call)
  return {
    currency: currency as string,
    // rule: alphapo.take.integer-ids
    foreignId: String(foreignId),
    reference: isBlank(reference) ? null : String(reference),
    // rule: alphapo.take.null-optional
    convertTo: isBlank(convertTo) ? null : (convertTo as string),
    amount: amount as number | string | null | undefined,
  }
}

/** The last gate of takeAddress: all invalid fields are reported at once. */
export const fieldsValid = gate('fields_valid', 'fieldsValid', (call: AlphapoCall, world: World): void => {
  const body = bodyOf(call)
  const errors = fieldErrors(call.problems)
  forgive(errors, body, world)
  // rule: alphapo.take.currency-unknown
  if (!errors.has('currency') && !CURRENCIES.has(body.currency)) errors.set('currency', unknownChoice('currency'))
  // rule: alphapo.take.convert-to-unknown
  if (!errors.has('convert_to') && !isBlank(body.convert_to) && !convertible(body.currency, body.convert_to))
    errors.set('convert_to', unknownChoice('convert_to'))
  // rule: alphapo.take.amount-ignored
  if (body.currency === LIGHTNING) judgeAmount(body.amount, errors)
  if (errors.size === 0) return
  const told = FIELDS.filter((field) => errors.has(field)).map((field) => [field, errors.get(field)!])
  throw new Refusal('invalid_request', { errors: Object.fromEntries(told) }, hint(body, errors))
})

function convertible(currency: unknown, into: string): boolean {
  return into !== currency && (CURRENCIES.has(into) || FIAT.includes(into))
}

function hint(body: any, errors: FieldErrors): string | undefined {
  if (errors.has('currency') && typeof body.currency === 'string') {
    const upper = body.currency.trim().toUpperCase()
    return CURRENCIES.has(upper)
      ? `codes are upper case and without blanks: ${upper}`
      : `known currencies: ${[...CURRENCIES.keys()].join(', ')}`
  }
  const imprecise = [body.foreign_id, body.end_user_reference].some(
    (value) => typeof value === 'number' && !Number.isSafeInteger(value),
  )
  return imprecise ? 'only whole numbers up to 2^53 survive JSON; send an id as a string' : undefined
}

export function takeAddress(call: AlphapoCall, world: World): Answer {
  // rule: alphapo.auth.keys
  const { merchant } = call.caller
  const input = inputOf(call)
  const currency = CURRENCIES.get(input.currency)!
  // rule: alphapo.take.currency-not-enabled
  const enabled = world.settings<Settings>('alphapo').merchants[merchant]!.currencies
  if (enabled && !enabled.includes(input.currency)) throw new Refusal('forbidden_currency')

  const asked = { merchant, currency: input.currency, convertTo: input.convertTo, foreignId: input.foreignId }
  const row = known(call, asked, world) ?? take(call, currency, asked, input, world)
  world.handOut({
    provider: 'alphapo',
    account: merchant,
    user: row.foreignId,
    network: currency.network,
    currency: row.currency,
    address: row.address,
    tag: row.tag,
    reference: String(row.id),
  })
  return created(row, world)
}

type Asked = Pick<AddressRow, 'merchant' | 'currency' | 'convertTo' | 'foreignId'>

/** The existing address for the same request, if the switch says so. An invoice takes one payment, so it is never reused. */
// rule: alphapo.take.repeat
function known(call: AlphapoCall, asked: Asked, world: World): AddressRow | undefined {
  call.because('alphapo.take.repeat')
  if (world.assumes('alphapo.take.repeat') !== 'same-address' || asked.currency === LIGHTNING) return undefined
  const row = world.first(Addresses, 'alike', alike(asked))
  if (row)
    call.note(
      'address',
      `existing: the address of ${new Date(row.createdAt).toISOString()} for the same foreign_id, currency and convert_to`,
    )
  return row
}

function take(
  call: AlphapoCall,
  currency: Currency,
  asked: Asked,
  { reference, amount }: Input,
  world: World,
): AddressRow {
  // rule: alphapo.take.id
  const id = nextAddress(world)
  const { merchant, convertTo, foreignId } = asked
  const { address, tag, invoiced } = place(call, currency, asked, amount, world)
  return world.put(Addresses, {
    id,
    merchant,
    currency: asked.currency,
    convertTo,
    address,
    tag,
    foreignId,
    reference,
    invoiced,
    createdAt: world.now,
  })
}

/** A new place to pay to: an address of its own, a tag at the merchant's address, or an invoice. */
function place(call: AlphapoCall, currency: Currency, asked: Asked, amount: Input['amount'], world: World) {
  const { merchant, foreignId } = asked
  const before = world.next(JSON.stringify(['alphapo.taken', merchant, currency.currency, foreignId])) - 1
  call.note('address', `new: ${before} earlier for this foreign_id and currency`)
  const name = ['alphapo', merchant, currency.currency, foreignId, before]
  if (currency.chain === undefined) return { ...invoiceFor(amount!, name, world), tag: null }
  const { testnet } = world.settings<Settings>('alphapo')
  // rule: alphapo.take.address
  if (!currency.tagged)
    return { address: world.address({ chain: currency.chain, testnet, name }), tag: null, invoiced: null }
  // rule: alphapo.take.tag
  const address = world.address({ chain: currency.chain, testnet, name: ['alphapo', merchant, currency.currency] })
  return { address, tag: freeTag(address, name, world), invoiced: null }
}

/** A tag that is unique at this address; it depends on the name alone, unless two names draw the same tag. */
function freeTag(address: string, name: readonly (string | number)[], world: World): string {
  for (let attempt = 0; ; attempt++) {
    const tag = String(FIRST_TAG + world.draw('alphapo', 'tag', ...name, attempt).below(INT32_MAX - FIRST_TAG))
    if (!world.first(Addresses, 'tagged', JSON.stringify([address, tag]))) return tag
  }
}

// rule: alphapo.take.created, rule: alphapo.take.echo
function created(row: AddressRow, world: World): Answer {
  // rule: alphapo.take.tag-type
  const tag = row.tag !== null && world.assumes('alphapo.take.tag-type') === 'number' ? Number(row.tag) : row.tag
  return {
    status: 201,
    body: {
      data: {
        id: row.id,
        currency: row.currency,
        // rule: alphapo.take.convert-to-echo
        convert_to: row.convertTo ?? undefined,
        address: row.address,
        tag,
        foreign_id: row.foreignId,
        end_user_reference: row.reference ?? undefined,
      },
    },
  }
}
