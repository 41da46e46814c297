// The same body and the same query written differently, as the libraries of clients do it without being asked.
import { NESTING_MAX } from './content.ts'

/** What stands between the parts of JSON: behind a name, behind an item, and in front of each line. */
const LAYOUTS = { compact: [':', ',', ''], spaced: [': ', ', ', ''], two: [': ', ',', '  '], four: [': ', ',', '    '] } as const

const ESCAPES = {
  none: (text: string) => text,
  ascii: (text: string) => text.replace(/[\u0080-\uffff]/g, escaped),
  slashes: (text: string) => text.replaceAll('/', '\\/'),
  php: (text: string) => ESCAPES.ascii(text).replaceAll('/', '\\/'),
  html: (text: string) => text.replace(/[<>&\u2028\u2029]/g, escaped),
}

/** JavaScript, PHP and Go write compactly, Python with spaces; and all of them for people, and some with sorted keys. */
const FORMS: readonly (readonly [layout: keyof typeof LAYOUTS, escapes: readonly (keyof typeof ESCAPES)[], keys: 'as sent' | 'sorted'])[] = [
  ['compact', ['none', 'ascii', 'php', 'slashes', 'html'], 'as sent'],
  ['spaced', ['none', 'ascii'], 'as sent'],
  ['two', ['none', 'ascii'], 'as sent'],
  ['four', ['none', 'ascii', 'php'], 'as sent'],
  ['compact', ['none', 'ascii', 'html'], 'sorted'],
  ['spaced', ['none', 'ascii'], 'sorted'],
]

/** JSON text in all forms that differ from it, at most 18, each made when it is asked for; none where it is no JSON, or nested too deep. */
export function* jsonForms(text: string): Iterable<string> {
  const value = parsed(text)
  const tokens = value === undefined ? [] : tokensOf(text)
  if (tokens.length === 0 || nesting(tokens) > NESTING_MAX) return
  const seen = new Set([text])
  const isNew = (form: string) => !seen.has(form) && seen.add(form)
  for (const [layout, escapes, keys] of FORMS) {
    const written = laidOut(keys === 'sorted' ? tokensOf(JSON.stringify(sorted(value))) : tokens, LAYOUTS[layout])
    for (const escape of escapes) {
      const form = ESCAPES[escape](written)
      if (isNew(form)) yield form
    }
  }
  // JavaScript writes numbers in its own way: 1.0 becomes 1.
  const numbers = JSON.stringify(value)
  if (isNew(numbers)) yield numbers
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
  return (json.match(/"(?:[^"\\]|\\.)*"|[{}[\]:,]|[^\s{}[\]:,"]+/g) ?? []).map((token) => (token.startsWith('"') ? JSON.stringify(JSON.parse(token)) : token))
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

function laidOut(tokens: readonly string[], [colon, comma, indent]: readonly [string, string, string]): string {
  let depth = 0
  let before = ''
  let text = ''
  const line = () => (indent === '' ? '' : `\n${indent.repeat(depth)}`)
  for (const token of tokens) {
    if (closes(token)) depth--
    const breaks = before === ',' || (opens(before) !== closes(token))
    if (before !== '' && breaks) text += line()
    text += token === ':' ? colon : token === ',' ? comma : token
    if (opens(token)) depth++
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

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, item]) => [key, sorted(item)]))
}

function escaped(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`
}

/** A flat JSON object as the form of the same fields. */
export function formOf(text: string): string[] {
  const value = parsed(text)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return []
  const fields = Object.entries(value)
  if (fields.length === 0 || fields.some(([, item]) => typeof item === 'object')) return []
  return [new URLSearchParams(fields.map(([key, item]): [string, string] => [key, String(item)])).toString()]
}

/** A query with its percent-encoding done otherwise, at most four. */
export function encodings(query: string): string[] {
  const each = (write: (text: string) => string) => query.split('&').map((pair) => pair.split('=').map(write).join('=')).join('&')
  const plain = (text: string) => decodeURIComponent(text.replaceAll('+', ' '))
  try {
    const written = [
      each((text) => encodeURIComponent(plain(text))),
      new URLSearchParams(query).toString(),
      each(plain),
      query.replace(/%[0-9a-f]{2}/gi, (escape) => (escape === escape.toLowerCase() ? escape.toUpperCase() : escape.toLowerCase())),
    ]
    return [...new Set(written)].filter((form) => form !== query)
  } catch {
    return []
  }
}
