// The control API: how tests and people look into a world and move it. Judged by its own OpenAPI document; the routes stand by chapter in
// the files beside it.
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type Request, type Response, Router } from 'express'
import { readContent } from '../contract/content.ts'
import type { Contract, ContractOperation } from '../contract/contract.ts'
import { mapTexts } from '../casefile/format.ts'
import { NotKept } from '../storage/file/store.ts'
import type { Problem as CallProblem } from '../provider.ts'
import { boundsOf } from '../text/reading.ts'
import type { Sandbox } from '../app.ts'
import type { World } from '../world/world.ts'
import { type Ask, noSuch, Problem, type Routes, stoppedProblem, type Told, unkept } from './http.ts'
import { bodyOf, inUtf8 } from './body.ts'
import { caseRoutes } from '../casefile/record.ts'
import { refuseControl } from './guard.ts'
import { lookingRoutes } from './journal.ts'
import { metricsRoutes } from '../telemetry/metrics.ts'
import { moneyRoutes } from './deposits.ts'
import { isLong, jsonPieces } from './json-pieces.ts'
import { receiveSnapshot } from './snapshot-body.ts'
import { rewindRoutes } from './snapshot.ts'
import { readStories, scenarioRoutes } from './scenario.ts'
import { timeRoutes } from './clock.ts'
import { authorityOf, labelsOf } from '../pipeline/target.ts'
import { worldRoutes } from './worlds.ts'
import { bounded, TOLD_MAX } from '../text/complaints.ts'
import { didYouMean as meant } from '../text/suggest.ts'

const ROUTES: Routes = {
  ...timeRoutes,
  ...lookingRoutes,
  ...metricsRoutes,
  ...moneyRoutes,
  ...rewindRoutes,
  ...scenarioRoutes,
  ...worldRoutes,
  ...caseRoutes,
}

/** What a replay does not do again: these look, move the clock, or begin anew. */
const NOT_TAPED: readonly string[] = [
  'verify',
  'setClock',
  'advanceClock',
  'reset',
  'createWorld',
  'deleteWorld',
  'clearJournal',
  'restoreSnapshot',
]

/** What is answered in a world whose rows are not what they should be: it leaves them alone, or puts others in their place. */
const WITHOUT_ROWS: readonly string[] = [
  'getHealth',
  'getClock',
  'reset',
  'getSnapshot',
  'restoreSnapshot',
  'listWorlds',
  'createWorld',
  'deleteWorld',
  'listJournal',
  'getJournalEntry',
  'clearJournal',
  'listRules',
  'getSpec',
  'getMetrics',
]

/** The most that a body of an ordinary call may have. */
const BODY_BYTES = 1024 * 1024
/** And how many values: each may cost the judge a sentence. */
const BODY_VALUES = 5_000
const NONE = Buffer.alloc(0)

const TITLES: Readonly<Record<number, string>> = {
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  422: 'Unprocessable Content',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
}

/** The control API of a sandbox, for every world of it. */
export function controlRouter(sandbox: Sandbox, contract: () => Contract): Router {
  const guard = { allowHosts: sandbox.options.allowHosts ?? [], token: sandbox.options.controlToken }
  const router = Router()
  router.use(async (req: Request, res: Response) => {
    try {
      const refused = refuseControl(req.headers, guard)
      const bytes = isSnapshot(req) && !refused ? NONE : await bodyOf(req, BODY_BYTES, sandbox.queue)
      if (refused) throw new Problem(refused.status, refused.detail)
      const told = await answer(sandbox, contract(), req, bytes)
      if (told.headers) res.set(told.headers)
      if (told.pieces) await sendPieces(res.status(told.status).type(told.type!), told.pieces)
      else if (isLong(told.body))
        await sendPieces(res.status(told.status).type('application/json; charset=utf-8'), await jsonPieces(told.body))
      else if (told.type === undefined) res.status(told.status).json(told.body)
      else res.status(told.status).type(told.type).send(told.body)
    } catch (error) {
      tell(res, error, sandbox)
    }
  })
  router.use((error: unknown, _req: Request, res: Response, _next: unknown) => tell(res, error, sandbox))
  return router
}

/** The one body that is read while it arrives. */
function isSnapshot({ method, path }: Request): boolean {
  return method === 'PUT' && path === '/snapshot'
}

/** No faster than the client takes them. */
async function sendPieces(res: Response, pieces: readonly Buffer[]): Promise<void> {
  res.set('content-length', String(pieces.reduce((sum, { length }) => sum + length, 0)))
  await pipeline(Readable.from(pieces, { objectMode: false }), res).catch(() => undefined)
}

async function answer(sandbox: Sandbox, contract: Contract, req: Request, bytes: Buffer): Promise<Told> {
  const first = worldOf(req, sandbox)

  const path = contract.basePath + req.path
  // rule: sandgate.control.head
  const match = contract.match(req.method === 'HEAD' ? 'GET' : req.method, path)
  if (!match) {
    const allowed = allowedAt(path, contract)
    // rule: sandgate.http.options
    if (allowed.length > 0 && req.method === 'OPTIONS')
      return { status: 204, headers: { allow: [...allowed, 'OPTIONS'].join(', ') } }
    if (allowed.length > 0) throw new Problem(405, `${req.path} knows ${allowed.join(', ')}`, { allowed })
    throw new Problem(
      404,
      `the control API has no ${req.path}${meant(
        req.path,
        contract.operations.map((operation) => operation.path),
      )} GET /_sandgate/specs/sandgate lists what it has`,
    )
  }
  const query = req.url.includes('?') ? req.url.slice(req.url.indexOf('?') + 1) : undefined
  const yaml = contract.takesYaml(match.operation)
  // Nobody looks at the body of a call that takes none.
  const text = match.operation.body || yaml ? inUtf8(bytes) : NONE
  const beyond = yaml ? undefined : boundsOf(text, BODY_VALUES)
  if (beyond !== undefined) throw new Problem(422, `the body ${beyond}`)
  const snapshot = isSnapshot(req) ? await receiveSnapshot(req) : undefined
  const content = snapshot?.content ?? readContent(text, req.headers['content-type'], () => true)
  const problems = contract.judgeCall(match.operation, { params: match.params, query, headers: req.headers, content })
  const wrong = [
    ...problems.slice(0, TOLD_MAX).map((problem) => inWords(problem, keysAt(problem.at, match.operation, contract))),
    ...strangers(match.operation, query, contract.name, sandbox),
  ]
  const told = bounded(wrong, wrong.length + Math.max(0, problems.length - TOLD_MAX))
  if (told.length > 0) throw new Problem(422, told.join('; '), { problems: told })
  const body = contract.takesYaml(match.operation)
    ? yamlText(bytes)
    : content.kind === 'json'
      ? content.value
      : undefined
  const stories = await readStories(match.operation.id, body, bytes, sandbox)
  // Reading them takes its time, and the world may have been made new meanwhile.
  const world = stories ? worldOf(req, sandbox) : first
  if (world.stopped && world.stopped.rows !== 'good' && !WITHOUT_ROWS.includes(match.operation.id))
    throw stoppedProblem(world)
  return keeping(world, () =>
    ask(match.operation.id, match.operation.method !== 'GET', {
      sandbox,
      world,
      contract,
      params: match.params,
      query: contract.queryValues(match.operation, query),
      body: snapshot ? { ...body, tables: snapshot.rows } : body,
      bytes,
      ...stories,
      headers: req.headers,
      // A name that leads to a provider or a world is no place to find the others under.
      origin: `http://${authorityOf(req).replace(/^[a-z0-9.-]+\.(?=localhost\.?(:\d*)?$)/i, '')}`,
    }),
  )
}

/** The world that a call is about, with its time up to now. */
function worldOf(req: Request, sandbox: Sandbox): World {
  const worldId = /^\/w\/([^/]+)/.exec(req.baseUrl)?.[1] ?? labelsOf(req.headers.host ?? '')?.world
  const world = sandbox.world(worldId)
  if (!world) throw new Problem(404, `there is no world "${worldId}"; GET /_sandgate/worlds lists those there are`)
  sandbox.tick(world)
  return world
}

/** What may be asked at a path: what the document has, and HEAD wherever it has GET. */
function allowedAt(path: string, contract: Contract): string[] {
  return contract.allowed(path).flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]))
}

/** What a control call changed is kept before it is told, or nobody is told that it was changed. */
async function keeping(world: World, work: () => Promise<Told>): Promise<Told> {
  const { keeper } = world
  const undone = keeper?.undone
  try {
    return await work()
  } finally {
    if (keeper && (!keeper.flush() || keeper.undone !== undone)) throw unkept()
  }
}

/** Asks one route; a call that changes the world is noted for its recording, unless it changed nothing after all. */
export async function ask(operation: string, changes: boolean, asked: Ask): Promise<Told> {
  const { sandbox, world, params, query, body } = asked
  if (!changes || NOT_TAPED.includes(operation)) return ROUTES[operation]!(asked)
  const untape = sandbox.tape.add({ operation, params, query, ...(body !== undefined && { body }) }, world)
  try {
    return await ROUTES[operation]!(asked)
  } catch (error) {
    untape()
    throw error
  }
}

/** Why this call of a recording cannot be one that changed a world, in one sentence; undefined: it can. */
export function notTaped(
  {
    operation: id,
    params,
    query,
    body,
  }: Pick<Ask, 'params' | 'query'> & { readonly operation: string; readonly body?: unknown },
  contract: Contract,
): string | undefined {
  const known = contract.operations.filter(
    (operation) => operation.method !== 'GET' && !NOT_TAPED.includes(operation.id),
  )
  const operation = known.find((each) => each.id === id)
  if (!operation)
    return `operation: no control call "${id}" changes a world${meant(
      id,
      known.map((each) => each.id),
    )}`
  const strange = Object.entries(query).find(([, value]) => typeof value === 'object')
  if (strange) return `query.${strange[0]}: expected a text, a number, true or false`
  const asText = new URLSearchParams(
    Object.entries(query).map(([name, value]): [string, string] => [name, String(value)]),
  ).toString()
  const content = { ...(body === undefined ? { kind: 'none' as const } : { kind: 'json' as const, value: body }) }
  const problems = contract.judgeCall(operation, { params, query: asText, headers: {}, content })
  // What was hidden may have had another shape.
  const problem = problems.find(({ value }) => !JSON.stringify(value ?? null).includes('{{'))
  if (problem) return inWords(problem, keysAt(problem.at, operation, contract))
  return contract.takesYaml(operation) && typeof body !== 'string'
    ? 'body: expected YAML or JSON as one text'
    : undefined
}

/** A body that is judged by whoever reads it, because they can say on which line it is wrong. */
function yamlText(bytes: Buffer): string {
  if (bytes.length === 0) throw new Problem(422, 'body is required')
  return bytes.toString('utf8')
}

/** What is wrong with a call, where, and what was expected. */
function inWords({ in: where, at, keyword, params, message }: CallProblem, keys: readonly string[]): string {
  const place = `${where} ${at.join('.')}`.trim()
  switch (keyword) {
    case 'additionalProperties':
      return `${place}: unknown key "${String(params.additionalProperty).slice(0, 80)}"${meant(params.additionalProperty, keys)}`
    case 'minProperties':
      return `${place} is empty; it takes ${keys.join(', ')}`
    case 'maxProperties':
      return `${place} takes only one of ${keys.join(', ')}`
    case 'enum':
      return `${place} must be one of ${params.allowedValues.join(', ')}`
    case 'const':
      return `${place} must be ${params.allowedValue}`
    case 'syntax':
      return `the body is not JSON: ${message}`
    default:
      return `${place} ${message}`
  }
}

/** The keys that the document knows at this place of a body. */
function keysAt(at: CallProblem['at'], { path, method }: ContractOperation, { document }: Contract): string[] {
  const named = (schema: any) =>
    schema?.$ref === undefined ? schema : document.components.schemas[schema.$ref.split('/').at(-1)]
  const whole = document.paths[path][method.toLowerCase()].requestBody?.content['application/json'].schema
  return Object.keys(
    at.reduce((schema: any, part) => named(schema?.properties?.[part]), named(whole))?.properties ?? {},
  )
}

// rule: sandgate.control.query
/** Query parameters that do not exist, and a provider or an operation that does not: nothing would be found, and nobody would know why. */
function strangers(operation: ContractOperation, query: string | undefined, own: string, sandbox: Sandbox): string[] {
  const given = Object.fromEntries(new URLSearchParams(query))
  const known = operation.parameters.filter((parameter) => parameter.in === 'query').map(({ name }) => name)
  const unknown = Object.keys(given).filter((name) => !known.includes(name))
  // The sandbox has rules and timers of its own.
  const named = { provider: given.provider === own ? undefined : given.provider, operation: given.operation }
  const none = unknown.length === 0 && noSuch(named, sandbox)
  return [
    ...unknown.map((name) => `query: unknown parameter "${name}"${meant(name, known)}`),
    ...(none ? [`query: ${none}`] : []),
  ]
}

function tell(res: Response, error: unknown, { complain, secrets }: Sandbox): void {
  const problem = asProblem(error)
  const hide = (text: string) => secrets.hide(text, { headers: res.req.headers })
  if (problem.status === 500) complain('a bug in the control API', error)
  if (problem.status === 405) res.set('allow', (problem.more.allowed as string[]).join(', '))
  res.status(problem.status).type('application/problem+json')
  res.send(
    JSON.stringify({
      type: 'about:blank',
      title: TITLES[problem.status] ?? 'Bad Request',
      status: problem.status,
      detail: hide(problem.detail),
      ...mapTexts(problem.more, hide),
    }),
  )
}

/** Express tells a body that it could not read with a status of its own. */
function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error
  if (error instanceof NotKept) return unkept()
  const { status, type, message, limit } = error as { status?: number; type?: string; message?: string; limit?: number }
  if (type === 'entity.too.large') return new Problem(413, `the body is larger than ${limit! >> 20} MiB`)
  return status !== undefined && status >= 400 && status < 500
    ? new Problem(status, String(message))
    : new Problem(500, String(error))
}
