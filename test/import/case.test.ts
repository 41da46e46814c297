// Recorded calls as the beginning of a case: what the real provider said, played here, differs only where the sandbox says something else; and the command
// itself, as a shell sees it.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { importTraffic } from '../../src/casefile/import/import.ts'
import { readRecording, type RecordedCall, Unusable } from '../../src/casefile/format.ts'
import type { Provider } from '../../src/provider.ts'
import { Replay, report } from '../../src/casefile/replay.ts'
import { contractOf } from '../../src/contract/contracts.ts'
import { findProviders } from '../../src/app.ts'
import { client as alphapo } from '../clients/alphapo.ts'
import { client as cpg } from '../clients/cpg.ts'
import { client as payward } from '../clients/payward.ts'
import { client as zopay } from '../clients/zopay.ts'
import { type Client, START, start } from '../kit.ts'
import { type Place, placesIn, put } from './places.ts'

let providers: Map<string, Provider>
beforeAll(async () => {
  providers = await findProviders()
})

/** One exchange as a browser writes it down. */
function exchange(
  at: string,
  method: string,
  path: string,
  sent: object | undefined,
  status: number,
  answer: object | undefined,
  more: { host?: string; headers?: Record<string, string> } = {},
): object {
  const pairs = (headers: Record<string, string>) => Object.entries(headers).map(([name, value]) => ({ name, value }))
  return {
    startedDateTime: at,
    time: 12,
    request: {
      method,
      url: `${more.host ?? 'https://api.cpg.example'}${path}`,
      httpVersion: 'h2',
      headers: pairs({
        ':authority': 'api.cpg.example',
        'X-CPG-Key': 'live_key_of_the_partner',
        'X-CPG-Signature': 'f'.repeat(64),
        ...(sent && { 'Content-Type': 'application/json' }),
        ...more.headers,
      }),
      ...(sent && { postData: { mimeType: 'application/json', text: JSON.stringify(sent) } }),
    },
    response: {
      status,
      headers: pairs({ 'Content-Type': 'application/json; charset=utf-8', Date: 'Tue', 'CF-Ray': 'abc' }),
      content: { mimeType: 'application/json', ...(answer && { text: JSON.stringify(answer) }) },
    },
  }
}

const har = (...entries: object[]) =>
  JSON.stringify({ log: { version: '1.2', creator: { name: 'a browser' }, entries } })

const address = {
  success: true,
  message: 'OK',
  data: {
    request_id: 48213,
    address: '0x52908400098527886E0F7030069857D2E4169EE7',
    network: 'ETH',
    currency: 'USDT',
    contract_address: '0xdAC17F958D2ee523a2206206994597C13D831ec7',
    user_identifier: 'user_8721',
    display_expires_at: '2026-03-02T13:00:01+00:00',
    created_at: '2026-03-02T10:00:01+00:00',
  },
}
const create = (answer: object = address) =>
  exchange(
    '2026-03-02T10:00:01.120Z',
    'POST',
    '/v1/deposit-addresses',
    { currency: 'USDT', network: 'ETH', user_identifier: 'user_8721' },
    200,
    answer,
  )
const ping = exchange('2026-03-02T11:00:00.000+01:00', 'GET', '/v1/_ping', undefined, 200, {
  success: true,
  message: 'OK',
  data: { pong: true },
})

const imported = (text: string) =>
  importTraffic(Buffer.from(text), {
    provider: providers.get('cpg')!,
    contract: contractOf('cpg'),
    names: [...providers.keys()],
  }).recording
const differs = async (text: string) => {
  const recording = readRecording(JSON.stringify(imported(text)))
  const played = await new Replay(recording, providers).play()
  return played.differs && { ...played.differs, told: report(played.differs, played) }
}

describe('import', () => {
  test('calls in order of time, at their own time, of the provider alone, without keys', () => {
    const elsewhere = exchange('2026-03-02T10:00:00.500Z', 'GET', '/pixel.gif', undefined, 200, undefined, {
      host: 'https://tracker.example',
    })
    const preflight = exchange(
      '2026-03-02T10:00:00.900Z',
      'OPTIONS',
      '/v1/deposit-addresses',
      undefined,
      204,
      undefined,
    )
    const unanswered = exchange('2026-03-02T10:00:00.950Z', 'GET', '/v1/currencies', undefined, 0, undefined)
    const recording = imported(har(create(), elsewhere, preflight, unanswered, ping))
    const calls = recording.journal as RecordedCall[]
    expect(calls.map(({ entry, operation, at }) => [entry, operation, at])).toEqual([
      [1, 'ping', '2026-03-02T10:00:00.000Z'],
      [2, 'createDepositAddress', '2026-03-02T10:00:01.120Z'],
    ])
    expect(recording.clock).toEqual({ start: '2026-03-02T10:00:00.000Z', mode: 'frozen' })
    expect(JSON.stringify(recording)).not.toMatch(/live_key_of_the_partner|f{64}|:authority/)
    expect(calls[0]!.who).toEqual({ account: 'demo', key: 0 })
  })

  test('the file says which fields are compared how', () => {
    const [call] = imported(har(create())).journal as RecordedCall[]
    expect(call!.compare).toEqual({
      headers: ['content-type'],
      fields: {
        '$.data.request_id': 'id',
        '$.data.address': 'address',
        '$.data.contract_address': 'address',
        '$.data.display_expires_at': 'timestamp',
        '$.data.created_at': 'timestamp',
      },
    })
    expect(imported(har(create())).note).toContain('compare.fields')
  })

  test('a sandbox of before is recognised by its prefix', () => {
    const entry = exchange(
      '2026-03-02T10:00:00Z',
      'GET',
      '/w/ci/cpg/v1/_ping',
      undefined,
      200,
      { success: true },
      { host: 'http://127.0.0.1:4010' },
    )
    expect((imported(har(entry)).journal as RecordedCall[])[0]).toMatchObject({ path: '/v1/_ping', operation: 'ping' })
  })

  test.each<[string, string, string]>([
    ['no JSON', '{', 'not JSON'],
    ['no HAR', '{}', 'log.entries'],
    [
      "somebody else's traffic",
      har(exchange('2026-03-02T10:00:00Z', 'GET', '/other', undefined, 200, {})),
      'path of CPG',
    ],
    ['nothing', har(), 'path of CPG'],
  ])('%s cannot be used', (_, text, told) => {
    expect(() => imported(text)).toThrow(Unusable)
    expect(() => imported(text)).toThrow(told)
  })
})

describe('whatever is in the file', () => {
  test('what some tools write as null is not there', () => {
    const [call] = imported(changed(ping, ['request', 'postData'], null)).journal as RecordedCall[]
    expect(call).not.toHaveProperty('body')
    expect(
      (imported(changed(create(), ['response', 'content', 'text'], null)).journal as RecordedCall[])[0]!.answer,
    ).not.toHaveProperty('body')
  })

  test('it is a recording that can be read, or one sentence', () => {
    const whole = JSON.parse(har(create(), ping))
    const places = placesIn(whole)
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(
            fc.constantFrom(...places),
            fc.option(fc.oneof(fc.jsonValue(), fc.string({ unit: 'binary' })), { nil: undefined }),
          ),
          { minLength: 1, maxLength: 3 },
        ),
        (changes) => {
          const copy = changes.reduce((har, [place, value]) => put(har, place, value), whole)
          try {
            readRecording(JSON.stringify(imported(JSON.stringify(copy))))
          } catch (error) {
            if (!(error instanceof Unusable)) throw error
            expect(error.message).not.toBe('')
          }
        },
      ),
      { numRuns: 400 },
    )
  })
})

/** A file of one entry that is changed in one place. */
function changed(entry: object, place: Place, value: unknown): string {
  return har(put(entry, place, value))
}

describe('replay of an import', () => {
  test('ids, addresses and timestamps may be others; the rest is equal', async () => {
    expect((await differs(har(ping, create())))?.told).toBeUndefined()
  })

  test('a later call names our id instead of theirs', async () => {
    const again = exchange(
      '2026-03-02T10:05:00Z',
      'POST',
      '/v1/deposit-addresses',
      { currency: 'USDT', network: 'ETH', user_identifier: 'user_8721' },
      200,
      address,
    )
    const read = exchange('2026-03-02T10:06:00Z', 'GET', '/v1/deposit-requests/48213', undefined, 404, {
      success: false,
    })
    const found = await differs(har(create(), again, read))
    // The request is found here under its own number: the real provider said 404, and that is what is told.
    expect(found).toMatchObject({ call: { entry: 3 }, where: 'status', expected: 404, got: 200 })
  })

  test.each<[string, object, string]>([
    ['another value', { ...address, message: 'Created' }, '$.message'],
    ['a field that is missing here', { ...address, data: { ...address.data, memo: null } }, '$.data.memo'],
    [
      'an address of another kind',
      { ...address, data: { ...address.data, address: 'TJRyWwFs9wTFGZg3JbrVriFbNfCug5tDeC' } },
      '$.data.address',
    ],
    [
      'a timestamp written otherwise',
      { ...address, data: { ...address.data, created_at: '2026-03-02T10:00:01.000000Z' } },
      '$.data.created_at',
    ],
    [
      'what the partner sent, changed',
      { ...address, data: { ...address.data, user_identifier: 'USER_8721' } },
      '$.data.user_identifier',
    ],
    ['an id of another type', { ...address, data: { ...address.data, request_id: '48213' } }, '$.data.request_id'],
  ])('%s is found', async (_, answer, where) => {
    expect(await differs(har(create(answer)))).toMatchObject({ where })
  })

  test('an id of the partner itself must come back as it was, though it looks like one that is drawn', async () => {
    const sent = { currency: 'USDT', network: 'ETH', user_identifier: '550e8400-e29b-41d4-a716-446655440000' }
    const answered = (user_identifier: string) =>
      har(
        exchange('2026-03-02T10:00:01Z', 'POST', '/v1/deposit-addresses', sent, 200, {
          ...address,
          data: { ...address.data, user_identifier },
        }),
      )
    expect(await differs(answered(sent.user_identifier))).toBeUndefined()
    expect(imported(answered(sent.user_identifier)).journal[0]).not.toHaveProperty([
      'compare',
      'fields',
      '$.data.user_identifier',
    ])
  })

  test('a status the sandbox does not give is found with the rules that applied', async () => {
    const found = await differs(
      har(
        exchange(
          '2026-03-02T10:00:01Z',
          'POST',
          '/v1/deposit-addresses',
          { currency: 'USDT', network: 'ETH', user_identifier: 'a' },
          409,
          { success: false },
        ),
      ),
    )
    expect(found).toMatchObject({ where: 'status', expected: 409, got: 200 })
    expect(found!.told).toMatch(/rules: +cpg\./)
  })

  test('who was turned away at the door is turned away', async () => {
    const found = await differs(
      har(exchange('2026-03-02T10:00:01Z', 'GET', '/v1/_ping', undefined, 401, { success: false })),
    )
    expect(found?.where ?? '').not.toBe('status')
  })
})

describe('the command', () => {
  /** A shell's view of it. */
  async function run(...args: string[]): Promise<{ status: number; stdout: string; stderr: string }> {
    const child = spawn(process.execPath, [new URL('../../dist/main.js', import.meta.url).pathname, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const said = { stdout: '', stderr: '' }
    for (const name of ['stdout', 'stderr'] as const)
      child[name].setEncoding('utf8').on('data', (text: string) => (said[name] += text))
    const [status] = await once(child, 'close')
    return { status, ...said }
  }

  /** The calls that a partner made, twice what hands out an address, as its browser wrote them down. Somebody else's seed: ids and addresses are others. */
  async function trafficWith(client: Client, operations: readonly string[]): Promise<any> {
    const box = await start({ seed: `the real ${client.name}`, clock: START })
    const entries = []
    for (const [index, name] of operations.entries()) {
      const request = {
        ...client.good[name]!(),
        ...(client.name === 'zopay' && { headers: { 'idempotency-key': `key-${index}` } }),
      }
      const signed = client.sign(request, box.wallMs)
      const { status, text, headers } = await box.call(client, request)
      expect(status, name).toBeLessThan(300)
      const type = { name: 'Content-Type', value: headers['content-type']! }
      entries.push({
        startedDateTime: START,
        request: {
          method: request.method,
          url: `https://api.${client.name}.example${request.path}`,
          headers: Object.entries(signed.headers!).map(([name, value]) => ({ name, value })),
          ...(request.body !== undefined && { postData: { mimeType: 'application/json', text: request.body } }),
        },
        response: { status, headers: [type], content: { mimeType: type.value, text } },
      })
    }
    return { log: { version: '1.2', creator: { name: 'a browser' }, entries } }
  }

  test.each<[string, Client, string[], string]>([
    [
      'cpg',
      cpg,
      ['ping', 'createDepositAddress', 'createDepositAddress', 'getDepositRequest', 'listCurrencies'],
      '$.data.network',
    ],
    ['zopay', zopay, ['createAddress', 'createAddress', 'listAddresses'], '$.asset'],
    [
      'payward',
      payward,
      ['listDepositMethods', 'createDepositAddress', 'createDepositAddress', 'listDepositAddresses'],
      '$.memo',
    ],
    ['alphapo', alphapo, ['ping', 'takeAddress', 'takeAddress', 'listCurrencies'], '$.data.currency'],
  ])(
    'import FILE.har --provider %s makes a case file whose replay is equal, or names the first answer that differs',
    async (name, client, operations, where) => {
      const folder = mkdtempSync(join(tmpdir(), 'sandgate-har-'))
      onTestFinished(() => rmSync(folder, { recursive: true }))
      const file = (named: string) => join(folder, named)
      const traffic = await trafficWith(client, operations)
      const imports = async (named: string) => {
        writeFileSync(file(`${named}.har`), JSON.stringify(traffic))
        const ended = await run('import', file(`${named}.har`), '--provider', name)
        const { title } = providers.get(name)!
        expect(ended).toEqual({
          status: 0,
          stderr: '',
          stdout: `${file(`${named}.${name}.json`)}: ${operations.length} calls of ${title}; sandgate replay ${file(`${named}.${name}.json`)} shows where the sandbox answers otherwise\n`,
        })
        return run('replay', file(`${named}.${name}.json`))
      }
      const equal = await imports('equal')
      expect([equal.status, equal.stderr, equal.stdout]).toEqual([
        0,
        '',
        expect.stringMatching(new RegExp(`^${operations.length} calls, .*every answer is equal`)),
      ])
      const theirs = JSON.parse(readFileSync(file(`equal.${name}.json`), 'utf8')).journal.map(
        ({ answer }: RecordedCall) => answer.body,
      )
      expect(theirs).toEqual(traffic.log.entries.map(({ response }: any) => response.content.text))

      const call = operations.findLastIndex((operation) => /^create|^take/.test(operation))
      const { content } = traffic.log.entries[call].response
      const answer = JSON.parse(content.text)
      const path = where.split('.').slice(1)
      path.slice(0, -1).reduce((at: any, step) => at[step], answer)[path.at(-1)!] = 'OTHER'
      content.text = JSON.stringify(answer)
      const other = await imports('other')
      expect([other.status, other.stderr]).toEqual([1, ''])
      expect(other.stdout).toMatch(
        new RegExp(
          `^entry ${call + 1} differs: [^\\n]*\\n  where:    ${where.replaceAll(/[$.]/g, '\\$&')}\\n  recorded: "?OTHER"?\\n`,
        ),
      )
    },
  )
})
