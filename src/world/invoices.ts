// Lightning invoices (BOLT 11): well-formed, signed, visibly fake. They are apart from addresses.ts because the curve takes time to import.
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { bech32 } from '@scure/base'
import { draw } from './draws.ts'

export interface InvoiceRequest {
  readonly testnet?: boolean
  /** In thousandths of a satoshi; left out, the payer chooses. */
  readonly amountMsat?: bigint
  readonly createdAtMs: number
  readonly expirySeconds: number
  readonly description: string
  /** What it is for, in the provider's own terms. */
  readonly name: readonly (string | number | null)[]
}

/** BOLT 11's tagged fields, by the 5-bit value of their letter. */
const TAG = {
  payment_hash: 1,
  features: 5,
  expiry: 6,
  description: 13,
  payment_secret: 16,
  description_hash: 23,
  min_final_cltv_expiry_delta: 24,
}

/** Feature bits 8 (var_onion_optin) and 14 (payment_secret), both required, as in BOLT 11's own examples. */
const FEATURES = [16, 8, 0]
const MIN_FINAL_CLTV_EXPIRY_DELTA = 80

/** A field's length is two 5-bit words, so it holds 1023 of them: 639 bytes. */
const LONGEST_DESCRIPTION = 639

/** The `fake` that can be read in the invoice's text: the first four 5-bit groups of its payment secret. */
const FAKE = [9, 29, 22, 25]

/** Multipliers of an amount and the thousandths of a satoshi in one of them, largest first; below a nano-bitcoin see `humanAmount`. */
const MULTIPLIERS: readonly (readonly [string, bigint])[] = [
  ['', 100_000_000_000n],
  ['m', 100_000_000n],
  ['u', 100_000n],
  ['n', 100n],
]

/** Whether an invoice can say that it was made then: its time has 35 bits of seconds, from 1970 until 3058. */
export function canTell(createdAtMs: number): boolean {
  return createdAtMs >= 0 && createdAtMs < 2 ** 35 * 1000
}

/**
 * An invoice that wallets can read and nobody can pay: no preimage of its payment hash, which begins with `fa4e`, is known. One made-up node a
 * seed and network signs them all, as a provider's own would.
 */
export function invoice(seed: string, request: InvoiceRequest): string {
  const createdAt = Math.floor(request.createdAtMs / 1000)
  if (!canTell(request.createdAtMs)) throw new RangeError("An invoice's time has 35 bits of seconds")
  if (!(Number.isSafeInteger(request.expirySeconds) && request.expirySeconds >= 0))
    throw new RangeError('An invoice expires after whole seconds')
  if (request.amountMsat !== undefined && request.amountMsat < 1n)
    throw new RangeError("An invoice's amount is above zero")

  const network = request.testnet === true ? 'testnet' : 'mainnet'
  const drawn = draw(seed, ['invoice', network, ...request.name])
  const hash = Uint8Array.of(0xfa, 0x4e, ...drawn.bytes(30))
  const secret = bech32.toWords(drawn.bytes(32))
  secret.splice(0, FAKE.length, ...FAKE)

  const prefix = `ln${network === 'testnet' ? 'tb' : 'bc'}${request.amountMsat === undefined ? '' : humanAmount(request.amountMsat)}`
  const words = [
    ...digits(createdAt, 7),
    ...field(TAG.payment_secret, secret),
    ...field(TAG.payment_hash, bech32.toWords(hash)),
    ...describedBy(request.description),
    ...field(TAG.expiry, digits(request.expirySeconds, 1)),
    ...field(TAG.min_final_cltv_expiry_delta, digits(MIN_FINAL_CLTV_EXPIRY_DELTA, 1)),
    ...field(TAG.features, FEATURES),
  ]
  return bech32.encode(prefix, [...words, ...bech32.toWords(signature(seed, network, prefix, words))], false)
}

/** The shortest way to write it, as BOLT 11 demands. A pico-bitcoin is a tenth of the smallest amount, hence the zero. */
function humanAmount(msat: bigint): string {
  for (const [letter, size] of MULTIPLIERS) {
    if (msat % size === 0n) return `${msat / size}${letter}`
  }
  return `${msat}0p`
}

/** The number in 5-bit words, the most significant first. */
function digits(value: number, atLeast: number): number[] {
  const words: number[] = []
  for (let rest = value; rest > 0 || words.length < atLeast; rest = Math.floor(rest / 32)) words.unshift(rest % 32)
  return words
}

function field(tag: number, words: readonly number[]): number[] {
  return [tag, words.length >> 5, words.length & 31, ...words]
}

/** The text itself, or its hash where it is too long for a field. */
function describedBy(text: string): number[] {
  const bytes = Buffer.from(text, 'utf8')
  return bytes.length <= LONGEST_DESCRIPTION
    ? field(TAG.description, bech32.toWords(bytes))
    : field(TAG.description_hash, bech32.toWords(sha256(bytes)))
}

/** Signed is the prefix and the words, these filled up with zero bits to whole bytes. The public key's parity goes last. */
function signature(seed: string, network: string, prefix: string, words: readonly number[]): Uint8Array {
  const whole = [...words, ...Array<number>(-words.length & 7).fill(0)]
  const data = bech32.fromWords(whole).subarray(0, Math.ceil((words.length * 5) / 8))
  const digest = sha256(Buffer.concat([Buffer.from(prefix, 'latin1'), data]))
  const key = secp256k1.utils.randomSecretKey(draw(seed, ['lightning node', network]).bytes(48))
  const [recovery, ...rs] = secp256k1.sign(digest, key, { prehash: false, format: 'recovered' })
  return Uint8Array.of(...rs, recovery!)
}
