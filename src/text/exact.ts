// Scalars as they were written: `25.00`, `007` and 9007199254740993 are more than the number that a parser makes of them. Reads and writes JSON
// without rounding. Where such scalars may stand is left to whoever reads a file or a body.
import { jsonText } from './json.ts'

/** A number or a boolean whose text says more than its value: JSON would write it otherwise. */
export class Written {
  /** As it stands there. */
  readonly text: string
  /** What a parser makes of it: rounded, where it has more digits than a double holds. */
  readonly value: unknown
  /** The same as JSON, with every digit; undefined where JSON has nothing like it, as for a date. */
  readonly json: string | undefined

  constructor(text: string, value: unknown, json: string | undefined) {
    this.text = text
    this.value = value
    this.json = json
  }
}

const ZERO = 0x30
const NINE = 0x39
const MINUS = 0x2d
const QUOTE = 0x22
const BACKSLASH = 0x5c

/** The value of a legal JSON text; numbers that JSON would write otherwise are `Written`. */
export function exactJson(text: string): unknown {
  const pieces: string[] = []
  let from = 0
  let odd = false
  for (let at = 0; at < text.length;) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) {
      // So that no text can be taken for a number.
      pieces.push(text.slice(from, at), '"s')
      from = at + 1
      at = endOfText(text, from)
    } else if (code === MINUS || isDigit(code)) {
      const end = endOfNumber(text, at)
      const number = text.slice(at, end)
      if (String(Number(number)) !== number) {
        odd = true
        pieces.push(text.slice(from, at), `"n${number}"`)
        from = end
      }
      at = end
    } else at++
  }
  return odd ? revived(JSON.parse(pieces.join('') + text.slice(from))) : JSON.parse(text)
}

function isDigit(code: number): boolean {
  return code >= ZERO && code <= NINE
}

function endOfText(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) return at + 1
    if (code === BACKSLASH) at++
  }
  return text.length
}

function endOfNumber(text: string, from: number): number {
  let at = from + 1
  while (at < text.length && (isDigit(text.charCodeAt(at)) || '.eE+-'.includes(text[at]!))) at++
  return at
}

function revived(value: unknown): unknown {
  if (typeof value === 'string')
    return value.startsWith('s') ? value.slice(1) : new Written(value.slice(1), Number(value.slice(1)), value.slice(1))
  if (Array.isArray(value)) return value.map(revived)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key.slice(1), revived(item)]))
}

/** The same tree with something else in place of every `Written`. */
export function replaced(value: unknown, put: (scalar: Written) => unknown): any {
  if (value instanceof Written) return put(value)
  if (Array.isArray(value)) return value.map((item) => replaced(item, put))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, replaced(item, put)]))
}

/** JSON text of such a tree, each number as it was written. */
export function exactText(value: unknown): string {
  return jsonText(value, (scalar) =>
    scalar instanceof Written ? (scalar.json ?? JSON.stringify(scalar.text)) : undefined,
  )
}
