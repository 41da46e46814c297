// The generated regions that belong to no single provider: flags, config file, scenario actions, control API, metrics, and what is modelled at all.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { onTestFinished } from 'vitest'
import { COMMANDS } from '../../src/cli/program.ts'
import { ERRORS } from '../../src/engine/errors.ts'
import { configJsonSchema } from '../../src/options.ts'
import type { Provider } from '../../src/provider.ts'
import { scenarioJsonSchema } from '../../src/scenario/schema.ts'
import { Metrics, metricsText as textOf } from '../../src/telemetry/metrics.ts'
import { Inbox, start } from '../kit.ts'
import { code, table } from './markdown.ts'
import { operationsOf, rulesOf } from './provider-tables.ts'
import { newAddress } from './samples.ts'

export type GeneralRegion = (providers: ReadonlyMap<string, Provider>) => string | Promise<string>

export const GENERAL_REGIONS: Readonly<Record<string, GeneralRegion>> = {
  flags: async () => {
    const tables = []
    for (const [name, { about, load }] of Object.entries(COMMANDS)) {
      const command = new Command(name)
      ;(await load()).define(command)
      const args = command.registeredArguments.map(
        (argument) => `<${argument.name()}>${argument.variadic ? '...' : ''}`,
      )
      tables.push(`**\`${['sandgate', name, ...args].join(' ')}\`**: ${about}`)
      if (command.options.length > 0)
        tables.push(
          table(
            ['flag', 'variable', 'default', 'what it does'],
            command.options.map(({ flags, envVar, defaultValue, argChoices, description }) => [
              code(flags),
              code(envVar ?? ''),
              defaultValue === undefined || Array.isArray(defaultValue) ? '' : code(String(defaultValue)),
              argChoices ? `${description}: ${argChoices.map(code).join(', ')}` : description,
            ]),
          ),
        )
    }
    return tables.join('\n\n')
  },

  'error-codes': () =>
    table(
      ['code', 'status', 'when'],
      Object.entries(ERRORS).map(([name, [status, about]]) => [code(name), String(status), about]),
    ),

  config: (providers) => {
    const rows = new Map<string, string[]>()
    for (const { path: exact, schema, required } of fieldsOf(configJsonSchema(providers))) {
      // An endpoint is the same for every provider.
      const path = exact.replace(/^callbacks\.\w+/, 'callbacks.{provider}')
      const meaning: string = schema.description ?? meaningOf(path, providers)
      // What only holds other keys needs no row of its own.
      if (schema.properties && meaning === '') continue
      if (meaning === '') lacking(`${path} of the config file`)
      rows.set(path, [code(path), `${valueText(schema)}${required ? ', required' : ''}`, defaultText(schema), meaning])
    }
    return table(['key', 'value', 'default', 'what it is'], [...rows.values()])
  },

  actions: () => {
    const { rules, timeline } = (scenarioJsonSchema() as any).properties
    const parts = [
      ['`when` of a rule: all keys that are given must match', rules.items.properties.when.properties, ''],
      ['`then` of a rule: one action an item', rules.items.properties.then.items.properties, 'then.'],
      [
        '`do` of a timeline: at a time after the start, whatever is called',
        timeline.items.properties.do.properties,
        'do.',
      ],
    ] as const
    return parts
      .map(([title, actions, prefix]) =>
        [
          `**${title}**`,
          table(
            ['field', 'value', 'default', 'what it does'],
            Object.entries<any>(actions).flatMap(([name, schema]) => [
              [
                code(name),
                prefix && schema.properties ? '' : valueText(schema),
                '',
                ACTIONS[`${prefix}${name}`] ?? lacking(`${prefix}${name} of a scenario`),
              ],
              ...(prefix ? fieldsOf(schema) : []).map(({ path, schema, required }) => [
                code(`${name}.${path}`),
                `${valueText(schema)}${required ? ', required' : ''}`,
                defaultText(schema),
                schema.description ?? fieldMeaning(`${prefix}${name}.${path}`),
              ]),
            ]),
          ),
        ].join('\n\n'),
      )
      .join('\n\n')
  },

  control: () =>
    table(
      ['call', 'operation', 'what it does'],
      operationsOf('sandgate').map(({ method, path, id, summary }) => [code(`${method} ${path}`), code(id), summary]),
    ),

  metrics: async (providers) => {
    const families = new Map<string, RegExpMatchArray>()
    for (const text of [await metricsText(providers), await sharedMetricsText()])
      for (const family of text.matchAll(/^# HELP (\S+) (.*)\n# TYPE \S+ (\S+)\n((?:[^#\n].*\n)*)/gm))
        if (!families.has(family[1]!)) families.set(family[1]!, family)
    return table(
      ['metric', 'type', 'labels', 'what it counts'],
      [...families.values()].map(([, name, help, type, samples]) => [
        code(name!),
        type!,
        [...new Set([...samples!.matchAll(/(\w+)="/g)].map(([, label]) => code(label!)))].join(', '),
        help!,
      ]),
    )
  },

  'demo-keys': (providers) =>
    table(
      ['provider', 'account', 'key', 'secret', 'note'],
      [...providers.values()].flatMap(({ title, demo }) =>
        demo.map(({ account, key, secret = '', note = '' }) => [title, account, code(key), code(secret), note]),
      ),
    ),

  'support-matrix': (providers) =>
    [...providers.values()]
      .map(({ name, title, operations, callbacks, switches = {} }) => {
        const all = operationsOf(name)
        const rules = rulesOf(name)
        const [modelled, sampled] = [true, false].map((is) => all.filter(({ id }) => id in operations === is))
        const count = (mark: string) => rules.filter((rule) => rule.mark === mark).length
        const open = rules.filter(({ status }) => status !== 'implemented')
        const rows = [
          ['operations modelled', modelled!.map(({ id }) => code(id)).join(', ')],
          ['operations answered with samples', sampled!.map(({ id }) => code(id)).join(', ') || 'none'],
          ['callback events', (callbacks?.events ?? []).map(code).join(', ') || 'none'],
          [
            'rules',
            `${rules.length}: ${count('documented')} documented, ${count('inferred')} inferred, ${count('assumed')} assumed; ${open.length} of them not or only partly implemented`,
          ],
          ['switches', Object.keys(switches).map(code).join(', ') || 'none'],
        ]
        return [`**${title}** ([page](/docs/providers/${name}.md))`, table(['', ''], rows)].join('\n\n')
      })
      .join('\n\n'),
}

interface Field {
  readonly path: string
  readonly schema: any
  readonly required: boolean
}

/** Every key of an object and of what is in it, in the order of the schema: `limits.worlds`, `accounts.*.keys[].id`. */
function fieldsOf(schema: any, prefix = '', into = ''): Field[] {
  const object = schema.anyOf?.find((one: any) => one.properties) ?? schema
  return Object.entries<any>(object.properties ?? {}).flatMap(([name, child]): Field[] => {
    const path = `${prefix}${into}${name}`
    return [
      { path, schema: child, required: object.required?.includes(name) ?? false },
      ...fieldsOf(child, path, '.'),
      ...(child.items ? fieldsOf(child.items, `${path}[]`, '.') : []),
      ...(isSchema(child.additionalProperties) ? fieldsOf(child.additionalProperties, `${path}.*`, '.') : []),
    ]
  })
}

function isSchema(value: unknown): boolean {
  return typeof value === 'object' && value !== null
}

/** More values than these are not listed. */
const VALUES_MAX = 12

/** What may stand there, in words. */
function valueText(schema: any): string {
  if (schema.const !== undefined) return code(String(schema.const))
  if (schema.enum)
    return schema.enum.length > VALUES_MAX
      ? `one of ${schema.enum.length} names, such as ${code(schema.enum[0])}`
      : schema.enum.map((value: unknown) => code(String(value))).join(', ')
  if (schema.anyOf) return schema.anyOf.map(valueText).join(' or ')
  const types = [schema.type ?? 'anything'].flat()
  if (types[0] === 'array')
    return `list of ${valueText(schema.items)
      .replace(/^text$/, 'texts')
      .replace(/^object$/, 'objects')}`
  if (types[0] === 'object' && isSchema(schema.additionalProperties)) return 'object by name'
  const name = types.map((type: string) => TYPES[type] ?? type).join(', ')
  const most = schema.maximum === Number.MAX_SAFE_INTEGER ? undefined : schema.maximum
  const least = schema.exclusiveMinimum === 0 ? 1 : schema.minimum
  if (least === undefined || least === Number.MIN_SAFE_INTEGER) return name
  return most === undefined ? `${name} from ${least}` : `${name} from ${least} to ${most}`
}

const TYPES: Readonly<Record<string, string>> = {
  string: 'text',
  integer: 'whole number',
  boolean: '`true` or `false`',
  null: '`null`',
}

function defaultText({ default: value }: { default?: unknown }): string {
  if (value === undefined || (typeof value === 'object' && Object.keys(value!).length === 0)) return ''
  return Array.isArray(value) && value.length > 3
    ? 'all'
    : code(typeof value === 'string' ? value : JSON.stringify(value))
}

/** What keys of the config file mean; a name alone stands for every path that ends in it. */
const MEANINGS: Readonly<Record<string, string>> = {
  seed: 'What addresses, ids and hashes are derived from. Default `sandgate`.',
  clock: '`real`, or an instant such as `2026-05-16T19:00:00Z` at which worlds start, frozen. Default `real`.',
  scenarios: 'Scenario files, relative to the config file.',
  'limits.bodyBytes': 'The largest request body of a provider call. Default 1 MiB.',
  'limits.journalEntries': 'Journal entries a world keeps. Default 10,000.',
  'limits.journalBytes': 'Bytes of journal a world keeps. Default 64 MiB.',
  'limits.worlds': 'How many worlds may exist. Default 1,000.',
  'limits.worldIdle': 'A world that nobody used for this long is deleted, the default world never. Default `24h`.',
  'callbacks.{provider}.url': 'Where callbacks go from the start, http or https.',
  'callbacks.{provider}.secret':
    "The secret that signs them; drawn from the seed, or the provider's own, unless given.",
  'callbacks.{provider}.events': 'Only these events; all of them unless given.',
  'callbacks.{provider}.account': 'The account whose callbacks these are; the first one unless given.',
  accounts: 'Accounts by name. They are added to the demo accounts; one of the same name replaces it.',
  merchants: 'Merchants by name. They are added to the demo merchants; one of the same name replaces it.',
  keys: 'API keys.',
  id: 'The key as the client sends it; it must not contain a dot.',
  secret: 'The secret that signs calls.',
  permissions: 'What the key may do.',
  scopes: 'What the key may do.',
  ratePerMinute: 'Calls a minute with this key; no limit unless given.',
  ips: 'Addresses or ranges from which the key may be used; every address unless given.',
  nonceWindow: 'By how much a nonce may be lower than the highest one so far.',
  ids: 'The account ids that stand in paths.',
  currencies: 'The currencies of the account.',
  currency: 'Its code.',
  network: 'Its network.',
  asset: 'The asset.',
  deposit: 'Whether it can be deposited.',
  withdrawal: 'Whether it can be withdrawn.',
  minDeposit: 'The smallest deposit that is credited, decimal text; the published one unless given.',
  minWithdrawal: 'The smallest withdrawal, decimal text; the published one unless given.',
  feeFlat: 'What a withdrawal costs, decimal text; the published fee unless given.',
  feePercent:
    'What a withdrawal costs beside it, in percent of the amount, decimal text; the published share unless given.',
  withdrawals: 'Which withdrawals wait for approval; none unless given.',
  review: '`all`: every withdrawal waits; `limits`: those that exceed a limit.',
  default: 'Limits in euros, for every currency that has none of its own.',
  'providers.alphapo.merchants.*.withdrawals.currencies': 'Limits by currency, in that currency.',
  operation: 'The largest amount of one withdrawal, decimal text.',
  hour: 'The largest sum in an hour, decimal text.',
  day: 'The largest sum in a day, decimal text.',
  balances: 'Money that every world begins with.',
  pairs: 'The assets and networks of the account.',
  fiats: 'The fiat currencies in which balances are valued: `usd`, `pen`.',
  approved: 'Whether the organisation is approved.',
  liveKeys: '`refuse`: a live key is answered with 401. `serve`: it is served like a test key, with livemode true.',
  'providers.zopay.payouts': 'What payouts cost and how long they take.',
  'providers.zopay.payouts.broadcastSeconds': 'How long after its execution a payout is broadcast.',
  'providers.zopay.payouts.routes':
    'Ways from a balance to an address, in place of those that Sandgate has for the same two networks.',
  'providers.zopay.payouts.routes[].from': 'The network that the money leaves.',
  'providers.zopay.payouts.routes[].to': 'The network that it arrives on.',
  'providers.zopay.payouts.routes[].fee': 'In US dollars, decimal text with at most two places.',
  'providers.zopay.payouts.routes[].seconds': 'How long a quote says that it takes.',
  'providers.payward.depositFees': 'What deposits cost, by the id of their method; the others are free.',
  'providers.payward.depositFees.*.fee': 'What every deposit by the method costs, decimal text.',
  addressSetupFee: 'What the first deposit to an address costs besides, decimal text.',
  'providers.payward.depositLimits': 'How much an account may deposit, as lists of methods say; nothing is refused.',
  'providers.payward.depositLimits.day': 'In 24 hours, US dollars.',
  'providers.payward.depositLimits.week': 'In seven days, US dollars.',
  broadcastSeconds: 'How long after it was asked for a withdrawal is sent.',
  addresses: 'Whether addresses are those of test networks or of main networks.',
  quoteSeconds: 'How long the price of a swap quote holds.',
  onchainQuoteSeconds: 'How long the price of an on-chain quote holds.',
  tags: 'Names of accounts for transfers, such as `@ann`, and the account ids that they stand for; added to those of the demo accounts.',
  unusedAddresses: 'How many addresses without a deposit an account may have for one method.',
  display: 'How long an address is shown to the payer. Default `3h`.',
  monitoring: 'How long an address is watched for deposits. Default `7d`.',
  reuse: 'After how long an address of the pool is given to somebody else. Default `7d`.',
}

function meaningOf(path: string, providers: ReadonlyMap<string, Provider>): string {
  const provider = path.startsWith('assume.') ? providers.get(path.split('.')[1]!) : undefined
  if (provider) return `Switch of [${provider.title}](/docs/providers/${provider.name}.md#switches).`
  return MEANINGS[path] ?? MEANINGS[path.split('.').at(-1)!] ?? ''
}

/** What the fields of actions mean; a name alone stands for every action. */
const FIELDS: Readonly<Record<string, string>> = {
  error: "One of the provider's error names.",
  status: 'A status, instead of an error name.',
  headers: 'Headers, with a status.',
  body: 'The body, with a status.',
  stage: '`before` or `after` the work is done.',
  min: 'At least so long.',
  max: 'At most so long.',
  how: 'In which way.',
  bytesPerSecond: 'So many bytes a second.',
  amount: 'Decimal text in quotes, in units of the currency.',
  currency: 'Another currency than the address was asked for.',
  network: 'Another network than the address belongs to.',
  tag: 'The tag or memo; `null` sends without one.',
  confirmations: 'How many it has when it is seen; `instant`: enough.',
  outcome: 'What becomes of the transaction.',
  repeat: 'So many deposits of this amount.',
  after: 'How long until it is seen.',
  times: 'For so many deliveries.',
  by: 'For how long; needed by `delay`.',
  provider: 'Which provider.',
  operation: 'Only this operation; every one unless given.',
  for: 'How long it lasts.',
  respond: 'Answer this; error `unavailable` unless given.',
  drop: 'Cut the connection instead.',
  address: 'The address; or else `provider`, with `account`, `user` and `nth`.',
  account: 'Only addresses of this account.',
  user: 'Only addresses of this user.',
  nth: 'The nth of those addresses; the newest unless given.',
}

function fieldMeaning(path: string): string {
  return FIELDS[path.split('.').at(-1)!] ?? lacking(`${path} of a scenario`)
}

/** A sentence for everything a scenario may say; one that is added to the schema must be added here, or the documents cannot be made. */
const ACTIONS: Readonly<Record<string, string>> = {
  provider: 'The provider that is called.',
  operation: 'The operation, by its name in the OpenAPI document.',
  body: 'A subset of the JSON body; a text between slashes is a regular expression.',
  headers: 'Values of headers, or regular expressions.',
  query: 'Values of query parameters, or regular expressions.',
  path: 'Values of path parameters, or regular expressions.',
  nth: 'Only the nth call that matches.',
  times: 'Only the first calls that match, so many.',
  every: 'Every third, fourth, … call that matches.',
  probability: 'With this probability, drawn from the seed.',
  'then.respond':
    "Answer this instead: one of the provider's error names, or a status with headers and body. `after`: the work is done, only the answer is replaced.",
  'then.delay': 'Wait before the answer, in wall time: a duration, or one between `min` and `max`.',
  'then.drop': 'Cut the connection, before or after the work is done.',
  'then.corrupt': 'Damage the answer.',
  'then.throttle': 'Send the answer slowly.',
  'then.deposit': 'Money arrives at the address that this call handed out.',
  'then.withdrawal': 'Decides what becomes of the withdrawal that this call makes.',
  'then.callbacks': 'Disturb the callbacks about the object that this call made.',
  'do.callbacks': 'Disturb callbacks of the provider. `delay` needs `by`.',
  'do.balance': 'Money is given to an account, or taken from it with a minus.',
  'do.rate': 'The rate between two currencies is fixed, in both directions.',
  'do.clock': 'World time leaps on, while it runs or is moved; what falls due on the way happens at its own instant.',
  'do.clock.by': 'By how much, at most 90 days.',
  'do.outage': 'The provider refuses every call (503 unless said otherwise) or cuts the connection.',
  'do.deposit':
    'Money arrives at an address: a named one, or the newest (or nth) that the provider handed out to the account and user.',
}

function lacking(name: string): never {
  throw new Error(`test/docs/general-tables.ts has no sentence for ${name}`)
}

/** Those of a process that shares worlds with others. */
async function sharedMetricsText(): Promise<string> {
  const commits = { buckets: [[1, 1]], count: 1, sum: 1 } as const
  const shared = { claims: 1, takeovers: 1, fenced: 1, pendingRows: 1, commits }
  return (await textOf({ metrics: new Metrics(), worlds: [], logLagBytes: undefined, shared, host: undefined })).text
}

/** The metrics of a sandbox in which everything was counted at least once. */
async function metricsText(providers: ReadonlyMap<string, Provider>): Promise<string> {
  const data = mkdtempSync(join(tmpdir(), 'sandgate-'))
  onTestFinished(() => rmSync(data, { recursive: true, force: true }))
  const host = {
    memoryUsage: () => ({ rss: 1, heapUsed: 1 }),
    cpuUsage: () => ({ user: 1, system: 1 }),
    uptime: () => 1,
  }
  const box = await start({ data, host })
  const [name] = providers.keys()
  await box.subscribe(name!, await Inbox.open())
  await box.control('POST', '/faults', { when: { provider: name }, then: [{ delay: '0s' }] })
  await box.deposit(await newAddress(box, name!, box.wallMs), '1')
  await box.control('GET', '/callbacks')
  return (await box.control('GET', '/metrics')).text
}
