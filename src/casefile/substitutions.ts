// Values that a real provider drew and that are others here: learnt from its answers, and put into the calls that follow in place of theirs. What may
// be another value at all is left to compare.ts.
import type { RecordedCall } from './format.ts'
import { contractOf } from '../contract/contracts.ts'

/** What stands for itself wherever it stands: long, and not a number, so that no amount and no limit is taken for it. */
const UNMISTAKABLE = /^(?=.*[^\d.+-]).{6,}$/s
/** Names under which a call names something. */
const NAMES_SOMETHING = /(^|_)(ids?|uuid|cursor|tag|memo|reference|address|code)$|Id$/
/** A whole word of a text or of a URL. */
const WORD = /[A-Za-z0-9_~-]{6,}/g
/** A text or a number in JSON; a text with a colon behind it is the name of a field. */
const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?|-?\d[\d.eE+-]*/g

export class Renamed {
  /** What stands for itself. */
  readonly #plain = new Map<string, string>()
  /** The rest, such as `7`, by the name of the field: under another name it may be another thing. */
  readonly #named = new Map<string, string>()
  /** The same under any name, the newest one. */
  readonly #anywhere = new Map<string, string>()

  learn(name: string, theirs: unknown, ours: unknown): void {
    if (!isScalar(theirs) || !isScalar(ours)) return
    const [from, to] = [String(theirs), String(ours)]
    if (UNMISTAKABLE.test(from)) this.#plain.set(from, to)
    else {
      this.#named.set(`${kindOf(name)} ${from}`, to)
      this.#anywhere.set(from, to)
    }
  }

  /** Whether this is what stands here for a value of theirs, in a field of that name. */
  same(name: string, theirs: unknown, ours: unknown): boolean {
    if (!isScalar(theirs) || typeof theirs !== typeof ours) return false
    const text = String(theirs)
    return (this.#lookUp(name, text) ?? this.#inside(text)) === String(ours)
  }

  /** A call as it would have been made here. */
  request(
    { provider, method, path, query }: Pick<RecordedCall, 'provider' | 'method' | 'path' | 'query'>,
    body: Buffer | undefined,
  ): { path: string; query: string | undefined; body: Buffer | undefined } {
    if (this.#plain.size === 0 && this.#named.size === 0) return { path, query, body }
    const params = contractOf(provider).match(method, path)?.params
    const names = params && new Map(Object.entries(params).map(([name, value]) => [value, name]))
    const segment = (part: string) => {
      const text = decoded(part)
      const name = names ? names.get(text) : 'id'
      return name === undefined ? part : this.#encoded(name, text, part)
    }
    const pairs = query?.split('&').map((pair) => {
      const [name, ...value] = pair.split('=')
      return value.length === 0
        ? pair
        : `${name}=${this.#encoded(decoded(name!), decoded(value.join('=')), value.join('='))}`
    })
    return { path: path.split('/').map(segment).join('/'), query: pairs?.join('&'), body: body && this.#body(body) }
  }

  #lookUp(name: string, text: string): string | undefined {
    return (
      this.#plain.get(text) ??
      this.#named.get(`${kindOf(name)} ${text}`) ??
      (NAMES_SOMETHING.test(name) ? this.#anywhere.get(text) : undefined)
    )
  }

  /** The text with every whole word in it that is ours now. */
  #inside(text: string): string {
    return this.#plain.size === 0 ? text : text.replace(WORD, (word) => this.#plain.get(word) ?? word)
  }

  #encoded(name: string, text: string, asSent: string): string {
    const ours = this.#lookUp(name, text) ?? this.#inside(text)
    return ours === text ? asSent : encodeURIComponent(ours)
  }

  /** In the text itself, so that what is not replaced stays as it was sent, to the last blank. */
  #body(body: Buffer): Buffer {
    const text = body.toString('utf8')
    if (jsonOf(text) === undefined) return body
    let name = ''
    const other = text.replace(TOKEN, (token, colon: string | undefined) => {
      if (colon !== undefined) {
        name = String(jsonOf(token.slice(0, -colon.length)))
        return token
      }
      if (!token.startsWith('"')) return this.#lookUp(name, token) ?? token
      const value = String(jsonOf(token))
      const ours = this.#lookUp(name, value) ?? this.#inside(value)
      return ours === value ? token : JSON.stringify(ours)
    })
    return other === text ? body : Buffer.from(other)
  }
}

/** Pages are asked for under another name than they are told by. */
function kindOf(name: string): string {
  return /^(next_)?(cursor|page_token)$/.test(name) ? 'cursor' : name
}

function isScalar(value: unknown): value is string | number {
  return typeof value === 'string' || typeof value === 'number'
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** Undefined: it is no JSON. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
