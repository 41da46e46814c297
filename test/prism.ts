// The second opinion: after each test file Prism's own validator judges every call and every answer of that file, and must agree with ours.
import { getHttpOperationsFromSpec } from '@stoplight/prism-http'
import { validateInput, validateOutput } from '@stoplight/prism-http/dist/validator/index.js'
import type { IHttpOperation } from '@stoplight/types'
import { afterAll, expect } from 'vitest'
import { readContent } from '../src/contract/content.ts'
import { Contract } from '../src/contract/contract.ts'
import { findProviders } from '../src/app.ts'
import { type Exchange, exchanges } from './kit.ts'

const SPECS = new URL('../specs/', import.meta.url).pathname

afterAll(async () => {
  const heard = exchanges.splice(0)
  const providers = await findProviders()
  const disagreements: string[] = []
  for (const name of new Set(heard.map(({ provider }) => provider))) {
    const contract = new Contract(name, `${SPECS}${name}.yaml`)
    const operations = await getHttpOperationsFromSpec(contract.file)
    const { readsJson } = providers.get(name)!
    for (const exchange of heard.filter(({ provider }) => provider === name)) {
      const match = contract.match(exchange.request.method, pathOf(exchange))!
      const resource = operations.find(({ iid }) => iid === match.operation.id)!
      disagreements.push(...judgeAnswer(exchange, resource), ...judgeCall(exchange, resource, contract, readsJson))
    }
  }
  expect([...new Set(disagreements)]).toEqual([])
})

function pathOf({ request }: Exchange): string {
  return request.path.split('?', 1)[0]!
}

/** Our verdict on every answer was "on contract", or the test had failed; Prism must find nothing either. */
function judgeAnswer({ request, reply }: Exchange, resource: IHttpOperation): string[] {
  const where = `${resource.iid} ${reply.status}`
  if (!resource.responses.some(({ code }) => code === String(reply.status)))
    return [`${where}: Prism knows no such answer`]
  const element = {
    statusCode: reply.status,
    headers: { ...reply.headers },
    body: reply.text === '' ? undefined : (reply.json ?? reply.text),
  }
  const verdict: any = validateOutput({ resource, element })
  if (verdict._tag === 'Right') return []
  return verdict.left.map(
    (problem: any) =>
      `${where} to ${request.method} ${request.path}: Prism says ${problem.path?.join('.')} ${problem.message}`,
  )
}

/** Whether a call is legal: both must say the same. Bodies that are not JSON never reach Prism's validator, so they are left to ours. */
function judgeCall(
  { request }: Exchange,
  resource: IHttpOperation,
  contract: Contract,
  readsJson: (mediaType: string | undefined) => boolean,
): string[] {
  const headers = Object.fromEntries(
    Object.entries(request.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]),
  )
  const content = readContent(Buffer.from(request.body ?? ''), headers['content-type'], readsJson)
  if (content.kind !== 'json' && content.kind !== 'none') return []
  const match = contract.match(request.method, request.path.split('?', 1)[0]!)!
  const query = request.path.includes('?') ? request.path.slice(request.path.indexOf('?') + 1) : undefined
  const ours = contract.judgeCall(match.operation, { params: match.params, query, headers, content })
  const body = content.kind === 'json' ? content.value : undefined
  const element = {
    method: request.method.toLowerCase() as 'get',
    url: { path: request.path.split('?', 1)[0]!.slice(contract.basePath.length), query: queryOf(query) },
    headers: { ...headers, 'content-type': 'application/json', 'content-length': String(request.body?.length ?? 0) },
    body,
  }
  const verdict: any = validateInput({ resource, element })
  const theirs = verdict._tag === 'Left' ? verdict.left : []
  if (ours.length > 0 === theirs.length > 0) return []
  if (
    theirs.length === 0 &&
    ours.every(({ in: where, keyword, value }) => where !== 'body' && keyword === 'type' && isLooseNumber(value))
  )
    return []
  return [
    `${resource.iid} ${request.path} ${request.body?.slice(0, 200)}: we find ${JSON.stringify(ours)}, Prism finds ${JSON.stringify(theirs)}`,
  ]
}

/** Prism reads text as a number the way JavaScript does: `1e2` and a blank are whole numbers to it, and to no provider. */
function isLooseNumber(value: unknown): boolean {
  return typeof value === 'string' && Number.isInteger(Number(value))
}

function queryOf(query: string | undefined): Record<string, string | string[]> {
  const values: Record<string, string | string[]> = {}
  for (const [name, value] of new URLSearchParams(query ?? '')) {
    const before = values[name]
    values[name] = before === undefined ? value : [...(Array.isArray(before) ? before : [before]), value]
  }
  return values
}
