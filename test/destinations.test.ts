// Where money goes, in every notation that wallets take: other spellings, tags inside of addresses, payment URIs; and what no payment can carry.
// Notations are written here by other means than the code that reads them, or by the networks' own libraries.
import { createHash } from 'node:crypto'
import { base58 } from '@scure/base'
import { classicAddressToXAddress } from 'ripple-address-codec'
import fc from 'fast-check'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createSandbox } from '../src/app.ts'
import { readDestination } from '../src/world/destinations.ts'
import { plainTag, sameTag } from '../src/world/tags.ts'
import { client as alphapo, taking } from './clients/alphapo.ts'
import { ACCOUNTS, clientOf as paywardOf, creation, KEYS as PAYWARD, METHODS } from './clients/payward.ts'
import { allocation, client as cpg } from './clients/cpg.ts'
import { Kit, START } from './kit.ts'

let box: Kit
const wall = { ms: Date.parse('2026-05-20T12:00:00.000Z') }
const bugs: Error[] = []

beforeAll(async () => {
  const sandbox = await createSandbox({
    clock: START,
    strict: true,
    wall: () => wall.ms,
    complain: (message, cause) => bugs.push(new Error(message, { cause })),
  })
  box = new Kit(sandbox, await sandbox.listen(), wall, bugs)
  return async () => {
    await sandbox.close()
    expect(bugs).toEqual([])
  }
})
beforeEach(() => void box.sandbox.engine.worlds.reset('default'))

const taken = async (currency: string, more: object = {}): Promise<{ address: string; tag: string }> =>
  (await box.call(alphapo, taking({ currency, ...more }))).json.data
const payward = async (asset_symbol: string, method_id: string): Promise<{ address: string; tag: string }> =>
  (await box.call(paywardOf(PAYWARD.demo), creation({ asset_symbol, method_id }))).json.data
const allocated = async (fields: object = {}): Promise<string> =>
  (await box.call(cpg, allocation({ currency: 'USDT', network: 'ETH', ...fields }))).json.data.address
const send = (address: string, more: object = {}) => box.control('POST', '/deposits', { address, amount: '5', ...more })

/** Sent, and whose it is. */
async function fate(address: string, more: object = {}): Promise<string> {
  const { status, json } = await send(address, more)
  return status === 201 ? `${json.address} ${json.tag} ${json.account ?? 'nobody'}` : `${status} ${json.detail}`
}

const sha256 = (data: Uint8Array): Buffer => createHash('sha256').update(data).digest()
const base58Check = (...bytes: number[]): string =>
  base58.encode(Buffer.concat([Buffer.of(...bytes), sha256(sha256(Buffer.of(...bytes))).subarray(0, 4)]))

describe('spellings', () => {
  test('sandgate.addresses.notation: Bitcoin Cash without its prefix, in capitals, and in the form that bitcoin has', async () => {
    const { address } = await taken('BCH')
    const body = address.slice('bchtest:'.length)
    // CashAddr's payload: one byte of version, 20 of hash, 40 bits of checksum.
    const bits = [...body]
      .map((c) => 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'.indexOf(c).toString(2).padStart(5, '0'))
      .join('')
    const hash = bits
      .slice(8, 168)
      .match(/.{8}/g)!
      .map((byte) => parseInt(byte, 2))
    for (const text of [
      body,
      body.toUpperCase(),
      address.toUpperCase(),
      base58Check(0x6f, ...hash),
      `bchtest:${base58Check(0x6f, ...hash)}`,
      ` ${address}\n`,
      `${address}?amount=1.5&label=shop`,
    ]) {
      expect(await fate(text), text).toBe(`${address} null demo`)
      expect((await box.control('GET', `/addresses?address=${encodeURIComponent(text)}`)).json.data).toHaveLength(1)
    }
    // The same hash on the main network is another address.
    expect(await fate(base58Check(0x00, ...hash))).toMatch(/^404 /)
    expect(await fate(`bitcoincash:${body}`)).toMatch(/^404 /)
  })

  test('sandgate.addresses.notation: a script hash of litecoin has two spellings, with bitcoin\u2019s version and with its own', async () => {
    const hash = Array.from({ length: 20 }, (_, i) => i)
    const old = base58Check(0x05, ...hash)
    const own = base58Check(0x32, ...hash)
    expect(own[0]).toBe('M')
    for (const [handedOut, text] of [
      [old, own],
      [own, old],
      [own, `litecoin:${old}?amount=1`],
    ] as const) {
      box.sandbox.engine.worlds.reset('default')
      box.world.change(() =>
        box.world.handOut({
          provider: 'alphapo',
          account: 'demo',
          user: 'u',
          network: 'litecoin',
          currency: 'LTC',
          address: handedOut,
          tag: null,
          reference: '1',
        }),
      )
      expect(readDestination(text).spellings).toContain(handedOut)
      expect((await box.control('GET', `/addresses?address=${encodeURIComponent(text)}`)).json.data).toMatchObject([
        { address: handedOut },
      ])
    }
  })

  test('sandgate.addresses.notation: Tron in hex', async () => {
    const { address } = await taken('TRX')
    const hex = Buffer.from(base58.decode(address).slice(0, 21)).toString('hex')
    for (const text of [hex, hex.toUpperCase(), `0x${hex}`, `tron:${address}`])
      expect(await fate(text, { amount: '50' }), text).toBe(`${address} null demo`)
    expect(await fate(`0x${hex.slice(2)}`)).toMatch(/^404 /)
  })

  test('sandgate.addresses.notation: EVM without 0x, with the name or the number of its chain', async () => {
    const address = await allocated()
    const lower = address.toLowerCase()
    for (const text of [
      lower,
      address.toUpperCase(),
      address.slice(2),
      `eth:${lower}`,
      `ethereum:${address}`,
      `ethereum:pay-${address}@1?value=2e18`,
      `eip155:1:${address}`,
      `ethereum:${address}@0x1`,
      `ethereum:0xdac17f958d2ee523a2206206994597c13d831ec7@1/transfer?address=${lower}&uint256=1e6`,
    ]) {
      expect(await fate(text), text).toBe(`${address} null demo`)
    }
    // CPG has the same kind of address on BSC: the chain of the notation and the one the money goes on must agree.
    expect(await fate(`bnb:${address}`)).toBe(
      '422 address: it names the network bsc, but the deposit is on ethereum; set network, or give the plain address',
    )
    expect(await fate(`ethereum:${address}@56`, { network: 'BSC' })).toBe(`${address} null demo`)
    expect(await fate(`sep:${address}`)).toBe(
      '422 address: it is in testnet format, but this address was allocated on mainnet',
    )
    expect(await fate(`ethereum:${address}@31337`)).toMatch(
      /^422 address: .* names the unknown chain 31337; known chains: 1 \(eth\), /,
    )
    expect(await fate('ethereum:vitalik.eth')).toBe('422 address: "ethereum:vitalik.eth" contains no address of evm')
    expect(await fate(`ethereum:${address}@1/approve?address=${address}`)).toMatch(/^422 address: .* calls approve/)
  })

  test.each([
    ['BTC', 'bitcoin'],
    ['LTC', 'litecoin'],
    ['DOGE', 'dogecoin'],
    ['ADA', 'cardano'],
    ['ADA', 'web+cardano'],
    ['SOL', 'solana'],
  ])('sandgate.addresses.uri: %s as a %s: URI, in capitals where its network has them', async (currency, scheme) => {
    const { address } = await taken(currency)
    for (const text of [
      `${scheme}:${address}`,
      `${scheme.toUpperCase()}:${address}?amount=0.1&label=a%20b`,
      `${scheme}://${address}`,
    ])
      expect(await fate(text), text).toBe(`${address} null demo`)
    if (currency === 'BTC') expect(await fate(`BITCOIN:${address.toUpperCase()}?AMOUNT=1`)).toBe(`${address} null demo`)
    expect(await fate(`${scheme}:${address}?req-proof=1`)).toMatch(
      /^422 address: the URI requires the unknown parameter "req-proof"/,
    )
    expect(await fate(`ripple:${address}`)).toBe(`422 address: "ripple:${address}" contains no address of xrp`)
  })

  test('sandgate.addresses.uri: a Lightning invoice, alone or beside an address', async () => {
    const { address } = await taken('BTCLN', { amount: 0.001 })
    const pays = { amount: '0.001' }
    for (const text of [
      address.toUpperCase(),
      `lightning:${address}`,
      `LIGHTNING:${address.toUpperCase()}`,
      `bitcoin:?lightning=${address}`,
      `bitcoin:tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx?amount=0.001&lightning=${address}`,
    ]) {
      expect(await fate(text, pays), text).toBe(`${address} null demo`)
    }
    expect(await fate(`lightning:tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx`)).toMatch(/^422 /)
  })

  test('sandgate.addresses.notation: a text that is no known notation is looked up as it is, and told', async () => {
    expect(await fate('algo:XYZ')).toBe(
      '404 unknown address: no provider has allocated "algo:XYZ"; GET /_sandgate/addresses lists allocated addresses',
    )
  })

  test('no text makes it throw anything but a sentence', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc
            .tuple(
              fc.constantFrom('bitcoin:', 'ethereum:', 'web+stellar:', 'bitcoincash:', 'xrp:', 'eip155:'),
              fc.string(),
            )
            .map((parts) => parts.join('')),
        ),
        (text) => {
          try {
            expect(readDestination(text).spellings.length).toBeGreaterThan(0)
          } catch (error) {
            expect((error as Error).message).toMatch(/^(address|tag): /)
          }
        },
      ),
      { seed: 7, numRuns: 2000 },
    )
  })
})

describe('tags', () => {
  test('sandgate.tags.spelling: an XRP tag in any notation of a number, as text or as a JSON number', async () => {
    const { address, tag } = await taken('XRP')
    for (const text of [tag, `0${tag}`, ` ${tag}`, `${tag} `, `+${tag}`, `${tag}.0`, `000${tag}`, Number(tag)])
      expect(await fate(address, { tag: text }), String(text)).toBe(`${address} ${tag} demo`)
    expect(await fate(address)).toBe(`${address} null nobody`)
    expect(await fate(address, { tag: '007' })).toBe(`${address} 7 nobody`)
  })

  test('alphapo.take.tag-type: the tag as it was answered is taken back', async () => {
    const made = await box.control('POST', '/worlds', {
      id: 'numbers',
      clock: START,
      assume: { 'alphapo.take.tag-type': 'number' },
    })
    expect(made.status).toBe(201)
    const { headers, body } = alphapo.sign(taking({ currency: 'XRP' }), 0)
    const { address, tag } = (await box.raw('POST', '/w/numbers/alphapo/api/v2/addresses/take', headers, body)).json
      .data
    expect(typeof tag).toBe('number')
    const sent = await box.raw(
      'POST',
      '/w/numbers/_sandgate/deposits',
      { 'content-type': 'application/json' },
      JSON.stringify({ address, amount: '5', tag }),
    )
    expect([sent.status, sent.json.tag, sent.json.account]).toEqual([201, String(tag), 'demo'])
    await box.control('DELETE', '/worlds/numbers')
  })

  test.each([
    '4294967296',
    '-1',
    'abc',
    '',
    ' ',
    '1e3',
    '0x10',
    '1.5',
    '18446744073709551616',
    '99999999999999999999999999999',
  ])('sandgate.tags.possible: no XRP payment carries %j', async (tag) => {
    const { address } = await taken('XRP')
    expect(await fate(address, { tag })).toMatch(
      /^422 tag: (a destination tag is a whole number from 0 to 4294967295|is empty), got ".*"; null sends XRP without one$/,
    )
    expect((await box.control('GET', '/deposits')).json.data).toEqual([])
  })

  test.each([
    [1.5, /body tag/],
    [9007199254740992, /^tag: a JSON number of this size is not exact/],
    [-1, /^tag: a destination tag/],
    [{}, /body tag/],
  ] as const)('sandgate.tags.possible: nor does one carry the JSON %j', async (tag, detail) => {
    const { address } = await taken('XRP')
    const { status, json } = await send(address, { tag })
    expect([status, json.detail]).toEqual([422, expect.stringMatching(detail)])
  })

  test('sandgate.tags.possible: a memo on Stellar is a number of 64 bits or a text of 28 bytes', async () => {
    const { address, tag } = await payward('XLM', METHODS.XLM)
    expect(await fate(address, { tag: `0${tag}` })).toBe(`${address} ${tag} demo`.replace('demo', ACCOUNTS.main))
    expect(await fate(address, { tag: 'user_8721' })).toBe(`${address} user_8721 nobody`)
    expect(await fate(address, { tag: '18446744073709551615' })).toBe(`${address} 18446744073709551615 nobody`)
    for (const wrong of ['18446744073709551616', '-1', '1.5', '', 'x'.repeat(29), 'ü'.repeat(15)])
      expect(await fate(address, { tag: wrong }), wrong).toMatch(/^422 tag: /)
  })

  test.each(['BTC', 'ETH', 'BCH', 'LTC', 'DOGE'])(
    'sandgate.tags.possible: a payment of %s carries none',
    async (currency) => {
      const { address } = await taken(currency)
      expect(await fate(address, { tag: '1' })).toBe(
        `422 tag: payments on this network have no tag, got "1"; null sends ${currency} without one`,
      )
      expect(await fate(address, { tag: null })).toBe(`${address} null demo`)
    },
  )

  test('two spellings of a number are one tag, and two numbers are two', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
        fc.nat(5),
        fc.constantFrom('', '+', ' '),
        fc.constantFrom('', '.0', ' ', '.'),
        (tag, zeros, before, behind) => {
          const text = `${before}${'0'.repeat(zeros)}${tag}${behind}`
          expect(plainTag(text)).toBe(String(tag))
          expect(sameTag(text, String(tag))).toBe(true)
          expect(sameTag(text, String(tag + 1n))).toBe(false)
        },
      ),
      { seed: 5 },
    )
  })
})

describe('tags inside of addresses', () => {
  test('sandgate.addresses.notation: an X-address is account, tag and network in one', async () => {
    const { address, tag } = await taken('XRP')
    const other = await taken('XRP', { foreign_id: 'somebody else' })
    expect(other.address).toBe(address)
    const inOne = classicAddressToXAddress(address, Number(tag), true)
    expect(await fate(inOne)).toBe(`${address} ${tag} demo`)
    expect(await fate(inOne, { tag: `0${tag}` })).toBe(`${address} ${tag} demo`)
    expect(await fate(inOne, { tag: null })).toBe(`${address} ${tag} demo`)
    expect(await fate(inOne, { tag: other.tag })).toBe(
      `422 tag: "${other.tag}" is given, but the address contains the tag ${tag}; give only one of them`,
    )
    expect(await fate(classicAddressToXAddress(address, false, true))).toBe(`${address} null nobody`)
    expect(await fate(classicAddressToXAddress(address, false, true), { tag })).toBe(`${address} ${tag} demo`)
    expect(await fate(classicAddressToXAddress(address, Number(tag), false))).toBe(
      '422 address: it is in mainnet format, but this address was allocated on a testnet',
    )
    const of = async (path: string) =>
      (await box.control('GET', `${path}?address=${inOne}`)).json.data.map((row: any) => row.tag)
    expect(await of('/addresses')).toEqual([tag])
    expect(await of('/deposits')).toEqual([tag, tag, tag, tag])
  })

  test('sandgate.addresses.notation: Payward is on the main network, and so must an X-address be', async () => {
    const { address, tag } = await payward('XRP', METHODS.XRP)
    expect(await fate(classicAddressToXAddress(address, Number(tag), false))).toBe(`${address} ${tag} ${ACCOUNTS.main}`)
    expect(await fate(classicAddressToXAddress(address, Number(tag), true))).toBe(
      '422 address: it is in testnet format, but this address was allocated on mainnet',
    )
  })

  test('sandgate.addresses.notation: a muxed account of Stellar is account and id in one', async () => {
    const { address, tag } = await payward('XLM', METHODS.XLM)
    const muxed = muxedOf(address, BigInt(tag))
    expect(muxed).toMatch(/^M[A-Z2-7]{68}$/)
    for (const text of [
      muxed,
      `web+stellar:pay?destination=${address}&amount=5&memo=${tag}&memo_type=MEMO_ID`,
      `web+stellar:pay?destination=${muxed}`,
      `${address}?memoId=${tag}`,
      `stellar:${address}?memo=0${tag}`,
    ]) {
      expect(await fate(text), text).toBe(`${address} ${tag} ${ACCOUNTS.main}`)
    }
    expect(await fate(muxed, { tag: '7' })).toMatch(/^422 tag: "7" is given/)
    expect(await fate(`web+stellar:pay?destination=${address}&memo=abc%3D&memo_type=MEMO_HASH`)).toMatch(
      /^422 address: memo type MEMO_HASH/,
    )
    expect(await fate(`web+stellar:tx?xdr=AAAA`)).toMatch(/^422 address: /)
    // One letter wrong is no account at all.
    expect(await fate(muxed.replace(/.$/, (c) => (c === 'A' ? 'B' : 'A')))).toMatch(/^404 /)
  })

  test('sandgate.addresses.uri: XRP with its tag in the parameters', async () => {
    const { address, tag } = await taken('XRP')
    for (const text of [
      `${address}?dt=${tag}`,
      `ripple:${address}?dt=${tag}`,
      `xrp:${address}?amount=5&dt=0${tag}`,
      `xrpl://${address}?tag=${tag}`,
    ])
      expect(await fate(text), text).toBe(`${address} ${tag} demo`)
    expect(await fate(`ripple:${address}?dt=4294967296`)).toMatch(/^422 tag: a destination tag/)
    expect(await fate(`ripple:${address}?dt=`)).toMatch(/^422 tag: is empty/)
    expect(await fate(`ripple:${address}?dt=${tag}&tag=7`)).toMatch(/^422 tag: "7" is given/)
    const both = `${classicAddressToXAddress(address, Number(tag), true)}?dt=7`
    for (const call of [
      box.control('POST', '/deposits', { address: both, amount: '1' }),
      box.control('GET', `/addresses?address=${encodeURIComponent(both)}`),
      box.control('GET', `/deposits?address=${encodeURIComponent(both)}`),
    ]) {
      expect(await call).toMatchObject({ status: 422, json: { detail: expect.stringMatching(/^tag: "7" is given/) } })
    }
  })

  /** SEP-23, with the CRC as what it is: the remainder of a division of polynomials. */
  function muxedOf(account: string, id: bigint): string {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
    const bits = [...account].map((c) => alphabet.indexOf(c).toString(2).padStart(5, '0')).join('')
    const key = bits
      .match(/.{8}/g)!
      .slice(1, 33)
      .map((byte) => parseInt(byte, 2))
    const body = Buffer.concat([Buffer.of(0x60, ...key), Buffer.from(id.toString(16).padStart(16, '0'), 'hex')])
    let rest = BigInt(`0x${body.toString('hex')}`) << 16n
    for (let bit = BigInt(body.length * 8 - 1); bit >= 0n; bit--)
      if ((rest >> (bit + 16n)) & 1n) rest ^= 0x11021n << bit
    const all = [...body, Number(rest & 255n), Number(rest >> 8n)]
      .map((byte) => byte.toString(2).padStart(8, '0'))
      .join('')
    return all
      .padEnd(345, '0')
      .match(/.{5}/g)!
      .map((group) => alphabet[parseInt(group, 2)])
      .join('')
  }
})

describe('scenarios', () => {
  const load = (text: string) => box.raw('PUT', '/_sandgate/scenario', { 'content-type': 'application/yaml' }, text)

  test('sandgate.tags.spelling: in a rule and in a timeline, with and without quotes', async () => {
    const { address, tag } = await taken('XRP')
    await taken('XRP', { foreign_id: 'newest' })
    const inOne = classicAddressToXAddress(address, Number(tag), true)
    const put = await load(`timeline:
  - { at: 1s, do: { deposit: { address: " ${address}", tag: "0${tag}", amount: "1" } } }
  - { at: 2s, do: { deposit: { address: ${address}, tag: ${tag}, amount: "2" } } }
  - { at: 3s, do: { deposit: { address: ${inOne}, amount: "3" } } }
  - { at: 4s, do: { deposit: { address: "ripple:${address}?dt=${tag}", amount: "4" } } }
  - { at: 5s, do: { deposit: { address: ${inOne}, tag: "7", amount: "5" } } }
  - { at: 6s, do: { deposit: { address: ${address}, tag: "4294967296", amount: "6" } } }
  - { at: 7s, do: { deposit: { address: ${address}, tag: null, amount: "7" } } }
`)
    expect(put.status, put.text).toBe(200)
    await box.advance('1m')
    expect(
      (await box.control('GET', '/deposits')).json.data.map((row: any) => [row.amount, row.tag, row.account]),
    ).toEqual([
      ['1.000000', tag, 'demo'],
      ['2.000000', tag, 'demo'],
      ['3.000000', tag, 'demo'],
      ['4.000000', tag, 'demo'],
      ['7.000000', null, null],
    ])
    const outcomes = (await box.control('GET', '/scenario')).json.timeline.map(({ outcome }: any) => outcome)
    expect(outcomes[4]).toBe(
      `nothing was sent: tag: "7" is given, but the address contains the tag ${tag}; give only one of them`,
    )
    expect(outcomes[5]).toMatch(/^nothing was sent: tag: a destination tag is a whole number/)
  })

  test('sandgate.tags.possible: a rule that pays with a tag where none can be leaves a word at the call', async () => {
    await load(
      'rules: [{ when: { provider: cpg, operation: createDepositAddress }, then: [{ deposit: { amount: "1", tag: 5 } }] }]',
    )
    const reply = await box.call(cpg, allocation({}))
    expect((await box.entry(reply)).notes.deposit).toBe(
      'tag: payments on this network have no tag, got "5"; null sends USDT without one',
    )
  })

  test.each([
    [
      '{ address: "ripple:bc1q", amount: "1" }',
      'timeline.0.do.deposit.address: "ripple:bc1q" contains no address of xrp',
    ],
    ['{ provider: cpg, tag: "", amount: "1" }', 'timeline.0.do.deposit.tag: is empty; use null to send without a tag'],
    [
      '{ provider: cpg, tag: 12345678901234567890, amount: "1" }',
      'timeline.0.do.deposit.tag: expected a tag in quotes',
    ],
  ])('sandgate.tags.possible: %s is refused when it is loaded', async (deposit, detail) => {
    const put = await load(`timeline: [{ at: 1s, do: { deposit: ${deposit} } }]`)
    expect([put.status, put.json.detail]).toEqual([422, expect.stringContaining(detail)])
  })
})
