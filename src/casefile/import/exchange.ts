// A call that somebody made and what was answered, as far as a file tells it: the form in which HAR files and curl transcripts meet. What becomes of
// it in a case is left to case.ts.
import type { When } from './when.ts'

export type Pair = readonly [name: string, value: string]

export interface Exchange {
  /** Upper case. */
  readonly method: string
  readonly url: string
  readonly when: When | undefined
  /** Names in lower case; undefined: the file does not hold them. */
  readonly headers: readonly Pair[] | undefined
  /** What was sent, read when it is asked for; undefined: the file does not hold it, empty: there was nothing. */
  body(): Buffer | undefined
  /** Undefined: the file does not say what was answered. */
  readonly answer: Heard | undefined
  /** The call never came to an end, or was answered by a cache. */
  readonly lost?: true
}

/** An answer, as far as the file holds it. */
export interface Heard {
  readonly status: number | undefined
  readonly headers: readonly Pair[] | undefined
  /** Read when it is asked for; undefined: the file does not hold it, empty: there was none. */
  body(): Buffer | undefined
}

/** Headers as a list of names and values, or as an object; what has no name or no value is none. Undefined: there are none at all, and no call has none. */
export function pairsOf(headers: unknown): Pair[] | undefined {
  const rows: unknown[] = Array.isArray(headers)
    ? headers.map((row) => [row?.name, row?.value])
    : typeof headers === 'object' && headers !== null
      ? Object.entries(headers)
      : []
  const pairs = (rows as [unknown, unknown][]).flatMap(([name, value]): Pair[] => {
    const texts = (Array.isArray(value) ? value : [value]).filter(
      (one) => typeof one === 'string' || typeof one === 'number',
    )
    return typeof name === 'string' && /^:?[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name.trim())
      ? texts.map((text) => [name.trim().toLowerCase(), String(text).trim()])
      : []
  })
  return pairs.length === 0 ? undefined : pairs
}

/** The first value of a header. */
export function headerOf(name: string, pairs: readonly Pair[] | undefined): string | undefined {
  return pairs?.find(([named]) => named === name)?.[1]
}
