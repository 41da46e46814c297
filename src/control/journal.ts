// The control API's chapter on looking: addresses that were handed out, the journal, the rules, the documents in use.
import type { Sandbox } from '../app.ts'
import { inSlices } from '../runtime/slices.ts'
import type { JournalEntry } from '../world/journal.ts'
import { sameTag } from '../world/tags.ts'
import { type HandOut, HandOuts, type World } from '../world/world.ts'
import { type Ask, iso, ok, paged, place, Problem, type Routes, type Told } from './http.ts'
import { entryView, isRefused } from './entries.ts'
import { expectedText } from './expected.ts'
import { Items } from './json-pieces.ts'
import { version } from '../runtime/package.ts'
import { didYouMean as meant } from '../text/suggest.ts'

export const lookingRoutes: Routes = {
  getHealth: () => ok({ status: 'ok', version }),
  listAddresses,
  listJournal,
  getJournalEntry,
  clearJournal: ({ sandbox, world }) => {
    world.journal.clear()
    sandbox.tape.forget(world)
    return { status: 204 }
  },
  listRules,
  getSpec,
}

function listAddresses({ world, query }: Ask): Promise<Told> {
  const named = query.address === undefined ? undefined : place(query.address, world)
  const tag = named?.destination.tag
  const wanted = (row: HandOut) =>
    (tag === undefined || sameTag(row.tag, tag)) &&
    (query.provider === undefined || row.provider === query.provider) &&
    (query.account === undefined || row.account === query.account) &&
    (query.user === undefined || row.user === query.user)
  return paged(
    HandOuts,
    named === undefined ? ['all', ''] : ['byAddress', named.address],
    wanted,
    ({ seq: _, ...row }) => ({ ...row, at: iso(row.at) }),
    { world, query },
  )
}

async function listJournal({ sandbox, world, query }: Ask): Promise<Told> {
  const wanted = (entry: JournalEntry) =>
    (query.provider === undefined || entry.provider === query.provider) &&
    (query.operation === undefined || entry.operation === query.operation) &&
    (query.kind === undefined || entry.kind === query.kind) &&
    (query.status === undefined || entry.status === query.status) &&
    (query.refused === undefined || (entry.kind === 'call' && isRefused(entry) === query.refused)) &&
    (query.after === undefined || entry.id > query.after)
  const { dropped } = world.journal
  // With `after` the reader follows on; without it the newest are wanted. Newest last in both.
  const newest = query.after === undefined
  const page = await inSlices(
    firstOf(newest ? [...world.journal].reverse() : world.journal, wanted, query.limit ?? 100),
  )
  if (newest) page.reverse()
  return ok({ data: new Items(viewed(page, sandbox, world)), dropped })
}

function* firstOf<T>(items: Iterable<T>, wanted: (item: T) => boolean, most: number): Generator<void, T[]> {
  const found: T[] = []
  for (const item of items) {
    if (wanted(item) && found.push(item) >= most) break
    yield
  }
  return found
}

function* viewed(entries: readonly JournalEntry[], sandbox: Sandbox, world: World): Generator<object> {
  const hide = sandbox.secrets.of(world)
  for (const entry of entries) yield entryView(entry, sandbox, world, expectedText(entry, sandbox, world), hide)
}

function getJournalEntry({ sandbox, world, params }: Ask): Told {
  const entry = world.journal.get(Number(params.id))
  if (!entry) {
    const { journalEntries, journalBytes } = world.options
    const [oldest] = world.journal
    const why =
      oldest && Number(params.id) > oldest.id && Number(params.id) < world.journal.nextId
        ? 'a replay has no entries but those that it makes itself'
        : Number(params.id) < world.journal.nextId
          ? `it keeps the newest ${journalEntries}, with at most ${journalBytes} bytes of bodies, and none from before it was emptied or the sandbox was started`
          : `the next one is ${world.journal.nextId}`
    throw new Problem(404, `the journal has no entry ${params.id}; ${why}`)
  }
  return ok(entryView(entry, sandbox, world, expectedText(entry, sandbox, world)))
}

function listRules({ sandbox, world, query }: Ask): Told {
  const rules = [...sandbox.rules.all.values()].filter(
    (rule) => query.provider === undefined || rule.id.startsWith(`${query.provider}.`),
  )
  return ok({
    data: rules.map(({ switch: values, ...rule }) => ({
      ...rule,
      ...(values && { switch: { values, on: world.assumes(rule.id) } }),
    })),
  })
}

function getSpec({ sandbox, contract: own, params, headers }: Ask): Told {
  const contract = params.provider === own.name ? own : sandbox.contract(params.provider!)
  if (!contract)
    throw new Problem(
      404,
      `there is no provider "${params.provider}"${meant(params.provider!, [...sandbox.providers.keys(), own.name])}`,
    )
  if (headers.accept?.includes('application/json'))
    return { status: 200, body: JSON.stringify(contract.document), type: 'application/json' }
  return { status: 200, body: contract.text, type: 'application/yaml' }
}
