// The config file: what it may say, and how it is told what is wrong with it: file, line, and the nearest right name.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { afterAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { readConfig } from '../src/cli/config.ts'
import { configJsonSchema } from '../src/options.ts'
import { findProviders } from '../src/app.ts'
import { UsageError } from '../src/engine/errors.ts'
import { allocation, clientOf, KEYS } from './clients/cpg.ts'
import { start } from './kit.ts'

const providers = await findProviders()
const folder = mkdtempSync(join(tmpdir(), 'sandgate-config-'))
afterAll(() => rmSync(folder, { recursive: true }))

function write(text: string | Buffer): string {
  const file = join(mkdtempSync(join(folder, 'one-')), 'sandgate.yaml')
  writeFileSync(file, text)
  return file
}

/** Why the file cannot be used, with the file's name as `FILE`. */
function complaintAbout(text: string | Buffer): string {
  const file = write(text)
  try {
    readConfig(file, providers)
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError)
    return (error as Error).message.replaceAll(file, 'FILE')
  }
  throw new Error(`nothing was wrong with ${text}`)
}

const GOOD = `
seed: shop
clock: 2026-05-16T19:00:00Z
limits: { bodyBytes: 2048, journalEntries: 10 }
providers:
  cpg:
    accounts:
      shop:
        keys: [{ id: my_key, secret: my_secret, permissions: [request_deposit_address], ratePerMinute: 60, ips: [127.0.0.1] }]
        currencies: [{ currency: USDT, network: ETH, deposit: true }]
    windows: { display: 10m, monitoring: P1D, reuse: 2d }
`

describe('a good file', () => {
  test('is read as written', () => {
    expect(readConfig(write(GOOD), providers)).toEqual(parse(GOOD))
  })

  test.each([
    ['empty', ''],
    ['blank', '\n\n'],
    ['a comment', '# nothing yet\n'],
    ['null', 'null'],
    ['JSON', '{"seed":"x"}'],
    ['CRLF', 'seed: x\r\nclock: real\r\n'],
    ['a byte order mark', '\ufeffseed: x\n'],
  ])('%s will do', (_, text) => {
    expect(readConfig(write(text), providers)).toEqual(parse(text.replace('\ufeff', '')) ?? {})
  })

  test('a few aliases are fine', () => {
    const text = 'seed: &s x\nclock: real\nproviders: { cpg: { windows: &w { display: 1h } } }\n'
    expect(readConfig(write(text), providers).seed).toBe('x')
  })

  test('makes the accounts and windows that it names, beside the demo ones', async () => {
    const box = await start(readConfig(write(GOOD), providers))
    const shop = clientOf({ key: 'my_key', secret: 'my_secret' })
    const mine = await box.call(shop, allocation({}))
    expect([mine.status, mine.json.data.display_expires_at]).toEqual([200, '2026-05-16T19:10:00+00:00'])
    // What was not granted is refused, what was not named does not exist.
    expect((await box.call(shop, { method: 'GET', path: '/v1/currencies' })).status).toBe(403)
    expect((await box.call(shop, allocation({ currency: 'ETH' }))).status).toBe(403)
    expect((await box.call(clientOf(KEYS.demo), allocation({}))).status).toBe(200)
    expect((await box.control('GET', '/addresses?account=shop')).json.data).toHaveLength(1)
  })

  test('an account of the same name replaces the demo one', async () => {
    const box = await start({
      providers: {
        cpg: parse(
          'accounts: { demo: { keys: [{ id: mine, secret: s }], currencies: [{ currency: ETH, network: ETH }] } }',
        ),
      },
    })
    expect((await box.call(clientOf(KEYS.demo), allocation({}))).status).toBe(401)
    expect((await box.call(clientOf({ key: 'mine', secret: 's' }), allocation({ currency: 'ETH' }))).status).toBe(200)
    expect((await box.call(clientOf(KEYS.other), allocation({}))).status).toBe(200)
  })

  test('the limits hold', async () => {
    const { limits } = readConfig(write('limits: { bodyBytes: 1024, journalEntries: 2 }'), providers)
    const box = await start({ limits })
    for (let i = 0; i < 3; i++) await box.send('cpg', { method: 'GET', path: '/v1/_ping' })
    expect((await box.control('GET', '/journal')).json).toMatchObject({ data: [{ id: 2 }, { id: 3 }], dropped: 1 })
    expect((await box.call(clientOf(KEYS.demo), allocation({ user_identifier: 'x'.repeat(1024) }))).status).toBe(413)
  })
})

describe('a bad file', () => {
  test.each([
    ['at the top', 'seed: a\nclok: real\n', 'FILE:2: clok: unknown key; did you mean clock?'],
    ['in limits', 'limits:\n  bodyBites: 2048\n', 'FILE:2: limits.bodyBites: unknown key; did you mean bodyBytes?'],
    ['a provider', 'providers:\n  cgp: {}\n', 'FILE:2: providers.cgp: unknown key; did you mean cpg?'],
    [
      'of a provider',
      'providers:\n  cpg:\n    acounts: {}\n',
      'FILE:3: providers.cpg.acounts: unknown key; did you mean accounts?',
    ],
    [
      'in an account',
      'providers:\n  cpg:\n    accounts:\n      shop:\n        keys: []\n        currencies: []\n        curencies: []\n',
      'FILE:7: providers.cpg.accounts.shop.curencies: unknown key; did you mean currencies?',
    ],
    [
      'in a list',
      'providers:\n  cpg:\n    accounts:\n      shop:\n        currencies: []\n        keys:\n          - id: k\n            secret: s\n            permission: []\n',
      'FILE:9: providers.cpg.accounts.shop.keys.0.permission: unknown key; did you mean permissions?',
    ],
    [
      'on one line',
      'providers: { cpg: { windows: { show: 3h } } }',
      'FILE:1: providers.cpg.windows.show: unknown key; did you mean ',
    ],
    ['__proto__', 'seed: a\n__proto__: { polluted: yes }\n', 'FILE:2: __proto__: unknown key; did you mean '],
    ['a switch', 'assume:\n  nobody.knows: this\n', 'FILE:2: assume.nobody.knows: unknown key'],
  ])('an unknown key %s', (_, text, expected) => {
    const complaint = complaintAbout(text)
    expect(complaint.slice(0, expected.length)).toBe(expected)
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
  })

  test.each([
    ['seed: 5', 'FILE:1: seed: '],
    ['seed: ""', 'FILE:1: seed: '],
    ['seed: x\nclock: tomorrow', 'FILE:2: clock: expected real, or an instant'],
    ['limits:\n  bodyBytes: lots', 'FILE:2: limits.bodyBytes: '],
    ['limits:\n  bodyBytes: 1', 'FILE:2: limits.bodyBytes: '],
    ['limits:\n  journalEntries: 0.5', 'FILE:2: limits.journalEntries: '],
    ['limits: []', 'FILE:1: limits: '],
    ['providers: cpg', 'FILE:1: providers: '],
    [
      'providers:\n  cpg:\n    windows:\n      display: soon',
      'FILE:4: providers.cpg.windows.display: expected a duration such as 90s, 15m, 4h, 7d or PT4H, got "soon"',
    ],
    [
      'providers:\n  cpg:\n    accounts:\n      shop: { keys: [{ id: k }], currencies: [] }',
      'FILE:4: providers.cpg.accounts.shop.keys.0',
    ],
    [
      'providers:\n  cpg:\n    accounts:\n      shop: { keys: [], currencies: [{ currency: USDT, network: MOON }] }',
      'FILE:4: providers.cpg.accounts.shop.currencies.0: expected one of USDT on ETH',
    ],
    ['- seed', 'FILE:1: the file: '],
    ['just words', 'FILE:1: the file: '],
    ['42', 'FILE:1: the file: '],
  ])('a wrong value: %j', (text, expected) => {
    expect(complaintAbout(text).slice(0, expected.length)).toBe(expected)
  })

  test.each([
    ['broken YAML', 'seed: a\nclock: [real\n', /^FILE:\d: /],
    ['a tab', 'limits:\n\tbodyBytes: 1\n', /^FILE:2: /],
    ['a key that stands twice', 'seed: a\nseed: b\n', /^FILE:2: .*unique/],
    ['two documents', 'seed: a\n---\nseed: b\n', /^FILE:\d: /],
    ['an alias of nothing', 'seed: *nobody\n', /^FILE(:1)?: .*alias.*nobody/],
    [
      'bytes that are not UTF-8',
      Buffer.from([0x73, 0x65, 0x65, 0x64, 0x3a, 0x20, 0xff, 0xfe, 0x00]),
      /^FILE(:1)?: .*UTF-8/,
    ],
  ])('%s', (_, text, expected) => {
    expect(complaintAbout(text)).toMatch(expected)
    expect(complaintAbout(text)).not.toContain('\n')
  })

  test('aliases of aliases of aliases are not written out', () => {
    const letters = [...'abcdefghij']
    const bomb = letters
      .map(
        (name, i) =>
          `${name}: &${name} [${
            i === 0
              ? '"x"'
              : Array(10)
                  .fill(`*${letters[i - 1]}`)
                  .join(', ')
          }]`,
      )
      .join('\n')
    const complaint = complaintAbout(bomb)
    expect(complaint).toMatch(/^FILE(:\d+)?: .*alias/i)
    expect(complaint).not.toContain('\n')
  })

  test('nesting without end is an ordinary mistake', () => {
    expect(complaintAbout(`seed: ${'['.repeat(20_000)}`)).toMatch(/^FILE:\d+: /)
    expect(complaintAbout(`seed: ${'{a: '.repeat(5000)}1${'}'.repeat(5000)}`)).toMatch(/^FILE:\d+: /)
  })

  test('a file that cannot be read', () => {
    expect(() => readConfig(join(folder, 'nothing.yaml'), providers)).toThrow(UsageError)
    expect(() => readConfig(join(folder, 'nothing.yaml'), providers)).toThrow(
      /nothing\.yaml: cannot be read: .*no such file/,
    )
    expect(() => readConfig(folder, providers)).toThrow(UsageError)
  })
})

describe('assumptions', () => {
  const switches = [...providers.values()].flatMap((provider) => Object.entries(provider.switches ?? {}))

  test('every switch of every provider takes each of its values, and no other', () => {
    for (const [id, values] of switches) {
      for (const value of values)
        expect(readConfig(write(`assume: { ${id}: ${value} }`), providers).assume).toEqual({ [id]: value })
      expect(complaintAbout(`assume:\n  ${id}: neither\n`)).toMatch(
        new RegExp(`^FILE:2: assume\\.${id.replaceAll('.', '\\.')}: .*${values[0]}`),
      )
    }
  })

  test('a name that is nearly right is told', () => {
    for (const [id] of switches)
      expect(complaintAbout(`assume:\n  ${id}s: x\n`)).toBe(`FILE:2: assume.${id}s: unknown key; did you mean ${id}?`)
  })
})

describe('the JSON Schema', () => {
  const schema = configJsonSchema(providers)

  test('takes what the file may say, and refuses what it may not', () => {
    const validate = new Ajv2020({ strict: false }).compile(schema)
    expect([validate(parse(GOOD)), validate.errors]).toEqual([true, null])
    expect(validate({})).toBe(true)
    for (const bad of [
      { clok: 'real' },
      { seed: 5 },
      { limits: { bodyBytes: 'x' } },
      { providers: { nobody: {} } },
      { providers: { cpg: { windows: { display: 5 } } } },
    ])
      expect(validate(bad), JSON.stringify(bad)).toBe(false)
  })

  test('names every provider and every switch', () => {
    const { properties } = schema as { properties: Record<string, { properties: object }> }
    expect(Object.keys(properties.providers!.properties)).toEqual([...providers.keys()])
    expect(Object.keys(properties.assume!.properties)).toEqual(
      [...providers.values()].flatMap((provider) => Object.keys(provider.switches ?? {})),
    )
  })
})
