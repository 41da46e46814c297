// Takes out of a text what lets somebody in, in every spelling that it has on its way: as it is, percent-encoded, escaped as JSON does, in hex, in
// base64. Which texts are secret is left to whoever asks.

/** What stands for something that lets somebody in. */
export const HIDDEN = '{{hidden}}'
/** The same where people read it. */
export const UNSEEN = '(hidden)'

/** What a short text must stand between, to be a key and not a part of a word. */
const EDGE = /[A-Za-z0-9_-]/
const SHORT = 12
/** Shorter texts have no spellings that could not be something else. */
const SPELLED = 8
/** How often a text may have been encoded on top of itself. */
const LAYERS = 3
/** Texts are found by so many of their first characters. */
const HEAD = 4
/** A slash is one of base64 too, but stands between the parts of a path as well. */
const BASE64_WORD = /[A-Za-z0-9+=_-]/
/** Keys that say by their shape what they are; those that stand for others in a recording's settings are none. */
const SHAPED = /sk_(?:live|test)_(?!recorded-\d)[A-Za-z0-9_]{4,}/g
const SHAPED_HEADS = ['sk_live_', 'sk_test_']

interface Spelling {
  readonly text: string
  readonly placeholder: string
  /** Where a piece of base64 is found, the whole word goes: its ends depend on what stands beside the secret in it. */
  readonly word: boolean
}

interface Span {
  readonly from: number
  readonly to: number
  readonly placeholder: string
}

// rule: sandgate.secrets.spellings
/**
 * Replaces secret texts by their placeholders wherever they stand, in every spelling. A short one counts only where it stands alone. `sent` are texts that
 * are secret as they are, such as signatures: they may be many.
 */
export function hiding(
  placeholders: ReadonlyMap<string, string>,
  sent: ReadonlySet<string> = new Set(),
  hidden = HIDDEN,
): (text: string) => string {
  const shaped = SHAPED_HEADS.flatMap((head) =>
    encoded(Buffer.from(head)).map((text) => ({ text, placeholder: hidden, word: true })),
  )
  const finder = new Finder([
    ...[...placeholders].flatMap(([text, placeholder]) => spellings(text, placeholder)),
    ...[...sent].map((text) => ({ text, placeholder: hidden, word: false })),
    ...shaped,
  ])
  return (text) => {
    const spans = [...spansIn(text, finder, hidden)]
    return spans.length === 0 ? text : replaced(text, spans)
  }
}

function replaced(text: string, spans: Span[]): string {
  const pieces: string[] = []
  let at = 0
  // The longest of those that begin together.
  for (const { from, to, placeholder } of spans.sort((a, b) => a.from - b.from || b.to - a.to)) {
    if (from < at) continue
    pieces.push(text.slice(at, from), placeholder)
    at = to
  }
  return pieces.join('') + text.slice(at)
}

/** Where secrets stand in a text, or in what it decodes to. */
function* spansIn(text: string, finder: Finder, hidden: string): Generator<Span> {
  yield* found(text, finder, hidden)
  let layer: Decoded | undefined = decoded({ text, starts: undefined })
  for (let layers = 0; layer && layers < LAYERS; layers++) {
    const { starts } = layer
    for (const { from, to, placeholder } of found(layer.text, finder, hidden))
      yield { from: starts![from]!, to: starts![to]!, placeholder }
    layer = decoded(layer)
  }
}

function* found(text: string, finder: Finder, hidden: string): Generator<Span> {
  yield* finder.in(text)
  if (!text.includes('sk_')) return
  for (const match of text.matchAll(SHAPED))
    yield { from: match.index, to: match.index + match[0].length, placeholder: hidden }
}

/** A text without one layer of escapes, and where each of its characters, and its end, begins in the original. */
interface Decoded {
  readonly text: string
  readonly starts: Uint32Array | undefined
}

const ESCAPE = /%([0-9a-fA-F]{2})|\\u([0-9a-fA-F]{4})|\\x([0-9a-fA-F]{2})|\\([\\/"'])/g

/** Undefined: there are none. */
function decoded({ text, starts }: Decoded): Decoded | undefined {
  if (!text.includes('%') && !text.includes('\\')) return undefined
  const pieces: string[] = []
  const begins: number[] = []
  const copy = (from: number, to: number) => {
    pieces.push(text.slice(from, to))
    for (let at = from; at < to; at++) begins.push(at)
  }
  let at = 0
  for (const { 0: escape, 1: percent, 2: unicode, 3: hex, 4: char, index } of text.matchAll(ESCAPE)) {
    copy(at, index)
    pieces.push(char ?? String.fromCharCode(parseInt(percent ?? unicode ?? hex!, 16)))
    begins.push(index)
    at = index + escape.length
  }
  if (at === 0) return undefined
  copy(at, text.length)
  begins.push(text.length)
  return { text: pieces.join(''), starts: Uint32Array.from(begins, (begin) => (starts ? starts[begin]! : begin)) }
}

/** How a secret may be written. */
function spellings(secret: string, placeholder: string): Spelling[] {
  if (secret === '') return []
  const plain = (text: string): Spelling => ({ text, placeholder, word: false })
  if (secret.length < SPELLED) return [plain(secret)]
  const bytes = Buffer.from(secret)
  const own = Buffer.from(secret, 'base64')
  // A secret may be base64 itself: of bytes that can be written otherwise.
  const inner =
    own.length >= SHORT && own.toString('base64').replace(/=+$/, '') === secret.replace(/=+$/, '') ? [own] : []
  return [
    plain(secret),
    plain(bytes.toString('latin1')),
    ...inner.map((each) => plain(each.toString('latin1'))),
    ...[bytes, ...inner].flatMap((each) => encoded(each).map((text) => ({ text, placeholder, word: true }))),
  ]
}

/** Hex, and what base64 makes of bytes wherever they begin in what is encoded, without the ends that depend on their neighbours. */
function encoded(bytes: Buffer): string[] {
  const hex = bytes.toString('hex')
  const cores = [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .replace(/=+$/, '')
    return text.slice(before === 0 ? 0 : before + 1, (before + bytes.length) % 3 === 0 ? undefined : -1)
  })
  return [hex, hex.toUpperCase(), ...cores, ...cores.map((text) => text.replaceAll('+', '-').replaceAll('/', '_'))]
}

/** Finds many texts at once: one look at each place, however many there are. */
class Finder {
  readonly #byHead = new Map<string, Spelling[]>()
  readonly #short: readonly Spelling[]
  /** Whether any text begins with characters of this sum. */
  readonly #heads: Uint8Array
  readonly #mask: number

  constructor(spellings: readonly Spelling[]) {
    const size = 1 << (spellings.length > 1000 ? 20 : 14)
    this.#mask = size - 1
    this.#heads = new Uint8Array(size)
    this.#short = spellings.filter(({ text }) => text.length < HEAD && text !== '')
    for (const spelling of spellings) {
      if (spelling.text.length < HEAD) continue
      const head = spelling.text.slice(0, HEAD)
      const known = this.#byHead.get(head)
      if (!known) this.#byHead.set(head, [spelling])
      else if (!known.some(({ text }) => text === spelling.text)) known.push(spelling)
      this.#heads[this.#sum(spelling.text, 0)] = 1
    }
    // One may begin as another does.
    for (const known of this.#byHead.values()) known.sort((a, b) => b.text.length - a.text.length)
  }

  *in(text: string): Generator<Span> {
    for (const spelling of this.#short)
      for (let at = text.indexOf(spelling.text); at >= 0; at = text.indexOf(spelling.text, at + 1))
        yield* standing(text, at, spelling)
    if (this.#byHead.size === 0) return
    // A word that goes as a whole is not looked at again.
    let gone = 0
    for (let at = 0; at <= text.length - HEAD; at++) {
      if (this.#heads[this.#sum(text, at)] === 0) continue
      for (const spelling of this.#byHead.get(text.slice(at, at + HEAD)) ?? []) {
        if ((spelling.word && at < gone) || !text.startsWith(spelling.text, at)) continue
        for (const span of standing(text, at, spelling)) {
          yield span
          if (spelling.word) gone = span.to
        }
      }
    }
  }

  #sum(text: string, at: number): number {
    return (
      (text.charCodeAt(at) * 0x9e5 +
        text.charCodeAt(at + 1) * 0x6f3 +
        text.charCodeAt(at + 2) * 0x13d +
        text.charCodeAt(at + 3) * 0x1f) &
      this.#mask
    )
  }
}

function* standing(text: string, at: number, { text: { length }, placeholder, word }: Spelling): Generator<Span> {
  let from = at
  let to = at + length
  if (word) {
    while (from > 0 && BASE64_WORD.test(text[from - 1]!)) from--
    while (to < text.length && BASE64_WORD.test(text[to]!)) to++
  } else if (length < SHORT && (EDGE.test(text[at - 1] ?? '') || EDGE.test(text[to] ?? ''))) return
  yield { from, to, placeholder }
}

const LOGIN = /\b(https?:\/\/)[^/?#\s"@]+@/gi

/** The user and the password of every URL in a text, taken out. What is left is a URL still. */
export function withoutLogins(text: string): string {
  return text.replace(LOGIN, '$1hidden@').replace(SECRET_PARAMETER, '$1hidden')
}

/** What stands in the query of a URL under a name that says that it lets somebody in. */
const SECRET_PARAMETER =
  /([?&](?:[\w.-]{0,32}(?:token|secret|passw|signature|api[-_]?key)[\w.-]{0,32}|key|auth|sig)=)[^&#\s"'\\<>]+/gi

/** Names of headers whose value may let somebody in. `idempotency-key` lets nobody in. */
const SECRET = /authorization|cookie|secret|token|sign|otp|(?<!idempotency-)key/
/** Whether a header may let somebody in: by its name, or because the provider's keys come in it. */
export function isSecretHeader(name: string, keyHeader?: string): boolean {
  return SECRET.test(name) || name === keyHeader
}

const SECRET_NAME = /secret|signature|passw|api[-_]?key|access[-_]?token/i
/** `"secret": "…"` where the rest is no JSON, `secret=…` in a query or a form. */
const ASSIGNED =
  /(?:secret|signature|passw|api[-_]?key|access[-_]?token)[A-Za-z0-9_-]{0,32}["'\\\]%A-F0-9]{0,8}\s{0,8}[:=]\s{0,8}["'\\]{0,3}([^\s"'\\&,;<>{}]{8,})/gi

/** Texts under a name that says secret or signature: in a JSON body, where a partner is shown its own when it registers an endpoint, in a form or in a query. */
export function secretsIn(text: string | undefined): string[] {
  if (text === undefined || !(SECRET_NAME.test(text) || text.includes('\\u'))) return []
  try {
    return textsNamed(JSON.parse(text), (name) => SECRET_NAME.test(name)).filter((value) => value.length >= SPELLED)
  } catch {
    return [...text.matchAll(ASSIGNED)].map(([, value]) => value!)
  }
}

/** Every text in a value whose name, or the name of the list it is in, is one of these. */
export function textsNamed(value: unknown, isOne: (name: string) => boolean, name = ''): string[] {
  if (typeof value === 'string') return isOne(name) ? [value] : []
  if (Array.isArray(value)) return value.flatMap((item) => textsNamed(item, isOne, name))
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, item]) => textsNamed(item, isOne, key))
}

/** Values of headers that let somebody in, and what stands in them behind a word such as Bearer. */
export function secretsOfHeaders(headers: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(headers).flatMap(([name, value]) => {
    if (!SECRET.test(name.toLowerCase()) || typeof value !== 'string') return []
    return [
      value,
      value.replace(/^\w+ +/, ''),
      ...value.split(/[,;\s]+/).map((part) => part.replace(/^\w{1,12}=/, '')),
    ].filter((text) => text.length >= SHORT)
  })
}

/** The same value with every text in it changed, names of fields included. */
export function mapTexts(value: unknown, change: (text: string) => string): any {
  if (typeof value === 'string') return change(value)
  if (Array.isArray(value)) return value.map((item) => mapTexts(item, change))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [change(name), mapTexts(item, change)]))
}

/** A config file's settings with each key and secret replaced by one that says nothing and still has the shape every provider asks for. */
export function withoutKeys(settings: unknown): any {
  const names = new Map<string, string>()
  const stand = (text: string, make: (number: number) => string) => {
    if (!names.has(text)) names.set(text, make(names.size + 1))
    return names.get(text)!
  }
  const walk = (value: unknown, inKeys: boolean): unknown => {
    if (Array.isArray(value)) return value.map((item) => walk(item, inKeys))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => {
        if (inKeys && name === 'id' && typeof item === 'string')
          return [name, stand(item, (number) => `sk_test_recorded-${number}`)]
        if (name === 'secret' && typeof item === 'string')
          return [
            name,
            stand(item, (number) =>
              Buffer.from(`recorded secret ${String(number).padStart(8, '0')}`).toString('base64'),
            ),
          ]
        return [name, walk(item, name === 'keys')]
      }),
    )
  }
  return walk(settings, false)
}

/** Every key and secret that a config file holds. */
export function keysIn(settings: unknown, inKeys = false): string[] {
  if (typeof settings !== 'object' || settings === null) return []
  return Object.entries(settings).flatMap(([name, item]) =>
    typeof item === 'string'
      ? (inKeys && name === 'id') || name === 'secret'
        ? [item]
        : []
      : keysIn(item, name === 'keys' || (inKeys && Array.isArray(settings))),
  )
}

/** In calls to a real provider: beside the headers that are secret everywhere, what partners, proxies and browsers add. */
const FOREIGN_HEADER = /session|passw|auth|credential|csrf|xsrf|jwt|bearer|secret/
/** And names of fields and of query values. */
const FOREIGN_FIELD =
  /secret|signature|passw(or)?d|credential|(^|[_-])(api|access|private|auth|bearer|refresh|session)[_-]?(key|token|id)$|^(authorization|sig|jwt)$/i
/** What a secret of any provider looks like, however it is escaped in a URL or in JSON. */
const UNDERSCORE = '(?:_|%(?:25)*5f|\\\\u005f)'
const FOREIGN_SHAPES: readonly (readonly [pattern: RegExp, stands: string])[] = [
  [new RegExp(`sk${UNDERSCORE}(?:live|test)(?:${UNDERSCORE}|[A-Za-z0-9-]|%(?:25)*[2-7][0-9a-f])+`, 'gi'), HIDDEN],
  [/\b(bearer|basic)(\s+|%20|\+)(?=\S*\d|\S{20})[A-Za-z0-9._~+/=-]{8,}/gi, `$1$2${HIDDEN}`],
  [/\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?/g, HIDDEN],
]

export function isForeignSecretHeader(name: string): boolean {
  return SECRET.test(name) || FOREIGN_HEADER.test(name)
}

export function isForeignSecretField(name: string): boolean {
  return FOREIGN_FIELD.test(name)
}

/** A query without the values of such fields. */
export function withoutSecretFields(query: string): string {
  return query
    .split('&')
    .map((pair) => {
      const name = pair.split('=', 1)[0]!
      return isForeignSecretField(name) ? `${name}=${HIDDEN}` : pair
    })
    .join('&')
}

/** A text without what looks like a key, a token or a login of any provider. */
export function withoutSecretShapes(text: string): string {
  return withoutLogins(FOREIGN_SHAPES.reduce((left, [pattern, stands]) => left.replace(pattern, stands), text))
}
