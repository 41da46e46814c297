// Which operation of a document a method and a path mean. Whole segments are found by the router, segments with more than one value or with marks of the
// router's own (`{id}:cancel`, `{from}-{to}`, `quotes:search`) by patterns; the more literal template wins.
import findMyWay from 'find-my-way'

export const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'TRACE'] as const

export interface Found<Operation> {
  readonly operation: Operation
  readonly params: Readonly<Record<string, string>>
}

interface Route<Operation> {
  readonly operation: Operation
  readonly rank: string
  /** The values' own names, where the router cannot have them. */
  readonly names: readonly string[] | undefined
}

interface Pattern<Operation> extends Route<Operation> {
  readonly method: string
  readonly segments: readonly { readonly pattern: RegExp; readonly names: readonly string[] }[]
  readonly letters: number
}

/** A segment that the router reads as it is meant. */
const PLAIN = /^[A-Za-z0-9_.~!$&'+,;=@-]*$/
const WHOLE = /^\{([^{}]+)\}$/

export class Paths<Operation> {
  readonly #router = findMyWay({ maxParamLength: 16_384 })
  #patterns: Pattern<Operation>[] = []
  /** What is taken, by method and path without the names in it. */
  readonly #taken = new Map<string, string>()

  /** Throws a sentence where the template cannot be matched. */
  add(method: string, template: string, operation: Operation): void {
    const segments = template.split('/').slice(1)
    const names = namesIn(template)
    const key = `${method} ${template.replace(/\{[^{}]*\}/g, '{}')}`
    const before = this.#taken.get(key)
    if (before !== undefined)
      throw new Error(
        before === template
          ? `${method} stands twice`
          : `is the same path as ${before} to whoever calls it with ${method}`,
      )
    this.#taken.set(key, template)

    const rank = segments.map((segment) => (!segment.includes('{') ? 0 : WHOLE.test(segment) ? 2 : 1)).join('')
    const plain = segments.every((segment) => (segment.includes('{') ? WHOLE : PLAIN).test(segment))
    if (!plain) {
      this.#patterns.push({
        method,
        operation,
        rank,
        names,
        segments: segments.map(segmentOf),
        letters: template.replace(/\{[^{}]*\}/g, '').length,
      })
      this.#patterns.sort((a, b) => (a.rank < b.rank ? -1 : a.rank > b.rank ? 1 : b.letters - a.letters))
      return
    }
    const odd = names.some((name) => !/^\w+$/.test(name) || name === '__proto__')
    let number = 0
    const path = template.replace(/\{([^{}]+)\}/g, (_, name: string) => `:${odd ? `p${number++}` : name}`)
    const route: Route<Operation> = { operation, rank, names: odd ? names : undefined }
    this.#router.on(method as 'GET', path, () => undefined, route)
  }

  /** The path as sent. */
  find(method: string, path: string): Found<Operation> | undefined {
    if (!(METHODS as readonly string[]).includes(method)) return undefined
    const found = this.#router.find(method as 'GET', path)
    const route = found?.store as Route<Operation> | undefined
    if (this.#patterns.length > 0) {
      const matched = this.#matched(method, path, route?.rank)
      if (matched) return matched
    }
    if (!route) return undefined
    const params = found!.params as Record<string, string>
    return { operation: route.operation, params: route.names ? named(route.names, Object.values(params)) : params }
  }

  /** The first pattern that fits and is more literal than what the router found. */
  #matched(method: string, path: string, than: string | undefined): Found<Operation> | undefined {
    const sent = path.split('/').slice(1).map(decoded)
    for (const { method: wanted, segments, names, operation, rank } of this.#patterns) {
      if (wanted !== method || segments.length !== sent.length || (than !== undefined && than < rank)) continue
      const values: string[] = []
      const fits = segments.every(({ pattern }, index) => {
        const text = sent[index]
        const match = text === undefined ? null : pattern.exec(text)
        if (match) values.push(...match.slice(1))
        return match !== null
      })
      if (fits) return { operation, params: named(names!, values) }
    }
    return undefined
  }
}

/** Throws a sentence where braces do not name values. */
function namesIn(template: string): string[] {
  const names = [...template.matchAll(/\{([^{}]*)\}/g)].map(([, name]) => name!)
  if (/[{}]/.test(template.replace(/\{[^{}]*\}/g, ''))) throw new Error('has a brace that is not closed, or not opened')
  if (names.includes('')) throw new Error('has braces with no name in them')
  if (/[?#]/.test(template))
    throw new Error('has a query or a fragment: a path ends before ? and #, and what stands behind ? are parameters')
  if (/\}\{/.test(template))
    throw new Error('has two values with nothing between them: where one ends and the other begins cannot be told')
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw new Error(`names {${twice}} twice`)
  return names
}

function segmentOf(segment: string): { pattern: RegExp; names: string[] } {
  const names: string[] = []
  const source = segment.split(/(\{[^{}]+\})/).map((part) => {
    const name = WHOLE.exec(part)?.[1]
    if (name === undefined) return (decoded(part) ?? part).replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
    names.push(name)
    return '([^]+?)'
  })
  return { pattern: new RegExp(`^${source.join('')}$`), names }
}

function named(names: readonly string[], values: readonly string[]): Record<string, string> {
  // Not by assignment: a value may be named like a thing of every object's own.
  return Object.fromEntries(names.map((name, index) => [name, values[index]!]))
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
