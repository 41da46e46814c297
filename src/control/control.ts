// The control API: how tests and people look into a world and move it. Judged by its own OpenAPI document; the routes stand by chapter in
// the files beside it.
import { isUtf8 } from 'node:buffer'
import express, { type Request, type Response, Router } from 'express'
import { readContent } from '../http/content.ts'
import type { Contract, ContractOperation } from '../http/contract.ts'
import { mapTexts } from '../keep/recording.ts'
import { NotKept } from '../keep/store.ts'
import type { Problem as CallProblem } from '../provider.ts'
import type { Sandbox } from '../sandbox.ts'
import type { World } from '../world/world.ts'
import { type Ask, noSuch, Problem, type Routes, type Told, unkept } from './asking.ts'
import { caseRoutes } from './cases.ts'
import { refuseControl } from './guard.ts'
import { lookingRoutes } from './looking.ts'
import { metricsRoutes } from './metrics.ts'
import { moneyRoutes } from './money.ts'
import { rewindRoutes, SNAPSHOT_BYTES } from './rewind.ts'
import { readStories, scenarioRoutes } from './stories.ts'
import { timeRoutes } from './time.ts'
import { labelsOf } from '../target.ts'
import { worldRoutes } from './worlds.ts'
import { TOLD_MAX } from '../compose.ts'
import { bounded, meant } from '../yaml.ts'

const ROUTES: Routes = { ...timeRoutes, ...lookingRoutes, ...metricsRoutes, ...moneyRoutes, ...rewindRoutes, ...scenarioRoutes, ...worldRoutes, ...caseRoutes }

/** What a replay does not do again: these look, move the clock, or begin anew. */
const NOT_TAPED: readonly string[] = ['verify', 'setClock', 'advanceClock', 'reset', 'createWorld', 'deleteWorld', 'clearJournal', 'restoreSnapshot']

const TITLES: Readonly<Record<number, string>> = {
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  413: 'Content Too Large',
  422: 'Unprocessable Content',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
}

/** The control API of a sandbox, for every world of it. */
export function controlRouter(sandbox: Sandbox, contract: () => Contract): Router {
  const guard = { allowHosts: sandbox.options.allowHosts ?? [], token: sandbox.options.controlToken }
  const router = Router()
  const small = express.raw({ type: () => true, limit: '1mb' })
  const large = express.raw({ type: () => true, limit: SNAPSHOT_BYTES })
  router.use((req, res, next) => (req.method === 'PUT' && req.path === '/snapshot' && !refuseControl(req.headers, guard) ? large : small)(req, res, next))
  router.use(async (req: Request, res: Response) => {
    try {
      const refused = refuseControl(req.headers, guard)
      if (refused) throw new Problem(refused.status, refused.detail)
      const told = await answer(sandbox, contract(), req)
      if (told.type === undefined) res.status(told.status).json(told.body)
      else res.status(told.status).type(told.type).send(told.body)
    } catch (error) {
      tell(res, error, sandbox)
    }
  })
  router.use((error: unknown, _req: Request, res: Response, _next: unknown) => tell(res, error, sandbox))
  return router
}

async function answer(sandbox: Sandbox, contract: Contract, req: Request): Promise<Told> {
  const first = worldOf(req, sandbox)

  const path = contract.basePath + req.path
  const match = contract.match(req.method, path)
  if (!match) {
    const allowed = contract.allowed(path)
    if (allowed.length > 0) throw new Problem(405, `${req.path} knows ${allowed.join(', ')}`, { allowed })
    throw new Problem(404, `the control API has no ${req.path}; GET /_sandgate/specs/sandgate lists what it has`)
  }
  const query = req.url.includes('?') ? req.url.slice(req.url.indexOf('?') + 1) : undefined
  const bytes: Buffer = Buffer.isBuffer(req.body) ? req.body : Buffer.alloc(0)
  const content = readContent(bytes, req.headers['content-type'], () => true)
  const problems = contract.judgeCall(match.operation, { params: match.params, query, headers: req.headers, content })
  const wrong = [...problems.slice(0, TOLD_MAX).map((problem) => inWords(problem, keysAt(problem.at, match.operation, contract))), ...strangers(match.operation, query, contract.name, sandbox)]
  const told = bounded(wrong, wrong.length + Math.max(0, problems.length - TOLD_MAX))
  if (told.length > 0) throw new Problem(422, told.join('; '), { problems: told })
  const body = contract.takesYaml(match.operation) ? yamlText(bytes) : content.kind === 'json' ? content.value : undefined
  const stories = await readStories(match.operation.id, body, bytes, sandbox)
  // Reading them takes its time, and the world may have been made new meanwhile.
  const world = stories ? worldOf(req, sandbox) : first
  return keeping(world, () => ask(match.operation.id, match.operation.method !== 'GET', {
    sandbox,
    world,
    contract,
    params: match.params,
    query: contract.queryValues(match.operation, query),
    body,
    bytes,
    ...stories,
    headers: req.headers,
    // A name that leads to a provider or a world is no place to find the others under.
    origin: `http://${req.headers.host!.replace(/^[a-z0-9.-]+\.(?=localhost(:\d+)?$)/i, '')}`,
  }))
}

/** The world that a call is about, with its time up to now. */
function worldOf(req: Request, sandbox: Sandbox): World {
  const worldId = /^\/w\/([^/]+)/.exec(req.baseUrl)?.[1] ?? labelsOf(req.headers.host ?? '')?.world
  const world = sandbox.world(worldId)
  if (!world) throw new Problem(404, `there is no world "${worldId}"; GET /_sandgate/worlds lists those there are`)
  sandbox.tick(world)
  return world
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
  const untape = sandbox.tape.add({ entry: world.journal.nextId, atMs: world.now, operation, params, query, ...(body !== undefined && { body }) }, world)
  try {
    return await ROUTES[operation]!(asked)
  } catch (error) {
    untape()
    throw error
  }
}

/** A body that is judged by whoever reads it, because they can say on which line it is wrong. */
function yamlText(bytes: Buffer): string {
  if (bytes.length === 0) throw new Problem(422, 'body is required')
  if (!isUtf8(bytes)) throw new Problem(422, 'the body is not UTF-8')
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
  const named = (schema: any) => (schema?.$ref === undefined ? schema : document.components.schemas[schema.$ref.split('/').at(-1)])
  const whole = document.paths[path][method.toLowerCase()].requestBody?.content['application/json'].schema
  return Object.keys(at.reduce((schema: any, part) => named(schema?.properties?.[part]), named(whole))?.properties ?? {})
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
  return [...unknown.map((name) => `query: unknown parameter "${name}"${meant(name, known)}`), ...(none ? [`query: ${none}`] : [])]
}

function tell(res: Response, error: unknown, { complain, secrets }: Sandbox): void {
  const problem = asProblem(error)
  const hide = (text: string) => secrets.hide(text, { headers: res.req.headers })
  if (problem.status === 500) complain('a bug in the control API', error)
  if (problem.status === 405) res.set('allow', (problem.more.allowed as string[]).join(', '))
  res.status(problem.status).type('application/problem+json')
  res.send(JSON.stringify({ type: 'about:blank', title: TITLES[problem.status] ?? 'Bad Request', status: problem.status, detail: hide(problem.detail), ...mapTexts(problem.more, hide) }))
}

/** Express tells a body that it could not read with a status of its own. */
function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error
  if (error instanceof NotKept) return unkept()
  const { status, type, message, limit } = error as { status?: number; type?: string; message?: string; limit?: number }
  if (type === 'entity.too.large') return new Problem(413, `the body is larger than ${limit! >> 20} MiB`)
  return status !== undefined && status >= 400 && status < 500 ? new Problem(status, String(message)) : new Problem(500, String(error))
}
