// The words of one command line, as the three shells read them in which people run curl: bash, cmd.exe and PowerShell. Nothing is run and nothing is
// looked up: a variable stays as it is written. What the words mean is left to curl.ts.

export type Shell = 'bash' | 'cmd' | 'powershell'

export interface CommandLine {
  readonly words: readonly string[]
  /** What is fed to it, where that stands in the text too: `<<EOF` or `<<<`. */
  readonly stdin: string | undefined
  /** Where the text goes on behind it. */
  readonly end: number
}

/** A quote that is never closed: where it opens. */
export class OpenQuote extends Error {
  readonly at: number

  constructor(at: number) {
    super('a quote is never closed')
    this.at = at
  }
}

/** By how its lines go on, and by its quotes. */
export function shellOf(text: string, at: number, prompt: string): Shell {
  const end = text.indexOf('\n', at)
  const line = text.slice(at, end < 0 ? undefined : end).trimEnd()
  if (line.endsWith('`') || (/^PS\b/.test(prompt.trimStart()) && !line.endsWith('\\'))) return 'powershell'
  return line.endsWith('^') || /\^["'&|<>^%]/.test(line) ? 'cmd' : 'bash'
}

/** Reads the command that begins there; throws `OpenQuote`. */
export function commandLine(text: string, at: number, shell: Shell): CommandLine {
  return shell === 'cmd' ? cmdLine(text, at) : new Reader(text, at, shell).read()
}

const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  a: '\x07',
  b: '\b',
  e: '\x1b',
  E: '\x1b',
  f: '\f',
  v: '\v',
}
const BACKTICKED: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', '0': '\0' }
const CODE = /^(?:x[0-9a-fA-F]{1,2}|u[0-9a-fA-F]{1,4}|U[0-9a-fA-F]{1,8}|[0-7]{1,3})/

/** bash and PowerShell, which differ in what escapes and in what a quote keeps. */
class Reader {
  readonly #text: string
  readonly #escape: string
  readonly #isBash: boolean
  #at: number
  #words: string[] = []
  /** Undefined: between words. */
  #word: string | undefined
  #stdin: string | undefined
  /** Delimiters of what follows the line. */
  #pending: string[] = []

  constructor(text: string, at: number, shell: Shell) {
    this.#text = text
    this.#at = at
    this.#isBash = shell === 'bash'
    this.#escape = this.#isBash ? '\\' : '`'
  }

  read(): CommandLine {
    while (this.#at < this.#text.length && this.#step());
    this.#endWord()
    for (const delimiter of this.#pending) this.#stdin = this.#hereDocument(delimiter)
    return { words: this.#words, stdin: this.#stdin, end: this.#at }
  }

  /** False: the command ends here. */
  #step(): boolean {
    const text = this.#text
    const char = text[this.#at]!
    if (char === '\n') return false
    if (char === ' ' || char === '\t') this.#endWord()
    else if (char === this.#escape) return this.#escaped()
    else if (char === "'") this.#add(this.#quoted("'"))
    else if (char === '"') this.#add(this.#double(this.#at + 1))
    else if (this.#isBash && text.startsWith("$'", this.#at)) this.#add(this.#ansi())
    else if (this.#isBash && text.startsWith('$(', this.#at)) this.#add(this.#substitution())
    else if (!this.#isBash && this.#word === undefined && /^@['"]\n/.test(text.slice(this.#at, this.#at + 3)))
      this.#add(this.#hereString())
    else if (char === '#' && this.#word === undefined) this.#at = this.#lineEnd()
    else if (char === '<' || char === '>') return this.#redirected(char)
    else if (';|&)'.includes(char) || (this.#isBash && char === '`')) return this.#ended()
    else this.#add(char)
    this.#at++
    return true
  }

  #add(text: string): void {
    this.#word = (this.#word ?? '') + text
  }

  #endWord(): void {
    if (this.#word !== undefined) this.#words.push(this.#word)
    this.#word = undefined
  }

  #lineEnd(): number {
    const end = this.#text.indexOf('\n', this.#at)
    return (end < 0 ? this.#text.length : end) - 1
  }

  /** Another command on the same line is read on its own; what is behind a pipe is none of ours. */
  #ended(): boolean {
    if (this.#text[this.#at] === '|') this.#at = this.#lineEnd() + 1
    return false
  }

  #escaped(): boolean {
    const next = this.#text[this.#at + 1]
    // A blank that was pasted in front of the line end.
    const blanks = /^[ \t]+\n/.exec(this.#text.slice(this.#at + 1, this.#at + 100))?.[0]
    if (blanks !== undefined) {
      this.#endWord()
      this.#at += blanks.length + 1
      return true
    }
    if (next !== '\n') this.#add(next === undefined ? '' : this.#isBash ? next : (BACKTICKED[next] ?? next))
    this.#at += 2
    return true
  }

  #closed(at: number, opened: number): number {
    if (at < 0 || at >= this.#text.length) throw new OpenQuote(opened)
    return at
  }

  /** Up to the single quote; in PowerShell two of them are one. */
  #quoted(quote: string): string {
    const opened = this.#at
    let found = ''
    for (;;) {
      const end = this.#closed(this.#text.indexOf(quote, this.#at + 1), opened)
      found += this.#text.slice(this.#at + 1, end)
      this.#at = end
      if (this.#isBash || this.#text[end + 1] !== quote) return this.#isBash ? found : found.replaceAll('\\"', '"')
      found += quote
      this.#at++
    }
  }

  #double(at: number): string {
    const opened = this.#at
    let found = ''
    for (; this.#text[this.#closed(at, opened)] !== '"' || (!this.#isBash && this.#text[at + 1] === '"'); at++) {
      const char = this.#text[at]!
      const next = this.#text[at + 1] ?? ''
      if (char === this.#escape && (!this.#isBash || '$`"\\\n'.includes(next))) {
        found += next === '\n' ? '' : this.#isBash ? next : (BACKTICKED[next] ?? next)
        at++
      } else if (!this.#isBash && (char === '\\' || char === '"') && next === '"') {
        found += '"'
        at++
      } else if (this.#isBash && char === '$' && next === '(') {
        this.#at = at
        found += this.#substitution()
        at = this.#at
      } else found += char
    }
    this.#at = at
    return found
  }

  /** `$'…'` */
  #ansi(): string {
    const opened = this.#at
    let found = ''
    let bytes: number[] = []
    const flush = () => {
      found += Buffer.from(bytes).toString('utf8')
      bytes = []
    }
    let at = opened + 2
    for (; this.#text[this.#closed(at, opened)] !== "'"; at++) {
      if (this.#text[at] !== '\\') {
        flush()
        found += this.#text[at]
        continue
      }
      const code = CODE.exec(this.#text.slice(at + 1, at + 10))?.[0]
      if (code === undefined) {
        const next = this.#text[++at] ?? ''
        flush()
        found += ESCAPES[next] ?? next
        continue
      }
      at += code.length
      if (/^[uU]/.test(code)) {
        flush()
        const point = parseInt(code.slice(1), 16)
        found += point <= 0x10ffff ? String.fromCodePoint(point) : '\ufffd'
      } else bytes.push((code.startsWith('x') ? parseInt(code.slice(1), 16) : parseInt(code, 8)) & 0xff)
    }
    flush()
    this.#at = at
    return found
  }

  /** `$(…)` stays as it is written. */
  #substitution(): string {
    const opened = this.#at
    let depth = 0
    for (let at = opened; ; at++) {
      const char = this.#text[this.#closed(at, opened)]
      if (char === '\\') at++
      else if (char === '(') depth++
      else if (char === ')' && --depth === 0) {
        this.#at = at
        return this.#text.slice(opened, at + 1)
      }
    }
  }

  /** PowerShell's text of several lines. */
  #hereString(): string {
    const quote = this.#text[this.#at + 1]!
    const end = this.#closed(this.#text.indexOf(`\n${quote}@`, this.#at), this.#at)
    const found = this.#text.slice(this.#at + 3, end)
    this.#at = end + 2
    return found
  }

  /** What goes to or comes from a file is none of ours; what stands in the text is. */
  #redirected(char: string): boolean {
    if (/^\d$/.test(this.#word ?? '')) this.#word = undefined
    this.#endWord()
    const text = this.#text
    const found = (char === '<' ? /^(?:<<<|<<-?|<)/ : /^>>?/).exec(text.slice(this.#at, this.#at + 3))![0]
    this.#at += found.length
    if (text[this.#at] === '&') this.#at++
    while (text[this.#at] === ' ') this.#at++
    const before = this.#words.length
    while (this.#at < text.length && this.#step() && this.#word !== undefined);
    this.#endWord()
    const [target] = this.#words.splice(before)
    if (found === '<<<') this.#stdin = `${target ?? ''}\n`
    else if (found.startsWith('<<') && target !== undefined) this.#pending.push(target)
    return true
  }

  #hereDocument(delimiter: string): string | undefined {
    const begin = this.#text.indexOf('\n', this.#at) + 1
    if (begin === 0) return undefined
    const lines: string[] = []
    let at = begin
    while (at < this.#text.length) {
      const end = this.#text.indexOf('\n', at)
      const line = this.#text.slice(at, end < 0 ? undefined : end)
      at = end < 0 ? this.#text.length : end + 1
      if (line.trim() === delimiter) break
      lines.push(line)
    }
    this.#at = Math.max(begin, at - 1)
    return lines.map((line) => `${line}\n`).join('')
  }
}

/** cmd.exe takes its carets out, then the program takes the line apart. */
function cmdLine(text: string, start: number): CommandLine {
  let line = ''
  let isQuoted = false
  let at = start
  for (; at < text.length; at++) {
    const char = text[at]!
    if (char === '\n' || (!isQuoted && '|&<>'.includes(char))) break
    if (char === '^' && !isQuoted) {
      // A line end is nothing; the character behind it stands for itself, and two of them are one.
      at += text[at + 1] === '\n' ? 2 : 1
      line += text[at] ?? ''
      continue
    }
    if (char === '"') isQuoted = !isQuoted
    line += char
  }
  const end = text.indexOf('\n', at)
  return { words: argumentsOf(line), stdin: undefined, end: text[at] === '&' ? at : end < 0 ? text.length : end }
}

/** As a program of Windows reads its command line. */
function argumentsOf(line: string): string[] {
  const words: string[] = []
  let word: string | undefined
  let isQuoted = false
  for (let at = 0; at < line.length; at++) {
    const char = line[at]!
    if (!isQuoted && /\s/.test(char)) {
      if (word !== undefined) words.push(word)
      word = undefined
      continue
    }
    let slashes = 0
    while (line[at + slashes] === '\\') slashes++
    if (slashes > 0 && line[at + slashes] === '"') {
      word = (word ?? '') + '\\'.repeat(Math.floor(slashes / 2))
      at += slashes
      if (slashes % 2 === 1) word += '"'
      else isQuoted = !isQuoted
    } else if (char === '"') {
      word ??= ''
      if (isQuoted && line[at + 1] === '"') {
        word += '"'
        at++
      } else isQuoted = !isQuoted
    } else word = (word ?? '') + char
  }
  return word === undefined ? words : [...words, word]
}
