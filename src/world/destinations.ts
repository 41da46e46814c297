// The notations of an address that wallets accept, with the tag and the network they may contain. The spelling
// in which an address is allocated is left to addresses.ts, valid tags to tags.ts.
import { base32, bech32, bech32m } from '@scure/base'
import { decodeCashAddress, encodeCashAddress } from 'ecashaddrjs'
import { decodeXAddress, encodeAccountID } from 'ripple-address-codec'
import {
  base58check,
  type Chain,
  checksummed,
  crc16,
  isAddress,
  isAddressAnywhere,
  stellarAccount,
} from './addresses.ts'
import type { NetworkName } from './networks.ts'
import { plainTag, sameTag } from './tags.ts'
import { HandOuts, type World } from './world.ts'

/** What a notation names. */
export interface Destination {
  /** Every spelling that may have been allocated, the likeliest first. */
  readonly spellings: readonly string[]
  /** The tag in the notation; undefined: it has none. */
  readonly tag?: string | undefined
  /** The network, if the notation names one. */
  readonly on?: NetworkName | undefined
  readonly testnet?: boolean | undefined
}

/** A notation that no wallet accepts, or that contradicts itself; the message is a sentence for the person who wrote it. */
export class NoDestination extends Error {}

// rule: sandgate.addresses.case, rule: sandgate.addresses.notation
/** Reads a notation. A text that none of the known networks has is its own spelling. Throws `NoDestination`. */
export function readDestination(written: string): Destination {
  const text = written.trim()
  const [, scheme, rest] = /^([a-z][a-z0-9+.-]*):(?:\/\/)?(.*)$/is.exec(text) ?? []
  const reader = scheme === undefined ? undefined : SCHEMES.get(scheme.toLowerCase())
  if (reader) return reader(rest!, text)
  return bare(text) ?? spelled(isOneCase(text) ? text.toLowerCase() : text)
}

/** A notation, and the allocated address it names. */
export interface Found {
  readonly destination: Destination
  /** The spelling in which it was allocated; the likeliest one if it was not. */
  readonly address: string
}

/** Looks a notation up among the allocated addresses. Throws `NoDestination`. */
export function findDestination(written: string, world: World): Found {
  const destination = readDestination(written)
  const { spellings } = destination
  return { destination, address: spellings.find((text) => world.first(HandOuts, 'byAddress', text)) ?? spellings[0]! }
}

/** The tag of a payment: the one that is given and the one inside of the notation must be the same. Null and undefined: none is given. */
export function tagOf({ tag }: Destination, given: string | null | undefined): string | null | undefined {
  if (tag === undefined) return given
  if (given === undefined || sameTag(tag, given)) return tag
  throw new NoDestination(
    `tag: ${given === null ? 'none' : JSON.stringify(given)} is given, but the address contains the tag ${tag}; give only one of them`,
  )
}

/** Why a deposit on this network cannot go to this address; undefined: it can. */
export function destinationMismatch(
  { on, testnet }: Destination,
  asset: { readonly on: NetworkName; readonly testnet?: boolean | undefined },
): string | undefined {
  const test = asset.testnet ?? false
  if (on !== undefined && on !== asset.on)
    return `address: it names the network ${on}, but the deposit is on ${asset.on}; set network, or give the plain address`
  if (testnet === undefined || testnet === test) return undefined
  return `address: it is in ${testnet ? 'testnet' : 'mainnet'} format, but this address was allocated on ${test ? 'a testnet' : 'mainnet'}`
}

/** What has notations of its own: chains, Lightning, whose addresses are invoices, and the older form that several chains share. */
type Kind = Chain | 'lightning' | 'legacy'

/** The first of these that takes the text for its own, with or without parameters behind it. */
function bare(text: string, kinds: readonly Kind[] = KINDS): Destination | undefined {
  const [place = '', parameters] = text.split('?', 2)
  for (const kind of kinds) {
    const destination = read(kind, place)
    if (destination)
      return parameters === undefined ? destination : withParameters(destination, new URLSearchParams(parameters))
  }
  return undefined
}

function read(kind: Kind, place: string): Destination | undefined {
  // The longest real form of an address has 108 characters.
  if (place.length > 128 && kind !== 'lightning') return undefined
  try {
    return NOTATIONS[kind](place)
  } catch {
    return undefined
  }
}

const spelled = (...spellings: string[]): Destination => ({ spellings })

/** Every way to write an address, by kind. Each may throw where its codec does. */
const NOTATIONS: Readonly<Record<Kind, (text: string) => Destination | undefined>> = {
  bitcoin: (text) => (isAddressAnywhere('bitcoin', text) ? segwitOrHash(text) : undefined),
  litecoin: (text) => (isAddressAnywhere('litecoin', text) ? segwitOrHash(text) : undefined),
  dogecoin: (text) => (isAddressAnywhere('dogecoin', text) ? spelled(text) : undefined),
  'bitcoin-cash': cash,
  legacy,
  lightning: (text) =>
    /^ln/i.test(text) && bech32.decodeUnsafe(text, false) ? spelled(text.toLowerCase()) : undefined,
  evm: (text) => (/^(0x)?[0-9a-f]{40}$/i.test(text) ? evm(text.slice(-40).toLowerCase()) : undefined),
  tron: (text) => {
    // TRON's documents, "Account": the same 21 bytes in hex.
    if (/^(0x)?41[0-9a-f]{40}$/i.test(text)) return spelled(base58check.encode(Buffer.from(text.slice(-42), 'hex')))
    return isAddress('tron', text) ? spelled(text) : undefined
  },
  solana: (text) => (isAddress('solana', text) ? spelled(text) : undefined),
  xrp: (text) => {
    if (isAddress('xrp', text)) return spelled(text)
    // XLS-5: account, tag and network in one.
    const { accountId, tag, test } = decodeXAddress(text)
    return { ...spelled(encodeAccountID(accountId)), testnet: test, tag: tag === false ? undefined : String(tag) }
  },
  stellar: (text) => (isAddress('stellar', text) ? spelled(text) : muxed(text)),
  cardano: (text) => (isAddressAnywhere('cardano', text) ? spelled(text.toLowerCase()) : undefined),
}

const KINDS: readonly Kind[] = [
  'evm',
  'tron',
  'bitcoin',
  'litecoin',
  'bitcoin-cash',
  'legacy',
  'dogecoin',
  'xrp',
  'stellar',
  'cardano',
  'lightning',
  'solana',
]

function isOneCase(text: string): boolean {
  return Boolean(bech32.decodeUnsafe(text, false) || bech32m.decodeUnsafe(text, false))
}

/** Segregated witness is lower or upper case, never mixed. */
function segwitOrHash(text: string): Destination | undefined {
  return isOneCase(text) ? spelled(text.toLowerCase()) : (legacy(text) ?? spelled(text))
}

function evm(hex: string): Destination {
  return spelled(checksummed(hex), `0x${hex}`)
}

/** The hashes that bitcoin, litecoin and bitcoin cash write alike, with the versions of Base58Check for each. */
const HASHES = [
  // Bitcoin's, which bitcoin cash took over, and Copay's for bitcoin cash.
  { type: 'p2pkh', prefix: 'bitcoincash', versions: [0x00, 0x1c] },
  { type: 'p2pkh', prefix: 'bchtest', versions: [0x6f] },
  // The same, and litecoin's of its own.
  { type: 'p2sh', prefix: 'bitcoincash', versions: [0x05, 0x32, 0x28] },
  { type: 'p2sh', prefix: 'bchtest', versions: [0xc4, 0x3a] },
] as const

/** Base58Check of a hash, in every way to write it: which chain is meant shows in what was handed out. */
function legacy(text: string): Destination | undefined {
  const bytes = base58check.decode(text)
  const group =
    bytes.length === 21 ? HASHES.find(({ versions }) => (versions as readonly number[]).includes(bytes[0]!)) : undefined
  return group && spelled(...new Set([text, ...spellingsOf(group, bytes.subarray(1))]))
}

function spellingsOf({ type, prefix, versions }: (typeof HASHES)[number], hash: Uint8Array): string[] {
  return [
    encodeCashAddress(prefix, type, hash),
    ...versions.map((version) => base58check.encode(Uint8Array.of(version, ...hash))),
  ]
}

/** CashAddr may leave its prefix out. */
function cash(text: string): Destination | undefined {
  if (!isAddressAnywhere('bitcoin-cash', text)) return undefined
  const { prefix, type, hash } = decodeCashAddress(text)
  const bytes = Buffer.from(hash, 'hex')
  const group = bytes.length === 20 ? HASHES.find((one) => one.type === type && one.prefix === prefix) : undefined
  return group ? spelled(...spellingsOf(group, bytes)) : spelled(encodeCashAddress(prefix, type, bytes))
}

const STELLAR_MUXED = 12 << 3

/** SEP-23: version, the key of the account, the id as eight bytes, CRC. */
function muxed(text: string): Destination | undefined {
  const bytes = base32.decode(`${text}${'='.repeat((8 - (text.length % 8)) % 8)}`)
  if (
    bytes.length !== 43 ||
    bytes[0] !== STELLAR_MUXED ||
    crc16(bytes.subarray(0, 41)) !== (bytes[41]! | (bytes[42]! << 8))
  )
    return undefined
  return { ...spelled(stellarAccount(bytes.subarray(1, 33))), tag: Buffer.from(bytes).readBigUInt64BE(33).toString() }
}

const TAG_PARAMETERS = ['dt', 'tag', 'destinationtag', 'destination_tag', 'memo', 'memoid', 'memo_id']

// rule: sandgate.addresses.uri
/** What stands behind the question mark of a payment URI; amounts and words for people are the payer's own affair. */
function withParameters(destination: Destination, parameters: URLSearchParams): Destination {
  for (const [name, value] of parameters) {
    const known = name.toLowerCase()
    if (known.startsWith('req-'))
      throw new NoDestination(
        `address: the URI requires the unknown parameter "${name}"; wallets refuse such a URI too`,
      )
    if (known === 'memo_type' && /HASH|RETURN/i.test(value))
      throw new NoDestination(`address: memo type ${value} is not supported; providers use numeric memos`)
    if (TAG_PARAMETERS.includes(known) && hasTags(destination))
      destination = { ...destination, tag: tagOf(destination, plainTag(value))! }
  }
  return destination
}

/** On other chains a memo is for people. */
function hasTags({ spellings: [first = ''] }: Destination): boolean {
  return isAddress('xrp', first) || isAddress('stellar', first)
}

/** The EVM's networks: chain id, short name (ERC-3770), ours. */
const EVM: readonly (readonly [id: string, name: string, on: NetworkName, testnet: boolean])[] = [
  ['1', 'eth', 'ethereum', false],
  ['56', 'bnb', 'bsc', false],
  ['137', 'matic', 'polygon', false],
  ['137', 'pol', 'polygon', false],
  ['43114', 'avax', 'avalanche', false],
  ['42161', 'arb1', 'arbitrum', false],
  ['10', 'oeth', 'optimism', false],
  ['8453', 'base', 'base', false],
  ['11155111', 'sep', 'ethereum', true],
  ['97', 'bnbt', 'bsc', true],
  ['80002', 'polygonamoy', 'polygon', true],
  ['43113', 'fuji', 'avalanche', true],
  ['421614', 'arb-sep', 'arbitrum', true],
  ['11155420', 'opsep', 'optimism', true],
  ['84532', 'basesep', 'base', true],
]

function onEvm(chain: string, place: string, written: string): Destination {
  const [, , on, testnet] = EVM.find(([id, name]) => chain === id || chain === name) ?? []
  if (on === undefined)
    throw new NoDestination(
      `address: "${written}" names the unknown chain ${chain}; known chains: ${EVM.map(([id, name]) => `${id} (${name})`).join(', ')}`,
    )
  return { ...only(place, ['evm'], written), on, testnet }
}

/** The notation behind a scheme, which must be one of these. */
function only(place: string, kinds: readonly Kind[], written: string): Destination {
  const destination = bare(place, kinds)
  if (!destination) throw new NoDestination(`address: "${written}" contains no address of ${kinds.join(' or ')}`)
  return destination
}

// rule: sandgate.addresses.uri
/** EIP-681: a payment of ether, or the transfer of a token, where the address is a parameter. */
function ethereum(rest: string, written: string): Destination {
  const [, target = '', chain, call, parameters] =
    /^(?:pay-)?([^@/?]*)(?:@([^/?]*))?(?:\/([^?]*))?(?:\?(.*))?$/s.exec(rest) ?? []
  if (call !== undefined && call !== 'transfer')
    throw new NoDestination(`address: "${written}" calls ${call}, which is not a payment to an address`)
  const place = call === undefined ? target : (new URLSearchParams(parameters).get('address') ?? '')
  return chain === undefined
    ? only(place, ['evm'], written)
    : onEvm(/^0x[0-9a-f]+$/i.test(chain) ? String(Number(chain)) : chain, place, written)
}

/** BIP-21, with BIP-321's invoice beside the address, or instead of it. */
function bitcoin(rest: string, written: string): Destination {
  const [place = '', parameters] = rest.split('?', 2)
  const invoice = new URLSearchParams(parameters?.toLowerCase()).get('lightning')
  const spellings = invoice === null ? [] : only(invoice, ['lightning'], written).spellings
  if (place === '' && invoice !== null) return { spellings }
  const destination = only(rest, ['bitcoin'], written)
  return { ...destination, spellings: [...destination.spellings, ...spellings] }
}

/** SEP-7: the payment is in the parameters. */
function stellar(rest: string, written: string): Destination {
  if (!/^pay\?/i.test(rest)) return only(rest, ['stellar'], written)
  const parameters = new URLSearchParams(rest.slice('pay?'.length))
  return withParameters(only(parameters.get('destination') ?? '', ['stellar'], written), parameters)
}

/** The prefix of CashAddr is its scheme too, and stands in front of the older form as well. */
function prefixed(prefix: string): (rest: string, written: string) => Destination {
  return (rest, written) => {
    const destination = bare(written, ['bitcoin-cash']) ?? bare(rest, ['legacy'])
    return destination?.spellings.some((text) => text.startsWith(prefix)) ? destination : spelled(written)
  }
}

const of = (kind: Kind) => (rest: string, written: string) => only(rest, [kind], written)

/** By the scheme in front of the colon. */
const SCHEMES: ReadonlyMap<string, (rest: string, written: string) => Destination> = new Map([
  ['bitcoin', bitcoin],
  ['lightning', of('lightning')],
  ['litecoin', of('litecoin')],
  ['dogecoin', of('dogecoin')],
  ['doge', of('dogecoin')],
  ['bitcoincash', prefixed('bitcoincash')],
  ['bchtest', prefixed('bchtest')],
  ['ethereum', ethereum],
  ['eip155', (rest, written) => onEvm(rest.split(':')[0]!, rest.slice(rest.indexOf(':') + 1), written)],
  ...EVM.map(([, name]) => [name, (rest: string, written: string) => onEvm(name, rest, written)] as const),
  ['tron', of('tron')],
  ['solana', of('solana')],
  ['ripple', of('xrp')],
  ['xrp', of('xrp')],
  ['xrpl', of('xrp')],
  ['stellar', stellar],
  ['web+stellar', stellar],
  ['cardano', of('cardano')],
  ['web+cardano', of('cardano')],
])
