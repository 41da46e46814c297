// Addresses for every network: checksum-valid, visibly fake, a function of the seed and of who they are for. Lightning is left to invoices.ts, the other
// ways to write an address to destinations.ts.
import { sha256 } from '@noble/hashes/sha2.js'
import { base32, base58, base58xrp, bech32, bech32m, createBase58check } from '@scure/base'
import { decodeCashAddress, encodeCashAddress } from 'ecashaddrjs'
import { createKeccak } from 'hash-wasm'
import { encodeAccountID, isValidClassicAddress } from 'ripple-address-codec'
import { draw, type Draw } from './draws.ts'

export type Chain =
  | 'bitcoin'
  | 'litecoin'
  | 'dogecoin'
  | 'bitcoin-cash'
  | 'evm'
  | 'tron'
  | 'solana'
  | 'xrp'
  | 'stellar'
  | 'cardano'

export interface AddressRequest {
  readonly chain: Chain
  readonly testnet?: boolean
  /** Who it is for, in the provider's own terms. */
  readonly name: readonly (string | number | null)[]
}

/** One network's way to write an address, and to tell one. `accepts` may throw where its codec does. */
interface Format {
  write(drawn: Draw, testnet: boolean): string
  accepts(text: string, testnet: boolean): boolean
}

/** The address of that name: drawn bytes, so nobody holds its key, under a prefix that reads as a fake. */
export function address(seed: string, request: AddressRequest): string {
  const testnet = request.testnet === true
  const drawn = draw(seed, ['address', request.chain, testnet ? 'testnet' : 'mainnet', ...request.name])
  return FORMATS[request.chain].write(drawn, testnet)
}

/** Whether the network's own software would pay to it. Case counts as it does there; blanks around it do not pass. */
export function isAddress(chain: Chain, text: string, testnet = false): boolean {
  // The longest real form has 108 characters; base58 takes time that grows with the square of the length.
  if (text.length > 128) return false
  try {
    return FORMATS[chain].accepts(text, testnet)
  } catch {
    return false
  }
}

/** Whether it is an address of the main network or of a test network: people's own wallets are on either. */
export function isAddressAnywhere(chain: Chain, text: string): boolean {
  return isAddress(chain, text) || isAddress(chain, text, true)
}

/** Bytes with four bytes of checksum behind them, as base58. */
export const base58check = createBase58check(sha256)

/** `fake` and `AFAKE` as 5-bit groups, of bech32's alphabet and of RFC 4648's. */
const FAKE_BECH32 = [9, 29, 22, 25]
const AFAKE_BASE32 = [0, 5, 0, 10, 4]

/** The bytes with some of their 5-bit groups replaced. */
function withGroups(bytes: Uint8Array, at: number, groups: readonly number[]): Uint8Array {
  const words = bech32.toWords(bytes)
  words.splice(at, groups.length, ...groups)
  return bech32.fromWords(words)
}

/**
 * The leading bytes, version included, of a base58 text that begins with `prefix`. They are read off a text from the middle of that range
 * (`W` is number 29 of 58 in both alphabets), and are just so many that the bytes after them cannot lead out of it.
 */
function leading(codec: typeof base58, prefix: string, length: number): Uint8Array {
  const bytes = codec.decode(prefix.padEnd(length, 'W'))
  const free = Math.floor(((length - prefix.length) * Math.log2(58) - 1.2) / 8)
  return bytes.slice(0, bytes.length - free)
}

/** The first bytes given, the rest drawn. */
function filled(first: Uint8Array, length: number, drawn: Draw): Uint8Array {
  const bytes = new Uint8Array(length)
  bytes.set(first)
  bytes.set(drawn.bytes(length - first.length), first.length)
  return bytes
}

/** Base58Check with one of these version bytes before 20 bytes of hash. */
function isHash160(text: string, versions: readonly number[]): boolean {
  const bytes = base58check.decode(text)
  return bytes.length === 21 && versions.includes(bytes[0]!)
}

/** BIP-173 and BIP-350: version 0 in bech32 with 20 or 32 bytes, versions 1 to 16 in bech32m with 2 to 40. */
function isWitness(words: readonly number[], variant: 'bech32' | 'bech32m'): boolean {
  const version = words[0]
  if (version === undefined || version > 16) return false
  if ((version === 0) !== (variant === 'bech32')) return false
  const size = bech32.fromWords(words.slice(1)).length
  return version === 0 ? size === 20 || size === 32 : size >= 2 && size <= 40
}

/** Bitcoin's and litecoin's: BIP-173 beside the older Base58Check. Writes P2WPKH. Each pair is main network, test network. */
function segwit(
  prefixes: readonly [string, string],
  versions: readonly [readonly number[], readonly number[]],
): Format {
  return {
    write: (drawn, testnet) =>
      bech32.encode(prefixes[testnet ? 1 : 0], [0, ...bech32.toWords(withGroups(drawn.bytes(20), 0, FAKE_BECH32))]),
    accepts: (text, testnet) => {
      const first = bech32.decodeUnsafe(text)
      const decoded = first ?? bech32m.decodeUnsafe(text)
      if (!decoded) return isHash160(text, versions[testnet ? 1 : 0])
      return decoded.prefix === prefixes[testnet ? 1 : 0] && isWitness(decoded.words, first ? 'bech32' : 'bech32m')
    },
  }
}

/** In WebAssembly: in JavaScript it would cost as much as all the rest of an allocation's own work. */
const keccak256 = await createKeccak(256)

const LOWER_A = 0x61
const UPPER_A = 0x41

/** EIP-55: a letter is upper case when the digit of the keccak at its place is 8 or more. Takes 40 hex digits in lower case. */
export function checksummed(hex: string): string {
  const text = Buffer.from(`0x${hex}`, 'latin1')
  const digits = text.subarray(2)
  const digest = keccak256.init().update(digits).digest('binary')
  for (let i = 0; i < 40; i++) {
    const nibble = i % 2 === 0 ? digest[i >> 1]! >> 4 : digest[i >> 1]! & 15
    if (nibble >= 8 && digits[i]! >= LOWER_A) digits[i]! -= LOWER_A - UPPER_A
  }
  return text.toString('latin1')
}

/** CRC-16/XMODEM (polynomial 0x1021, from 0, not reflected), as SEP-23 wants it; no installed package has it. */
export function crc16(bytes: Uint8Array): number {
  let crc = 0
  for (const byte of bytes) {
    crc ^= byte << 8
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : crc << 1
  }
  return crc
}

/** CIP-19's pointer: three numbers of 7-bit digits, the last digit of each without the top bit, and nothing after them. */
function isPointer(bytes: Uint8Array): boolean {
  return bytes.at(-1)! < 128 && bytes.filter((byte) => byte < 128).length === 3
}

const DOGE = leading(base58, 'DFake', 34)
const DOGE_TESTNET = leading(base58, 'naFake', 34)
const TRON = leading(base58, 'TFake', 34)
const SOLANA = leading(base58, 'Fake', 44)
const XRP = leading(base58xrp, 'rFake', 33)
const FA4E = 'fa4e'
const STELLAR_ACCOUNT = 6 << 3

/** The account of a public key, as StrKey writes it. */
export function stellarAccount(key: Uint8Array): string {
  const body = Uint8Array.of(STELLAR_ACCOUNT, ...key)
  const crc = crc16(body)
  return base32.encode(Uint8Array.of(...body, crc & 255, crc >> 8))
}

const FORMATS: Readonly<Record<Chain, Format>> = {
  // BIP-173, BIP-350; the versions of Base58Check as in Bitcoin Core's chainparams.
  bitcoin: segwit(
    ['bc', 'tb'],
    [
      [0x00, 0x05],
      [0x6f, 0xc4],
    ],
  ),

  // Litecoin Core's chainparams: P2SH has a version of its own beside the one shared with bitcoin.
  litecoin: segwit(
    ['ltc', 'tltc'],
    [
      [0x30, 0x32, 0x05],
      [0x6f, 0x3a, 0xc4],
    ],
  ),

  // Dogecoin Core's chainparams. A testnet address begins with n and a second character from U to s, so `nFake` is out of reach.
  dogecoin: {
    write: (drawn, testnet) => base58check.encode(filled(testnet ? DOGE_TESTNET : DOGE, 21, drawn)),
    accepts: (text, testnet) => isHash160(text, testnet ? [0x71, 0xc4] : [0x1e, 0x16]),
  },

  // Bitcoin Cash's CashAddr specification; CHIP-2022-05 has script hashes of 32 bytes. The old base58 form is bitcoin's own, so it is not taken here.
  'bitcoin-cash': {
    write: (drawn, testnet) =>
      encodeCashAddress(
        testnet ? 'bchtest' : 'bitcoincash',
        'p2pkh',
        withGroups(filled(new Uint8Array(1), 21, drawn), 2, FAKE_BECH32).slice(1),
      ),
    accepts: (text, testnet) => {
      const { prefix, type, hash } = decodeCashAddress(text)
      return (
        prefix === (testnet ? 'bchtest' : 'bitcoincash') &&
        (hash.length === 40 || (hash.length === 64 && type === 'p2sh'))
      )
    },
  },

  // EIP-55. Without any mixed case there is no checksum to hold it to.
  evm: {
    write: (drawn) => checksummed(`${FA4E}${drawn.hex(18)}`),
    accepts: (text) => {
      if (!/^0x[0-9a-fA-F]{40}$/.test(text)) return false
      const hex = text.slice(2)
      return hex === hex.toLowerCase() || hex === hex.toUpperCase() || text === checksummed(hex.toLowerCase())
    },
  },

  // TRON's documents, "Account": Base58Check of 0x41 and the last 20 bytes of a keccak.
  tron: {
    write: (drawn) => base58check.encode(filled(TRON, 21, drawn)),
    accepts: (text) => isHash160(text, [0x41]),
  },

  // Solana's documents, "Accounts": base58 of 32 bytes, no checksum.
  solana: {
    write: (drawn) => base58.encode(filled(SOLANA, 32, drawn)),
    accepts: (text) => text.length <= 44 && base58.decode(text).length === 32,
  },

  // XRPL's documents, "base58 Encodings": classic addresses, which know no test network.
  xrp: {
    write: (drawn) => encodeAccountID(filled(XRP, 21, drawn).slice(1)),
    accepts: (text) => isValidClassicAddress(text),
  },

  // SEP-23, StrKey: version, 32 bytes, CRC with its low byte first. Muxed (M…) and contract (C…) ones are no plain account.
  stellar: {
    write: (drawn) =>
      stellarAccount(withGroups(filled(Uint8Array.of(STELLAR_ACCOUNT), 33, drawn), 1, AFAKE_BASE32).subarray(1)),
    accepts: (text) => {
      const bytes = base32.decode(text)
      if (bytes.length !== 35 || bytes[0] !== STELLAR_ACCOUNT) return false
      return crc16(bytes.subarray(0, 33)) === (bytes[33]! | (bytes[34]! << 8))
    },
  },

  // CIP-19: header (type, network), then hashes of 28 bytes; bech32 without its length limit. Writes a base address of two keys.
  cardano: {
    write: (drawn, testnet) => {
      const bytes = withGroups(filled(Uint8Array.of(testnet ? 0 : 1), 57, drawn), 2, FAKE_BECH32)
      return bech32.encode(testnet ? 'addr_test' : 'addr', bech32.toWords(bytes), false)
    },
    accepts: (text, testnet) => {
      const { prefix, words } = bech32.decode(text as `${string}1${string}`, false)
      const bytes = bech32.fromWords(words)
      const type = bytes[0]! >> 4
      if (prefix !== (testnet ? 'addr_test' : 'addr') || (bytes[0]! & 15) !== (testnet ? 0 : 1)) return false
      if (type < 4) return bytes.length === 57
      if (type < 6) return bytes.length > 29 && isPointer(bytes.subarray(29))
      return type < 8 && bytes.length === 29
    },
  },
}
