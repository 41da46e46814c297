// Where and why Python's json module gives up on a text: the provider tells its callers so, character and reason.

export type Outcome =
  /** `offset` counts code points. */
  | { readonly kind: 'error'; readonly offset: number; readonly reason: string }
  | { readonly kind: 'too-deep' }
  | { readonly kind: 'fine' }

/** Deeper nesting is refused like a text that cannot be read. */
const NESTING_MAX = 100

const BLANK = /[ \t\n\r]*/
const SCALAR = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null|-?Infinity|NaN/
const PLAIN = /[^"\\\u0000-\u001f]*/

class GaveUp {
  readonly at: number
  readonly reason: string

  constructor(at: number, reason: string) {
    this.at = at
    this.reason = reason
  }
}

/** Reads the text as Python would: `NaN` and `Infinity` are values, the first thing out of place ends it. */
export function readAsPython(text: string): Outcome {
  try {
    return { kind: new Reader(text).nesting() > NESTING_MAX ? 'too-deep' : 'fine' }
  } catch (error) {
    if (!(error instanceof GaveUp)) throw error
    return { kind: 'error', offset: [...text.slice(0, error.at)].length, reason: error.reason }
  }
}

function closing(bracket: '{' | '['): string {
  return bracket === '{' ? '}' : ']'
}

/** One pass over one text. */
class Reader {
  readonly #text: string
  readonly #blank = new RegExp(BLANK, 'y')
  readonly #scalar = new RegExp(SCALAR, 'y')
  readonly #plain = new RegExp(PLAIN, 'y')

  constructor(text: string) {
    this.#text = text
  }

  /** How deep a legal text is nested. An explicit stack, so that no nesting can exhaust the real one. */
  nesting(): number {
    const open: ('{' | '[')[] = []
    let deepest = 0
    let at = this.#past(this.#blank, 0)
    for (;;) {
      const bracket = this.#text[at]
      if (bracket === '{' || bracket === '[') {
        open.push(bracket)
        deepest = Math.max(deepest, open.length)
        at = this.#past(this.#blank, at + 1)
        if (this.#text[at] !== closing(bracket)) {
          if (bracket === '{') at = this.#keyEnd(at)
          continue
        }
        open.pop()
        at++
      } else at = this.#scalarEnd(at)

      at = this.#closeUp(at, open)
      const inside = open.at(-1)
      if (inside === undefined) return deepest
      at = this.#past(this.#blank, at + 1)
      if (inside === '{') at = this.#keyEnd(at)
    }
  }

  /** A value is complete: closes what ends here, up to the comma before the next value or the end of the text. */
  #closeUp(start: number, open: ('{' | '[')[]): number {
    for (let at = start; ; at++) {
      at = this.#past(this.#blank, at)
      const inside = open.at(-1)
      if (inside === undefined) {
        if (at < this.#text.length) throw new GaveUp(at, 'Extra data')
        return at
      }
      if (this.#text[at] !== closing(inside)) {
        if (this.#text[at] !== ',') throw new GaveUp(at, "Expecting ',' delimiter")
        return at
      }
      open.pop()
    }
  }

  /** Past a key, its colon and the blanks behind. */
  #keyEnd(at: number): number {
    if (this.#text[at] !== '"') throw new GaveUp(at, 'Expecting property name enclosed in double quotes')
    const colon = this.#past(this.#blank, this.#stringEnd(at))
    if (this.#text[colon] !== ':') throw new GaveUp(colon, "Expecting ':' delimiter")
    return this.#past(this.#blank, colon + 1)
  }

  #scalarEnd(at: number): number {
    if (this.#text[at] === '"') return this.#stringEnd(at)
    const end = this.#past(this.#scalar, at)
    if (end === at) throw new GaveUp(at, 'Expecting value')
    return end
  }

  #stringEnd(start: number): number {
    for (let at = start + 1; ; ) {
      at = this.#past(this.#plain, at)
      if (at >= this.#text.length) throw new GaveUp(start, 'Unterminated string starting at')
      if (this.#text[at] === '"') return at + 1
      if (this.#text[at] !== '\\') throw new GaveUp(at, 'Invalid control character at')
      at = this.#escapeEnd(at, start)
    }
  }

  #escapeEnd(at: number, start: number): number {
    const letter = this.#text[at + 1]
    if (letter === undefined) throw new GaveUp(start, 'Unterminated string starting at')
    if (letter !== 'u') {
      if (!'"\\/bfnrt'.includes(letter)) throw new GaveUp(at, 'Invalid \\escape')
      return at + 2
    }
    if (at + 6 >= this.#text.length || !/^[0-9a-fA-F]{4}$/.test(this.#text.slice(at + 2, at + 6))) throw new GaveUp(at + 1, 'Invalid \\uXXXX escape')
    return at + 6
  }

  /** Where a match that starts exactly here ends; `at` itself when there is none. */
  #past(pattern: RegExp, at: number): number {
    pattern.lastIndex = at
    return pattern.test(this.#text) ? pattern.lastIndex : at
  }
}
