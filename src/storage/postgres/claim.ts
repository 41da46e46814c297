// A world claimed and read: from here on this process serves it, until another one claims it.
import { StorageError, StorageRefused } from '../port.ts'
import type { ClockLine } from '../state.ts'
import type { Connection } from './connection.ts'
import { type Loaded, readState } from './parts.ts'
import { SILENT_SECONDS } from './presence.ts'
import { CLAIM, LOAD } from './statements.ts'

/** How often a world is claimed that other processes claim while it is read. */
const CLAIMS_MOST = 5

export interface Claimed {
  readonly epoch: number
  /** The number of its last change. */
  readonly seq: number
  /** World time that somebody was told last, ms. */
  readonly told: number
  /** Whoever had it before; null: nobody. */
  readonly from: string | null
  /** What is stored of it, or why it cannot be read. */
  readonly loaded: Loaded | string
}

/** Undefined: there is no world of that id, or, with `orphan`, somebody serves it. Rejects as the connection does, and with `StorageError`. */
export async function claimWorld(
  connection: Connection,
  id: string,
  owner: string,
  orphan: boolean,
): Promise<Claimed | undefined> {
  let from: string | null = null
  for (let times = 0; times < CLAIMS_MOST; times++) {
    const [row] = await connection.query(CLAIM, [id, owner, orphan ? SILENT_SECONDS : null])
    if (!row) return undefined
    const { epoch, seq, told, checkpoint, checkpoint_seq: checkpointSeq } = row
    from ??= row.owner
    const rows = await connection.query(LOAD, [id, checkpoint, checkpointSeq])
    const loaded = await readState(id, rows, { checkpoint, checkpointSeq, seq }).catch((error: unknown) => {
      if (!(error instanceof StorageRefused)) throw error
      return error.message
    })
    // Another process has claimed it meanwhile, and folded its log.
    if (loaded === undefined) continue
    return { epoch, seq: typeof loaded === 'string' ? seq : loaded.seq, told, from, loaded }
  }
  throw new StorageError(
    `other processes keep taking the world "${id}": does the balancer send each world to one process?`,
  )
}

/** World time goes on from what was told last, by whatever clock that was; `wallMs` is what the wall says now. */
export function continuedClock([now, thenMs, frozen]: ClockLine, told: number, wallMs: number): ClockLine {
  if (frozen || thenMs === null) return [Math.max(now, told), thenMs, frozen]
  const expected = now + Math.max(0, wallMs - thenMs)
  return expected >= told ? [now, thenMs, frozen] : [now, wallMs - (told - now), frozen]
}
