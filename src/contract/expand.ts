// A schema with its references written out, for generators that cannot follow them. Where a schema leads back to itself it is cut: what may be left out is,
// so that every value of what remains is one of the whole.
import { Pointers } from './pointers.ts'

/** No finite value is known from here on. */
const CUT = Symbol('cut')
type Expanded = object | boolean | typeof CUT

/** References that are written out before only what is required is. */
const GENEROUS = 1000
/** Beside a reference these change nothing. */
const WORDS = [
  '$ref',
  'description',
  'summary',
  'title',
  'deprecated',
  'default',
  'example',
  'examples',
  'readOnly',
  'writeOnly',
]

/** The schema at a pointer of a document; undefined: it has no finite value. */
export function expanded(document: object, pointer: string): object | undefined {
  const schema = new Expansion(new Pointers(document, 'the document')).schema(pointer)
  return typeof schema === 'object' ? schema : schema === true ? {} : undefined
}

class Expansion {
  readonly #pointers: Pointers
  readonly #whole = new Map<string, Expanded>()
  #references = 0
  #cuts = 0

  constructor(pointers: Pointers) {
    this.#pointers = pointers
  }

  schema(pointer: string): Expanded {
    return this.#expand(this.#pointers.at(pointer), [])
  }

  #expand(node: any, above: readonly string[]): Expanded {
    if (typeof node !== 'object' || node === null) return node
    if (typeof node.$ref === 'string') return this.#reference(node, above)
    const copy: Record<string, any> = {}
    for (const [key, value] of Object.entries<any>(node)) {
      const part = this.#part(key, value, node, above)
      if (part === CUT) return CUT
      if (part !== undefined) copy[key] = part
    }
    if (node.items !== undefined && !('items' in copy)) copy.maxItems = 0
    return copy
  }

  #reference(node: any, above: readonly string[]): Expanded {
    const pointer = decodeURIComponent(node.$ref.slice(1))
    if (above.includes(pointer)) {
      this.#cuts++
      return CUT
    }
    let target = this.#whole.get(pointer)
    if (target === undefined) {
      this.#references++
      const cuts = this.#cuts
      target = this.#expand(this.#pointers.at(pointer), [...above, pointer])
      if (cuts === this.#cuts) this.#whole.set(pointer, target)
    }
    const beside = Object.fromEntries(Object.entries(node).filter(([key]) => !WORDS.includes(key)))
    return target === CUT || Object.keys(beside).length === 0
      ? target
      : { allOf: [target, this.#expand(beside, above)] }
  }

  /** Undefined: it is left out. */
  #part(key: string, value: any, node: any, above: readonly string[]): unknown {
    switch (key) {
      case 'properties':
        return this.#properties(value, node.required ?? [], above)
      case 'items': {
        const items = this.#expand(value, above)
        return items !== CUT ? items : node.minItems > 0 ? CUT : undefined
      }
      case 'allOf':
      case 'prefixItems': {
        const all = value.map((one: any) => this.#expand(one, above))
        return all.includes(CUT) ? CUT : all
      }
      case 'anyOf':
      case 'oneOf': {
        const some = value.map((one: any) => this.#expand(one, above)).filter((one: Expanded) => one !== CUT)
        return some.length === 0 ? CUT : some
      }
      case 'additionalProperties': {
        const more = this.#expand(value, above)
        return more === CUT ? false : more
      }
      case 'patternProperties':
        return this.#properties(value, [], above)
      case 'not':
      case 'if':
      case 'then':
      case 'else':
      case 'contains':
      case 'propertyNames': {
        const part = this.#expand(value, above)
        return part === CUT ? undefined : part
      }
      default:
        return value
    }
  }

  #properties(properties: any, required: readonly string[], above: readonly string[]): unknown {
    const copy: Record<string, any> = {}
    for (const [name, member] of Object.entries<any>(properties)) {
      const needed = required.includes(name)
      if (!needed && this.#references > GENEROUS) continue
      const part = this.#expand(member, above)
      if (part === CUT && needed) return CUT
      if (part !== CUT) copy[name] = part
    }
    return copy
  }
}
