// What has to be true of every world after whatever has happened to the processes, the network and the database: asked over HTTP of any process, and of
// the database itself. Each check answers with what is wrong.
import { eventually } from '../eventually.ts'
import type { Database } from '../postgres.ts'
import { type History, rowsText } from './history.ts'
import type { Load } from './load.ts'
import type { Receiver } from './receiver.ts'
import { storedWorld } from './replayed.ts'

/** So many are told, of each world. */
const TOLD = 6

/** What a snapshot says of a callback. */
interface DeliveryRow {
  readonly id: string
  readonly provider: string
  readonly body: string
  readonly attempts: readonly object[]
}

/** Everything that is wrong; nothing under load may be under way. */
export async function problemsOf(load: Load, database: Database | undefined, receiver?: Receiver): Promise<string[]> {
  const all = [...(receiver?.wrong ?? [])]
  for (const history of load.histories) {
    const found = [
      ...history.problems(),
      ...(await lostOrDoubled(load, history)),
      ...(await deposits(load, history)),
      ...(receiver ? await callbacks(load, history, receiver) : []),
      ...(database ? await stored(load, history, database) : []),
    ]
    all.push(
      ...found.slice(0, TOLD),
      ...(found.length > TOLD ? [`${history.world}: and ${found.length - TOLD} more`] : []),
    )
  }
  return all
}

/** Every address that was promised is in the list, as often as it was, and nothing is there that nobody asked for. */
async function lostOrDoubled(load: Load, history: History): Promise<string[]> {
  const { world } = history
  const listed = countOf((await pages(load, world, '/addresses')).map((row) => rowsText(row.provider, row)))
  const promised = countOf(
    history.acknowledged().flatMap(({ wish, answer }) => answer.places.map((place) => rowsText(wish.provider, place))),
  )
  const lost = [...promised]
    .filter(([text, times]) => (listed.get(text) ?? 0) < times)
    .map(
      ([text, times]) =>
        `${world}: ${text} was handed out ${times} times, and is listed ${listed.get(text) ?? 0} times`,
    )
  // A call without a key that was never answered may have been done; a key is done once, and was asked for until it was answered.
  const left = new Map<string, number>()
  for (const { wish, answer, uncertain } of history.creations)
    if (uncertain && !answer) left.set(wish.provider, (left.get(wish.provider) ?? 0) + 1)
  const more = [...listed].flatMap(([text, times]) => {
    const provider = text.split(' ')[0]!
    const over = times - (promised.get(text) ?? 0)
    left.set(provider, (left.get(provider) ?? 0) - Math.max(0, over))
    return over > 0 && left.get(provider)! < 0
      ? [`${world}: ${text} is listed ${over} times more than it was handed out`]
      : []
  })
  return [...lost, ...more]
}

async function deposits(load: Load, history: History): Promise<string[]> {
  const { world } = history
  const listed = await pages(load, world, '/deposits')
  const byAmount = new Map<number, string[]>()
  for (const { id, amount } of listed) byAmount.set(Number(amount), [...(byAmount.get(Number(amount)) ?? []), id])
  const wrong = history.deposits.flatMap(({ amount, id, uncertain }) => {
    const ids = byAmount.get(amount) ?? []
    byAmount.delete(amount)
    if (id !== undefined)
      return ids.length === 1 && ids[0] === id ? [] : [`deposit ${id} of ${amount} is listed as ${ids}`]
    return ids.length <= (uncertain ? 1 : 0) ? [] : [`the deposit of ${amount} was refused, and is listed as ${ids}`]
  })
  const unknown = [...byAmount].map(([amount, ids]) => `nobody sent the deposits ${ids} of ${amount}`)
  return [...wrong, ...unknown].map((problem) => `${world}: ${problem}`)
}

/** What was told has happened and stays so; what counts as told was heard, with the same bytes each time; attempts are numbered without a gap. */
async function callbacks(load: Load, { world }: History, receiver: Receiver): Promise<string[]> {
  const before = receiver.heardOf(world)
  const { tables } = JSON.parse((await load.control(world, 'GET', '/snapshot')).text)
  const rows = Object.values<DeliveryRow>(tables.deliveries ?? {})
  const heard = receiver.heardOf(world)
  const told = new Map<string, number>()
  for (const { provider, body, attempts } of rows) {
    const text = `${provider} ${body}`
    told.set(text, (told.get(text) ?? 0) + attempts.length)
  }
  const unknown = [...before.keys()]
    .filter((text) => !told.has(text))
    .map((text) => `a callback was heard that no delivery has: ${text}`)
  const unheard = [...told]
    .filter(([text, attempts]) => (heard.get(text) ?? 0) < attempts)
    .map(([text, attempts]) => `${attempts} attempts count, ${heard.get(text) ?? 0} were heard: ${text}`)
  const requests = Object.keys(tables.callback_requests ?? {})
  const gaps = rows.flatMap(({ id, attempts }) => {
    const numbers = requests
      .filter((key) => key.startsWith(`${id}/`))
      .map((key) => Number(key.slice(id.length + 1)))
      .sort((a, b) => a - b)
    return numbers.every((number, index) => number === index + 1) && numbers.length === attempts.length
      ? []
      : [`${id} has ${attempts.length} attempts, and was sent as ${numbers}`]
  })
  return [...unknown, ...unheard, ...gaps].map((problem) => `${world}: ${problem}`)
}

/** The log is whole, and what a process serves is what follows from it, byte for byte. */
async function stored(load: Load, { world }: History, database: Database): Promise<string[]> {
  let wrong: readonly string[] = []
  // A running world may go on between the two looks: then both are taken anew.
  await eventually(`${world} stands still`, async () => {
    const { text } = await load.control(world, 'GET', '/snapshot')
    const kept = await storedWorld(database, world)
    if (!kept) return 'the database does not have it'
    const served = text.slice(text.indexOf('"tables":') + '"tables":'.length, -1)
    wrong = kept.problems
    if (wrong.length > 0 || served === kept.tables) return undefined
    const [again] = await database.query('select seq::text from sandgate.worlds where id = $1', [world])
    const { text: later } = await load.control(world, 'GET', '/snapshot')
    if (later !== text || again?.seq !== String(kept.seq)) return 'it goes on'
    wrong = [`${world}: what is served is not what is stored: ${difference(served, kept.tables)}`]
    return undefined
  })
  return [...wrong]
}

function difference(served: string, kept: string): string {
  let at = 0
  while (at < served.length && served[at] === kept[at]) at++
  const around = (text: string) => text.slice(Math.max(0, at - 60), at + 100)
  return `at character ${at}: "${around(served)}" is served, "${around(kept)}" is stored`
}

/** All rows of a list. */
async function pages(load: Load, world: string, path: string): Promise<any[]> {
  const rows: any[] = []
  for (let cursor: string | null = ''; cursor !== null;) {
    const query: string = `?limit=1000${cursor === '' ? '' : `&cursor=${cursor}`}`
    const { status, text } = await load.control(world, 'GET', `${path}${query}`)
    if (status !== 200) throw new Error(`${world}: GET ${path}: ${status} ${text}`)
    const { data, next } = JSON.parse(text)
    rows.push(...data)
    cursor = next
  }
  return rows
}

function countOf(texts: readonly string[]): Map<string, number> {
  const count = new Map<string, number>()
  for (const text of texts) count.set(text, (count.get(text) ?? 0) + 1)
  return count
}
