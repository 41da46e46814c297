// The same body and the same query written differently, as the libraries and shells of clients do it without being asked. How numbers are written
// stands in numbers.ts.
import { NESTING_MAX } from '../contract/content.ts'
import { NUMBERS } from './numbers.ts'

interface Layout {
  readonly colon: string
  readonly comma: string
  /** In front of each line, for each level; undefined: there is one line. */
  readonly indent?: string
  /** Arrays on one line, blanks inside of brackets. */
  readonly jackson?: true
}

const LAYOUTS = {
  compact: { colon: ':', comma: ',' },
  spaced: { colon: ': ', comma: ', ' },
  two: { colon: ': ', comma: ',', indent: '  ' },
  four: { colon: ': ', comma: ',', indent: '    ' },
  tab: { colon: ': ', comma: ',', indent: '\t' },
  jackson: { colon: ' : ', comma: ',', indent: '  ', jackson: true },
  powershell: { colon: ':  ', comma: ',', indent: '    ' },
} as const satisfies Record<string, Layout>

/** What is worth saying of a form: the everyday ones are known from the sentence around it. */
const LAYOUT_NAMES: Partial<Record<keyof typeof LAYOUTS, string>> = {
  tab: 'lines indented by tabs',
  jackson: 'lines as Jackson indents them',
  powershell: 'lines as PowerShell indents them',
}

/** A part of a text in JSON that may be spelled otherwise: an escape, or one of these characters. */
function spelled(text: string, chars: RegExp, write: (char: string) => string): string {
  return text.replace(chars, (part) => (part.length > 1 && part !== '\\"' ? part : write(part)))
}

const lower = (char: string) =>
  `\\u${char
    .charCodeAt(char.length - 1)
    .toString(16)
    .padStart(4, '0')}`
const upper = (char: string) =>
  `\\u${char
    .charCodeAt(char.length - 1)
    .toString(16)
    .padStart(4, '0')
    .toUpperCase()}`
/** What any of the escapes is about. */
const SPECIAL = /[<>&'+`=/\\\u007f-\uffff]/
const NOT_ASCII = /[\u0080-\uffff]/g

/** Of the inside of a text as JavaScript writes it. */
const ESCAPES = {
  none: (text: string) => text,
  ascii: (text: string) => text.replace(NOT_ASCII, lower),
  upper: (text: string) => text.replace(NOT_ASCII, upper),
  slashes: (text: string) => text.replaceAll('/', '\\/'),
  php: (text: string) => ESCAPES.ascii(text).replaceAll('/', '\\/'),
  symfony: (text: string) => spelled(ESCAPES.php(text), /\\u[0-9a-f]{4}|\\.|[<>&']/g, upper),
  html: (text: string) => text.replace(/[<>&\u2028\u2029]/g, lower),
  system: (text: string) => spelled(text, /\\u[0-9a-f]{4}|\\.|[<>&'+`\u007f-\uffff]/g, upper),
  relaxed: (text: string) => spelled(text, /\\u[0-9a-f]{4}|\\.|[<>&'+`]/g, upper),
  gson: (text: string) => text.replace(/[<>&='\u2028\u2029]/g, lower),
  newtonsoft: (text: string) => spelled(text, /\\u[0-9a-f]{4}|\\.|[<>&']/g, lower),
  quotes: (text: string) => text.replace(/[<>&']/g, lower),
  closing: (text: string) => text.replaceAll('</', '<\\/'),
}

const ESCAPE_NAMES: Partial<Record<keyof typeof ESCAPES, string>> = {
  upper: 'escapes such as \\u00E9 in upper case, as Jackson writes them',
  symfony: 'escapes such as \\u0026 and \\u00e9, as Symfony writes them',
  system: '\\u002B for + and escapes such as \\u00E9, as System.Text.Json writes them',
  relaxed: '\\u002B for +, as System.Text.Json writes it',
  gson: "\\u003d for = and \\u0027 for ', as Gson writes them",
  newtonsoft: '\\u0022 for ", as Newtonsoft writes it for HTML',
  quotes: "\\u0027 for ', as .NET writes it for HTML",
  closing: '<\\/ for </, as org.json writes it',
}

type Keys = 'as sent' | 'sorted' | 'hashed'

const KEYS_NAMES: Partial<Record<Keys, string>> = { hashed: 'keys in the order of a Java HashMap' }

/** What each language writes, the likely ones first. */
const FORMS: readonly (readonly [
  layout: keyof typeof LAYOUTS,
  escapes: readonly (keyof typeof ESCAPES)[],
  keys: Keys,
])[] = [
  [
    'compact',
    [
      'none',
      'ascii',
      'php',
      'slashes',
      'html',
      'system',
      'relaxed',
      'upper',
      'gson',
      'symfony',
      'quotes',
      'newtonsoft',
      'closing',
    ],
    'as sent',
  ],
  ['spaced', ['none', 'ascii'], 'as sent'],
  ['two', ['none', 'ascii'], 'as sent'],
  ['four', ['none', 'ascii', 'php'], 'as sent'],
  ['compact', ['none', 'ascii', 'html'], 'sorted'],
  ['spaced', ['none', 'ascii'], 'sorted'],
  ['tab', ['none'], 'as sent'],
  ['two', ['system', 'html', 'gson'], 'as sent'],
  ['jackson', ['none', 'upper'], 'as sent'],
  ['powershell', ['none'], 'as sent'],
  ['compact', ['none', 'closing'], 'hashed'],
]

export interface Form {
  readonly text: string
  /** What is special about it; empty where there is nothing to say. */
  readonly as: string
}

/** How text on several lines may end, and how its lines may. */
const LINE_ENDS = [
  ['\n', ''],
  ['\n', '\n'],
  ['\r\n', ''],
  ['\r\n', '\r\n'],
] as const

/** JSON text in all its forms, some of them equal, each made when it is asked for; none where it is no JSON, or nested too deep. */
export function* jsonForms(text: string): Iterable<Form> {
  const value = parsed(text)
  const tokens = value === undefined ? [] : tokensOf(text)
  if (tokens.length > 0 && nesting(tokens) <= NESTING_MAX) yield* allForms(value, tokens)
}

function* allForms(value: unknown, tokens: readonly string[]): Iterable<Form> {
  const later: (() => Form)[] = []
  const plain = !tokens.some((token) => token.startsWith('"') && SPECIAL.test(token))
  for (const [layout, escapes, keys] of FORMS) {
    const ordered = keys === 'as sent' ? tokens : reordered(tokens, keys)
    for (const escape of plain ? escapes.slice(0, 1) : escapes) {
      const written = laidOut(
        escape === 'none'
          ? ordered
          : ordered.map((token) => (token.startsWith('"') ? `"${ESCAPES[escape](token.slice(1, -1))}"` : token)),
        LAYOUTS[layout],
      )
      const names = [LAYOUT_NAMES[layout], KEYS_NAMES[keys], ESCAPE_NAMES[escape]]
      yield { text: written, as: listed(names) }
      // On one line nothing but its end can differ.
      for (const [line, end] of 'indent' in LAYOUTS[layout] ? LINE_ENDS.slice(1) : LINE_ENDS.slice(1, 2))
        later.push(() => ({
          text: written.replaceAll('\n', line) + end,
          as: listed([...names, line === '\n' ? '' : 'lines that end in CR LF', end && 'a newline at the end']),
        }))
    }
  }
  yield* numberForms(value, tokens)
  for (const form of later) yield form()
  const compact = (variant: readonly string[]) => laidOut(variant, LAYOUTS.compact)
  if (tokens.includes('null')) yield { text: JSON.stringify(withoutNulls(value)), as: 'null fields left out' }
  yield { text: compact(tokens).replaceAll('{}', '[]'), as: '[] for {}, as PHP writes an empty array' }
  yield { text: compact(tokens).replaceAll('[]', '{}'), as: '{} for []' }
}

function listed(names: readonly (string | undefined)[]): string {
  return names.filter(Boolean).join(', ')
}

const isNumber = (token: string) => /^-?\d/.test(token)
const isNumeric = (token: string) => /^"-?\d+(?:\.\d+)?"$/.test(token)

function* numberForms(value: unknown, tokens: readonly string[]): Iterable<Form> {
  const some = tokens.some(isNumber)
  if (some) {
    // JavaScript puts keys that are numbers in front.
    yield { text: JSON.stringify(value), as: '' }
    for (const [as, write] of NUMBERS) {
      const variant = tokens.map((token) => (isNumber(token) ? write(token) : token))
      yield { text: laidOut(variant, LAYOUTS.compact), as }
      if (/Python/.test(as))
        yield {
          text: laidOut(
            variant.map((token) => (token.startsWith('"') ? ESCAPES.ascii(token) : token)),
            LAYOUTS.spaced,
          ),
          as: `${as}, and blanks behind colons and commas`,
        }
    }
    yield {
      text: laidOut(
        tokens.map((token) => (isNumber(token) ? `"${token}"` : token)),
        LAYOUTS.compact,
      ),
      as: 'numbers in quotes',
    }
  }
  if (!tokens.some(isNumeric)) return
  const numeric = (write: (text: string) => string) =>
    laidOut(
      tokens.map((token, index) => (isNumeric(token) && tokens[index + 1] !== ':' ? write(token.slice(1, -1)) : token)),
      LAYOUTS.compact,
    )
  yield { text: numeric((text) => text), as: 'numbers without their quotes (JSON_NUMERIC_CHECK)' }
  for (const [as, write] of NUMBERS)
    yield { text: numeric((text) => `"${write(text)}"`), as: `texts that are numbers: ${as}` }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** What JSON consists of, without the white space; texts are spelled as JavaScript does, numbers as they were sent. */
function tokensOf(json: string): string[] {
  return (json.match(/"(?:[^"\\]|\\.)*"|[{}[\]:,]|[^\s{}[\]:,"]+/g) ?? []).map((token) =>
    token.startsWith('"') ? JSON.stringify(JSON.parse(token)) : token,
  )
}

function nesting(tokens: readonly string[]): number {
  let depth = 0
  let deepest = 0
  for (const token of tokens) {
    depth += opens(token) ? 1 : closes(token) ? -1 : 0
    deepest = Math.max(deepest, depth)
  }
  return deepest
}

function laidOut(tokens: readonly string[], { colon, comma, indent, jackson }: Layout): string {
  const open: string[] = []
  let before = ''
  let text = ''
  const depth = () => (jackson ? open.filter((token) => token === '{').length : open.length)
  const line = () => (indent === undefined ? '' : `\n${indent.repeat(depth())}`)
  for (const token of tokens) {
    // The bracket that something stands directly inside of.
    const inside = open.at(-1)
    if (closes(token)) open.pop()
    const breaks = before === ',' || opens(before) !== closes(token)
    const blank = jackson && (inside === '[' || (opens(before) && closes(token)))
    if (before !== '' && (breaks || (blank && closes(token)))) text += blank ? ' ' : line()
    text += token === ':' ? colon : token === ',' ? comma : token
    if (opens(token)) open.push(token)
    before = token
  }
  return text
}

function opens(token: string): boolean {
  return token === '{' || token === '['
}

function closes(token: string): boolean {
  return token === '}' || token === ']'
}

/** Numbers go as texts, so that they stay as they were sent. */
function reordered(tokens: readonly string[], keys: Keys): string[] {
  const tagged = JSON.parse(tokens.map((token) => (isNumber(token) ? `"\\u0000${token}"` : token)).join(''))
  return tokensOf(JSON.stringify(inOrder(tagged, keys))).map((token) =>
    token.startsWith('"\\u0000') ? token.slice(7, -1) : token,
  )
}

function inOrder(value: unknown, keys: Keys): unknown {
  if (Array.isArray(value)) return value.map((item) => inOrder(item, keys))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value)
  const place = keys === 'hashed' ? bucketsOf(entries.length) : undefined
  const ordered = place ? entries.sort(([a], [b]) => place(a) - place(b)) : entries.sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(ordered.map(([key, item]) => [key, inOrder(item, keys)]))
}

/** In which bucket of a Java HashMap of so many entries a key stands. */
function bucketsOf(count: number): (key: string) => number {
  let size = 16
  while (count > size * 0.75) size *= 2
  return (key) => {
    let hash = 0
    for (let index = 0; index < key.length; index++) hash = (31 * hash + key.charCodeAt(index)) | 0
    return (hash ^ (hash >>> 16)) & (size - 1)
  }
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== null)
      .map(([key, item]) => [key, withoutNulls(item)]),
  )
}

/** What a file may have held whose line ends were taken out, as `curl -d @file` does it: the blanks that began its lines are still there. */
export function withLineEnds(text: string): string[] {
  if (text.includes('\n')) return []
  const parts = text.match(/"(?:[^"\\]|\\.)*"|[{}[\],]|[ \t]+|[^\s{}[\],"]+/g) ?? []
  // Which brackets stand on lines of their own.
  const broken: boolean[] = []
  let written = ''
  for (const [index, part] of parts.entries()) {
    const [before = '', next = ''] = [parts[index - 1], parts[index + 1]]
    const begins =
      /^[ \t]/.test(part) && (part.length > 1 || part === '\t') && (opens(before) || before === ',' || closes(next))
    if (begins && opens(before)) broken[broken.length - 1] = true
    const ends = closes(part) && broken.pop() && !/^[ \t]/.test(before) && !opens(before)
    written += begins || ends ? `\n${part}` : part
    if (opens(part)) broken.push(false)
  }
  return written === text || written.replaceAll('\n', '') !== text
    ? []
    : LINE_ENDS.map(([line, end]) => written.replaceAll('\n', line) + end)
}

/** A text whose quotes a shell took away. */
export function withQuotes(text: string): string[] {
  if (!text.startsWith('{') || text.includes('"') || text.includes("'")) return []
  return [
    text.replace(/[^\s{}[\]:,]+/g, (word) => (/^(?:-?\d+(?:\.\d+)?|true|false|null)$/.test(word) ? word : `"${word}"`)),
  ]
}

/** What languages make of an object that was turned into text instead of into JSON. */
export function asText(text: string): string[] {
  const value = parsed(text)
  if (typeof value !== 'object' || value === null || nesting(tokensOf(text)) > NESTING_MAX) return []
  const fields = Array.isArray(value) ? [] : Object.entries(value)
  return [
    `${value}`,
    'Array',
    'System.Byte[]',
    pythonText(value),
    `{${fields.map(([key, item]) => `${key}=${item}`).join(', ')}}`,
    `map[${fields
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => `${key}:${item}`)
      .join(' ')}]`,
  ]
}

function pythonText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(pythonText).join(', ')}]`
  if (typeof value === 'string')
    return value.includes("'") && !value.includes('"')
      ? `"${value}"`
      : `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
  if (typeof value !== 'object' || value === null)
    return value === null ? 'None' : value === true ? 'True' : value === false ? 'False' : String(value)
  return `{${Object.entries(value)
    .map(([key, item]) => `${pythonText(key)}: ${pythonText(item)}`)
    .join(', ')}}`
}

/** A flat JSON object as the form of the same fields. */
export function formOf(text: string): string[] {
  const value = parsed(text)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return []
  const fields = Object.entries(value)
  if (fields.length === 0 || fields.some(([, item]) => typeof item === 'object')) return []
  return [new URLSearchParams(fields.map(([key, item]): [string, string] => [key, String(item)])).toString()]
}

/** A query or a path with its percent-encoding done otherwise, at most four. */
export function encodings(query: string): string[] {
  const each = (write: (text: string) => string) =>
    query
      .split('&')
      .map((pair) => pair.split('=').map(write).join('='))
      .join('&')
  const plain = (text: string) => decodeURIComponent(text.replaceAll('+', ' '))
  try {
    const written = [
      each((text) => encodeURIComponent(plain(text))),
      new URLSearchParams(query).toString(),
      each(plain),
      query.replace(/%[0-9a-f]{2}/gi, (escape) =>
        escape === escape.toLowerCase() ? escape.toUpperCase() : escape.toLowerCase(),
      ),
    ]
    return [...new Set(written)].filter((form) => form !== query)
  } catch {
    return []
  }
}
