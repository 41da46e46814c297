// The directory of `--data`: who has it, which seed it was begun with, and a store for each world below it.
import * as fs from 'node:fs'
import { dirname, join } from 'node:path'
import type { World } from '../../world/world.ts'
import { lock } from './lock.ts'
import { type Disk, FILE_MODE, FOLDER_MODE, type LogFile, syncFolder } from './log.ts'
import { checkFormat } from './recovery.ts'
import { FORMAT } from '../state.ts'
import { Store, type StoreOptions } from './store.ts'
import { type PersistedWorld, type PreparedWorld, type Storage, StorageError, StorageRefused } from '../port.ts'

/** A log is left alone up to here: so much is read back in a fraction of a second. */
const FOLD_BYTES = 16 * 1024 * 1024
const SCRATCH_BYTES = 1024 * 1024
/** A world that was deleted, and was not gone yet when the process ended. */
const GONE = /\.gone-\d+$/

interface FileStorageOptions {
  readonly folder: string
  /** The seed that is asked for; undefined: whichever it was begun with. */
  readonly seed?: string | undefined
  /** The seed of a directory that begins now and is asked for none. */
  readonly otherwise: string
  readonly sync?: boolean | undefined
  readonly tell: (line: string) => void
  /** The file system, unless a test hands in another one. */
  readonly disk?: Disk | undefined
  readonly foldBytes?: number | undefined
}

export class FileStorage implements Storage {
  /** What the directory was begun with. */
  readonly seed: string
  readonly #folder: string
  readonly #options: StoreOptions
  readonly #release: () => void
  readonly #stores = new Map<string, Store>()
  /** Worlds whose directories cannot be read, and why. */
  readonly #unread = new Map<string, string>()
  #gone = 0
  /** Worlds that are being deleted. */
  readonly #removals = new Set<Promise<void>>()
  #closed = false

  /** Opens a directory, which is made when there is none. Throws `StorageRefused`, in one line. */
  static async open({
    folder,
    seed,
    otherwise,
    sync = false,
    tell,
    disk = fs,
    foldBytes = FOLD_BYTES,
  }: FileStorageOptions): Promise<FileStorage> {
    const worlds = join(folder, 'worlds')
    let release: (() => void) | undefined
    try {
      makeFolder(worlds)
      release = await lock(folder)
      const options = {
        disk,
        sync,
        tell,
        foldBytes,
        scratch: Buffer.allocUnsafeSlow(SCRATCH_BYTES),
        opened: new Set<LogFile>(),
      }
      const keeping = new FileStorage(
        folder,
        seedOf(join(folder, 'sandgate.json'), seed, otherwise, options),
        options,
        release,
      )
      syncFolder(folder, options)
      for (const id of fs.readdirSync(worlds).sort()) {
        if (GONE.test(id)) fs.rmSync(join(worlds, id), { recursive: true, force: true })
        // No world's: a copy that somebody has laid aside, what a file manager leaves.
        else if (!id.includes('.')) await keeping.#open(id)
      }
      return keeping
    } catch (error) {
      release?.()
      throw error instanceof StorageRefused
        ? error
        : new StorageRefused(`${folder} cannot be used to store anything: ${(error as Error).message}`)
    }
  }

  private constructor(folder: string, seed: string, options: StoreOptions, release: () => void) {
    this.#folder = folder
    this.seed = seed
    this.#options = options
    this.#release = release
  }

  /** The worlds that were found and that nobody has taken over yet. */
  *found(): Generator<readonly [id: string, was: PersistedWorld]> {
    for (const [id, { found }] of this.#stores) if (found) yield [id, { ...found.world, ...found }]
    for (const [id, unread] of this.#unread)
      yield [
        id,
        { seed: this.seed, startMs: 0, frozen: true, entries: 0, tables: new Map(), clock: [0, null, true], unread },
      ]
  }

  /** Keeps a world from here on: the one that was found, or, unless it `continues`, one that begins now in place of another of its id. Throws `StorageError`. */
  attach(world: World, made: object, continues: boolean): void {
    if (this.#closed) throw new StorageError(`${this.#folder} is closed`)
    const store = this.#stores.get(world.id) ?? this.#begin(world.id)
    store.attach(world, made, continues)
    this.#stores.set(world.id, store)
    this.#unread.delete(world.id)
  }

  /** The same for a world that may be large, in slices, once it is committed. Rejects with `StorageError`. */
  async prepare(world: World, made: object): Promise<PreparedWorld> {
    if (this.#closed) throw new StorageError(`${this.#folder} is closed`)
    const known = this.#stores.get(world.id)
    const store = known ?? this.#begin(world.id)
    const { commit, abandon } = await store.prepare(world, made)
    return {
      commit: () => {
        commit()
        this.#stores.set(world.id, store)
        this.#unread.delete(world.id)
      },
      abandon: async () => {
        await abandon()
        if (!known)
          await this.#options.disk.promises.rm(join(this.#folder, 'worlds', world.id), { recursive: true, force: true })
      },
    }
  }

  /** Forgets a world. */
  forget(id: string): void {
    const store = this.#unread.delete(id)
      ? new Store(join(this.#folder, 'worlds', id), this.#options)
      : this.#stores.get(id)
    this.#stores.delete(id)
    if (!store) return
    const removal = store
      .remove(`${join(this.#folder, 'worlds', id)}.gone-${++this.#gone}`)
      .catch((error: Error) =>
        this.#options.tell(`${this.#folder}: the world "${id}" is not gone from the disk: ${error.message}`),
      )
      .finally(() => this.#removals.delete(removal))
    this.#removals.add(removal)
  }

  /** Bytes of logs that no checkpoint has taken in yet. */
  get lagBytes(): number {
    return [...this.#stores.values()].reduce((sum, { lag }) => sum + lag, 0)
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const store of this.#stores.values()) await store.close()
    this.#stores.clear()
    // The next process would find directories half deleted.
    await Promise.all(this.#removals)
    this.#release()
  }

  /** What one world has in its directory costs no other one. */
  async #open(id: string): Promise<void> {
    const folder = join(this.#folder, 'worlds', id)
    try {
      this.#stores.set(id, await Store.open(folder, this.#options))
    } catch (error) {
      if (!(error instanceof StorageRefused)) throw error
      this.#unread.set(id, error.message)
    }
  }

  #begin(id: string): Store {
    const { disk } = this.#options
    const worlds = join(this.#folder, 'worlds')
    const folder = join(worlds, id)
    try {
      // What is left of a world of that id which could not be removed would come back in place of this one.
      disk.rmSync(folder, { recursive: true, force: true })
      disk.mkdirSync(folder, { mode: FOLDER_MODE })
      syncFolder(worlds, this.#options)
    } catch (error) {
      throw new StorageError(`${folder} cannot be written: ${(error as Error).message}`)
    }
    return new Store(folder, this.#options)
  }
}

/** With everything above it that is missing, one by one: Node's own way never comes back where a directory takes no child, as in `/proc`. */
function makeFolder(path: string): void {
  if (!fs.existsSync(dirname(path))) makeFolder(dirname(path))
  try {
    fs.mkdirSync(path, { mode: FOLDER_MODE })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

/** The seed the directory was begun with; it begins now when there is none. */
function seedOf(path: string, asked: string | undefined, otherwise: string, { disk, sync }: StoreOptions): string {
  const kept = fs.existsSync(path) ? readHead(path) : undefined
  if (kept) checkFormat(kept.format, path)
  if (kept && asked !== undefined && asked !== kept.seed)
    throw new StorageRefused(
      `--seed ${asked}: ${path} was created with the seed "${kept.seed}"; leave --seed out, or take another directory`,
    )
  if (kept) return kept.seed
  const seed = asked ?? otherwise
  disk.writeFileSync(`${path}.tmp`, `${JSON.stringify({ sandgate: 'data', format: FORMAT, seed })}\n`, {
    mode: FILE_MODE,
    flush: sync,
  })
  disk.renameSync(`${path}.tmp`, path)
  return seed
}

function readHead(path: string): any {
  try {
    return JSON.parse(fs.readFileSync(path, 'utf8'))
  } catch (error) {
    throw new StorageRefused(
      `${path} cannot be read: ${(error as Error).message}; it holds the seed, as in {"sandgate":"data","format":${FORMAT},"seed":"…"}`,
    )
  }
}
