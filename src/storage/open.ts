// Which storage `--data` asks for: a directory, or a database.
import { wallNow } from '../runtime/timers.ts'
import { isDatabase } from '../text/databases.ts'
import { durationMs } from '../text/durations.ts'
import { FileStorage } from './file/directory.ts'
import type { Disk } from './file/log.ts'
import type { Storage } from './port.ts'

/** What a sandbox is told about keeping. */
export interface StorageOptions {
  /** What every world derives its draws from. Default `sandgate`. */
  readonly seed?: string | undefined
  /** The directory, or the `postgres://` URL of the database, in which worlds are kept; in memory alone unless given. */
  readonly data?: string | undefined
  /** What is kept in a directory survives power cuts too. */
  readonly fsync?: boolean | undefined
  /** The wall clock, ms since 1970. */
  readonly wall?: (() => number) | undefined
  /** What it is kept on, from how many bytes on a log is folded, and whether a database is asked who serves a world; for tests. */
  readonly keep?:
    | {
        readonly disk?: Disk | undefined
        readonly foldBytes?: number | undefined
        readonly fence?: boolean | undefined
      }
    | undefined
}

/** Undefined when nothing is to be kept. Throws `StorageRefused`. */
export async function openStorage(
  {
    data,
    seed,
    fsync,
    wall = wallNow,
    limits,
    keep: { disk, foldBytes, fence } = {},
  }: StorageOptions & {
    readonly limits?: { readonly worldIdle?: string | undefined } | undefined
  },
  otherwise: string,
  tell: (line: string) => void,
): Promise<Storage | undefined> {
  if (data === undefined) return undefined
  if (!isDatabase(data)) return FileStorage.open({ folder: data, seed, otherwise, sync: fsync, tell, disk, foldBytes })
  // Most sandboxes need no driver.
  const { PostgresStorage } = await import('./postgres/storage.ts')
  const idleMs = durationMs(limits?.worldIdle ?? '24h')
  return PostgresStorage.open({ url: data, seed, otherwise, tell, wall, idleMs, foldBytes, fence })
}
