// Seeded draws by name: the same seed and name give the same bytes, whoever asks first and whatever else was drawn.
import { hash } from 'node:crypto'
import seedrandom from 'seedrandom'

const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** A stream of pseudo-random values. Every call takes the next ones of the stream. */
export interface Draw {
  /** `count` bytes. */
  bytes(count: number): Buffer
  /** A whole number, 0 ≤ n < `below` (at most 2^32). */
  below(below: number): number
  /** A fraction, 0 ≤ x < 1. */
  fraction(): number
  /** Lower-case hex of `bytes` bytes. */
  hex(bytes: number): string
  /** Decimal digits, the first one not 0. */
  digits(count: number): string
  /** Crockford base32, upper case. */
  base32(count: number): string
  /** A version 4 UUID. */
  uuid(): string
}

/**
 * Opens the stream of that name. The parts are joined as JSON, so that no two different lists of parts share a stream, and hashed first, so
 * that every bit of the name counts. Tyche-i is the quickest of seedrandom's generators to seed, and most streams give a few bytes only.
 */
export function draw(seed: string, name: readonly (string | number | null)[]): Draw {
  return new Stream(seedrandom.tychei(hash('sha256', JSON.stringify([seed, ...name]), 'binary')))
}

class Stream implements Draw {
  readonly #next: seedrandom.PRNG

  constructor(next: seedrandom.PRNG) {
    this.#next = next
  }

  bytes(count: number): Buffer {
    const out = Buffer.allocUnsafe(count)
    for (let i = 0; i < count; i += 4) {
      const word = this.#next.int32()
      for (let j = 0; j < 4 && i + j < count; j++) out[i + j] = word >>> (8 * j)
    }
    return out
  }

  below(limit: number): number {
    return Math.floor(this.#next() * limit)
  }

  fraction(): number {
    return this.#next()
  }

  hex(bytes: number): string {
    return this.bytes(bytes).toString('hex')
  }

  digits(count: number): string {
    return String(1 + this.below(9)) + Array.from({ length: count - 1 }, () => this.below(10)).join('')
  }

  base32(count: number): string {
    return Array.from({ length: count }, () => CROCKFORD[this.below(32)]).join('')
  }

  uuid(): string {
    const b = this.bytes(16)
    b[6] = (b[6]! & 0x0f) | 0x40
    b[8] = (b[8]! & 0x3f) | 0x80
    const h = b.toString('hex')
    return `${h.slice(0, 8)}-${h.slice(8, 12)}-${h.slice(12, 16)}-${h.slice(16, 20)}-${h.slice(20)}`
  }
}
