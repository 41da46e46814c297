// Stores what waits of all worlds of this process, one commit after the other. While one is on its way, what comes waits for the next: many calls share
// one. What becomes of a commit whose answer was lost is left to recovery.ts.
import type { Loss } from '../../world/world.ts'
import { setImmediate } from '../../runtime/timers.ts'
import { bigints, booleans, bytes, texts } from './arrays.ts'
import { AnswerLost, type Connection, NotConnected, type Row } from './connection.ts'
import { CommitTimes } from './commit-times.ts'
import { type Fate, recover } from './recovery.ts'
import { APPEND, APPEND_UNFENCED, CHECK, CREATE, DELETE, REPLACE, TELL } from './statements.ts'
import type { Item, Moment, WorldWriter } from './writer.ts'

/** One commit holds no more bytes than this, unless one world has more. */
const COMMIT_BYTES = 32 * 1024 * 1024

export interface GroupCommitOptions {
  readonly connection: Connection
  /** The name of this process among the owners. */
  readonly owner: string
  /** Whether appends look for the epoch: only a test leaves that out. */
  readonly fence: boolean
  /** A world may not be served by this process any more. */
  readonly lost: (writer: WorldWriter, loss: Loss) => void
  /** It is time for a checkpoint of a world, as it was behind this commit. */
  readonly fold: (writer: WorldWriter, moment: Moment) => void
  /** Something was written, or why it was not. */
  readonly told: (problem: Error | undefined) => void
}

export class GroupCommit {
  readonly times = new CommitTimes()
  readonly #options: GroupCommitOptions
  readonly #waiting = new Set<WorldWriter>()
  #running: Promise<void> | undefined

  constructor(options: GroupCommitOptions) {
    this.#options = options
  }

  /** Something of this world is to be stored. */
  add(writer: WorldWriter): void {
    this.#waiting.add(writer)
    this.#running ??= this.#run()
  }

  /** Nothing of this world is to be stored any more. */
  remove(writer: WorldWriter): void {
    this.#waiting.delete(writer)
  }

  /** Resolves when nothing waits. */
  async settled(): Promise<void> {
    while (this.#running) await this.#running
  }

  async #run(): Promise<void> {
    // At the end of a turn, so that everything that happens in it is in one commit.
    do {
      await new Promise((resolve) => setImmediate(resolve))
      const items = this.#take()
      if (items.length > 0) await this.store(items).catch((error: Error) => this.#failed(items, error))
    } while (this.#waiting.size > 0)
    this.#running = undefined
  }

  #take(): Item[] {
    const items: Item[] = []
    let size = 0
    for (const writer of this.#waiting) {
      if (size > COMMIT_BYTES) break
      this.#waiting.delete(writer)
      const item = this.#itemOf(writer)
      if (!item) continue
      items.push(item)
      size += item.records.length
    }
    return items
  }

  /** What cannot be written down, because it is too large for one text, costs its own world. */
  #itemOf(writer: WorldWriter): Item | undefined {
    try {
      return writer.take()
    } catch (error) {
      this.#options.told(error as Error)
      this.#options.lost(writer, 'unavailable')
      return undefined
    }
  }

  /** Stores these, and tells those who wait. */
  async store(items: readonly Item[]): Promise<void> {
    const begun = performance.now()
    for (let left = items; left.length > 0;) {
      const { fates, unknown } = await this.#send(left)
      const found = unknown.size === 0 ? fates : new Map([...fates, ...(await recover(unknown, this.#options))])
      left = left.filter((item) => found.get(item) === 'again')
      for (const [item, fate] of found) if (fate !== 'again') this.#settle(item, fate)
    }
    this.times.add((performance.now() - begun) / 1000)
  }

  /** A bug costs the worlds that it struck, and no other ones. */
  #failed(items: readonly Item[], error: Error): void {
    this.#options.told(error)
    for (const item of items) this.#settle(item, 'unknown')
  }

  #settle(item: Item, fate: Exclude<Fate, 'again'>): void {
    const { writer, turn, kind, moment } = item
    writer.settled(item, fate === 'stored')
    if (fate !== 'stored') {
      moment?.view.end()
      // Those who wait look for the reason.
      this.#options.lost(writer, fate)
      turn?.done(false)
      return
    }
    if (kind === 'append' || kind === 'replace') writer.seq++
    if (moment) this.#options.fold(writer, moment)
    turn?.done(true)
    if (writer.waits) this.add(writer)
  }

  /** Sends everything at once; each statement stands alone. */
  async #send(items: readonly Item[]): Promise<{
    readonly fates: Map<Item, Fate>
    readonly unknown: Map<Item, 'sent' | 'not sent'>
  }> {
    const fates = new Map<Item, Fate>()
    const unknown = new Map<Item, 'sent' | 'not sent'>()
    const of = (kind: Item['kind']) => items.filter((item) => item.kind === kind)
    const answered = async (asked: readonly Item[], missing: Loss, rows: Promise<Row[]>) => {
      try {
        const kept = new Map((await rows).map((row) => [row.id as string, row]))
        for (const item of asked) {
          const row = kept.get(item.writer.id)
          if (row?.epoch !== undefined) item.writer.epoch = row.epoch
          fates.set(item, row ? 'stored' : missing)
        }
        // What is read only says nothing of what can be written.
        if (asked[0]!.kind !== 'check') this.#options.told(undefined)
      } catch (error) {
        this.#options.told(error as Error)
        if (error instanceof AnswerLost) for (const item of asked) unknown.set(item, 'sent')
        else if (error instanceof NotConnected) for (const item of asked) unknown.set(item, 'not sent')
        else for (const item of asked) fates.set(item, 'unavailable')
      }
    }
    const appends = of('append')
    const tells = of('tell')
    const checks = of('check')
    await Promise.all([
      appends.length > 0 && answered(appends, 'taken', this.#append(appends)),
      ...of('create').map((item) => answered([item], item.writer.epoch > 0 ? 'taken' : 'exists', this.#create(item))),
      ...of('replace').map((item) => answered([item], 'taken', this.#replace(item))),
      tells.length > 0 &&
        answered(
          tells,
          'taken',
          this.#query(TELL, [ids(tells), bigints(tells.map(epochOf)), bigints(tells.map(({ told }) => told))]),
        ),
      checks.length > 0 && answered(checks, 'taken', this.#query(CHECK, [ids(checks), bigints(checks.map(epochOf))])),
    ])
    return { fates, unknown }
  }

  #append(items: readonly Item[]): Promise<Row[]> {
    return this.#query(this.#options.fence ? APPEND : APPEND_UNFENCED, [
      ids(items),
      bigints(items.map(epochOf)),
      bigints(items.map(({ writer }) => writer.seq)),
      bytes(items.map(({ records }) => records)),
      bigints(items.map(({ told }) => told)),
      booleans(items.map(({ frozen }) => frozen)),
      booleans(items.map(({ due }) => due)),
      texts(items.map(({ about }) => about)),
    ])
  }

  async #create({ writer, token, records, told, frozen, due, about }: Item): Promise<Row[]> {
    // In the place of one that cannot be read.
    if (writer.epoch > 0) await this.#query(DELETE, [writer.id, writer.epoch, this.#options.owner])
    const rows = await this.#query(CREATE, [writer.id, this.#options.owner, token, records, told, frozen, due, about])
    if (rows.length > 0) writer.seq = 1
    return rows
  }

  #replace({ writer, token, told, frozen, due, about }: Item): Promise<Row[]> {
    return this.#query(REPLACE, [writer.id, writer.epoch, writer.seq, token, told, frozen, due, about])
  }

  #query(...[statement, values]: Parameters<Connection['query']>): Promise<Row[]> {
    return this.#options.connection.query(statement, values)
  }
}

function ids(items: readonly Item[]): Buffer {
  return texts(items.map(({ writer }) => writer.id))
}

function epochOf({ writer }: Item): number {
  return writer.epoch
}
