// The control API's chapter on looking: addresses that were handed out, the journal, the rules, the documents in use.
import { canonical } from '../world/addresses.ts'
import { type HandOut, HandOuts } from '../world/world.ts'
import { type Ask, following, iso, ok, paged, Problem, type Routes, type Told } from './asking.ts'
import { entryView } from './entries.ts'
import { version } from './version.ts'
import { meant } from '../yaml.ts'

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

function listAddresses({ world, query }: Ask): Told {
  const wanted = (row: HandOut) =>
    (query.provider === undefined || row.provider === query.provider) &&
    (query.account === undefined || row.account === query.account) &&
    (query.user === undefined || row.user === query.user)
  const from = following(query.cursor)
  const all = query.address === undefined ? world.list(HandOuts, 'all', '', from) : world.list(HandOuts, 'byAddress', canonical(query.address), from)
  return paged(all.filter(wanted), query.limit ?? 100, ({ seq: _, ...row }) => ({ ...row, at: iso(row.at) }))
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
  if (!entry) {
    const { journalEntries, journalBytes } = world.options
    const [oldest] = world.journal
    const why = oldest && Number(params.id) > oldest.id && Number(params.id) < world.journal.nextId ? 'a replay has no entries but those that it makes itself'
      : Number(params.id) < world.journal.nextId ? `it keeps the newest ${journalEntries}, with at most ${journalBytes} bytes of bodies, and none from before it was emptied or the sandbox was started` : `the next one is ${world.journal.nextId}`
    throw new Problem(404, `the journal has no entry ${params.id}; ${why}`)
  }
  return ok(entryView(entry, sandbox.rules))
}

function listRules({ sandbox, world, query }: Ask): Told {
  const rules = [...sandbox.rules.all.values()].filter((rule) => query.provider === undefined || rule.id.startsWith(`${query.provider}.`))
  return ok({
    data: rules.map(({ switch: values, ...rule }) => ({ ...rule, ...(values && { switch: { values, on: world.assumes(rule.id) } }) })),
  })
}

function getSpec({ sandbox, contract: own, params, headers }: Ask): Told {
  const contract = params.provider === own.name ? own : sandbox.contract(params.provider!)
  if (!contract) throw new Problem(404, `there is no provider "${params.provider}"${meant(params.provider!, [...sandbox.providers.keys(), own.name])}`)
  if (headers.accept?.includes('application/json')) return { status: 200, body: JSON.stringify(contract.document), type: 'application/json' }
  return { status: 200, body: contract.text, type: 'application/yaml' }
}
