// Why a signature did not match, said in x-sandgate-hint: the mistakes that clients really make, each made on purpose by clients written from
// the providers' documents. The hint is never in the body, and neither says what would have been right.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as alphapo from './clients/alphapo.ts'
import * as cpg from './clients/cpg.ts'
import * as payward from './clients/payward.ts'
import { type Kit, type Reply, type Request, START, start } from './kit.ts'

/** How a provider's clients sign, with everything in the open that can be done wrong. */
interface Signer {
  readonly name: string
  /** A call with a body, and one without; what the body says does not matter, its signature is looked at first. */
  readonly post: Request
  readonly get: Request
  readonly secret: string
  /** The timestamp or the nonce of a call; empty where there is none. */
  stamp(wallMs: number): string
  mac(signed: Request, secret: string, stamp: string): Buffer
  readonly encoding: 'hex' | 'base64'
  headers(signature: string, stamp: string): Record<string, string>
}

const BODY = '{"name":"Zoë / 1","list":[1,2],"a":{"b":null}}'

const CPG: Signer = {
  name: 'cpg',
  post: { method: 'POST', path: '/v1/deposit-addresses', body: BODY },
  get: { method: 'GET', path: '/v1/balances?currency=USDT&network=ETH' },
  secret: cpg.KEYS.demo.secret,
  stamp: (wallMs) => String(Math.floor(wallMs / 1000)),
  mac: (signed, secret, stamp) => Buffer.from(cpg.sign(secret, cpg.canonical(signed, stamp)), 'hex'),
  encoding: 'hex',
  headers: (signature, stamp) => ({ 'x-cpg-key': cpg.KEYS.demo.key, 'x-cpg-timestamp': stamp, 'x-cpg-signature': signature }),
}

const PAYWARD: Signer = {
  name: 'payward',
  post: { method: 'POST', path: payward.addressesOf(payward.ACCOUNTS.main), body: BODY },
  get: payward.listing('asset_symbol=BTC'),
  secret: payward.KEYS.demo.secret,
  stamp: payward.nonceAt,
  mac: (signed, secret, stamp) => Buffer.from(payward.sign(secret, signed.path, stamp, signed.body), 'base64'),
  encoding: 'base64',
  headers: (signature, stamp) => ({ 'api-key': payward.KEYS.demo.key, 'api-nonce': stamp, 'api-sign': signature }),
}

const ALPHAPO: Signer = {
  name: 'alphapo',
  post: { method: 'POST', path: '/api/v2/addresses/take', body: BODY },
  get: { method: 'GET', path: '/api/v2/ping' },
  secret: alphapo.KEYS.demo.secret,
  stamp: () => '',
  mac: (signed, secret) => Buffer.from(alphapo.sign(secret, signed.body ?? ''), 'hex'),
  encoding: 'hex',
  headers: (signature) => ({ 'x-processing-key': alphapo.KEYS.demo.key, 'x-processing-signature': signature }),
}

/** What a client does differently from what the documents say. */
interface Mistake {
  /** What goes over the wire. */
  readonly sent?: Request
  /** What the signature was made over, where that is something else. */
  readonly signed?: Request
  readonly secret?: string
  readonly signedStamp?: (stamp: string) => string
  readonly sentStamp?: (stamp: string) => string
  readonly write?: (mac: Buffer) => string
}

const hex = (mac: Buffer) => mac.toString('hex')
const base64 = (mac: Buffer) => mac.toString('base64')
const same = (text: string) => text

/** Makes the call and looks at its answer: refused, with a hint in one header and nowhere else, and the right signature nowhere at all. */
async function hinted(box: Kit, signer: Signer, mistake: Mistake): Promise<string> {
  box.passWall(1000)
  const sent = mistake.sent ?? signer.post
  const stamp = signer.stamp(box.wallMs)
  const write = mistake.write ?? (signer.encoding === 'hex' ? hex : base64)
  const mac = signer.mac(mistake.signed ?? sent, mistake.secret ?? signer.secret, (mistake.signedStamp ?? same)(stamp))
  const sentStamp = (mistake.sentStamp ?? same)(stamp)
  const headers = { ...(sent.body !== undefined && { 'content-type': 'application/json' }), ...signer.headers(write(mac), sentStamp) }
  const reply = await box.send(signer.name, { ...sent, headers })
  expect(reply.status, reply.text).toBeGreaterThanOrEqual(400)
  expect(reply.status, reply.text).toBeLessThan(404)
  silent(reply, signer.mac(sent, signer.secret, sentStamp), write(mac))
  return reply.headers['x-sandgate-hint'] ?? ''
}

/** No way of writing the right signature stands in the answer, unless the client itself sent it so. */
function silent(reply: Reply, right: Buffer, given: string): void {
  const { 'x-sandgate-hint': hint = '', ...others } = reply.headers
  const everything = JSON.stringify(others) + reply.text + hint
  for (const form of [hex(right), hex(right).toUpperCase(), base64(right), right.toString('base64url')]) {
    if (form !== given) expect(everything.includes(form), everything).toBe(false)
  }
  expect(hint).toMatch(/^[\x20-\x7e]*$/)
  if (hint !== '') expect(reply.text + JSON.stringify(others)).not.toContain(hint)
}

const NONE = /none of the usual mistakes/
const value = JSON.parse(BODY)
const ascii = (text: string) => text.replace(/[^\x00-\x7f]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
/** As Python's json.dumps writes it. */
const PYTHON = ascii('{"name": "Zoë / 1", "list": [1, 2], "a": {"b": null}}')
/** As PHP's json_encode writes it. */
const PHP = ascii(BODY).replaceAll('/', '\\/')

/** Mistakes that any client can make who signs a body. */
const common = (signer: Signer): [string, Mistake, RegExp][] => {
  const [own, other] = signer.encoding === 'hex' ? [hex, base64] : [base64, hex]
  const signedBody = (body: string): Mistake => ({ signed: { ...signer.post, body } })
  const sentBody = (body: string): Mistake => ({ sent: { ...signer.post, body }, signed: signer.post })
  return [
    ['the body re-serialised with spaces after signing', sentBody(PYTHON), /body was re-serialised/],
    ['the body re-serialised without spaces after signing', { sent: signer.post, signed: { ...signer.post, body: PYTHON } }, /body was re-serialised/],
    ['the body written by PHP, signed by hand', signedBody(PHP), /body was re-serialised/],
    ['the body pretty-printed after signing', sentBody(JSON.stringify(value, null, 2)), /body was re-serialised/],
    ['a pretty-printed body signed', signedBody(JSON.stringify(value, null, 4)), /body was re-serialised/],
    ['the keys sorted for signing', signedBody('{"a":{"b":null},"list":[1,2],"name":"Zoë / 1"}'), /body was re-serialised/],
    ['a newline behind the signed body', signedBody(`${BODY}\n`), /trailing newline/],
    ['a newline behind the sent body', sentBody(`${BODY}\n`), /trailing newline/],
    ['the body not signed', signedBody(''), /body was left out/],
    [`${signer.encoding === 'hex' ? 'base64 for hex' : 'hex for base64'}`, { write: other }, signer.encoding === 'hex' ? /hex expected, base64 sent/ : /base64 expected, hex sent/],
    ['base64 of the hex text', { write: (mac) => Buffer.from(hex(mac)).toString('base64') }, /hex text was base64-encoded/],
    ['two mistakes: re-serialised, and the wrong encoding', { ...sentBody(PYTHON), write: other }, /re-serialised.*(hex|base64) sent/],
    ['a secret nobody knows', { secret: base64(Buffer.from('not this one')) }, NONE],
    ['half of the signature', { write: (mac) => own(mac).slice(0, own(mac).length / 2) }, NONE],
    ['a signature that is none', { write: () => 'signature' }, NONE],
    ['a body that says something else', sentBody('{"name":"Zoe"}'), NONE],
  ]
}

const bare = (request: Request): Request => ({ ...request, path: request.path.split('?', 1)[0]! })

const SIGNERS: [string, Signer, [string, Mistake, RegExp][]][] = [
  [
    'cpg',
    CPG,
    [
      ...common(CPG),
      ['a newline behind the secret', { secret: `${CPG.secret}\n` }, /secret had a trailing newline/],
      ['upper-case hex', { write: (mac) => hex(mac).toUpperCase() }, /lower-case hex expected, upper-case hex sent/],
      ['URL-safe base64 for hex', { write: (mac) => mac.toString('base64url') }, /hex expected, base64 sent/],
      ['the query left out', { sent: CPG.get, signed: bare(CPG.get) }, /query was left out/],
      ['the path without its version', { signed: { ...CPG.post, path: '/deposit-addresses' } }, /path was signed as \/deposit-addresses/],
      ['the secret of another key of the account', { secret: cpg.KEYS.second.secret }, /secret of another key of the same account/],
      ['the secret of another account', { secret: cpg.KEYS.other.secret }, NONE],
      ['milliseconds signed, seconds sent', { signedStamp: (seconds) => `${seconds}000` }, /milliseconds were signed/],
      ['milliseconds signed and sent', { signedStamp: (seconds) => `${seconds}000`, sentStamp: (seconds) => `${seconds}000` }, /seconds expected, milliseconds sent/],
      ['seconds signed, milliseconds sent', { sentStamp: (seconds) => `${seconds}000` }, /seconds expected, milliseconds sent/],
      ['the whole path of the request line, and the body re-serialised', { sent: { ...CPG.post, body: PYTHON }, signed: { ...CPG.post, path: `/cpg${CPG.post.path}` } }, /body was re-serialised/],
      ['the whole path of the request line, and base64 for hex', { signed: { ...CPG.post, path: `/cpg${CPG.post.path}` }, write: base64 }, /hex expected, base64 sent/],
    ],
  ],
  [
    'payward',
    PAYWARD,
    [
      ...common(PAYWARD),
      ['the secret not base64-decoded', { secret: base64(Buffer.from(PAYWARD.secret)) }, /secret was used as text: base64-decode it first/],
      ['URL-safe base64', { write: (mac) => mac.toString('base64url') }, /URL-safe|none of the usual/],
      ['the query left out', { sent: PAYWARD.get, signed: bare(PAYWARD.get) }, /query was left out/],
      ['the path without its version', { signed: { ...PAYWARD.post, path: PAYWARD.post.path.replace('/v1', '') } }, /path was signed as \/accounts/],
      ['the nonce not signed', { signedStamp: () => '' }, /nonce was left out/],
      ['the secret of another partner', { secret: payward.KEYS.other.secret }, NONE],
    ],
  ],
  [
    'alphapo',
    ALPHAPO,
    [
      ...common(ALPHAPO),
      ['a newline behind the secret', { secret: `${ALPHAPO.secret}\n` }, /secret had a trailing newline/],
      ['upper-case hex', { write: (mac) => hex(mac).toUpperCase() }, /lower-case hex expected, upper-case hex sent/],
      ['the secret of another merchant', { secret: alphapo.KEYS.other.secret }, NONE],
    ],
  ],
]

describe.each(SIGNERS)('%s', (_, signer, mistakes) => {
  test('sandgate.hints: every usual mistake is named, in a header of its own', async () => {
    const box = await start()
    const told: [string, string][] = []
    for (const [what, mistake] of mistakes) told.push([what, await hinted(box, signer, mistake)])
    expect(told).toEqual(mistakes.map(([what, , expected]) => [what, expect.stringMatching(expected)]))
  })

  test('sandgate.hints: a call that is signed well, or not signed at all, carries none', async () => {
    const box = await start()
    const stamp = signer.stamp(box.wallMs)
    const right = signer.mac(signer.post, signer.secret, stamp)
    const taken = await box.send(signer.name, { ...signer.post, headers: { 'content-type': 'application/json', ...signer.headers(right.toString(signer.encoding), stamp) } })
    expect(taken.headers['x-sandgate-hint'] ?? '').not.toMatch(/sign/)
    expect((await box.send(signer.name, signer.get)).headers['x-sandgate-hint'] ?? '').not.toMatch(/sign/)
  })

  test('sandgate.hints: whatever is sent for a signature, no answer says which one is right', async () => {
    const box = await start()
    const anyMistake = fc.record(
      {
        sent: fc.constantFrom(signer.post, signer.get, { ...signer.post, body: '' }, { ...signer.post, body: 'no JSON' }, { ...signer.post, body: '"\ud800"' }),
        signed: fc.constantFrom(signer.post, signer.get, bare(signer.get), { ...signer.post, body: `${BODY}\n` }, { ...signer.post, path: `/${signer.name}${signer.post.path}x` }),
        secret: fc.oneof(fc.constant(signer.secret), fc.base64String({ minLength: 4 })),
        signedStamp: fc.constantFrom(same, (stamp: string) => `${stamp}000`, () => ''),
        write: fc.oneof(
          fc.constantFrom(hex, base64, (mac: Buffer) => hex(mac).toUpperCase(), (mac: Buffer) => mac.toString('base64url'), (mac: Buffer) => hex(mac).slice(0, -1)),
          fc.stringMatching(/^[!-~]{1,200}$/).map((text) => () => text),
        ),
      },
      { requiredKeys: ['sent', 'secret', 'write'] },
    )
    await fc.assert(
      fc.asyncProperty(anyMistake, async (mistake) => {
        box.passWall(1000)
        const stamp = signer.stamp(box.wallMs)
        const given = mistake.write(signer.mac(mistake.signed ?? mistake.sent, mistake.secret, (mistake.signedStamp ?? same)(stamp)))
        const headers = { ...(mistake.sent.body !== undefined && { 'content-type': 'application/json' }), ...signer.headers(given, stamp) }
        const reply = await box.send(signer.name, { ...mistake.sent, headers })
        silent(reply, signer.mac(mistake.sent, signer.secret, stamp), given)
        expect(reply.status).toBeLessThan(500)
      }),
      { numRuns: 60, seed: 20260516 },
    )
  })
})

describe('the nonce of payward', () => {
  test.each<[string, (nonce: string) => string]>([
    ['first, as text', (nonce) => `{"nonce":"${nonce}",${BODY.slice(1)}`],
    ['first, as a number', (nonce) => `{"nonce":${nonce},${BODY.slice(1)}`],
    ['last, as text', (nonce) => `${BODY.slice(0, -1)},"nonce":"${nonce}"}`],
  ])('sandgate.hints: signed as part of the body, %s', async (_, bodyWith) => {
    const box = await start()
    box.passWall(1000)
    const nonce = PAYWARD.stamp(box.wallMs)
    for (const before of [nonce, '']) {
      const mac = PAYWARD.mac({ ...PAYWARD.post, body: bodyWith(nonce) }, PAYWARD.secret, before)
      const reply = await box.send('payward', { ...PAYWARD.post, headers: { 'content-type': 'application/json', ...PAYWARD.headers(base64(mac), nonce) } })
      expect(reply.headers['x-sandgate-hint']).toMatch(/nonce was signed as part of the body/)
      silent(reply, PAYWARD.mac(PAYWARD.post, PAYWARD.secret, nonce), base64(mac))
    }
  })

  test('sandgate.hints: sent in the body, which was signed without it in front', async () => {
    const box = await start()
    const nonce = PAYWARD.stamp(box.wallMs)
    const sent = { ...PAYWARD.post, body: `{"nonce":"${nonce}",${BODY.slice(1)}` }
    expect(await hinted(box, PAYWARD, { sent, signedStamp: () => '' })).toMatch(/nonce was left out of the signed text/)
  })
})

describe('where the path is signed', () => {
  const signers: [string, Signer, Request][] = [
    ['cpg', CPG, { method: 'GET', path: '/v1/_ping' }],
    ['payward', PAYWARD, PAYWARD.get],
  ]

  /** A call by path or by host name whose signature was made over another path. */
  async function signedOver(box: Kit, signer: Signer, sent: Request, path: string, host?: string): Promise<Reply> {
    box.passWall(1000)
    const stamp = signer.stamp(box.wallMs)
    const signature = signer.mac({ ...sent, path }, signer.secret, stamp).toString(signer.encoding)
    const linePath = host === undefined ? `/${signer.name}${sent.path}` : sent.path
    return box.raw(sent.method, linePath, { ...signer.headers(signature, stamp), ...(host !== undefined && { host }) })
  }

  test.each(signers)('sandgate.signature.both-paths: %s takes its own path and the one on the request line', async (_, signer, sent) => {
    const box = await start()
    for (const path of [sent.path, `/${signer.name}${sent.path}`]) expect((await signedOver(box, signer, sent, path)).status).toBe(200)
    const wrong = await signedOver(box, signer, sent, sent.path.replace('/v1', '/v2'))
    expect([wrong.status < 500, wrong.headers['x-sandgate-hint']]).toEqual([true, expect.stringMatching(NONE)])
    expect(wrong.status).toBeGreaterThanOrEqual(400)
  })

  test.each(signers)('sandgate.signature.both-paths: %s by host name has one path only; the prefix of the other way is told', async (_, signer, sent) => {
    const box = await start()
    const host = `${signer.name}.localhost:4010`
    expect((await signedOver(box, signer, sent, sent.path, host)).status).toBe(200)
    const wrong = await signedOver(box, signer, sent, `/${signer.name}${sent.path}`, host)
    expect(wrong.status).toBeGreaterThanOrEqual(400)
    expect(wrong.headers['x-sandgate-hint']).toMatch(new RegExp(`^the path was signed as /${signer.name}/v1/`))
  })

  test('sandgate.hints: a path with bytes in it makes no header that cannot be sent', async () => {
    const box = await start()
    for (const path of ['/v1/%E9%0A', '/v1/%0d%0ax-evil:1', '/v1/%22quoted%22']) {
      const reply = await signedOver(box, CPG, { method: 'GET', path }, path.replace('/v1', ''))
      expect([reply.status, reply.headers['x-sandgate-hint']]).toEqual([401, expect.stringMatching(/^the path was signed as [\x20-\x7e]*$/)])
      expect(reply.headers['x-evil']).toBeUndefined()
    }
  })

  test('sandgate.hints: the clock of the world has no say in them', async () => {
    const box = await start({ clock: START.replace('2026', '2020') })
    expect(await hinted(box, CPG, { write: base64 })).toMatch(/hex expected, base64 sent/)
  })
})
