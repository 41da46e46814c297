// A file of records, each with its length and its checksum, so that what is torn or spoiled is known for what it is. What the records mean is
// left to state.ts; when they are written, to store.ts.
import * as fs from 'node:fs'
import { crc32 } from 'node:zlib'

/** What of the file system is used, so that a test can hand in one that fails. */
export type Disk = Pick<typeof fs, 'openSync' | 'closeSync' | 'writeSync' | 'readFileSync' | 'readdirSync' | 'fstatSync' | 'ftruncateSync' | 'fdatasyncSync' | 'mkdirSync' | 'rmSync' | 'renameSync'> & {
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
}

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
  for (let at = 0; at + HEAD_BYTES < bytes.length; ) {
    const told = bytes.toString('latin1', at, at + HEAD_BYTES)
    const from = at + HEAD_BYTES
    const to = from + parseInt(told.slice(0, 8), 16)
    // Written anew and compared, so that no other spelling of a number passes.
    if (!(to < bytes.length) || bytes[to] !== LINE_FEED || told !== head(to - from, crc32(bytes.subarray(from, to)))) return
    at = to + 1
    yield { record: JSON.parse(bytes.toString('utf8', from, to)), end: at }
  }
}

/** A log that is open for more. Every append is whole on return, or has left nothing. */
export class LogFile {
  readonly path: string
  readonly #disk: Disk
  readonly #sync: boolean
  readonly #scratch: Buffer
  #fd: number
  #size: number

  /** Goes on behind `size` bytes of a file that is there, or begins one with 0. */
  constructor(path: string, size: number, { disk, sync, scratch }: Ground) {
    this.path = path
    this.#disk = disk
    this.#sync = sync
    this.#scratch = scratch
    this.#size = size
    this.#fd = disk.openSync(path, size === 0 ? 'w' : 'r+', FILE_MODE)
    if (disk.fstatSync(this.#fd).size > size) disk.ftruncateSync(this.#fd, size)
  }

  get size(): number {
    return this.#size
  }

  /** Appends a record; throws when it cannot be kept, and then what is in the file is as it was. */
  append(record: unknown): void {
    const bytes = framed(record, this.#scratch)
    // A file that was deleted takes every byte and keeps none.
    if (this.#disk.fstatSync(this.#fd).nlink === 0) this.#openAgain()
    try {
      for (let done = 0; done < bytes.length; ) done += this.#disk.writeSync(this.#fd, bytes, done, bytes.length - done, this.#size + done)
      if (this.#sync) this.#disk.fdatasyncSync(this.#fd)
    } catch (error) {
      this.#forgetBehind()
      throw error
    }
    this.#size += bytes.length
  }

  close(): void {
    this.#disk.closeSync(this.#fd)
  }

  /** What half a write has left is cut off when it can be; the next append writes over it in any case. */
  #forgetBehind(): void {
    try {
      this.#disk.ftruncateSync(this.#fd, this.#size)
    } catch {
      // As full or as read-only as before.
    }
  }

  /** The directory may be back, as it was. */
  #openAgain(): void {
    const fd = this.#disk.openSync(this.path, 'r+')
    if (this.#disk.fstatSync(fd).size < this.#size) {
      this.#disk.closeSync(fd)
      throw new Error(`${this.path} is not the file it was`)
    }
    this.#disk.closeSync(this.#fd)
    this.#fd = fd
  }
}
