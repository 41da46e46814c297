// What the database says of a world, read as a stranger would: whether its log is whole, and the state that follows from checkpoint and log. It shares no
// code with what it judges.
import type { Database } from '../postgres.ts'

export interface Stored {
  readonly epoch: bigint
  readonly seq: bigint
  /** What is wrong with the log itself. */
  readonly problems: readonly string[]
  /** The text of `tables` as `GET snapshot` would have it. */
  readonly tables: string
  /** World time of the last change, ms. */
  readonly nowMs: number
}

interface Record {
  readonly world?: object
  readonly clock: readonly [now: number, wall: number | null, frozen: boolean]
  readonly rows?: readonly (readonly [table: string, key: string, row?: object])[]
}

/** Undefined: the database has no such world. */
export async function storedWorld(database: Database, id: string): Promise<Stored | undefined> {
  // One statement, so that all of it is of one moment.
  const [found] = await database.query(
    `select epoch::text, seq::text, checkpoint_seq::text,
      (select json_agg(convert_from(rows, 'utf8') order by part) from sandgate.parts where token = worlds.checkpoint) as parts,
      (select json_agg(json_build_array(seq::text, epoch::text, convert_from(records, 'utf8')) order by log.seq)
        from sandgate.log where log.world = worlds.id) as log
    from sandgate.worlds where id = $1`,
    [id],
  )
  if (!found) return undefined
  const { parts, log } = found as { parts: string[] | null; log: [seq: string, epoch: string, text: string][] | null }
  const tables = new Map<string, Map<string, object>>()
  const problems: string[] = []
  let nowMs = -Infinity
  const apply = ({ world, clock, rows = [] }: Record, what: string) => {
    if (world) tables.clear()
    // A world that begins anew begins at its own time.
    if (!world && clock[0] < nowMs) problems.push(`${what} sets the clock back, from ${nowMs} to ${clock[0]}`)
    nowMs = clock[0]
    put(tables, rows)
  }
  for (const [index, text] of (parts ?? []).entries()) {
    if (index === 0) apply(JSON.parse(text), 'the checkpoint')
    else put(tables, JSON.parse(text))
  }
  let next = BigInt(found.checkpoint_seq) + 1n
  let epoch = 0n
  for (const [seq, by, text] of log ?? []) {
    if (BigInt(seq) !== next) problems.push(`change ${next} is missing before ${seq}`)
    if (BigInt(by) < epoch) problems.push(`change ${seq} is of epoch ${by}, behind one of ${epoch}`)
    next = BigInt(seq) + 1n
    epoch = BigInt(by)
    apply(JSON.parse(text), `change ${seq}`)
  }
  if (next !== BigInt(found.seq) + 1n) problems.push(`the log ends before ${next}, and the world is at ${found.seq}`)
  if (epoch > BigInt(found.epoch))
    problems.push(`the last change is of epoch ${epoch}, and the world of ${found.epoch}`)
  return {
    epoch: BigInt(found.epoch),
    seq: BigInt(found.seq),
    problems: problems.map((problem) => `${id}: ${problem}`),
    tables: textOf(tables),
    nowMs,
  }
}

function put(tables: Map<string, Map<string, object>>, rows: NonNullable<Record['rows']>): void {
  for (const [table, key, row] of rows) {
    const of = tables.get(table) ?? new Map<string, object>()
    tables.set(table, of)
    if (row === undefined) of.delete(key)
    else of.set(key, row)
  }
}

/** Tables and keys sorted; written by hand, because a key that looks like a number would be moved in an object. */
function textOf(tables: Map<string, Map<string, object>>): string {
  const texts = [...tables.keys()]
    .filter((name) => tables.get(name)!.size > 0)
    .sort()
    .map((name) => {
      const rows = tables.get(name)!
      const lines = [...rows.keys()].sort().map((key) => `${JSON.stringify(key)}:${JSON.stringify(rows.get(key))}`)
      return `${JSON.stringify(name)}:{${lines.join(',')}}`
    })
  return `{${texts.join(',')}}`
}
