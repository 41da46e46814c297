// The generated regions of docs/providers/<provider>.md: made of the provider's own data, its contract, its rules, and what a sandbox sends.
import { readdirSync, readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { z } from 'zod'
import type { Provider } from '../../src/provider.ts'
import { block, code, duration, table } from './markdown.ts'
import { refusalsOf, type Sample, samplesOf, STORIES } from './samples.ts'

const ROOT = new URL('../../', import.meta.url)
const MARKS = ['documented', 'inferred', 'assumed'] as const

export interface Rule {
  readonly id: string
  readonly says: string
  readonly source: string
  readonly mark: (typeof MARKS)[number]
  /** Whether the sandbox does so. */
  readonly status: 'implemented' | 'partial' | 'not-implemented'
  readonly because?: string
  readonly operations?: readonly string[]
}

/** The rules of one provider, in the order of their file. */
export function rulesOf(name: string): readonly Rule[] {
  return yaml(`specs/${name}.rules.yaml`).rules
}

export interface Operation {
  readonly id: string
  readonly method: string
  /** Behind the provider's base URL. */
  readonly path: string
  readonly summary: string
}

/** The operations of an OpenAPI document of `specs/`, in its order. */
export function operationsOf(name: string): readonly Operation[] {
  const { paths, servers } = yaml(`specs/${name}.yaml`)
  const baseOf = (named: any) =>
    named?.[0]?.url === undefined ? undefined : new URL(named[0].url, 'http://sandbox').pathname.replace(/\/$/, '')
  const methods = ['get', 'post', 'put', 'patch', 'delete']
  return Object.entries<any>(paths).flatMap(([path, item]) =>
    methods
      .filter((method) => item[method])
      .map((method) => ({
        id: item[method].operationId,
        method: method.toUpperCase(),
        path: `${baseOf(item[method].servers) ?? baseOf(item.servers) ?? baseOf(servers) ?? ''}${path === '/' ? '' : path}`,
        summary: String(item[method].summary ?? ''),
      })),
  )
}

function yaml(file: string): any {
  return parse(readFileSync(new URL(file, ROOT), 'utf8'))
}

/** Headers of an answer that say nothing of the error. */
const DULL = /^(connection|content-length|date|keep-alive|transfer-encoding|x-sandgate.*)$/

export type ProviderRegion = (provider: Provider) => string | Promise<string>

export const PROVIDER_REGIONS: Readonly<Record<string, ProviderRegion>> = {
  keys: ({ demo }) =>
    table(
      ['account', 'key', 'secret', 'note'],
      demo.map(({ account, key, secret = '', note = '' }) => [account, code(key), code(secret), note]),
    ),

  operations: ({ name, operations }) =>
    table(
      ['operation', 'call', 'what it does', 'in the sandbox'],
      operationsOf(name).map(({ id, method, path, summary }) => [
        code(id),
        code(`${method} ${path}`),
        summary,
        id in operations ? 'modelled' : 'sampled',
      ]),
    ),

  rules: ({ name }) => {
    const chapterOf = ({ id }: Rule) => id.split('.').slice(0, 2).join('.')
    const chapters = [...new Set(rulesOf(name).map(chapterOf))]
    const count = (rules: readonly Rule[], test: (rule: Rule) => boolean) => String(rules.filter(test).length || '')
    return table(
      ['rules', ...MARKS, 'not or only partly implemented'],
      chapters.map((chapter) => {
        const rules = rulesOf(name).filter((rule) => chapterOf(rule) === chapter)
        return [
          code(chapter),
          ...MARKS.map((mark) => count(rules, (rule) => rule.mark === mark)),
          count(rules, ({ status }) => status !== 'implemented'),
        ]
      }),
    )
  },

  events: async (provider) => {
    const { secret, samples } = await once('samples', provider, samplesOf)
    const { never = {} } = STORIES[provider.name]!
    return [
      `These were signed with the secret \`${secret}\`.`,
      ...samples.map((sample) => sampleText(sample, secret)),
      ...(Object.keys(never).length === 0
        ? []
        : [
            'The provider also has these events:',
            Object.entries(never)
              .map(([event, why]) => `- \`${event}\`: ${why}.`)
              .join('\n'),
          ]),
    ].join('\n\n')
  },

  retries: ({ callbacks }) => {
    if (!callbacks) return 'This provider sends no callbacks.'
    const { retryMs, timeoutMs, succeeded } = callbacks
    const waits = [0, ...retryMs]
    const after = waits.map((_, i) => waits.slice(0, i + 1).reduce((sum, ms) => sum + ms, 0))
    return [
      table(
        ['attempt', 'wait before it', 'after the first attempt'],
        waits.map((ms, i) => [String(i + 1), i === 0 ? 'none' : duration(ms), i === 0 ? '' : duration(after[i]!)]),
      ),
      `A callback counts as delivered when the receiver answers with ${statuses((status) => succeeded(status, ''))} within ${duration(timeoutMs)}. After ${waits.length} attempts it is given up.`,
    ].join('\n\n')
  },

  errors: async (provider) => {
    const replies = await once('refusals', provider, refusalsOf)
    const own = [...replies].map(([name, { status, text, headers }]) => ({
      name,
      status,
      text,
      headers: Object.entries(headers).filter(
        ([header, value]) => !DULL.test(header) && !/^application\/(problem\+)?json\b/.test(value),
      ),
    }))
    const common = own[0]!.headers
      .map(([header]) => header)
      .filter((header) => own.every(({ headers }) => headers.some(([name]) => name === header)))
    const rows = own.map(({ name, status, text, headers }) => [
      code(name),
      String(status),
      code(text) || '(empty)',
      headers
        .filter(([header]) => !common.includes(header))
        .map(([header, value]) => code(`${header}: ${value}`))
        .join(', '),
    ])
    const withHeaders = rows.some(([, , , headers]) => headers !== '')
    const head = ['name', 'status', 'body', ...(withHeaders ? ['headers'] : [])]
    return [
      table(
        head,
        rows.map((row) => row.slice(0, head.length)),
      ),
      ...(common.length > 0 ? [`All of them carry ${common.map(code).join(', ')}.`] : []),
    ].join('\n\n')
  },

  switches: ({ name, switches = {} }) =>
    table(
      ['switch', 'values, the default first', 'what it decides'],
      Object.entries(switches).map(([id, values]) => [
        code(id),
        values.map(code).join(', '),
        rulesOf(name).find((rule) => rule.id === id)!.says,
      ]),
      'This provider has no switches.',
    ),

  dashboard: ({ actions = {} }) =>
    table(
      ['action', 'fields', 'what it does'],
      Object.entries(actions).map(([action, { says, fields }]) => [
        code(action),
        fieldsText(z.toJSONSchema(fields, { io: 'input', unrepresentable: 'any' })),
        says,
      ]),
      'Nothing is done on its pages that the sandbox models.',
    ),

  scenarios: ({ name }) =>
    table(
      ['file', 'what happens'],
      readdirSync(new URL(`scenarios/${name}/`, ROOT))
        .filter((file) => file.endsWith('.yaml'))
        .sort()
        .map((file) => [
          `[${file}](/scenarios/${name}/${file})`,
          String(yaml(`scenarios/${name}/${file}`).summary ?? ''),
        ]),
    ),

  'not-modelled': ({ name }) =>
    table(
      ['documented behaviour', 'in the sandbox', 'why'],
      rulesOf(name)
        .filter(({ status }) => status !== 'implemented')
        .map(({ says, status, because = '' }) => [says, status === 'partial' ? 'partly' : 'no', because]),
      'Every documented behaviour is implemented.',
    ),
}

/** The names of the fields of an action; those that may be left out have a question mark. */
function fieldsText({ properties = {}, required = [] }: any): string {
  return Object.keys(properties)
    .map((field) => code(required.includes(field) ? field : `${field}?`))
    .join(', ')
}

function sampleText({ event, variant, headers, body, secret }: Sample, usual: string): string {
  const request = ['POST /hooks HTTP/1.1', ...headers.map(([name, value]) => `${name}: ${value}`), '', body]
  return [
    `#### ${event}${variant && ` (${variant})`}`,
    ...(secret === usual ? [] : [`This one was signed with the secret \`${secret}\`.`]),
    block('http', request.join('\n')),
  ].join('\n\n')
}

/** The statuses of HTTP that count, as ranges: `200-299`. */
function statuses(counts: (status: number) => boolean): string {
  const all = Array.from({ length: 400 }, (_, i) => 200 + i).filter(counts)
  const starts = all.filter((status) => !all.includes(status - 1))
  return starts
    .map((first) => {
      const last = all.find((status) => status >= first && !all.includes(status + 1))!
      return first === last ? `status ${first}` : `a status from ${first} to ${last}`
    })
    .join(' or ')
}

const made = new Map<string, Promise<unknown>>()

/** What takes a sandbox to find out is found out once for each provider. */
export function once<T>(what: string, provider: Provider, find: (provider: Provider) => Promise<T>): Promise<T> {
  const name = `${what} ${provider.name}`
  if (!made.has(name)) made.set(name, find(provider))
  return made.get(name) as Promise<T>
}
