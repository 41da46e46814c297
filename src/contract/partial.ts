// Reads JSON of very many parts without building what is only going to be refused or ignored: members that nobody declares, beyond the first thousand of an
// object, and the end of endless lists. All of the text is held to the grammar all the same. Smaller JSON is left to JSON.parse.

/** Fewer commas than this, and JSON.parse is quick enough. */
export const PARTS_MAX = 20_000
/** Undeclared members of one object that are kept: enough to be too many. */
const OTHERS_MAX = 1_000
const ITEMS_MAX = 20_000
/** Deeper text is left to whoever says how deep it may be. */
const DEPTH_MAX = 100

/** What a body may hold: the names that count anywhere in it, and whether none of its lists may be longer than `ITEMS_MAX`. */
export interface Shape {
  readonly names: ReadonlySet<string>
  readonly listsEnd: boolean
}

/** The value without what was left out of it, and how much that was. Undefined: nothing is to be gained, or it is no JSON. */
export function readPartly(
  bytes: Buffer,
  shape: Shape,
): { readonly value: unknown; readonly omitted: number } | undefined {
  if (bytes.length <= PARTS_MAX || !hasManyParts(bytes)) return undefined
  try {
    const reader = new Reader(bytes.toString('utf8'), shape)
    return { value: reader.read(), omitted: reader.omitted }
  } catch (error) {
    if (error instanceof NotJson) return undefined
    throw error
  }
}

/** Commas outside of strings. */
function hasManyParts(bytes: Buffer): boolean {
  let parts = 0
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]
    if (byte === 0x22) {
      while (at < bytes.length && bytes[++at] !== 0x22) if (bytes[at] === 0x5c) at++
    } else if (byte === 0x2c && ++parts > PARTS_MAX) return true
  }
  return false
}

class NotJson {}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/
const WORDS: Readonly<Record<string, boolean | null>> = { true: true, false: false, null: null }

class Reader {
  readonly #text: string
  readonly #shape: Shape
  readonly #number = new RegExp(NUMBER, 'y')
  #at = 0
  #depth = 0
  omitted = 0

  constructor(text: string, shape: Shape) {
    this.#text = text
    this.#shape = shape
  }

  read(): unknown {
    const value = this.#value(true)
    this.#past()
    if (this.#at < this.#text.length) throw new NotJson()
    return value
  }

  /** The code of what comes after blanks. */
  #past(): number {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at)
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return code
      this.#at++
    }
  }

  #value(build: boolean): unknown {
    const code = this.#past()
    if (code === 0x22) return this.#string(build)
    if (code !== 0x7b && code !== 0x5b) return this.#scalar(code, build)
    if (++this.#depth > DEPTH_MAX) throw new NotJson()
    const value = code === 0x7b ? this.#members(build) : this.#items(build)
    this.#depth--
    return value
  }

  #members(build: boolean): unknown {
    const object: Record<string, unknown> = {}
    let others = 0
    this.#at++
    if (this.#past() === 0x7d) return (this.#at++, object)
    for (;;) {
      if (this.#past() !== 0x22) throw new NotJson()
      const key = this.#string(build) as string
      if (this.#past() !== 0x3a) throw new NotJson()
      this.#at++
      const keeps = build && (this.#shape.names.has(key) || ++others <= OTHERS_MAX || Object.hasOwn(object, key))
      const member = this.#value(keeps)
      if (!keeps) this.omitted += build ? 1 : 0
      else if (key === '__proto__')
        Object.defineProperty(object, key, { value: member, enumerable: true, configurable: true, writable: true })
      else object[key] = member
      if (this.#ends(0x7d)) return object
    }
  }

  #items(build: boolean): unknown {
    const list: unknown[] = []
    this.#at++
    if (this.#past() === 0x5d) return (this.#at++, list)
    for (;;) {
      const keeps = build && (!this.#shape.listsEnd || list.length < ITEMS_MAX)
      const item = this.#value(keeps)
      if (keeps) list.push(item)
      else this.omitted += build ? 1 : 0
      if (this.#ends(0x5d)) return list
    }
  }

  /** Past a comma, or past the end. */
  #ends(closing: number): boolean {
    const code = this.#past()
    this.#at++
    if (code === closing) return true
    if (code !== 0x2c) throw new NotJson()
    return false
  }

  #string(build: boolean): unknown {
    const text = this.#text
    const start = this.#at
    let at = start + 1
    let plain = true
    for (let code = text.charCodeAt(at); code !== 0x22; code = text.charCodeAt(++at)) {
      if (code >= 0x20 && code !== 0x5c) continue
      if (code !== 0x5c) throw new NotJson()
      plain = false
      const letter = text[++at]
      if (
        letter === 'u'
          ? !/^[0-9a-fA-F]{4}$/.test(text.slice(at + 1, at + 5))
          : letter === undefined || !'"\\/bfnrt'.includes(letter)
      )
        throw new NotJson()
      if (letter === 'u') at += 4
    }
    this.#at = at + 1
    if (!build) return undefined
    return plain ? text.slice(start + 1, at) : JSON.parse(text.slice(start, at + 1))
  }

  #scalar(code: number, build: boolean): unknown {
    const text = this.#text
    const next = text.charCodeAt(this.#at + 1)
    // Mostly one digit.
    if (code >= 0x30 && code <= 0x39 && (next === 0x2c || next === 0x5d || next === 0x7d))
      return (this.#at++, code - 0x30)
    if (code === 0x2d || (code >= 0x30 && code <= 0x39)) {
      this.#number.lastIndex = this.#at
      if (!this.#number.test(text)) throw new NotJson()
      const start = this.#at
      this.#at = this.#number.lastIndex
      return build ? Number(text.slice(start, this.#at)) : undefined
    }
    for (const [word, value] of Object.entries(WORDS)) {
      if (!text.startsWith(word, this.#at)) continue
      this.#at += word.length
      return value
    }
    throw new NotJson()
  }
}
