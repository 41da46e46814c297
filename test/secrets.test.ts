// What lets somebody in, in every spelling in which it can be sent, repeated or asked for: recordings, journal, log lines and errors hold none of it.
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { readRecording } from '../src/casefile/format.ts'
import { Log } from '../src/telemetry/log.ts'
import { Replay } from '../src/casefile/replay.ts'
import { findProviders, Sandbox } from '../src/app.ts'
import { allocation, client as cpg, clientOf } from './clients/cpg.ts'
import { client as payward, KEYS as PAYWARD } from './clients/payward.ts'
import { client as zopay } from './clients/zopay.ts'
import { Inbox, type Kit, start } from './kit.ts'

const OWN = { key: 'shop_key_of_ours', secret: 'shop/secret+of"ours\\1==' }
const ENDPOINT = 'whsec/abc+def/ghi=='
const SECRETS = [
  OWN.key,
  OWN.secret,
  ENDPOINT,
  PAYWARD.demo.secret,
  'cpg_demo_secret',
  'sk_test_sandgate_demo',
  'sk_live_HHHHJJJJKKKKLLLL',
]

const percent = (text: string) =>
  [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')
const json = (text: string) => JSON.stringify(text).slice(1, -1)
/** Ways to write a secret down. What stands around it in base64 moves it to another place there. */
const SPELLINGS: Readonly<Record<string, (text: string) => string>> = {
  'as it is': (text) => text,
  'percent-encoded': encodeURIComponent,
  'percent-encoded whole': percent,
  'percent-encoded in capitals': (text) => percent(text).toUpperCase(),
  'percent-encoded in part': (text) => text.slice(0, 3) + percent(text.slice(3, 5)) + text.slice(5),
  'percent-encoded twice': (text) => encodeURIComponent(percent(text)),
  'JSON with \\/': (text) => json(text).replaceAll('/', '\\/'),
  'JSON with \\u': (text) => [...text].map((char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`).join(''),
  'JSON inside of JSON': (text) => json(json(text).replaceAll('/', '\\/')),
  hex: (text) => Buffer.from(text).toString('hex'),
  'hex in capitals': (text) => Buffer.from(text).toString('hex').toUpperCase(),
  base64: (text) => Buffer.from(text).toString('base64'),
  base64url: (text) => Buffer.from(text).toString('base64url'),
  'base64 behind one byte': (text) => Buffer.from(`x${text}y`).toString('base64'),
  'base64 behind two bytes': (text) => Buffer.from(`me${text}:`).toString('base64'),
  'percent-encoded base64': (text) => encodeURIComponent(Buffer.from(text).toString('base64')),
}

/** A sandbox that knows all of them, and what it said to people. */
async function open(): Promise<{ box: Kit; said: () => string }> {
  const lines: string[] = []
  const log = new Log({ format: 'json', level: 'debug', write: (text) => void lines.push(text) })
  const box = await start({
    log,
    strict: false,
    providers: {
      cpg: {
        accounts: {
          shop: { keys: [{ id: OWN.key, secret: OWN.secret }], currencies: [{ currency: 'USDT', network: 'ETH' }] },
        },
      },
    },
  })
  const inbox = await Inbox.open()
  await box.subscribe('cpg', inbox, { secret: ENDPOINT })
  return { box, said: () => (log.flush(), lines.join('')) }
}

/** Everything that somebody can read afterwards. */
async function readable(box: Kit, said: () => string): Promise<Record<string, string>> {
  const [recording, journal] = [
    await box.raw('GET', '/_sandgate/recording'),
    await box.raw('GET', '/_sandgate/journal?limit=1000'),
  ]
  expect([recording.status, journal.status]).toEqual([200, 200])
  return { recording: recording.text, journal: journal.text, log: said() }
}

describe('sandgate.secrets.spellings', () => {
  test.each(Object.entries(SPELLINGS))('%s: in a path, a query, a body, a header', async (_, spell) => {
    const { box, said } = await open()
    const bare: string[] = []
    for (const secret of SECRETS) {
      const written = spell(secret)
      const inUrl = encodeURI(written)
        .replaceAll('%25', '%')
        .replace(/[/?#]/g, (char) => percent(char))
      await box.raw('GET', `/zopay/connect/v1/nope/${inUrl}`)
      await box.raw('GET', `/nowhere/${inUrl}`)
      await box.call(payward, {
        method: 'GET',
        path: `/v1/accounts/WDEMO5GATE2MAIN77/funds/deposits/methods?asset_type=crypto&note=${inUrl}`,
      })
      await box.raw(
        'POST',
        '/cpg/v1/deposit-addresses',
        { 'content-type': 'application/json', 'x-note': written.replaceAll('\\', '_') },
        `{"user_identifier":"u","metadata":"${written.replaceAll('"', "'")}"}`,
      )
      bare.push(...[written, inUrl, json(written), json(inUrl)].filter((text) => text.length > 8))
    }
    for (const [name, text] of Object.entries(await readable(box, said)))
      for (const each of bare) expect(text.includes(each), `${name} holds ${each}`).toBe(false)
  })

  test('bytes of a secret that is base64, written otherwise', async () => {
    const { box, said } = await open()
    const bytes = Buffer.from(PAYWARD.demo.secret, 'base64')
    const written = [bytes.toString('hex'), bytes.toString('base64url'), PAYWARD.demo.secret.replace(/=+$/, '')]
    for (const each of written)
      await box.raw('POST', '/payward/v1/nope', { 'content-type': 'text/plain' }, `a ${each} b`)
    for (const text of Object.values(await readable(box, said)))
      for (const each of written) expect(text).not.toContain(each)
  })

  test('what stands around a secret stays', async () => {
    const { box, said } = await open()
    const reply = await box.raw(
      'POST',
      `/zopay/connect/v1/nope/${percent(ENDPOINT)}/more?a=1&b=sk_live_ABCDEFGH`,
      { 'content-type': 'text/plain' },
      `before cpg_demo_secret after, ${Buffer.from('cpg_demo_key_2').toString('base64')} end`,
    )
    const entry = await box.entry(reply)
    expect(entry.path).toBe('/zopay/connect/v1/nope/(hidden)/more?a=1&b=(hidden)')
    expect(entry.request.body).toBe('before (hidden) after, (hidden) end')
    const call = (await box.control('GET', '/recording')).json.journal.find(({ kind }: any) => kind === 'call')
    expect([call.path, call.query, call.body]).toEqual([
      '/connect/v1/nope/{{callback secret}}/more',
      'a=1&b={{hidden}}',
      'before {{cpg demo secret 1}} after, {{cpg demo key 2}} end',
    ])
    expect(said()).toContain('"path":"/connect/v1/nope/(hidden)/more"')
  })

  test('a secret that nobody knows, under a name that says so: in a query, a form, broken JSON, a list', async () => {
    const { box, said } = await open()
    const secret = 'qT7/zz+9Lm2xV0pR'
    for (const body of [
      `{"secret":"${json(secret).replaceAll('/', '\\/')}"`,
      `{"api_secrets":["${secret}"]}`,
      `grant=x&client_secret=${encodeURIComponent(secret)}`,
      `{"signature" : "${secret}"}`,
    ]) {
      await box.raw('POST', `/cpg/v1/nope?secret=${encodeURIComponent(secret)}`, {}, body)
    }
    for (const text of Object.values(await readable(box, said)))
      for (const each of [secret, json(secret).replaceAll('/', '\\/'), encodeURIComponent(secret)])
        expect(text).not.toContain(each)
  })

  test('a receiver that repeats the headers it was sent: in the journal and in the recording', async () => {
    const { box, said } = await open()
    const inbox = await Inbox.open()
    inbox.answers = ({ headers }) => ({
      body: JSON.stringify({
        got: headers,
        again: encodeURIComponent(String(headers['x-cpg-signature'] ?? JSON.stringify(headers))),
      }),
    })
    await box.subscribe('cpg', inbox, { secret: ENDPOINT })
    const { address } = (await box.call(cpg, allocation({}))).json.data
    await box.deposit(address, '5', { confirmations: 'instant' })
    expect(inbox.received.length).toBeGreaterThan(0)
    const signatures = inbox.received.flatMap(({ headers }) =>
      Object.entries(headers)
        .filter(([name]) => name.includes('sign'))
        .map(([, value]) => String(value)),
    )
    expect(signatures.length).toBeGreaterThan(0)
    const { journal, recording } = await readable(box, said)
    for (const text of [journal!, recording!])
      for (const each of signatures) expect(text).not.toContain(each.replace(/^.*=/, ''))
    expect(journal).toContain('\\"content-type\\":\\"application/json\\"')
  })

  test('errors of the control API, and of nobody', async () => {
    const { box } = await open()
    for (const secret of ['sk_live_HHHHJJJJKKKK', 'cpg_demo_secret', OWN.key]) {
      for (const [method, path, body] of [
        ['GET', `/_sandgate/${secret}`],
        ['GET', `/_sandgate/journal?provider=${secret}`],
        ['GET', `/_sandgate/journal?${secret}=1`],
        ['GET', `/${secret}`],
        ['GET', `/w/${secret}/cpg/v1/_ping`],
        ['POST', '/_sandgate/reset', `{"${secret}":1}`],
        ['POST', '/_sandgate/verify', `{"provider":"${secret}","operation":"x"}`],
        ['PUT', '/_sandgate/scenario', `name: x\n${secret}: 1\n`],
        ['PUT', `/_sandgate/callbacks/endpoints/${secret}`, '{"url":"http://127.0.0.1:1/"}'],
        ['POST', '/_sandgate/deposits', `{"address":"${secret}","amount":"1"}`],
        ['PUT', '/_sandgate/callbacks/endpoints/cpg', `{"url":"http://user:${secret}@203.0.113.9:1/"}`],
      ] as const) {
        const reply = await box.raw(
          method,
          path,
          body === undefined ? {} : { 'content-type': 'application/json' },
          body,
        )
        expect(reply.status, path).toBeGreaterThanOrEqual(400)
        expect(reply.text, `${method} ${path} ${body}`).not.toContain(secret)
      }
    }
  })

  test('a bug is told without them', async () => {
    const lines: string[] = []
    const log = new Log({ format: 'json', write: (text) => void lines.push(text) })
    const sandbox = await Sandbox.open(await findProviders(), { log })
    onTestFinished(() => sandbox.close())
    sandbox.complain(
      'no answer could be made for GET /cpg/v1/cpg_demo_secret',
      new Error(`cannot read ${percent('sk_live_HHHHJJJJ')}`),
    )
    log.flush()
    expect(lines.join('')).toMatch(/GET \/cpg\/v1\/\(hidden\).*cannot read \(hidden\)/)
  })

  test('a recording without them is played as before', async () => {
    const { box } = await open()
    const ours = clientOf(OWN)
    await box.call(ours, allocation({ user_identifier: 'u' }))
    await box.call(ours, allocation({ user_identifier: percent(OWN.secret) }))
    await box.call(zopay, zopay.good.createAddress!())
    await box.call(zopay, { method: 'GET', path: '/connect/v1/addresses?limit=sk_live_HHHHJJJJ' })
    const recording = readRecording((await box.raw('GET', '/_sandgate/recording')).text)
    expect(recording.journal.filter((step) => 'altered' in step)).toHaveLength(2)
    expect((await new Replay(recording, await findProviders()).play()).differs).toBeUndefined()
  })

  test('any of them, spelled in any way on top of any other, anywhere in a text', async () => {
    const { box, said } = await open()
    const layered = fc.tuple(
      fc.constantFrom(...SECRETS),
      fc.constantFrom(...Object.values(SPELLINGS)),
      fc.constantFrom('percent-encoded', 'JSON with \\/', 'as it is', 'percent-encoded whole'),
    )
    await fc.assert(
      fc.asyncProperty(layered, fc.string({ maxLength: 12 }), async ([secret, inner, outer], around) => {
        const written = SPELLINGS[outer]!(inner(secret))
        const reply = await box.raw(
          'POST',
          '/zopay/connect/v1/nope',
          { 'content-type': 'text/plain' },
          `${around} ${written} ${around}`,
        )
        const { request } = await box.entry(reply)
        expect(request.body).not.toContain(written)
        expect(said()).not.toContain(written)
      }),
      { numRuns: 150 },
    )
  })
})
