// Where and why Python's json module gives up on a text: the provider tells its callers so, character and reason.

export type Outcome =
  /** `offset` counts code points. */
  | { readonly kind: 'error'; readonly offset: number; readonly reason: string }
  | { readonly kind: 'too-deep' }
  | { readonly kind: 'fine' }

/** Deeper nesting is refused like a text that cannot be read. */
const NESTING_MAX = 100

const SCALAR = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null|-?Infinity|NaN/
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
    return { kind: 'error', offset: codePoints(text, error.at), reason: error.reason }
  }
}

function codePoints(text: string, end: number): number {
  let count = 0
  for (let at = 0; at < end; at++) {
    count++
    if (text.codePointAt(at)! > 0xffff) at++
  }
  return count
}

function closing(bracket: '{' | '['): string {
  return bracket === '{' ? '}' : ']'
}

/** One pass over one text. */
class Reader {
  readonly #text: string
  readonly #scalar = new RegExp(SCALAR, 'y')

  constructor(text: string) {
    this.#text = text
  }

  /** How deep a legal text is nested. An explicit stack, so that no nesting can exhaust the real one. */
  nesting(): number {
    const open: ('{' | '[')[] = []
    let deepest = 0
    let at = this.#pastBlanks(0)
    for (;;) {
      const bracket = this.#text[at]
      if (bracket === '{' || bracket === '[') {
        open.push(bracket)
        deepest = Math.max(deepest, open.length)
        at = this.#pastBlanks(at + 1)
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
      at = this.#pastBlanks(at + 1)
      if (inside === '{') at = this.#keyEnd(at)
    }
  }

  /** A value is complete: closes what ends here, up to the comma before the next value or the end of the text. */
  #closeUp(start: number, open: ('{' | '[')[]): number {
    for (let at = start; ; at++) {
      at = this.#pastBlanks(at)
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
    const colon = this.#pastBlanks(this.#stringEnd(at))
    if (this.#text[colon] !== ':') throw new GaveUp(colon, "Expecting ':' delimiter")
    return this.#pastBlanks(colon + 1)
  }

  #scalarEnd(at: number): number {
    if (this.#text[at] === '"') return this.#stringEnd(at)
    // Mostly one digit, or a word that nothing else begins like.
    const next = this.#text.charCodeAt(at + 1)
    if (/[1-9]/.test(this.#text[at] ?? '') && (next === 0x2c || next === 0x5d || next === 0x7d)) return at + 1
    if (this.#text.startsWith('NaN', at)) return at + 3
    const end = this.#past(this.#scalar, at)
    if (end === at) throw new GaveUp(at, 'Expecting value')
    return end
  }

  #stringEnd(start: number): number {
    for (let at = start + 1; ;) {
      for (let code = this.#text.charCodeAt(at); code >= 0x20 && code !== 0x22 && code !== 0x5c;)
        code = this.#text.charCodeAt(++at)
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
    if (at + 6 >= this.#text.length || !/^[0-9a-fA-F]{4}$/.test(this.#text.slice(at + 2, at + 6)))
      throw new GaveUp(at + 1, 'Invalid \\uXXXX escape')
    return at + 6
  }

  #pastBlanks(start: number): number {
    let at = start
    for (let code = this.#text.charCodeAt(at); code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;)
      code = this.#text.charCodeAt(++at)
    return at
  }

  /** Where a match that starts exactly here ends; `at` itself when there is none. */
  #past(pattern: RegExp, at: number): number {
    pattern.lastIndex = at
    return pattern.test(this.#text) ? pattern.lastIndex : at
  }
}
