// A file of records, each with its length and its checksum, so that what is torn or spoiled is known for what it is. What the records mean is
// left to state.ts; when they are written, to store.ts.
import { randomBytes } from 'node:crypto'
import * as fs from 'node:fs'
import { crc32 } from 'node:zlib'

/** What of the file system is used, so that a test can hand in one that fails. */
export type Disk = Pick<
  typeof fs,
  | 'openSync'
  | 'closeSync'
  | 'readFileSync'
  | 'readdirSync'
  | 'fstatSync'
  | 'ftruncateSync'
  | 'fdatasyncSync'
  | 'mkdirSync'
  | 'rmSync'
  | 'renameSync'
  | 'writeFileSync'
> & {
  writeSync(fd: number, bytes: Buffer, offset: number, length: number, position: number): number
  readonly promises: Pick<typeof fs.promises, 'open' | 'rename' | 'rm' | 'readFile'>
}

/** What is kept holds the secrets of receivers: it is made for its owner alone. */
export const FILE_MODE = 0o600
export const FOLDER_MODE = 0o700

/** What everything that is kept stands on. */
export interface Ground {
  readonly disk: Disk
  /** What is written is on the medium before anybody hears of it: for power cuts. */
  readonly sync: boolean
  /** Where records are laid out, by everybody in turn. */
  readonly scratch: Buffer
  /** The logs whose files are open, the one that has been written to last behind all others. */
  readonly opened: Set<LogFile>
}

/** How many logs have their files open at once: worlds may be a thousand, which is all that a process may open. */
const OPEN_LOGS = 128
/** A disk that was full is written to again when it has room for so much: a record that just fits is followed by one that does not. */
const ROOM_BYTES = 64 * 1024

/** For power cuts: a file is there only when its directory says so. */
export function syncFolder(path: string, { disk, sync }: Ground): void {
  if (!sync) return
  const fd = disk.openSync(path, 'r')
  try {
    disk.fdatasyncSync(fd)
  } finally {
    disk.closeSync(fd)
  }
}

/** `0000002a 1c291ca3 ` before the JSON, a line feed after it. */
const HEAD_BYTES = 18
const LINE_FEED = 10

/** A record as bytes. They live in `scratch`, which the next record overwrites, unless it was too small. */
export function framed(record: unknown, scratch?: Buffer): Buffer {
  const text = JSON.stringify(record)
  const fits = scratch !== undefined && scratch.length >= HEAD_BYTES + 3 * text.length + 1
  const bytes = fits ? scratch : Buffer.allocUnsafe(HEAD_BYTES + Buffer.byteLength(text) + 1)
  const length = bytes.write(text, HEAD_BYTES, 'utf8')
  bytes.write(head(length, crc32(bytes.subarray(HEAD_BYTES, HEAD_BYTES + length))), 0, 'latin1')
  bytes[HEAD_BYTES + length] = LINE_FEED
  return bytes.subarray(0, HEAD_BYTES + length + 1)
}

function head(length: number, checksum: number): string {
  return `${length.toString(16).padStart(8, '0')} ${checksum.toString(16).padStart(8, '0')} `
}

/** Every whole record with the byte it ends at, up to the first that is torn or spoiled. */
export function* records(bytes: Buffer): Generator<{ readonly record: any; readonly end: number }> {
  for (let at = 0; at + HEAD_BYTES < bytes.length;) {
    const told = bytes.toString('latin1', at, at + HEAD_BYTES)
    const from = at + HEAD_BYTES
    const to = from + parseInt(told.slice(0, 8), 16)
    // Written anew and compared, so that no other spelling of a number passes.
    if (!(to < bytes.length) || bytes[to] !== LINE_FEED || told !== head(to - from, crc32(bytes.subarray(from, to))))
      return
    at = to + 1
    yield { record: parsed(bytes.toString('utf8', from, to)), end: at }
  }
}

/** Undefined where somebody has put no JSON under a checksum that is right. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** A log that goes on. Every append is whole on return, or has left nothing. */
export class LogFile {
  readonly path: string
  readonly #ground: Ground
  #fd: number | undefined
  #size: number

  /** Goes on behind `size` bytes of a file that is there, or begins one with 0. */
  constructor(path: string, size: number, ground: Ground) {
    const { disk } = ground
    this.path = path
    this.#ground = ground
    this.#size = size
    const fd = disk.openSync(path, size === 0 ? 'w' : 'r+', FILE_MODE)
    this.#fd = fd
    this.#hold()
    if (disk.fstatSync(fd).size > size) disk.ftruncateSync(fd, size)
  }

  get size(): number {
    return this.#size
  }

  /** Appends a record; throws when it cannot be kept, and then what is in the file is as it was. */
  append(record: unknown): void {
    const bytes = framed(record, this.#ground.scratch)
    this.#write(bytes)
    this.#size += bytes.length
  }

  /** Throws when there is no room for some records more; leaves nothing. */
  checkRoom(): void {
    const fd = this.#write(randomBytes(ROOM_BYTES))
    this.#ground.disk.ftruncateSync(fd, this.#size)
  }

  close(): void {
    if (this.#fd === undefined) return
    this.#ground.opened.delete(this)
    this.#ground.disk.closeSync(this.#fd)
    this.#fd = undefined
  }

  #write(bytes: Buffer): number {
    const { disk, sync } = this.#ground
    const fd = this.#open()
    try {
      for (let done = 0; done < bytes.length;)
        done += disk.writeSync(fd, bytes, done, bytes.length - done, this.#size + done)
      if (sync) disk.fdatasyncSync(fd)
    } catch (error) {
      this.#forgetBehind(fd)
      throw error
    }
    return fd
  }

  /** What half a write has left is cut off when it can be; the next append writes over it in any case. */
  #forgetBehind(fd: number): void {
    try {
      this.#ground.disk.ftruncateSync(fd, this.#size)
    } catch {
      // As full or as read-only as before.
    }
  }

  #open(): number {
    // A file that was deleted takes every byte and keeps none.
    if (this.#fd !== undefined && this.#ground.disk.fstatSync(this.#fd).nlink === 0) this.close()
    this.#fd ??= this.#openAgain()
    this.#hold()
    return this.#fd
  }

  /** Its directory may have been away, and back as it was. */
  #openAgain(): number {
    const { disk } = this.#ground
    const fd = disk.openSync(this.path, 'r+')
    if (disk.fstatSync(fd).size >= this.#size) return fd
    disk.closeSync(fd)
    throw new Error(`${this.path} is not the file it was`)
  }

  /** Keeps its file open, in place of the one that nobody has written to for longest. */
  #hold(): void {
    const { opened } = this.#ground
    opened.delete(this)
    opened.add(this)
    if (opened.size > OPEN_LOGS) for (const longest of opened) return longest.close()
  }
}
