// `journal`: every call, timer, callback attempt, fault and control call, newest last.
import type { Rules } from '../contract/rules.ts'
import type { Engine } from '../engine/engine.ts'
import { SandgateError } from '../engine/errors.ts'
import { inSlices } from '../runtime/slices.ts'
import { type JournalEntry, providerOf } from '../world/journal.ts'
import type { World } from '../world/world.ts'
import { briefView, entryView, isRefused } from './entries.ts'
import { expectedText } from './expected.ts'
import { type ControlRequest, type ControlResponse, NO_CONTENT, ok, type Routes } from './http.ts'
import { Items } from './json-pieces.ts'

export const journalRoutes: Routes = {
  listJournal,
  getJournalEntry,
  clearJournal: ({ engine, world }) => {
    engine.clearJournal(world)
    return NO_CONTENT
  },
}

async function listJournal({ engine, world, query, rules }: ControlRequest): Promise<ControlResponse> {
  const { dropped } = world.journal
  // With `after` the reader follows on; without it the newest are wanted. Newest last in both.
  const newest = query.after === undefined
  const page = await inSlices(
    firstOf(newest ? [...world.journal].reverse() : world.journal, filterOf(query), query.limit ?? 100),
  )
  if (newest) page.reverse()
  return ok({ data: new Items(viewed(page, query.view === 'brief', engine, rules, world)), dropped })
}

/** What narrows a list of entries, or a stream of them, down. */
// rule: sandgate.journal.text
export function filterOf(query: ControlRequest['query']): (entry: JournalEntry) => boolean {
  const text = query.text?.toLowerCase()
  return (entry) =>
    (query.provider === undefined || providerOf(entry) === query.provider) &&
    (query.operation === undefined || ('operation' in entry && entry.operation === query.operation)) &&
    (query.kind === undefined || entry.kind === query.kind) &&
    (query.status === undefined || ('status' in entry && entry.status === query.status)) &&
    (query.refused === undefined || (entry.kind === 'call' && isRefused(entry) === query.refused)) &&
    (query.after === undefined || entry.id > query.after) &&
    (query.before === undefined || entry.id < query.before) &&
    (text === undefined || textsOf(entry).some((own) => own?.toLowerCase().includes(text)))
}

/** Where a text is looked for. */
function textsOf(entry: JournalEntry): (string | undefined)[] {
  switch (entry.kind) {
    case 'call': {
      const { operation, path, refusal, hint, request, response } = entry
      return [operation, path, refusal, hint, request.body?.toString('utf8'), response.text]
    }
    case 'callback':
      return [entry.summary, entry.body, entry.error ?? undefined, entry.answer]
    case 'fault':
      return [entry.summary, entry.operation]
    case 'timer':
    case 'control':
      return [entry.summary]
  }
}

function* firstOf<T>(items: Iterable<T>, wanted: (item: T) => boolean, most: number): Generator<void, T[]> {
  const found: T[] = []
  for (const item of items) {
    if (wanted(item) && found.push(item) >= most) break
    yield
  }
  return found
}

function* viewed(
  entries: readonly JournalEntry[],
  brief: boolean,
  engine: Engine,
  rules: Rules,
  world: World,
): Generator<object> {
  const hide = engine.secrets.of(world)
  for (const entry of entries)
    yield brief
      ? briefView(entry, engine, world, hide)
      : entryView(entry, engine, rules, world, expectedText(entry, engine, world), hide)
}

function getJournalEntry({ engine, world, params, rules }: ControlRequest): ControlResponse {
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
    throw new SandgateError('entry_not_found', `the journal has no entry ${params.id}; ${why}`)
  }
  return ok(entryView(entry, engine, rules, world, expectedText(entry, engine, world)))
}
