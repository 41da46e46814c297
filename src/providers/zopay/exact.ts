// JSON whose numbers stay as they were written, so that neither an amount nor a partner's number in metadata passes through a double.
import { canonicalJson, jsonText } from '../../text/json.ts'

/** A number as it stands in the text; `NaN` and `Infinity` too, which the provider's JSON reader takes. */
export class Numeral {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }

  /** Written with a fraction or an exponent: what the provider reads as a float. */
  get fractional(): boolean {
    return /[.eE]/.test(this.text)
  }

  /** Not NaN, not infinite, and no float that overflows. */
  get finite(): boolean {
    return !/[NI]/.test(this.text) && (!this.fractional || Number.isFinite(Number(this.text)))
  }
}

const NOT_A_NUMBER = new Numeral('NaN')
const QUOTE = 0x22
const BACKSLASH = 0x5c

/** Reads JSON text with `Numeral` for numbers. Throws where `JSON.parse` does, but takes `NaN` and `Infinity`. The nesting is bounded by then. */
export function readExact(text: string): unknown {
  let at = 0

  function past(): number {
    for (;;) {
      const code = text.charCodeAt(at)
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return code
      at++
    }
  }

  function string(): string {
    const start = at++
    let plain = true
    for (let code = text.charCodeAt(at); code !== QUOTE; code = text.charCodeAt(++at)) {
      // Behind the end there is no code.
      if (code !== code) throw new SyntaxError('the text ends inside of a string')
      if (code === BACKSLASH) {
        plain = false
        at++
      } else if (code < 0x20) plain = false
    }
    at++
    return plain ? text.slice(start + 1, at - 1) : (JSON.parse(text.slice(start, at)) as string)
  }

  function members(): Record<string, unknown> {
    const object: Record<string, unknown> = {}
    at++
    if (past() === 0x7d) return (at++, object)
    for (;;) {
      if (past() !== QUOTE) throw new SyntaxError(`a key is missing at ${at}`)
      const key = string()
      if (past() !== 0x3a) throw new SyntaxError(`a colon is missing at ${at}`)
      at++
      const member = value()
      if (key === '__proto__')
        Object.defineProperty(object, key, { value: member, enumerable: true, configurable: true, writable: true })
      else object[key] = member
      const code = past()
      at++
      if (code === 0x7d) return object
      if (code !== 0x2c) throw new SyntaxError(`a comma is missing at ${at - 1}`)
    }
  }

  function items(): unknown[] {
    const list: unknown[] = []
    at++
    if (past() === 0x5d) return (at++, list)
    for (;;) {
      list.push(value())
      const code = past()
      at++
      if (code === 0x5d) return list
      if (code !== 0x2c) throw new SyntaxError(`a comma is missing at ${at - 1}`)
    }
  }

  function value(): unknown {
    const code = past()
    if (code === QUOTE) return string()
    if (code === 0x7b) return members()
    if (code === 0x5b) return items()
    if (code === 0x4e && text.startsWith('NaN', at)) return ((at += 3), NOT_A_NUMBER)
    const start = at
    // A word or a number ends before a comma, a bracket, a brace or a blank.
    for (let end = text.charCodeAt(at); end > 0x20 && end !== 0x2c && end !== 0x5d && end !== 0x7d;)
      end = text.charCodeAt(++at)
    const word = text.slice(start, at)
    if (word === 'true') return true
    if (word === 'false') return false
    if (word === 'null') return null
    if (!NUMBER.test(word)) throw new SyntaxError(`"${word.slice(0, 20)}" at ${start} is no value`)
    return new Numeral(word)
  }

  const read = value()
  past()
  if (at < text.length) throw new SyntaxError(`more stands behind the value at ${at}`)
  return read
}

const NUMBER = /^-?(?:(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|Infinity)$/

/** Writes JSON, a `Numeral` as it was read; what is not finite becomes null. */
export function write(value: unknown): string {
  return jsonText(value, numeralText)
}

/** The same text for two documents that differ in nothing but space and the order of keys. */
export function canonical(value: unknown): string {
  return canonicalJson(value, numeralText)
}

function numeralText(value: unknown): string | undefined {
  return value instanceof Numeral ? (value.finite ? value.text : 'null') : undefined
}
