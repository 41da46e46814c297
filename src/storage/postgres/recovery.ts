// What became of commits whose answer was lost: the connection broke, or nothing came back in time. Each world is claimed anew, if it is still of this
// process: a statement that is still on its way can do nothing to it then, and its number of changes says whether it was done before.
import { setTimeout } from '../../runtime/timers.ts'
import type { Loss } from '../../world/world.ts'
import { bigints, texts } from './arrays.ts'
import type { Connection, Row } from './connection.ts'
import { CLAIM_AGAIN, CLAIM_NEW, FIND, FOLDED } from './statements.ts'
import { isChange, type Item } from './writer.ts'

/** How long it is tried to learn what became of a commit, and how long between two tries, ms. */
const PATIENCE_MS = 5_000
const PAUSE_MS = 100

/** What became of an item. `again`: it was not stored, and may be. */
export type Fate = 'stored' | 'again' | Loss

export interface RecoveryOptions {
  readonly connection: Connection
  readonly owner: string
}

// rule: sandgate.shared.unknown
/** `unknown`: whether each item was sent, so that it may have been stored, or never was. */
export async function recover(
  unknown: ReadonlyMap<Item, 'sent' | 'not sent'>,
  { connection, owner }: RecoveryOptions,
): Promise<Map<Item, Fate>> {
  const end = performance.now() + PATIENCE_MS
  for (;;) {
    try {
      return await fatesOf(unknown, connection, owner)
    } catch {
      if (performance.now() > end) break
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
    }
  }
  const fate = (item: Item): Fate => (isChange(item) && unknown.get(item) === 'sent' ? 'unknown' : 'unavailable')
  return new Map([...unknown.keys()].map((item) => [item, fate(item)]))
}

async function fatesOf(
  unknown: ReadonlyMap<Item, 'sent' | 'not sent'>,
  connection: Connection,
  owner: string,
): Promise<Map<Item, Fate>> {
  const fates = new Map<Item, Fate>()
  const created = [...unknown.keys()].filter(({ kind }) => kind === 'create')
  const others = [...unknown.keys()].filter(({ kind }) => kind !== 'create')
  for (const item of created) fates.set(item, await fateOfNew(item, unknown.get(item) === 'sent', connection, owner))
  const ids = others.map(({ writer }) => writer.id)
  const rows = await connection.query(CLAIM_AGAIN, [texts(ids), bigints(others.map(({ writer }) => writer.epoch))])
  const own = new Map(rows.map((row) => [row.id as string, row]))
  const lost = others.filter(({ writer }) => !own.has(writer.id))
  for (const item of others) {
    const row = own.get(item.writer.id)
    if (row) fates.set(item, fateOfOwn(item, row))
  }
  for (const [item, fate] of await fatesOfLost(lost, connection)) fates.set(item, fate)
  return fates
}

/** A world that is still of this process. */
function fateOfOwn(item: Item, { epoch, seq }: Row): Fate {
  item.writer.epoch = epoch
  if (item.kind === 'check') return 'stored'
  return seq > item.writer.seq ? 'stored' : 'again'
}

/** A world that has another owner by now, or is gone: what was stored before that is in its log, unless the new owner has folded it. */
async function fatesOfLost(items: readonly Item[], connection: Connection): Promise<Map<Item, Fate>> {
  const changes = items.filter(isChange)
  const ids = texts(changes.map(({ writer }) => writer.id))
  const numbers = [
    bigints(changes.map(({ writer }) => writer.epoch)),
    bigints(changes.map(({ writer }) => writer.seq)),
  ] as const
  const [found, folded] =
    changes.length === 0
      ? [[], []]
      : await Promise.all([connection.query(FIND, [ids, ...numbers]), connection.query(FOLDED, [ids])])
  const logged = new Set(found.map(({ id }) => id as string))
  const upTo = new Map(folded.map(({ id, checkpoint_seq: seq }) => [id as string, seq as number]))
  return new Map(
    items.map((item) => {
      const { id, seq } = item.writer
      if (!isChange(item)) return [item, 'taken']
      if (logged.has(id)) return [item, 'stored']
      return [item, (upTo.get(id) ?? 0) > seq ? 'unknown' : 'taken']
    }),
  )
}

/** A world that was to begin: nobody but this process makes one with its name as the owner. */
async function fateOfNew(item: Item, wasSent: boolean, connection: Connection, owner: string): Promise<Fate> {
  if (!wasSent) return 'again'
  const [row] = await connection.query(CLAIM_NEW, [item.writer.id, owner])
  // It may still be on its way.
  if (!row) return 'unknown'
  item.writer.epoch = row.epoch
  item.writer.seq = row.seq
  return 'stored'
}
