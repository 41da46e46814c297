// One process per directory: a file with its number, made exclusively. One that is left of a dead process is taken over. Beside it hangs a bell, a
// socket that ends with its process: containers that share a directory do not see each other's processes, but hear each other's bells. A copy of a
// directory has a copy of its lock, which names another directory.
import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  closeSync,
  existsSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { kill, pid } from 'node:process'
import { FILE_MODE } from './log.ts'
import { StorageRefused } from '../port.ts'

interface Holder {
  readonly pid: number
  /** When it was started, in what the system counts in: numbers come again, above all in containers. Null where nobody can tell. */
  readonly started: string | null
  /** The name of its socket; without one where the system or the file system has none. */
  readonly bell?: string | undefined
  /** The directory it is of, as device and inode: a copy has others. Locks of before say nothing of it. */
  readonly folder?: string | undefined
}

const BELL = /^lock\.[0-9a-f]+\.bell$/

/** Takes the lock of a directory; returns what lets go of it. Throws `StorageRefused` when another process has it. */
export async function lock(folder: string): Promise<() => void> {
  const path = join(folder, 'lock')
  const mine = `lock.${randomBytes(6).toString('hex')}`
  const hung = await hang(folder, `${mine}.bell`)
  const own = JSON.stringify({
    pid,
    started: statOf(pid).started,
    bell: hung && `${mine}.bell`,
    folder: identityOf(folder),
  } satisfies Holder)
  const takeDown = () => {
    hung?.close()
    rmSync(join(folder, `${mine}.bell`), { force: true })
  }
  let taken = false
  writeFileSync(join(folder, mine), own, { mode: FILE_MODE })
  try {
    for (let attempt = 0; attempt < 3 && !taken; attempt++) {
      taken = linked(join(folder, mine), path)
      if (!taken) await clear(folder, path, join(folder, `${mine}.stale`))
    }
    if (!taken) throw new StorageRefused(`${folder}: others want it too; one process per directory`)
  } finally {
    rmSync(join(folder, mine), { force: true })
    if (!taken) takeDown()
  }
  return () => {
    release(path, own)
    takeDown()
  }
}

/** Clears away what a dead process has left; throws when its holder lives. */
async function clear(folder: string, path: string, aside: string): Promise<void> {
  const text = textOf(path)
  const holder = holderIn(text)
  // rule: sandgate.keep.copy
  if (holder && !isCopied(holder, folder) && isAlive(holder))
    throw new StorageRefused(
      `${folder} is in use by process ${holder.pid}${holder.pid === pid ? ', this one' : ''}; one process per directory`,
    )
  const bell = holder?.bell !== undefined && BELL.test(holder.bell) ? holder.bell : undefined
  if (bell !== undefined && (await rings(folder, bell)))
    throw new StorageRefused(
      `${folder} is in use by process ${holder!.pid} of another container; one process per directory`,
    )
  takeAway(path, aside, text)
  if (bell !== undefined) rmSync(join(folder, bell), { force: true })
}

function identityOf(folder: string): string {
  const { dev, ino } = statSync(folder, { bigint: true })
  return `${dev}:${ino}`
}

/** Whether the lock was taken in another directory. Its device may have another number in another container, its inode not; and a bell that rings is believed before either. */
function isCopied({ folder: of }: Holder, folder: string): boolean {
  const inode = (identity: string) => identity.slice(identity.indexOf(':'))
  return typeof of === 'string' && of.includes(':') && inode(of) !== inode(identityOf(folder))
}

/** Where the system has no such socket, or the file system takes none, the number alone has to do. */
async function hang(folder: string, name: string): Promise<Server | undefined> {
  return at(
    folder,
    name,
    (path) =>
      new Promise((resolve) => {
        const server = createServer((caller) => caller.destroy()).unref()
        server.on('error', () => resolve(undefined))
        server.listen(path, () => {
          chmodSync(path, FILE_MODE)
          resolve(server)
        })
      }),
  )
}

/** Whether whoever hung it up is alive: the system answers for a process that is busy, or stopped, too. */
async function rings(folder: string, name: string): Promise<boolean | undefined> {
  return at(
    folder,
    name,
    (path) =>
      new Promise((resolve) => {
        const caller = connect(path, () => {
          caller.destroy()
          resolve(true)
        })
        caller.on('error', (error: NodeJS.ErrnoException) =>
          resolve(!['ECONNREFUSED', 'ENOENT', 'ENOTSOCK'].includes(error.code!)),
        )
      }),
  )
}

/** The path of a socket may have some 100 bytes: from its directory's descriptor on it is always short. */
async function at<Result>(
  folder: string,
  name: string,
  work: (path: string) => Promise<Result | undefined>,
): Promise<Result | undefined> {
  if (!existsSync('/proc/self/fd')) return undefined
  const fd = openSync(folder, 'r')
  try {
    return await work(`/proc/self/fd/${fd}/${name}`)
  } finally {
    closeSync(fd)
  }
}

function linked(from: string, to: string): boolean {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    return false
  }
}

/** Removes a dead process's lock; when another one was quicker and it is theirs by now, it is put back. */
function takeAway(path: string, aside: string, text: string | undefined): void {
  try {
    renameSync(path, aside)
    if (textOf(aside) !== text) linked(aside, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  rmSync(aside, { force: true })
}

function release(path: string, own: string): void {
  if (textOf(path) === own) rmSync(path, { force: true })
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    // One that is there and cannot be read may well be somebody's.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    return undefined
  }
}

function holderIn(text: string | undefined): Holder | undefined {
  try {
    const holder = JSON.parse(text ?? '')
    return Number.isInteger(holder?.pid) && holder.pid > 0 ? holder : undefined
  } catch {
    return undefined
  }
}

function isAlive(holder: Holder): boolean {
  try {
    kill(holder.pid, 0)
  } catch (error) {
    // EPERM: it lives, and is somebody else's.
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
  }
  const { state, started } = statOf(holder.pid)
  // Z: it has ended, and its parent has not asked yet. Where nobody can tell when this one was started, it is taken for the holder.
  return state !== 'Z' && (started === null || started === holder.started)
}

/** Fields 3 and 22 of `/proc/<pid>/stat`, counted behind the name, which may hold anything. */
function statOf(of: number): { readonly state: string | null; readonly started: string | null } {
  try {
    const stat = readFileSync(`/proc/${of}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return { state: fields[0] ?? null, started: fields[19] ?? null }
  } catch {
    return { state: null, started: null }
  }
}
