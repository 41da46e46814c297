// The control API over HTTP: how tests and people look into a world and drive it. Calls are held against its own OpenAPI document; the routes stand
// in the files beside this one, each named as its path.
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type Request, type Response, Router } from 'express'
import { readContent } from '../contract/content.ts'
import type { Contract, ContractOperation } from '../contract/contract.ts'
import type { Rules } from '../contract/rules.ts'
import { problemSentence } from '../contract/sentences.ts'
import { OutcomeUnknown, StorageError, storageUnavailable, WorldTaken } from '../engine/commit.ts'
import { refuseStopped, unknownName } from '../engine/context.ts'
import type { Engine } from '../engine/engine.ts'
import { problemOf, SandgateError } from '../engine/errors.ts'
import { DEFAULT_WORLD } from '../engine/worlds.ts'
import type { Queue } from '../runtime/queue.ts'
import { bounded, TOLD_MAX } from '../text/complaints.ts'
import { InvalidTime } from '../text/durations.ts'
import { authorityOf, labelsOf } from '../text/hosts.ts'
import { boundsOf } from '../text/reading.ts'
import { mapTexts } from '../text/redact.ts'
import { didYouMean } from '../text/suggest.ts'
import type { World } from '../world/world.ts'
import { actionRoutes } from './actions.ts'
import { addressRoutes } from './addresses.ts'
import { balanceRoutes } from './balances.ts'
import { bodyOf, inUtf8 } from './body.ts'
import { callbackRoutes } from './callbacks.ts'
import { checkpointRoutes } from './checkpoints.ts'
import { clockRoutes } from './clock.ts'
import { coverageRoutes } from './coverage.ts'
import { depositRoutes } from './deposits.ts'
import type { EventStreams } from './event-streams.ts'
import { eventRoutes } from './events.ts'
import { faultRoutes } from './faults.ts'
import { findingRoutes } from './findings.ts'
import { type GuardOptions, refuseControl } from './guard.ts'
import type { ControlRequest, ControlResponse, Routes } from './http.ts'
import { journalRoutes } from './journal.ts'
import { isLong, jsonPieces } from './json-pieces.ts'
import { metricsRoutes } from './metrics.ts'
import { movementRoutes } from './movements.ts'
import { rateRoutes } from './rates.ts'
import { recordingRoutes } from './recording.ts'
import { ruleRoutes } from './rules.ts'
import { readScenarios, scenarioRoutes } from './scenario.ts'
import { receiveSnapshot } from './snapshot-body.ts'
import { snapshotRoutes } from './snapshot.ts'
import { verifyRoutes } from './verify.ts'
import { withdrawalRoutes } from './withdrawals.ts'
import { ensureWorld, worldNotFound, worldRoutes } from './worlds.ts'

const ROUTES: Routes = {
  ...actionRoutes,
  ...addressRoutes,
  ...balanceRoutes,
  ...callbackRoutes,
  ...checkpointRoutes,
  ...clockRoutes,
  ...coverageRoutes,
  ...depositRoutes,
  ...eventRoutes,
  ...faultRoutes,
  ...findingRoutes,
  ...journalRoutes,
  ...metricsRoutes,
  ...movementRoutes,
  ...rateRoutes,
  ...recordingRoutes,
  ...ruleRoutes,
  ...scenarioRoutes,
  ...snapshotRoutes,
  ...verifyRoutes,
  ...withdrawalRoutes,
  ...worldRoutes,
}

/** What is answered in a world whose rows are not what they should be: it leaves them alone, or puts others in their place. */
const WITHOUT_ROWS: readonly string[] = [
  'getHealth',
  'followEvents',
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
  'checkScenario',
  'getCoverage',
  'listCheckpoints',
  'deleteCheckpoint',
  'rewind',
]

/** What asks for no world, where another process may serve it. */
const WITHOUT_WORLD: readonly string[] = [
  'getHealth',
  'getMetrics',
  'listWorlds',
  'createWorld',
  'deleteWorld',
  'getSpec',
  'checkScenario',
]

/** How often a call is made again whose world another process took meanwhile. */
const TAKEN_MOST = 5
/** The most that a body of an ordinary call may have. */
const BODY_BYTES = 1024 * 1024
/** And how many values: each may cost the contract a sentence. */
const BODY_VALUES = 5_000
const NONE = Buffer.alloc(0)

/** What the control API stands on. */
export interface ControlOptions {
  readonly engine: Engine
  /** The control API's own document. */
  readonly contract: () => Contract
  readonly rules: Rules
  readonly guard: GuardOptions
  readonly events: EventStreams
  /** Where bodies take turns. */
  readonly queue: Queue
  readonly metrics: () => Promise<{ readonly type: string; readonly text: string }>
  /** Where bugs are told. */
  readonly complain: (message: string, error?: unknown) => void
}

/** The control API of a sandbox, for every world of it. */
export function controlRouter(control: ControlOptions): Router {
  const router = Router()
  router.use(async (req: Request, res: Response) => {
    try {
      const refused = refuseControl(req.headers, control.guard)
      const bytes = isSnapshot(req) && !refused ? NONE : await bodyOf(req, BODY_BYTES, control.queue)
      if (refused) throw new SandgateError(refused.code, refused.detail)
      await send(res, await dispatched(control, req, bytes))
    } catch (error) {
      if (error instanceof OutcomeUnknown) res.socket?.destroy()
      else sendProblem(res, error, control)
    }
  })
  router.use((error: unknown, _req: Request, res: Response, _next: unknown) => sendProblem(res, error, control))
  return router
}

/** The one body that is read while it arrives. */
function isSnapshot({ method, path }: Request): boolean {
  return method === 'PUT' && path === '/snapshot'
}

async function send(res: Response, { status, body, type, pieces, headers, stream }: ControlResponse): Promise<void> {
  if (headers) res.set(headers)
  res.status(status)
  if (stream && res.req.method !== 'HEAD') return stream(res.type(type!))
  if (pieces) await sendPieces(res.type(type!), pieces)
  else if (isLong(body)) await sendPieces(res.type('application/json; charset=utf-8'), await jsonPieces(body))
  else if (type === undefined) res.json(body)
  else res.type(type).send(body)
}

/** No faster than the client takes them. */
async function sendPieces(res: Response, pieces: readonly Buffer[]): Promise<void> {
  res.set('content-length', String(pieces.reduce((sum, { length }) => sum + length, 0)))
  await pipeline(Readable.from(pieces, { objectMode: false }), res).catch(() => undefined)
}

// rule: sandgate.shared.fenced
/** Another process may take the world before a call is stored: it is made again, on what the world is by now. */
async function dispatched(control: ControlOptions, req: Request, bytes: Buffer): Promise<ControlResponse> {
  for (let times = 0; ; times++) {
    try {
      return await dispatch(control, req, bytes)
    } catch (error) {
      if (!(error instanceof WorldTaken)) throw error
      // The body of a snapshot is read while it arrives, and only once.
      if (times === TAKEN_MOST || isSnapshot(req))
        throw new SandgateError('storage_unavailable', `${error.message}; make the call again`)
    }
  }
}

async function dispatch(control: ControlOptions, req: Request, bytes: Buffer): Promise<ControlResponse> {
  const { engine } = control
  const contract = control.contract()
  const path = contract.basePath + req.path
  // rule: sandgate.control.head
  const match = contract.match(req.method === 'HEAD' ? 'GET' : req.method, path)
  const first = await worldFor(match?.operation.id, req, engine)
  if (!match) {
    const allowed = allowedAt(path, contract)
    // rule: sandgate.http.options
    if (allowed.length > 0 && req.method === 'OPTIONS')
      return { status: 204, headers: { allow: [...allowed, 'OPTIONS'].join(', ') } }
    if (allowed.length > 0)
      throw new SandgateError('method_not_allowed', `${req.path} knows ${allowed.join(', ')}`, { more: { allowed } })
    throw new SandgateError(
      'not_found',
      `the control API has no ${req.path}${didYouMean(
        req.path,
        contract.operations.map((operation) => operation.path),
      )} GET /_sandgate/specs/sandgate lists what it has`,
    )
  }
  const { operation, params } = match
  const query = req.url.includes('?') ? req.url.slice(req.url.indexOf('?') + 1) : undefined
  const yaml = contract.takesYaml(operation)
  // Nobody looks at the body of a call that takes none.
  const text = operation.body || yaml ? inUtf8(bytes) : NONE
  const beyond = yaml ? undefined : boundsOf(text, BODY_VALUES)
  if (beyond !== undefined) throw new SandgateError('invalid_request', `the body ${beyond}`)
  const snapshot = isSnapshot(req) ? await receiveSnapshot(req) : undefined
  const content = snapshot?.content ?? readContent(text, req.headers['content-type'], () => true)
  const problems = contract.judgeCall(operation, { params, query, headers: req.headers, content })
  const wrong = [
    ...problems.slice(0, TOLD_MAX).map((problem) => problemSentence(problem, operation, contract)),
    ...unknownQueryParameters(operation, query, contract.name, engine),
  ]
  const told = bounded(wrong, wrong.length + Math.max(0, problems.length - TOLD_MAX))
  if (told.length > 0) throw new SandgateError('invalid_request', told.join('; '), { problems: told })
  const body = yaml ? yamlText(bytes) : content.kind === 'json' ? content.value : undefined
  const scenarios = await readScenarios(operation.id, body, bytes, engine)
  // Reading them takes its time, and the world may have been reset meanwhile.
  const world = first && scenarios ? await worldFor(operation.id, req, engine) : first
  const request: Omit<ControlRequest, 'world'> = {
    engine,
    contract,
    rules: control.rules,
    events: control.events,
    metrics: control.metrics,
    params,
    query: contract.queryValues(operation, query) as ControlRequest['query'],
    body: snapshot ? { ...(body as object), tables: snapshot.rows } : body,
    bytes,
    ...scenarios,
    headers: req.headers,
    // A name that leads to a provider or a world is no place to find the others under.
    origin: `http://${authorityOf(req).replace(/^[a-z0-9.-]+\.(?=localhost\.?(:\d*)?$)/i, '')}`,
  }
  if (!world) return ensureWorld(worldIdOf(req) ?? DEFAULT_WORLD, request)
  const reads = operation.method === 'GET'
  const work = async () => {
    if (world.stopped && world.stopped.rows !== 'good' && !WITHOUT_ROWS.includes(operation.id)) refuseStopped(world)
    return ROUTES[operation.id]!({ ...request, world })
  }
  return engine.commit.withCommit(world, work, { reads })
}

/** The world that an operation works on; undefined: the one that may be about a world which is not there yet. */
async function worldFor(operation: string | undefined, req: Request, engine: Engine): Promise<World | undefined> {
  if (operation === 'ensureWorld') return undefined
  const asksForNone = operation === undefined || WITHOUT_WORLD.includes(operation)
  return engine.commit.shared && asksForNone ? engine.worlds.blank() : worldOf(req, engine)
}

/** The world that a call is about, with its time up to now. */
async function worldOf(req: Request, engine: Engine): Promise<World> {
  const worldId = worldIdOf(req)
  const world = await engine.claims.acquire(worldId ?? DEFAULT_WORLD)
  if (!world) throw worldNotFound(String(worldId))
  engine.tick(world)
  return world
}

function worldIdOf(req: Request): string | undefined {
  return /^\/w\/([^/]+)/.exec(req.baseUrl)?.[1] ?? labelsOf(req.headers.host ?? '')?.world
}

/** What may be asked at a path: what the document has, and HEAD wherever it has GET. */
function allowedAt(path: string, contract: Contract): string[] {
  return contract.allowed(path).flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]))
}

/** A body that is judged by whoever reads it, because they can say on which line it is wrong. */
function yamlText(bytes: Buffer): string {
  if (bytes.length === 0) throw new SandgateError('invalid_request', 'body is required')
  return bytes.toString('utf8')
}

// rule: sandgate.control.query
/** Query parameters that do not exist, and a provider or an operation that does not: nothing would be found, and nobody would know why. */
function unknownQueryParameters(
  operation: ContractOperation,
  query: string | undefined,
  own: string,
  engine: Engine,
): string[] {
  const given = Object.fromEntries(new URLSearchParams(query))
  const known = operation.parameters.filter((parameter) => parameter.in === 'query').map(({ name }) => name)
  const unknown = Object.keys(given).filter((name) => !known.includes(name))
  // The sandbox has rules and timers of its own.
  const named = { provider: given.provider === own ? undefined : given.provider, operation: given.operation }
  const none = unknown.length === 0 && unknownName(named, engine)
  return [
    ...unknown.map((name) => `query: unknown parameter "${name}"${didYouMean(name, known)}`),
    ...(none ? [`query: ${none}`] : []),
  ]
}

function sendProblem(res: Response, error: unknown, { complain, engine }: ControlOptions): void {
  const body = problemOf(asError(error, engine))
  const hide = (text: string) => engine.secrets.hide(text, { headers: res.req.headers })
  if (body.status === 500) complain('a bug in the control API', error)
  if (body.status === 405) res.set('allow', (body.allowed as string[]).join(', '))
  res.status(body.status).type('application/problem+json')
  const { type, title, status, code, detail, ...more } = body
  res.send(JSON.stringify({ type, title, status, code, detail: hide(detail), ...mapTexts(more, hide) }))
}

function asError(error: unknown, { commit }: Engine): SandgateError {
  if (error instanceof SandgateError) return error
  if (error instanceof StorageError)
    return commit.shared ? new SandgateError('storage_unavailable', error.message) : storageUnavailable()
  if (error instanceof InvalidTime) return new SandgateError('invalid_request', error.message)
  // Express tells a path that cannot be decoded so.
  const { status, message } = error as { status?: number; message?: string }
  return status !== undefined && status >= 400 && status < 500
    ? new SandgateError('http_error', String(message))
    : new SandgateError('internal_error', String(error))
}
