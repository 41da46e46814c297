// The document of a YAML text, composed a step at a time and within bounds: its pieces one after another, then the items of long lists each for itself.
// What the document says is left to yaml.ts.
import { Composer, CST, type Document, isCollection, isMap, isPair, Lexer, type LineCounter, Parser } from 'yaml'
import { TOLD_MAX } from './complaints.ts'

// rule: sandgate.scenario.bounds
export const NESTING_MAX = 100
const PARTS_MAX = 250_000
/** How many pieces of a text are read in one step. */
const STEP_PIECES = 100
/** Items of a list of this length are composed each for itself. */
const LONG = 10

const OPTIONS = { uniqueKeys: false, keepSourceTokens: true } as const

/** Something is wrong with a text, at this character. */
interface Wrong {
  readonly at: number
  readonly message: string
}

interface Composed {
  /** None, when the text is beyond what is read, or something is wrong with it. */
  readonly document: Document | undefined
  /** On which line it is beyond what is read, and why. */
  readonly beyond?: string | undefined
  readonly wrong: readonly Wrong[]
}

/**
 * The first document of a text, and the first things that are wrong with it: the parser itself would go on to the last one. It ends before the
 * parser's memory or its stack would not last: more parts than anybody writes, brackets open within each other, or items and keys within each
 * other on one line.
 */
export function* compose(text: string, lines: LineCounter): Generator<undefined, Composed> {
  const wrong: Wrong[] = []
  const enough = new Error('enough')
  const tell = (at: number, message: string) => {
    wrong.push({ at, message })
    if (wrong.length >= TOLD_MAX) throw enough
  }
  const composer = composerOf(tell)
  const documents: Document[] = []
  const take = (found: Iterable<Document>) => {
    for (const document of found) {
      documents.push(document)
      if (documents.length > 1) tell(document.range![0], 'a file holds one document; this is a second one')
    }
  }
  const parser = new Parser(lines.addNewLine)
  const apart = new Apart()
  const handOn = function* (tokens: Iterable<CST.Token>): Generator<undefined, void> {
    for (const token of tokens) {
      if (token.type === 'error') tell(token.offset, token.message)
      else take(composer.next(yield* apart.frame(token)))
    }
  }
  lines.addNewLine(0)
  const bounds = new Bounds()
  try {
    let pieces = 0
    for (const lexeme of new Lexer().lex(text)) {
      const beyond = bounds.beyond(lexeme)
      if (beyond !== undefined) return { document: undefined, beyond, wrong: [] }
      yield* handOn(parser.next(lexeme))
      if (++pieces % STEP_PIECES === 0) yield
    }
    yield* handOn(parser.end())
    take(composer.end(true, text.length))
  } catch (error) {
    if (error !== enough) tell(0, (error as Error).message)
  }
  if (wrong.length === 0) apart.putBack(documents[0]!)
  return { document: documents[0], wrong }
}

function composerOf(tell: (at: number, message: string) => void): Composer {
  const composer: any = new Composer(OPTIONS)
  composer.onError = (source: number | [number, number] | { offset: number }, _: string, message: string) =>
    tell(typeof source === 'number' ? source : Array.isArray(source) ? source[0] : source.offset, message)
  return composer
}

type List = CST.BlockSequence | CST.FlowCollection

/** The items of long lists in the outermost map, composed each for itself; while the frame around them is composed, empty ones stand in their place. */
class Apart {
  readonly #real = new Map<unknown, unknown>()
  #directives = false

  /** The items where they belong. */
  putBack(document: Document): void {
    if (this.#real.size === 0 || !isMap(document.contents)) return
    for (const pair of document.contents.items) {
      const list: any = isPair(pair) && pair.value
      if (!isCollection(list)) continue
      for (const [index, item] of (list.items as any[]).entries()) {
        const real: any = this.#real.get(item?.srcToken)
        if (!real) continue
        if (item.anchor) real.anchor = item.anchor
        list.items[index] = real
      }
    }
  }

  /** A token without those items; as it is where there are none, or something is wrong with one: then it is all looked at together. */
  *frame(token: CST.Token): Generator<undefined, CST.Token> {
    if (token.type === 'directive') this.#directives = true
    if (
      token.type !== 'document' ||
      this.#directives ||
      (token.value?.type !== 'block-map' && token.value?.type !== 'flow-collection')
    )
      return token
    const pairs: any[] = []
    for (const pair of token.value.items as any[]) {
      const list: List | undefined = isLong(pair.value) ? pair.value : undefined
      const items = list && (yield* this.#items(list))
      if (list && !items) {
        this.#real.clear()
        return token
      }
      pairs.push(items ? { ...pair, value: { ...list, items } } : pair)
    }
    return { ...token, value: { ...token.value, items: pairs } as CST.Token }
  }

  /** Undefined: something is wrong with one of them. */
  *#items({ items }: List): Generator<undefined, object[] | undefined> {
    const left: object[] = []
    for (const item of items as any[]) {
      const { start, key, sep, value } = item
      const single = value && 'items' in value && !key && !sep && !start.some(({ type }: CST.Token) => type === 'tag')
      if (!single) {
        left.push(item)
        continue
      }
      let good = true
      const composer = composerOf(() => void (good = false))
      const found = [...composer.next({ type: 'document', offset: value.offset, start: [], value }), ...composer.end()]
      if (!good || found.length !== 1) return undefined
      const empty = { ...value, items: [] }
      this.#real.set(empty, found[0]!.contents)
      left.push({ ...item, value: empty })
      yield
    }
    return left
  }
}

function isLong(value: any): boolean {
  return (
    (value?.type === 'block-seq' || (value?.type === 'flow-collection' && value.start.source === '[')) &&
    value.items.length >= LONG
  )
}

/** How much of a text there has been, piece by piece. */
class Bounds {
  #parts = 0
  #line = 1
  #open = 0
  #onLine = 0

  /** On which line it is beyond what is read, and why. */
  beyond(lexeme: string): string | undefined {
    if (++this.#parts > PARTS_MAX) return `${this.#line}: has more than ${PARTS_MAX} parts`
    const type = CST.tokenType(lexeme)
    if (type === 'flow-map-start' || type === 'flow-seq-start') this.#open++
    else if (type === 'flow-map-end' || type === 'flow-seq-end') this.#open--
    else if (type === 'newline') this.#onLine = 0
    // A line of a flow has as many values as it likes.
    else if (this.#open === 0 && (type === 'seq-item-ind' || type === 'explicit-key-ind' || type === 'map-value-ind'))
      this.#onLine++
    if (this.#open > NESTING_MAX || this.#onLine > NESTING_MAX)
      return `${this.#line}: is nested deeper than ${NESTING_MAX} levels`
    if (lexeme.includes('\n')) this.#line += lexeme.split('\n').length - 1
    return undefined
  }
}
