// One process per directory: a file with its number, made exclusively. One that is left of a dead process is taken over.
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { kill, pid } from 'node:process'
import { FILE_MODE } from './log.ts'
import { KeepRefused } from './recovery.ts'

interface Holder {
  readonly pid: number
  /** When it was started, in what the system counts in: numbers come again, above all in containers. Null where nobody can tell. */
  readonly started: string | null
}

/** Takes the lock of a directory; returns what lets go of it. Throws `KeepRefused` when another process has it. */
export function lock(folder: string): () => void {
  const path = join(folder, 'lock')
  const mine = join(folder, `lock.${pid}`)
  const own = JSON.stringify({ pid, started: statOf(pid).started } satisfies Holder)
  writeFileSync(mine, own, { mode: FILE_MODE })
  try {
    for (let attempt = 0; attempt < 3; attempt++) {
      if (linked(mine, path)) return () => release(path, own)
      const text = textOf(path)
      const holder = holderIn(text)
      if (holder && isAlive(holder)) throw new KeepRefused(`${folder} is in use by process ${holder.pid}${holder.pid === pid ? ', this one' : ''}; one process per directory`)
      takeAway(path, `${mine}.stale`, text)
    }
  } finally {
    rmSync(mine, { force: true })
  }
  throw new KeepRefused(`${folder}: others want it too; one process per directory`)
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
