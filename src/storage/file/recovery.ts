// What a world's directory still tells after whatever happened to it: the newest checkpoint that can be used, and every whole record behind it.
import { join } from 'node:path'
import { type Disk, records } from './log.ts'
import { StorageRefused } from '../port.ts'
import { applied, type Change, changeProblem, FORMAT, type LogHead, type State } from '../state.ts'

/** Where a directory stands. */
export interface Recovered {
  /** Undefined: nothing was kept yet. */
  readonly state: State | undefined
  /** The checkpoint it began with; 1 is none. */
  readonly checkpoint: number
  /** The log that goes on, and how many bytes of it are whole. */
  readonly log: number
  readonly size: number
}

export interface FoundCheckpoint {
  readonly state: State
  /** How much of its log must be whole. */
  readonly until: number
}

const NAME = /^(log|checkpoint)-([1-9]\d{0,8})$/

export function nameOf(kind: 'log' | 'checkpoint', number: number): string {
  return `${kind}-${number}`
}

/** The numbers of the files of a kind, ascending. */
export function numbered(kind: 'log' | 'checkpoint', names: readonly string[]): number[] {
  return names
    .flatMap((name) => (NAME.exec(name)?.[1] === kind ? [Number(NAME.exec(name)![2])] : []))
    .sort((a, b) => a - b)
}

/** Reads a directory; what cannot be used is told, and nothing is changed. */
export async function recover(
  folder: string,
  disk: Disk,
  readCheckpoint: (path: string) => Promise<FoundCheckpoint | undefined>,
  tell: (line: string) => void,
): Promise<Recovered> {
  const names = disk.readdirSync(folder)
  const logs = numbered('log', names)
  const checkpoints = numbered('checkpoint', names).reverse()
  for (const number of checkpoints) {
    const path = join(folder, nameOf('checkpoint', number))
    const found = await readCheckpoint(path)
    if (!found) {
      tell(`${path} is damaged; the checkpoint before it is used`)
      continue
    }
    const told: string[] = []
    const followed = follow(folder, number, logs, found.state, disk, (line) => told.push(line))
    if (followed.log > number || followed.size >= found.until) {
      told.forEach(tell)
      return { checkpoint: number, ...followed }
    }
    tell(`${path} is younger than what is left of ${nameOf('log', number)}; the checkpoint before it is used`)
  }
  if (logs[0] === 1) return { checkpoint: 1, ...follow(folder, 1, logs, undefined, disk, tell) }
  if (checkpoints.length > 0 || logs.length > 0)
    throw new StorageRefused(`${folder}: no checkpoint can be used, and the logs from before it are gone`)
  return { state: undefined, checkpoint: 1, log: 1, size: 0 }
}

/** Applies the logs from `number` on, to the end or to the first byte that is damaged. */
function follow(
  folder: string,
  number: number,
  logs: readonly number[],
  from: State | undefined,
  disk: Disk,
  tell: (line: string) => void,
): { state: State | undefined; log: number; size: number } {
  let state = from
  for (let log = number; ; log++) {
    const path = join(folder, nameOf('log', log))
    if (!logs.includes(log)) {
      tell(`${path} is missing; its changes are lost`)
      return { state, log, size: 0 }
    }
    const bytes = disk.readFileSync(path) as Buffer
    let size = 0
    for (const { record, end } of records(bytes)) {
      if (size === 0) readHead(record, path)
      else {
        const wrong = changeProblem(record)
        if (wrong !== undefined)
          throw new StorageRefused(`${path}: the record that ends at byte ${end} cannot be used: ${wrong}`)
        state = applied(state, record as Change)
      }
      size = end
    }
    if (size < bytes.length)
      tell(
        `${path} is damaged from byte ${size} on: ${bytes.length - size} bytes are cut off, everything before them is kept`,
      )
    const next = logs.find((each) => each > log)
    if (size < bytes.length || next === undefined) {
      if (next !== undefined)
        tell(
          `${logs
            .filter((each) => each > log)
            .map((each) => nameOf('log', each))
            .join(', ')} came after that and cannot be used either`,
        )
      return { state, log, size }
    }
  }
}

function readHead(head: LogHead, path: string): void {
  if (head?.sandgate !== 'log') throw new StorageRefused(`${path} is not a log of Sandgate`)
  checkFormat(head.format, path)
}

export function checkFormat(format: unknown, path: string): void {
  if (format !== FORMAT)
    throw new StorageRefused(`${path} has format ${format}; this version of Sandgate reads format ${FORMAT}`)
}
