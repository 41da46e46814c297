// JSON whose numbers stay as they were written, so that neither an amount nor a partner's number in metadata passes through a double.

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

/** A string, and the colon that makes it a key; or a number. A string that never ends is one too, so that no text is read twice. */
const TOKEN = /"[^"\\]*(?:\\[^][^"\\]*)*"?(\s*:)?|-?(?:NaN|Infinity|\d[\d.eE+-]*)/g

/** Reads JSON text with `Numeral` for numbers. Throws where `JSON.parse` does, but takes `NaN` and `Infinity`. */
export function readExact(text: string): unknown {
  const tagged = text.replace(TOKEN, (token, colon?: string) => (colon ? token : token.startsWith('"') ? `"s${token.slice(1)}` : `"n${token}"`))
  return JSON.parse(tagged, (_, value) => {
    if (typeof value !== 'string') return value
    return value.startsWith('n') ? new Numeral(value.slice(1)) : value.slice(1)
  })
}

/** Writes JSON, a `Numeral` as it was read; what is not finite becomes null. */
export function write(value: unknown): string {
  return written(value, (keys) => keys)
}

/** Writes JSON so that two documents give the same text when they differ in nothing but space and the order of keys. */
export function canonical(value: unknown): string {
  return written(value, (keys) => keys.sort())
}

function written(value: unknown, order: (keys: string[]) => string[]): string {
  if (value instanceof Numeral) return value.finite ? value.text : 'null'
  if (Array.isArray(value)) return `[${value.map((item) => written(item, order)).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = value as Record<string, unknown>
  const keys = order(Object.keys(members)).filter((key) => members[key] !== undefined)
  return `{${keys.map((key) => `${JSON.stringify(key)}:${written(members[key], order)}`).join(',')}}`
}
