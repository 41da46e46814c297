// What people have kept stays readable: a snapshot, a directory, a case file and addresses as an earlier build wrote them are in test/golden and are never
// written again. A file that is not there yet is written by `SANDGATE_GOLDEN=write npx vitest run test/golden.test.ts`.
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { Registry } from '../src/engine/registry.ts'
import { readRecording } from '../src/casefile/format.ts'
import { Replay } from '../src/casefile/replay.ts'
import { findProviders } from '../src/app.ts'
import { address, type Chain } from '../src/world/addresses.ts'
import { World } from '../src/world/world.ts'
import * as alphapo from './clients/alphapo.ts'
import * as cpg from './clients/cpg.ts'
import * as payward from './clients/payward.ts'
import * as zopay from './clients/zopay.ts'
import { Inbox, type Kit, start } from './kit.ts'

const GOLDEN = new URL('golden/', import.meta.url).pathname
const WRITES = process.env.SANDGATE_GOLDEN === 'write'
const SEED = 'golden'
const CHAINS: readonly Chain[] = [
  'bitcoin',
  'litecoin',
  'dogecoin',
  'bitcoin-cash',
  'evm',
  'tron',
  'solana',
  'xrp',
  'stellar',
  'cardano',
]
const IDENTITIES = Array.from({ length: 40 }, (_, index) => `identity-${index}`)

/** The file's content; where it is not there yet, and files are to be written, what it is to hold. */
function golden(name: string, text: () => string): string {
  if (WRITES && !existsSync(GOLDEN + name)) writeFileSync(GOLDEN + name, text())
  return readFileSync(GOLDEN + name, 'utf8')
}

/** Every provider, its money, its callbacks, heard and not heard, and a scenario that goes on. */
async function story(box: Kit): Promise<void> {
  const inbox = await Inbox.open()
  inbox.answers = (_, index) => ({ status: index % 3 === 2 ? 500 : 200 })
  for (const provider of ['cpg', 'zopay', 'alphapo']) await box.subscribe(provider, inbox)
  await box.call(payward.client, payward.registration({ url: inbox.url.replace('127.0.0.1', 'localhost') }))
  const rules = [
    {
      when: { provider: 'cpg', operation: 'getDepositRequest', probability: 0.5 },
      then: [{ delay: { min: '1ms', max: '9ms' } }],
    },
  ]
  const timeline = [{ at: '200d', do: { deposit: { provider: 'cpg', amount: '7' } } }]
  expect((await box.control('PUT', '/scenario', { name: 'golden', rules, timeline })).status).toBe(200)

  for (let turn = 0; turn < 3; turn++) {
    const user = `user-${turn}`
    const first = await box.call(cpg.client, cpg.allocation({ user_identifier: user, idempotency_key: `key-${turn}` }))
    await box.call(cpg.client, cpg.allocation({}))
    await box.call(cpg.client, cpg.client.good.getDepositRequest!())
    const intent = await box.call(
      zopay.client,
      zopay.post('/payment-intents', { amount: '25.00', currencies: ['USDT'], external_ref: user }, `order-${turn}`),
    )
    const kept = await box.call(
      zopay.client,
      zopay.post('/addresses', { asset: 'USDT', network: 'solana', external_ref: user }, `address-${turn}`),
    )
    const tagged = await box.call(
      payward.client,
      payward.creation({ method_id: payward.METHODS.XRP, asset_symbol: 'XRP' }),
    )
    const taken = await box.call(
      alphapo.client,
      alphapo.taking({ currency: 'XRP', foreign_id: user, end_user_reference: user }),
    )
    for (const reply of [first, intent, kept, tagged, taken]) expect(reply.status, reply.text).toBeLessThan(300)

    await box.deposit(first.json.data.address, '25', { after: '30m' })
    await box.deposit(intent.json.addresses[0].address, '25')
    const { address: to, tag } = tagged.json.data
    await box.deposit(to, '30', { tag })
    await box.deposit(taken.json.data.address, '40', { tag: String(taken.json.data.tag), confirmations: 'instant' })
    await box.call(zopay.client, zopay.simulate(intent.json.id))
    await box.advance(turn < 2 ? '5h' : '31m')
  }
  await box.call(zopay.client, zopay.get('/transactions'))
  await box.call(alphapo.client, alphapo.post('/currencies/list', {}))
  await box.call(payward.client, payward.transactions())
}

const quiet = { seed: SEED, fsync: false, pause: () => Promise.resolve() }

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'sandgate-golden-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

/** Without the process that wrote it. */
const copied = (from: string, to: string) =>
  cpSync(from, to, { recursive: true, filter: (path) => !/[/\\]lock[^/\\]*$/.test(path) })

test.runIf(WRITES && !existsSync(`${GOLDEN}case.json`))(
  'a case file, a snapshot and a directory are written',
  async () => {
    const data = folder()
    // Small enough for a checkpoint beside the log.
    const box = await start({ ...quiet, data, keep: { foldBytes: 100_000 } })
    await story(box)
    writeFileSync(`${GOLDEN}case.json`, (await box.control('GET', '/recording')).text)
    writeFileSync(`${GOLDEN}snapshot.json`, (await box.control('GET', '/snapshot')).text)
    await box.sandbox.close()
    copied(data, `${GOLDEN}data`)
  },
)

test('the same identity has the same address on every network, in live and in test mode', async () => {
  const now = () =>
    Object.fromEntries(
      CHAINS.flatMap((chain) =>
        [false, true].map((testnet) => [
          `${chain}${testnet ? ', test' : ''}`,
          IDENTITIES.map((name) => address(SEED, { chain, testnet, name: [name] })),
        ]),
      ),
    )
  expect(now()).toEqual(JSON.parse(golden('networks.json', () => JSON.stringify(now(), null, 1))))
})

test('the same customer has the same address at every provider', async () => {
  const box = await start(quiet)
  const methods = Object.entries(payward.METHODS)
  const given: Record<string, unknown> = {}
  for (const [index, name] of IDENTITIES.entries()) {
    const [asset, method] = methods[index % methods.length]!
    given[name] = [
      (await box.call(cpg.client, cpg.allocation({ user_identifier: name }))).json.data.address,
      (
        await box.call(
          zopay.client,
          zopay.post('/payment-intents', { amount: '25.00', currencies: ['USDT'], external_ref: name }, name),
        )
      ).json.addresses,
      (
        await box.call(
          payward.client,
          payward.creation({ method_id: method, asset_symbol: asset.slice(0, 4).toUpperCase() }),
        )
      ).json.data,
      (await box.call(alphapo.client, alphapo.taking({ currency: index % 2 ? 'BTC' : 'XRP', foreign_id: name }))).json
        .data,
    ]
  }
  expect(given).toEqual(JSON.parse(golden('customers.json', () => JSON.stringify(given, null, 1))))
})

test('a case file is replayed, and every answer is equal', async () => {
  const { differs, left, calls } = await new Replay(
    readRecording(readFileSync(`${GOLDEN}case.json`, 'utf8')),
    await findProviders(),
  ).play()
  expect(differs).toBeUndefined()
  expect([left, calls]).toEqual([[], 28])
})

test('a snapshot is taken, and what was in it goes on: a repeated key has its answer, what is due comes', async () => {
  const box = await start({ seed: 'another' })
  const text = readFileSync(`${GOLDEN}snapshot.json`, 'utf8')
  const { status, text: problem } = await box.raw(
    'PUT',
    '/_sandgate/snapshot',
    { 'content-type': 'application/json' },
    text,
  )
  expect(status, problem).toBe(204)
  await goesOn(box)
})

test('a directory is started from, and what was in it goes on', async () => {
  const data = folder()
  copied(`${GOLDEN}data`, data)
  const box = await start({ ...quiet, data, seed: undefined })
  const { tables } = JSON.parse(readFileSync(`${GOLDEN}snapshot.json`, 'utf8'))
  expect((await box.control('GET', '/snapshot')).json.tables).toEqual(tables)
  await goesOn(box)
})

async function goesOn(box: Kit): Promise<void> {
  const answers = JSON.parse(readFileSync(`${GOLDEN}case.json`, 'utf8')).journal.filter(
    ({ kind }: any) => kind === 'call',
  )
  const repeats = answers.filter(
    ({ operation, path }: any) => operation === 'createPaymentIntent' || path === '/connect/v1/payment-intents',
  )
  expect(repeats.length).toBe(3)
  for (const [turn, { answer }] of repeats.entries()) {
    const again = await box.call(
      zopay.client,
      zopay.post(
        '/payment-intents',
        { amount: '25.00', currencies: ['USDT'], external_ref: `user-${turn}` },
        `order-${turn}`,
      ),
    )
    expect(again.json).toEqual(typeof answer.body === 'string' ? JSON.parse(answer.body) : answer.body)
  }
  const { happened } = await box.advance('40h')
  expect(happened.length).toBeGreaterThan(5)
}

test('no name that is kept in files has gone: tables, reactions, checks, and what is drawn', async () => {
  const providers = await findProviders()
  const drawing = vi.spyOn(World.prototype, 'draw')
  await story(await start(quiet))
  // Of those with a word for what is drawn, that word too.
  const draws = new Set(
    drawing.mock.calls.map(([first, second]) =>
      first !== null && providers.has(String(first)) ? `${first} ${second}` : String(first),
    ),
  )
  drawing.mockRestore()
  const now: Record<string, string[]> = {
    tables: new Registry(providers).tables.map(({ name }) => name).sort(),
    reactions: [...providers.values()]
      .flatMap(({ name, reactions = {} }) => Object.keys(reactions).map((reaction) => `${name} ${reaction}`))
      .sort(),
    checks: [...providers.values()]
      .flatMap(({ name, gates, identity }) =>
        [...new Set([...gates, ...identity.gates])].map((gate) => `${name} ${gate.formerly}`),
      )
      .sort(),
    draws: [...draws].sort(),
  }
  const kept = JSON.parse(golden('names.json', () => JSON.stringify(now, null, 1))) as typeof now
  for (const [kind, names] of Object.entries(kept))
    expect(
      names.filter((name) => !now[kind]!.includes(name)),
      `${kind} that files name and this build does not know: a kept name was changed`,
    ).toEqual([])
})

test('each check keeps its id: journals and case files hold it', async () => {
  const ids = [...(await findProviders()).values()].map(({ name, gates, identity, operations }) => {
    const all = [
      ...gates,
      ...identity.gates,
      ...Object.values(operations).flatMap((operation) => operation.gates ?? []),
    ]
    return [name, [...new Set(all.map(({ id }) => id))].sort()]
  })
  expect(Object.fromEntries(ids)).toEqual({
    alphapo: [
      'content_readable',
      'fields_valid',
      'ip_allowed',
      'key_known',
      'key_present',
      'lookup_valid',
      'path_served',
      'schema_valid',
      'signature_present',
      'signature_valid',
      'within_quote_rate',
      'within_rate_limit',
    ],
    cpg: [
      'auth_headers_present',
      'ip_allowed',
      'key_known',
      'permission_granted',
      'schema_valid',
      'signature_unused',
      'signature_valid',
      'timestamp_in_window',
      'within_rate_limit',
    ],
    payward: [
      'account_found',
      'idempotency_key_valid',
      'key_known',
      'media_type_supported',
      'nonce_increases',
      'permission_granted',
      'schema_valid',
      'signature_valid',
      'within_rate_limit',
    ],
    zopay: [
      'body_readable',
      'idempotency_key_present',
      'key_known',
      'organisation_approved',
      'path_complete',
      'schema_valid',
      'scope_granted',
      'within_rate_limit',
    ],
  })
})
