// Addresses and invoices, held to their networks' rules by other means than the code that writes them: checksums are computed anew from the
// published definitions, signatures are verified by node:crypto, and the documents' own examples are taken or refused as they say.
import { createHash, createPublicKey, verify } from 'node:crypto'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import fc from 'fast-check'
import { decode } from 'light-bolt11-decoder'
import { expect, test } from 'vitest'
import { address, isAddress, type Chain } from '../src/world/addresses.ts'
import { invoice, type InvoiceRequest } from '../src/world/invoices.ts'

const BECH32 = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'
const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
const BASE58_XRP = 'rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz'
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

const sha256 = (data: Uint8Array): Buffer => createHash('sha256').update(data).digest()

/** A text in an alphabet of 32, as bits. */
const bitsOf = (alphabet: string, text: string): string =>
  [...text].map((c) => alphabet.indexOf(c).toString(2).padStart(5, '0')).join('')

/** BIP-173's reference checksum: 1 for bech32, 0x2bc830a3 for bech32m. */
function bech32Residue(text: string): number {
  const at = text.lastIndexOf('1')
  const hrp = [...text.slice(0, at)].map((c) => c.charCodeAt(0))
  const values = [
    ...hrp.map((c) => c >> 5),
    0,
    ...hrp.map((c) => c & 31),
    ...[...text.slice(at + 1)].map((c) => BECH32.indexOf(c)),
  ]
  let residue = 1
  for (const value of values) {
    const top = residue >> 25
    residue = ((residue & 0x1ffffff) << 5) ^ value
    for (const [i, g] of [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3].entries())
      if ((top >> i) & 1) residue ^= g
  }
  return residue
}

/** The payload of a bech32 text, by its bits. */
function bech32Payload(text: string, skip: number): Buffer {
  const bits = bitsOf(BECH32, text.slice(text.lastIndexOf('1') + 1 + skip, -6))
  const whole = bits.slice(0, bits.length - (bits.length % 8))
  expect(bits.slice(whole.length)).toMatch(/^0*$/)
  return Buffer.from(whole.match(/.{8}/g)!.map((byte) => parseInt(byte, 2)))
}

/** CashAddr's reference checksum: 0 when it holds. */
function cashResidue(text: string): bigint {
  const [prefix, payload] = text.split(':')
  let residue = 1n
  for (const value of [
    ...[...prefix!].map((c) => c.charCodeAt(0) & 31),
    0,
    ...[...payload!].map((c) => BECH32.indexOf(c)),
  ]) {
    const top = residue >> 35n
    residue = ((residue & 0x07ffffffffn) << 5n) ^ BigInt(value)
    for (const [i, g] of [0x98f2bc8e61n, 0x79b76d99e2n, 0xf33e5fb3c4n, 0xae2eabe2a8n, 0x1e4f43e470n].entries())
      if ((top >> BigInt(i)) & 1n) residue ^= g
  }
  return residue ^ 1n
}

/** Base58 by plain arithmetic. */
function base58Bytes(alphabet: string, text: string): Buffer {
  let value = 0n
  for (const c of text) value = value * 58n + BigInt(alphabet.indexOf(c))
  const zeros = text.match(new RegExp(`^${alphabet[0]}*`))![0].length
  const hex = value === 0n ? '' : value.toString(16)
  return Buffer.concat([Buffer.alloc(zeros), Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex')])
}

function base58Text(bytes: Uint8Array): string {
  let text = ''
  for (let value = BigInt(`0x${Buffer.from(bytes).toString('hex')}`); value > 0n; value /= 58n)
    text = BASE58[Number(value % 58n)]! + text
  return '1'.repeat(bytes.findIndex((byte) => byte !== 0)) + text
}

function expectBase58Check(alphabet: string, text: string, version: number): void {
  const bytes = base58Bytes(alphabet, text)
  expect(bytes.length).toBe(25)
  expect(bytes[0]).toBe(version)
  expect(sha256(sha256(bytes.subarray(0, 21))).subarray(0, 4)).toEqual(bytes.subarray(21))
}

/** CRC-16/XMODEM as what it is: the remainder of a division of polynomials. */
function crcByDivision(data: Buffer): number {
  let rest = BigInt(`0x${data.toString('hex')}`) << 16n
  for (let bit = BigInt(data.length * 8 - 1); bit >= 0n; bit--) if ((rest >> (bit + 16n)) & 1n) rest ^= 0x11021n << bit
  return Number(rest)
}

interface Case {
  readonly chain: Chain
  readonly testnet: boolean
  readonly looks: RegExp
  /** The other network's software takes it too. */
  readonly shared?: true
  /** Nothing in the text can tell a slip of the pen. */
  readonly unchecked?: true
  holds(text: string): void
}

const witness = (text: string): void => {
  expect(bech32Residue(text)).toBe(1)
  expect(bech32Payload(text, 1).length).toBe(20)
}
const cash = (text: string): void => expect(cashResidue(text)).toBe(0n)
const eip55 = (text: string): void => {
  const digest = Buffer.from(keccak_256(Buffer.from(text.slice(2).toLowerCase()))).toString('hex')
  expect(text.slice(2)).toBe(
    [...text.slice(2).toLowerCase()].map((c, i) => (parseInt(digest[i]!, 16) > 7 ? c.toUpperCase() : c)).join(''),
  )
}
const solana = (text: string): void => expect(base58Bytes(BASE58, text).length).toBe(32)
const strKey = (text: string): void => {
  const bytes = Buffer.from(
    bitsOf(BASE32, text)
      .match(/.{8}/g)!
      .map((byte) => parseInt(byte, 2)),
  )
  expect(bytes.length).toBe(35)
  expect(bytes[0]).toBe(0x30)
  expect(bytes.readUInt16LE(33)).toBe(crcByDivision(bytes.subarray(0, 33)))
}
const shelley =
  (header: number) =>
  (text: string): void => {
    expect(bech32Residue(text)).toBe(1)
    const bytes = bech32Payload(text, 0)
    expect(bytes.length).toBe(57)
    expect(bytes[0]).toBe(header)
  }
const hash160 =
  (version: number) =>
  (text: string): void =>
    expectBase58Check(BASE58, text, version)

const CASES: readonly Case[] = [
  { chain: 'bitcoin', testnet: false, looks: /^bc1qfake.{34}$/, holds: witness },
  { chain: 'bitcoin', testnet: true, looks: /^tb1qfake.{34}$/, holds: witness },
  { chain: 'litecoin', testnet: false, looks: /^ltc1qfake.{34}$/, holds: witness },
  { chain: 'litecoin', testnet: true, looks: /^tltc1qfake.{34}$/, holds: witness },
  { chain: 'dogecoin', testnet: false, looks: /^DFake.{29}$/, holds: hash160(0x1e) },
  { chain: 'dogecoin', testnet: true, looks: /^naFake.{28}$/, holds: hash160(0x71) },
  { chain: 'bitcoin-cash', testnet: false, looks: /^bitcoincash:q[qpzr]fake.{36}$/, holds: cash },
  { chain: 'bitcoin-cash', testnet: true, looks: /^bchtest:q[qpzr]fake.{36}$/, holds: cash },
  { chain: 'evm', testnet: false, looks: /^0x[fF][aA]4[eE][0-9a-fA-F]{36}$/, shared: true, holds: eip55 },
  { chain: 'evm', testnet: true, looks: /^0x[fF][aA]4[eE][0-9a-fA-F]{36}$/, shared: true, holds: eip55 },
  { chain: 'tron', testnet: false, looks: /^TFake.{29}$/, shared: true, holds: hash160(0x41) },
  { chain: 'tron', testnet: true, looks: /^TFake.{29}$/, shared: true, holds: hash160(0x41) },
  { chain: 'solana', testnet: false, looks: /^Fake.{40}$/, shared: true, unchecked: true, holds: solana },
  { chain: 'solana', testnet: true, looks: /^Fake.{40}$/, shared: true, unchecked: true, holds: solana },
  {
    chain: 'xrp',
    testnet: false,
    looks: /^rFake.{28}$/,
    shared: true,
    holds: (text) => expectBase58Check(BASE58_XRP, text, 0),
  },
  {
    chain: 'xrp',
    testnet: true,
    looks: /^rFake.{28}$/,
    shared: true,
    holds: (text) => expectBase58Check(BASE58_XRP, text, 0),
  },
  { chain: 'stellar', testnet: false, looks: /^GAFAKE[A-Z2-7]{50}$/, shared: true, holds: strKey },
  { chain: 'stellar', testnet: true, looks: /^GAFAKE[A-Z2-7]{50}$/, shared: true, holds: strKey },
  { chain: 'cardano', testnet: false, looks: /^addr1q[y9x8]fake.{92}$/, holds: shelley(0x01) },
  { chain: 'cardano', testnet: true, looks: /^addr_test1q[qpzr]fake.{92}$/, holds: shelley(0x00) },
]

const FIXED = { seed: 8_141, numRuns: 100 }
const part = fc.oneof(fc.string(), fc.integer(), fc.constant(null))
const name = fc.array(part, { minLength: 1, maxLength: 4 })
const keyboard = fc.constantFrom(...'0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ:_- ')

for (const { chain, testnet, looks, shared, unchecked, holds } of CASES) {
  const network = `${chain}, ${testnet ? 'test' : 'main'} network`

  test(`${network}: any name gives an address that looks fake and holds by the network's rules`, () => {
    fc.assert(
      fc.property(fc.string(), name, (seed, who) => {
        const text = address(seed, { chain, testnet, name: who })
        expect(text).toMatch(looks)
        holds(text)
        expect(isAddress(chain, text, testnet)).toBe(true)
        expect(isAddress(chain, text, !testnet)).toBe(shared === true)
        expect(address(seed, { chain, testnet, name: who })).toBe(text)
      }),
      FIXED,
    )
  })

  test(`${network}: names, seeds and networks that differ give addresses that differ`, () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(name, { minLength: 2, maxLength: 8, selector: (who) => JSON.stringify(who) }),
        (names) => {
          const all = names.flatMap((who) =>
            ['a', 'b'].flatMap((seed) =>
              [true, false].map((test) => address(seed, { chain, testnet: test, name: who })),
            ),
          )
          expect(new Set(all.map((text) => text.toLowerCase())).size).toBe(names.length * 4)
        },
      ),
      { ...FIXED, numRuns: 20 },
    )
  })

  if (unchecked) continue
  test(`${network}: one character changed, dropped or added is noticed`, () => {
    fc.assert(
      fc.property(name, fc.nat(), keyboard, (who, n, other) => {
        const text = address('commonMistakes', { chain, testnet, name: who })
        const at = n % text.length
        fc.pre(text[at] !== other)
        expect(isAddress(chain, text.slice(0, at) + other + text.slice(at + 1), testnet)).toBe(false)
        expect(isAddress(chain, text.slice(0, at) + text.slice(at + 1), testnet)).toBe(false)
        expect(isAddress(chain, text.slice(0, at) + other + text.slice(at), testnet)).toBe(false)
      }),
      { ...FIXED, numRuns: 300 },
    )
  })
}

test('without a word about the network it is the main one', () => {
  expect(address('s', { chain: 'bitcoin', name: ['a'] })).toBe(
    address('s', { chain: 'bitcoin', testnet: false, name: ['a'] }),
  )
  expect(isAddress('bitcoin', 'bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0')).toBe(true)
})

test('each chain draws on its own', () => {
  const payload = (chain: Chain): string =>
    base58Bytes(BASE58, address('s', { chain, name: ['a'] }))
      .subarray(5, 21)
      .toString('hex')
  expect(payload('tron')).not.toBe(payload('dogecoin'))
})

/** Examples of the networks' documents, and addresses everybody knows. */
const REAL: readonly (readonly [chain: Chain, testnet: boolean, from: string, ...texts: string[]])[] = [
  [
    'bitcoin',
    false,
    'BIP-173, BIP-350',
    'BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4',
    'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4',
    'bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kt5nd6y',
    'BC1SW50QGDZ25J',
    'bc1zw508d6qejxtdg4y5r3zarvaryvaxxpcs',
    'bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0',
  ],
  [
    'bitcoin',
    false,
    'the older forms',
    '1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa',
    '1111111111111111111114oLvT2',
    '3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy',
  ],
  [
    'bitcoin',
    true,
    'BIP-173, BIP-350',
    'tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx',
    'tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7',
    'tb1qqqqqp399et2xygdj5xreqhjjvcmzhxw4aywxecjdzew6hylgvsesrxh6hy',
    'tb1pqqqqp399et2xygdj5xreqhjjvcmzhxw4aywxecjdzew6hylgvsesf3hn0c',
  ],
  ['bitcoin', true, 'the older forms', 'mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn', '2MzQwSSnBHWHqSAqtTVQ6v47XtaisrJa1Vc'],
  [
    'litecoin',
    false,
    'the three forms',
    'LaMT348PWRnrqeeWArpwQPbuanpXDZGEUz',
    'ltc1qw508d6qejxtdg4y5r3zarvary0c5xw7kgmn4n9',
    '3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy',
  ],
  ['dogecoin', false, 'P2PKH', 'DH5yaieqoZN36fDVciNyRueRGvGLR3mr7L', 'D596YFweJQuHY1BbjazZYmAbt8jJPbKehC'],
  [
    'bitcoin-cash',
    false,
    'the CashAddr specification',
    'bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a',
    'bitcoincash:ppm2qsznhks23z7629mms6s4cwef74vcwvn0h829pq',
    'bitcoincash:qr6m7j9njldwwzlg9v7v53unlr4jkmx6eylep8ekg2',
    'BITCOINCASH:QPM2QSZNHKS23Z7629MMS6S4CWEF74VCWVY22GDX6A',
    'qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a',
  ],
  ['bitcoin-cash', true, 'the CashAddr specification', 'bchtest:pr6m7j9njldwwzlg9v7v53unlr4jkmx6eyvwc0uz5t'],
  [
    'bitcoin-cash',
    false,
    'CHIP-2022-05: a script hash of 32 bytes',
    'bitcoincash:pvch8mmxy0rtfrlarg7ucrxxfzds5pamg73h7370aa87d80gyhqxqaw3dsfwg',
  ],
  [
    'evm',
    false,
    'EIP-55',
    '0x52908400098527886E0F7030069857D2E4169EE7',
    '0x8617E340B3D01FA5F11F306F4090FD50E238070D',
    '0xde709f2102306220921060314715629080e2fb77',
    '0x27b1fdb04752bbc536007a920d24acb045561c26',
    '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed',
    '0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359',
    '0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB',
    '0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb',
  ],
  [
    'tron',
    false,
    'the USDT contract, the zero account',
    'TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t',
    'T9yD14Nj9j7xAB4dbGeiX9h8unkKHxuWwb',
  ],
  [
    'solana',
    false,
    'programs and mints',
    '11111111111111111111111111111111',
    'So11111111111111111111111111111111111111112',
    'EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v',
    'TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA',
  ],
  [
    'xrp',
    false,
    'XRPL, "Accounts"',
    'rrrrrrrrrrrrrrrrrrrrrhoLvTp',
    'rrrrrrrrrrrrrrrrrrrrBZbvji',
    'rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh',
    'r9cZA1mLK5R5Am25ArfXFmqgNwjZgnfk59',
  ],
  ['stellar', false, 'SEP-23', 'GA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJVSGZ'],
  [
    'cardano',
    false,
    'CIP-19, types 0 to 7',
    'addr1qx2fxv2umyhttkxyxp8x0dlpdt3k6cwng5pxj3jhsydzer3n0d3vllmyqwsx5wktcd8cc3sq835lu7drv2xwl2wywfgse35a3x',
    'addr1z8phkx6acpnf78fuvxn0mkew3l0fd058hzquvz7w36x4gten0d3vllmyqwsx5wktcd8cc3sq835lu7drv2xwl2wywfgs9yc0hh',
    'addr1yx2fxv2umyhttkxyxp8x0dlpdt3k6cwng5pxj3jhsydzerkr0vd4msrxnuwnccdxlhdjar77j6lg0wypcc9uar5d2shs2z78ve',
    'addr1x8phkx6acpnf78fuvxn0mkew3l0fd058hzquvz7w36x4gt7r0vd4msrxnuwnccdxlhdjar77j6lg0wypcc9uar5d2shskhj42g',
    'addr1gx2fxv2umyhttkxyxp8x0dlpdt3k6cwng5pxj3jhsydzer5pnz75xxcrzqf96k',
    'addr128phkx6acpnf78fuvxn0mkew3l0fd058hzquvz7w36x4gtupnz75xxcrtw79hu',
    'addr1vx2fxv2umyhttkxyxp8x0dlpdt3k6cwng5pxj3jhsydzers66hrl8',
    'addr1w8phkx6acpnf78fuvxn0mkew3l0fd058hzquvz7w36x4gtcyjy7wx',
  ],
  [
    'cardano',
    true,
    'CIP-19',
    'addr_test1qz2fxv2umyhttkxyxp8x0dlpdt3k6cwng5pxj3jhsydzer3n0d3vllmyqwsx5wktcd8cc3sq835lu7drv2xwl2wywfgs68faae',
    'addr_test1vz2fxv2umyhttkxyxp8x0dlpdt3k6cwng5pxj3jhsydzerspjrlsz',
  ],
]

for (const [chain, testnet, from, ...texts] of REAL) {
  test.each(texts)(`${chain} ${testnet ? 'test' : 'main'} network takes %j (${from})`, (text) => {
    expect(isAddress(chain, text, testnet)).toBe(true)
  })
}

test('of the 256 versions of Base58Check each network takes its own, with 20 bytes and no other number', () => {
  const write = (version: number, length: number): string => {
    const body = Buffer.concat([Buffer.of(version), Buffer.alloc(length, 7)])
    return base58Text(Buffer.concat([body, sha256(sha256(body)).subarray(0, 4)]))
  }
  const taken = (chain: Chain, testnet: boolean, length = 20): number[] =>
    Array.from({ length: 256 }, (_, version) => version).filter((version) =>
      isAddress(chain, write(version, length), testnet),
    )
  expect(taken('bitcoin', false)).toEqual([0x00, 0x05])
  expect(taken('bitcoin', true)).toEqual([0x6f, 0xc4])
  expect(taken('litecoin', false)).toEqual([0x05, 0x30, 0x32])
  expect(taken('litecoin', true)).toEqual([0x3a, 0x6f, 0xc4])
  expect(taken('dogecoin', false)).toEqual([0x16, 0x1e])
  expect(taken('dogecoin', true)).toEqual([0x71, 0xc4])
  expect(taken('tron', false)).toEqual([0x41])
  for (const chain of ['bitcoin', 'litecoin', 'dogecoin', 'tron'] as const)
    expect([...taken(chain, false, 19), ...taken(chain, false, 21)]).toEqual([])
})

test('CIP-19: of the 256 headers each network takes its own, with the bytes that belong to it', () => {
  const write = (prefix: string, bytes: Buffer): string => {
    const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('')
    const text = `${prefix}1${(bits.match(/.{1,5}/g) ?? []).map((five) => BECH32[parseInt(five.padEnd(5, '0'), 2)]).join('')}`
    const sum = bech32Residue(`${text}qqqqqq`) ^ 1
    return text + [25, 20, 15, 10, 5, 0].map((shift) => BECH32[(sum >> shift) & 31]).join('')
  }
  const taken = (rest: Buffer, testnet: boolean): number[] =>
    Array.from({ length: 256 }, (_, header) => header).filter((header) =>
      isAddress('cardano', write(testnet ? 'addr_test' : 'addr', Buffer.concat([Buffer.of(header), rest])), testnet),
    )
  const pointer = (...bytes: number[]): Buffer => Buffer.concat([Buffer.alloc(28, 7), Buffer.from(bytes)])

  expect(taken(Buffer.alloc(56, 7), false)).toEqual([0x01, 0x11, 0x21, 0x31])
  expect(taken(Buffer.alloc(56, 7), true)).toEqual([0x00, 0x10, 0x20, 0x30])
  expect(taken(Buffer.alloc(28, 7), false)).toEqual([0x61, 0x71])
  expect(taken(Buffer.alloc(28, 7), true)).toEqual([0x60, 0x70])
  for (const good of [
    [0, 0, 0],
    [1, 2, 127],
    [0x82, 0x80, 0x01, 0x85, 0x03, 0x09],
  ]) {
    expect(taken(pointer(...good), false)).toEqual([0x41, 0x51])
    expect(taken(pointer(...good), true)).toEqual([0x40, 0x50])
  }
  for (const bad of [[1], [1, 2], [1, 2, 3, 4], [1, 2, 0x83], [1, 2, 3, 0x84]])
    expect(taken(pointer(...bad), false)).toEqual([])
  expect([27, 29, 55, 57].flatMap((length) => taken(Buffer.alloc(length, 0x87), false))).toEqual([])
  expect(isAddress('cardano', write('addr', Buffer.alloc(0)))).toBe(false)
})

test('what is an address on one chain is none on another', () => {
  const relatives = new Map<string, readonly Chain[]>([
    // Litecoin's first script hashes had bitcoin's version byte, and its test network kept bitcoin's; dogecoin's kept that of scripts.
    ['3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy', ['bitcoin', 'litecoin']],
    ['mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn', ['bitcoin', 'litecoin']],
    ['2MzQwSSnBHWHqSAqtTVQ6v47XtaisrJa1Vc', ['bitcoin', 'litecoin', 'dogecoin']],
  ])
  const chains = [...new Set(CASES.map((one) => one.chain))]
  for (const [chain, testnet, , ...texts] of REAL) {
    for (const text of texts) {
      const takers = chains.filter((other) => isAddress(other, text, testnet))
      expect([text, takers]).toEqual([text, relatives.get(text) ?? [chain]])
    }
  }
})

const WRONG: readonly (readonly [chain: Chain, why: string, ...texts: string[]])[] = [
  ['bitcoin', 'BIP-350: another network', 'tc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq5zuyut'],
  [
    'bitcoin',
    'BIP-350: the other checksum',
    'bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd',
    'BC1S0XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ54WELL',
    'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kemeawh',
  ],
  [
    'bitcoin',
    'BIP-350: version, length, padding, case',
    'bc1p38j9r5y49hruaue7wxjce0updqjuyyx0kh56v8s25huc6995vvpql3jow4',
    'BC130XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ7ZWS8R',
    'bc1pw5dgrnzv',
    'bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v8n0nx0muaewav253zgeav',
    'BC1QR508D6QEJXTDG4Y5R3ZARVARYV98GJ9P',
    'bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v07qwwzcrf',
    'bc1gmk9yu',
    'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kV8F3T4',
  ],
  [
    'bitcoin',
    'a private key, an extended one',
    '5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTJ',
    'xpub661MyMwAqRbcFtXgS5sYJABqqG9YLmC4Q1Rdap9gSE8NqtwybGhePY2gZ29ESFjqJoCu1Rupje8YtGqsefD265TMg7usUDFdp6W1EGMcet8',
  ],
  [
    'bitcoin-cash',
    'the CashAddr specification: sizes that no script has, another prefix',
    'bitcoincash:q9adhakpwzztepkpwp5z0dq62m6u5v5xtyj7j3h2ws4mr9g0',
    'bitcoincash:qvch8mmxy0rtfrlarg7ucrxxfzds5pamg73h7370aa87d80gyhqxq5nlegake',
    'pref:pr6m7j9njldwwzlg9v7v53unlr4jkmx6ey65nvtks5',
    'ecash:qpm2qsznhks23z7629mms6s4cwef74vcwva87rkuu2',
  ],
  [
    'evm',
    'form',
    '52908400098527886E0F7030069857D2E4169EE7',
    '0X52908400098527886E0F7030069857D2E4169EE7',
    '0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed',
    '0x',
    '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAedd',
    '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed\n',
  ],
  [
    'solana',
    'alphabet, length',
    'EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt10',
    'EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwy',
    '1'.repeat(31),
    '1'.repeat(33),
    'z'.repeat(44),
  ],
  ['xrp', 'an X-address, a seed', 'X7AcgcsBL6XDcUb289X4mJ8djcdyKaB5hJDWMArnXr61cqZ', 'sn259rEFXrQrWyx3Q7XneWcwV6dfL'],
  [
    'stellar',
    'SEP-23: muxed, wrong length, wrong algorithm',
    'MA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJUAAAAAAAAAAAACJUQ',
    'GAAAAAAAACGC6',
    'G47QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJVP2I',
    'ga7qynf7sowq3glr2bgmzehxavirza4kvwltjjfc7mgxua74p7ujvsgz',
  ],
  [
    'cardano',
    'CIP-19: a reward account, a key',
    'stake1uyehkck0lajq8gr28t9uxnuvgcqrc6070x3k9r8048z8y5gh6ffgw',
    'addr_vk1w0l2sr2zgfm26ztc6nl9xy8ghsk5sh6ldwemlpmp9xylzy4dtf7st80zhd',
  ],
  ['cardano', 'Byron', 'Ae2tdPwUPEZFRbyhz3cpfC2CumGzNkFBN2L42rcUc2yjQpEkxDbkPodpMAi'],
]

for (const [chain, why, ...texts] of WRONG) {
  test.each(texts)(`${chain} refuses %j (${why})`, (text) => {
    expect(isAddress(chain, text)).toBe(false)
    expect(isAddress(chain, text, true)).toBe(false)
  })
}

test('whatever people send, the answer is yes or no, and soon', () => {
  const chains = [...new Set(CASES.map((one) => one.chain))]
  const odd = [
    '',
    ' ',
    '\0',
    '\ud800',
    '__proto__',
    '1',
    '1'.repeat(1_000_000),
    'bc1',
    '1bc',
    ':',
    'bitcoincash:',
    'addr1',
    '0x',
    'é'.repeat(56),
    'ａ'.repeat(44),
  ]
  for (const chain of chains) {
    for (const text of odd)
      expect([chain, isAddress(chain, text), isAddress(chain, text, true)]).toEqual([chain, false, false])
    const own = address('s', { chain, name: ['a'] })
    for (const text of [` ${own}`, `${own} `, `${own}\n`, `${own}\0`])
      expect([text, isAddress(chain, text)]).toEqual([text, false])
  }
  fc.assert(
    fc.property(
      fc.constantFrom(...chains),
      fc.string({ unit: 'binary', maxLength: 130 }),
      fc.boolean(),
      (chain, text, testnet) => {
        expect(isAddress(chain, text, testnet)).toBe(false)
      },
    ),
    FIXED,
  )
})

const ASKED: InvoiceRequest = {
  testnet: true,
  amountMsat: 150_000_000n,
  createdAtMs: 1_700_000_000_999,
  expirySeconds: 900,
  description: 'Deposit of user_8721',
  name: ['merchant', 'BTCLN', 'user_8721', 0],
}

/** What a wallet reads: the decoder's sections by name. */
function read(text: string): Map<string, unknown> {
  return new Map(decode(text).sections.map((section) => [section.name, 'value' in section ? section.value : undefined]))
}

/** BOLT 11's signed bytes: the prefix, then the data without the signature, filled up with zeros to whole bytes. */
function signedBytes(text: string): { message: Buffer; rs: Buffer; recovery: number } {
  const at = text.lastIndexOf('1')
  const bits = bitsOf(BECH32, text.slice(at + 1, -6))
  const bytes = (part: string): Buffer =>
    Buffer.from(
      part
        .padEnd(Math.ceil(part.length / 8) * 8, '0')
        .match(/.{8}/g)!
        .map((byte) => parseInt(byte, 2)),
    )
  const signature = bytes(bits.slice(-520))
  return {
    message: Buffer.concat([Buffer.from(text.slice(0, at)), bytes(bits.slice(0, -520))]),
    rs: signature.subarray(0, 64),
    recovery: signature[64]!,
  }
}

/** Who signed it, verified by node:crypto. */
function signer(text: string): string {
  const { message, rs, recovery } = signedBytes(text)
  const point = secp256k1.Signature.fromBytes(Buffer.concat([Buffer.of(recovery), rs]), 'recovered').recoverPublicKey(
    sha256(message),
  )
  const xy = Buffer.from(point.toBytes(false).slice(1))
  const key = createPublicKey({
    format: 'jwk',
    key: {
      kty: 'EC',
      crv: 'secp256k1',
      x: xy.subarray(0, 32).toString('base64url'),
      y: xy.subarray(32).toString('base64url'),
    },
  })
  expect(verify('sha256', message, { key, dsaEncoding: 'ieee-p1363' }, rs)).toBe(true)
  return point.toHex(true)
}

test('the means of these tests agree with BOLT 11: its first example is signed by its node', () => {
  const example =
    'lnbc1pvjluezsp5zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zygspp5qqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqy' +
    'pqdpl2pkx2ctnv5sxxmmwwd5kgetjypeh2ursdae8g6twvus8g6rfwvs8qun0dfjkxaq9qrsgq357wnc5r2ueh7ck6q93dj32dlqnls087fxdwk8qakdyafk' +
    'q3yap9us6v52vjjsrvywa6rt52cm9r9zqt8r2t7mlcwspyetp5h2tztugp9lfyql'
  expect(bech32Residue(example)).toBe(1)
  expect(signer(example)).toBe('03e7156ae33b0a208d0744199163177e909e80176e55d97a2f221ede0f934dd9ad')
})

test('an invoice reads as asked', () => {
  const text = invoice('s', ASKED)
  const found = read(text)
  expect(text).toMatch(/^lntb1500u1pj48ugqsp5fake/)
  expect(bech32Residue(text)).toBe(1)
  expect(found.get('coin_network')).toMatchObject({ bech32: 'tb' })
  expect(found.get('amount')).toBe('150000000')
  expect(found.get('timestamp')).toBe(1_700_000_000)
  expect(found.get('expiry')).toBe(900)
  expect(found.get('description')).toBe('Deposit of user_8721')
  expect(found.get('payment_hash')).toMatch(/^fa4e[0-9a-f]{60}$/)
  expect(found.get('payment_secret')).toMatch(/^[0-9a-f]{64}$/)
  expect(found.get('min_final_cltv_expiry')).toBe(80)
  expect(found.get('feature_bits')).toMatchObject({
    var_onion_optin: 'required',
    payment_secret: 'required',
    basic_mpp: 'unsupported',
  })
})

test('the main network has its own prefix, and its own node', () => {
  const text = invoice('s', { ...ASKED, testnet: false })
  expect(text).toMatch(/^lnbc1500u1p/)
  expect(read(text).get('coin_network')).toMatchObject({ bech32: 'bc' })
  expect(signer(text)).not.toBe(signer(invoice('s', ASKED)))
})

test.each([
  [1n, '10p'],
  [10n, '100p'],
  [99n, '990p'],
  [100n, '1n'],
  [150n, '1500p'],
  [1_000n, '10n'],
  [100_000n, '1u'],
  [250_000_000n, '2500u'],
  [2_000_000_000n, '20m'],
  [4_500_000_000n, '45m'],
  [100_000_000_000n, '1'],
  [967_878_534n, '9678785340p'],
])('%d millisatoshi are written %s', (amountMsat, written) => {
  const text = invoice('s', { ...ASKED, testnet: false, amountMsat })
  expect(text.slice(0, text.lastIndexOf('1'))).toBe(`lnbc${written}`)
  expect(read(text).get('amount')).toBe(String(amountMsat))
})

test('without an amount the payer chooses', () => {
  const { amountMsat: _, ...rest } = ASKED
  const text = invoice('s', rest)
  expect(text).toMatch(/^lntb1p/)
  expect(read(text).has('amount')).toBe(false)
})

test('a description too long for its field is hashed, as BOLT 11 has it', () => {
  const text = invoice('s', { ...ASKED, description: 'é'.repeat(320) })
  expect(read(text).get('description_hash')).toBe(sha256(Buffer.from('é'.repeat(320))).toString('hex'))
  expect(read(invoice('s', { ...ASKED, description: 'x'.repeat(639) })).get('description')).toBe('x'.repeat(639))
})

test('what no invoice can say is refused', () => {
  expect(() => invoice('s', { ...ASKED, amountMsat: 0n })).toThrow(RangeError)
  expect(() => invoice('s', { ...ASKED, expirySeconds: -1 })).toThrow(RangeError)
  expect(() => invoice('s', { ...ASKED, expirySeconds: 1.5 })).toThrow(RangeError)
  expect(() => invoice('s', { ...ASKED, createdAtMs: -1 })).toThrow(RangeError)
  expect(() => invoice('s', { ...ASKED, createdAtMs: NaN })).toThrow(RangeError)
  expect(() => invoice('s', { ...ASKED, createdAtMs: 2 ** 35 * 1000 })).toThrow(RangeError)
})

test('any invoice decodes to what was asked, is signed by the one node, and comes out the same again', () => {
  const node = signer(invoice('s', ASKED))
  const asked = fc.record({
    testnet: fc.constant(true),
    amountMsat: fc.bigInt({ min: 1n, max: 4_500_000_000n }),
    createdAtMs: fc.integer({ min: 0, max: 4_000_000_000_000 }),
    expirySeconds: fc.integer({ min: 0, max: 31_536_000 }),
    description: fc.string({ unit: 'grapheme', maxLength: 40 }),
    name,
  })
  fc.assert(
    fc.property(asked, (request) => {
      const text = invoice('s', request)
      const found = read(text)
      expect(bech32Residue(text)).toBe(1)
      expect(found.get('amount')).toBe(String(request.amountMsat))
      expect(found.get('timestamp')).toBe(Math.floor(request.createdAtMs / 1000))
      expect(found.get('expiry')).toBe(request.expirySeconds)
      expect(found.get('description')).toBe(request.description)
      expect(signer(text)).toBe(node)
      expect(invoice('s', request)).toBe(text)
    }),
    { ...FIXED, numRuns: 40 },
  )
})

test('no two names share a payment hash', () => {
  const hashes = Array.from({ length: 50 }, (_, n) =>
    read(invoice('s', { ...ASKED, name: ['merchant', n] })).get('payment_hash'),
  )
  expect(new Set(hashes).size).toBe(50)
})
