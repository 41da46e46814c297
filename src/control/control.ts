// The control API: how tests and people look into a world and move it. One short table of routes, served from its own OpenAPI document.
import express, { type Request, type Response, Router } from 'express'
import { Contract } from '../http/contract.ts'
import type { Sandbox } from '../sandbox.ts'
import { ADVANCE_MAX_EVENTS, ADVANCE_MAX_MS, happened, type Timer } from '../world/clock.ts'
import { durationMs } from '../world/durations.ts'
import { HandOuts, type HandOut, type World } from '../world/world.ts'
import { readContent } from '../http/content.ts'
import { refuseControl } from './guard.ts'
import { version } from './version.ts'
import { entryView } from './entries.ts'

/** What a route works with. `query` and `body` have passed the contract. */
interface Ask {
  readonly sandbox: Sandbox
  readonly world: World
  readonly params: Readonly<Record<string, string>>
  readonly query: Readonly<Record<string, any>>
  readonly body: any
  readonly headers: Request['headers']
}

interface Told {
  readonly status: number
  readonly body?: unknown
  readonly type?: string
}

/** A no in the sandbox's own voice: problem+json. */
class Problem {
  readonly status: number
  readonly detail: string
  readonly more: Record<string, unknown>

  constructor(status: number, detail: string, more: Record<string, unknown> = {}) {
    this.status = status
    this.detail = detail
    this.more = more
  }
}

const ROUTES: Readonly<Record<string, (ask: Ask) => Told | Promise<Told>>> = {
  getHealth: () => ok({ status: 'ok', version }),
  getClock: ({ world }) => ok(clockView(world)),
  setClock,
  advanceClock,
  listAddresses,
  listJournal,
  getJournalEntry,
  clearJournal: ({ world }) => {
    world.journal.clear()
    return { status: 204 }
  },
  reset: ({ sandbox, world, body }) => {
    const fresh = sandbox.reset(world.id, { seed: body?.seed, clock: body?.clock === undefined ? undefined : clockText(body.clock) })
    note(fresh, 'reset', `the world is as new, with the seed "${fresh.seed}"`)
    return ok({ seed: fresh.seed, clock: clockView(fresh) })
  },
  listRules,
  getSpec,
}

/** The control API of a sandbox, for every world of it. */
export function controlRouter(sandbox: Sandbox, specFile: string): Router {
  const contract = new Contract('sandgate', specFile)
  const guard = { allowHosts: sandbox.options.allowHosts ?? [], token: sandbox.options.controlToken }
  const router = Router()
  router.use(express.raw({ type: () => true, limit: '1mb' }))
  router.use(async (req: Request, res: Response) => {
    try {
      const refused = refuseControl(req.headers, guard)
      if (refused) throw new Problem(refused.status, refused.detail)
      const told = await answer(sandbox, contract, req)
      if (told.type === undefined) res.status(told.status).json(told.body)
      else res.status(told.status).type(told.type).send(told.body)
    } catch (error) {
      tell(res, error, sandbox.complain)
    }
  })
  router.use((error: unknown, _req: Request, res: Response, _next: unknown) => tell(res, error, sandbox.complain))
  return router
}

async function answer(sandbox: Sandbox, contract: Contract, req: Request): Promise<Told> {
  const worldId = /^\/w\/([^/]+)/.exec(req.baseUrl)?.[1]
  const world = sandbox.world(worldId)
  if (!world) throw new Problem(404, `there is no world "${worldId}"`)
  world.clock.tick(sandbox.wall())

  const path = contract.basePath + req.path
  const match = contract.match(req.method, path)
  if (!match) {
    const allowed = contract.allowed(path)
    if (allowed.length > 0) throw new Problem(405, `${req.path} knows ${allowed.join(', ')}`, { allowed })
    throw new Problem(404, `the control API has no ${req.path}; GET /_sandgate/specs/sandgate lists what it has`)
  }
  const query = req.url.includes('?') ? req.url.slice(req.url.indexOf('?') + 1) : undefined
  const content = readContent(Buffer.isBuffer(req.body) ? req.body : Buffer.alloc(0), req.headers['content-type'], () => true)
  const problems = contract.judgeCall(match.operation, { params: match.params, query, headers: req.headers, content })
  if (problems.length > 0) {
    const told = problems.map((problem) => `${problem.in} ${problem.at.join('.')}`.trim() + ` ${problem.message}`)
    throw new Problem(422, told.join('; '), { problems: told })
  }
  return ROUTES[match.operation.id]!({
    sandbox,
    world,
    params: match.params,
    query: contract.queryValues(match.operation, query),
    body: content.kind === 'json' ? content.value : undefined,
    headers: req.headers,
  })
}

function tell(res: Response, error: unknown, complain: Sandbox['complain']): void {
  const problem = error instanceof Problem ? error
    : (error as { type?: string }).type === 'entity.too.large' ? new Problem(413, 'the body is larger than 1 MiB')
    : new Problem(500, String(error))
  if (problem.status === 500) complain('a bug in the control API', error)
  if (problem.status === 405) res.set('allow', (problem.more.allowed as string[]).join(', '))
  const title = { 401: 'Unauthorized', 403: 'Forbidden', 404: 'Not Found', 405: 'Method Not Allowed', 409: 'Conflict', 413: 'Content Too Large', 422: 'Unprocessable' }[problem.status] ?? 'Internal Server Error'
  res.status(problem.status).type('application/problem+json')
  res.send(JSON.stringify({ type: 'about:blank', title, status: problem.status, detail: problem.detail, ...problem.more }))
}

function ok(body: unknown): Told {
  return { status: 200, body }
}

/** A control call that changed something leaves its own entry. */
function note(world: World, action: string, summary: string): void {
  world.journal.add({ kind: 'control', at: world.now, action, summary })
}

function clockView(world: World) {
  return {
    now: iso(world.now),
    mode: world.clock.frozen ? 'frozen' : 'running',
    due: world.clock.due,
    next: world.clock.waiting(10).map(happened),
  }
}

async function setClock({ world, sandbox, body }: Ask): Promise<Told> {
  const to = body.now === undefined ? undefined : instant(body.now)
  if (to !== undefined && to < world.now) throw new Problem(409, `world time is ${iso(world.now)} and never goes back; ${body.now} has passed`)
  if (body.mode === 'frozen') world.clock.freeze()
  if (to !== undefined) await advance(world, to)
  if (body.mode === 'running') world.clock.run()
  world.clock.tick(sandbox.wall())
  note(world, 'clock', `the clock is ${world.clock.frozen ? 'frozen' : 'running'} at ${iso(world.now)}`)
  return ok(clockView(world))
}

async function advanceClock({ world, body }: Ask): Promise<Told> {
  let fired: Timer[]
  if (body.until === 'quiet') fired = await untilQuiet(world)
  else {
    const by = body.by === undefined ? undefined : durationMs(body.by)
    if (body.by !== undefined && by === undefined) throw new Problem(422, `"by" is no duration: ${body.by}; expected 90s, 15m, 4h, 7d or PT4H`)
    const to = by === undefined ? instant(body.to) : world.now + by
    if (to < world.now) throw new Problem(409, `world time is ${iso(world.now)} and never goes back; ${body.to} has passed`)
    fired = await advance(world, to)
  }
  note(world, 'advance', `the clock was moved to ${iso(world.now)}, ${fired.length} things happened`)
  return ok({ now: iso(world.now), happened: fired.map(happened) })
}

/** How many timers fire before other calls get their turn. */
const BATCH = 1000

/** Moves time to `ms`, in batches, so that providers go on answering meanwhile. */
async function advance(world: World, ms: number): Promise<Timer[]> {
  const fired: Timer[] = []
  for (;;) {
    const batch = world.clock.advanceTo(ms, BATCH)
    fired.push(...batch)
    if (batch.length < BATCH) return fired
    if (fired.length >= ADVANCE_MAX_EVENTS) throw tooMuch(world, `${ADVANCE_MAX_EVENTS} events`)
    await new Promise(setImmediate)
  }
}

async function untilQuiet(world: World): Promise<Timer[]> {
  const end = world.now + ADVANCE_MAX_MS
  const fired: Timer[] = []
  for (;;) {
    const next = world.clock.nextLoud
    if (next === undefined) return fired
    if (next > end) throw tooMuch(world, '90 days')
    fired.push(...(await advance(world, next)))
    if (fired.length >= ADVANCE_MAX_EVENTS) throw tooMuch(world, `${ADVANCE_MAX_EVENTS} events`)
  }
}

function tooMuch(world: World, limit: string): Problem {
  return new Problem(409, `the clock stopped at ${iso(world.now)} after ${limit}, with ${world.clock.due} timers still due; advance again to go on`, clockView(world))
}

function listAddresses({ world, query }: Ask): Told {
  const limit = query.limit ?? 100
  const after = query.cursor === undefined ? undefined : Number(query.cursor)
  const from = { after: after === undefined ? undefined : { order: after, key: `addr-${after}` } }
  const wanted = (row: HandOut) =>
    (query.provider === undefined || row.provider === query.provider) &&
    (query.account === undefined || row.account === query.account) &&
    (query.user === undefined || row.user === query.user)
  const all = query.address === undefined ? world.list(HandOuts, 'all', '', from) : world.list(HandOuts, 'byAddress', query.address, from)
  const rows = all.filter(wanted)
  const page = rows.slice(0, limit)
  return ok({
    data: page.map(({ seq: _, ...row }) => ({ ...row, at: iso(row.at) })),
    next: rows.length > limit ? String(page.at(-1)!.seq) : null,
  })
}

function listJournal({ sandbox, world, query }: Ask): Told {
  const found = [...world.journal].filter(
    (entry) =>
      (query.provider === undefined || entry.provider === query.provider) &&
      (query.operation === undefined || entry.operation === query.operation) &&
      (query.kind === undefined || entry.kind === query.kind) &&
      (query.status === undefined || entry.status === query.status) &&
      (query.after === undefined || entry.id > query.after),
  )
  // With `after` the reader follows on; without it the newest are wanted. Newest last in both.
  const limit = query.limit ?? 100
  const page = query.after === undefined ? found.slice(-limit) : found.slice(0, limit)
  return ok({ data: page.map((entry) => entryView(entry, sandbox.rules)), dropped: world.journal.dropped })
}

function getJournalEntry({ sandbox, world, params }: Ask): Told {
  const entry = world.journal.get(Number(params.id))
  if (!entry) throw new Problem(404, `the journal has no entry ${params.id}; it keeps the newest ${world.options.journalEntries}`)
  return ok(entryView(entry, sandbox.rules))
}

function listRules({ sandbox, world, query }: Ask): Told {
  const rules = [...sandbox.rules.all.values()].filter((rule) => query.provider === undefined || rule.id.startsWith(`${query.provider}.`))
  return ok({
    data: rules.map(({ switch: values, ...rule }) => ({ ...rule, ...(values && { switch: { values, on: world.assumes(rule.id) } }) })),
  })
}

function getSpec({ sandbox, params, headers }: Ask): Told {
  const contract = sandbox.contract(params.provider!)
  if (!contract) throw new Problem(404, `there is no provider "${params.provider}"; there are ${[...sandbox.providers.keys()].join(', ')}`)
  if (headers.accept?.includes('application/json')) return { status: 200, body: JSON.stringify(contract.document), type: 'application/json' }
  return { status: 200, body: contract.text, type: 'application/yaml' }
}

function instant(text: string): number {
  const ms = Date.parse(text)
  if (Number.isNaN(ms)) throw new Problem(422, `"${text}" is no instant; expected ISO 8601 such as 2026-05-16T19:00:00Z`)
  return ms
}

function clockText(text: string): string {
  if (text !== 'real') instant(text)
  return text
}

function iso(ms: number): string {
  return new Date(ms).toISOString()
}
