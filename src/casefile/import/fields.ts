// Which fields of a real provider's answer need not be equal here: those it drew itself, told by the provider's own names for them or by what they look
// like, and those that somebody blacked out. What the partner had sent itself must come back as it was.
import { shapeOf } from '../compare.ts'
import type { Shape } from '../format.ts'
import { HIDDEN } from '../../text/redact.ts'
import type { Drawn } from '../../provider.ts'
import { isBlackedOut } from './bodies.ts'

/** Long, and not a number: whatever comes back so, is what was sent. */
const OWN_AT_SIGHT = /^(?=.*[^\d.]).{8,}$/s

/** Whole values that the partner sent, with the names it gave them. */
export class SentValues {
  readonly #names = new Map<string, Set<string>>()
  /** Fields inside of objects that were sent, such as `metadata.id`. */
  readonly #nested = new Set<string>()

  add(name: string, value: unknown): void {
    if (typeof value !== 'string' && typeof value !== 'number') return
    const names = this.#names.get(String(value))
    if (names) names.add(name)
    else this.#names.set(String(value), new Set([name]))
  }

  /** Everything in a JSON value. */
  addAll(value: unknown, name = '', parent = ''): void {
    if (Array.isArray(value)) return value.forEach((item) => this.addAll(item, name, parent))
    if (typeof value === 'object' && value !== null)
      return Object.entries(value).forEach(([key, item]) => this.addAll(item, key, name))
    this.add(name, value)
    if (parent !== '') this.#nested.add(`${parent}.${name}`)
  }

  /** Whether a field of that name, inside of one of that name, was the partner's to fill. */
  fills(name: string, parent: string): boolean {
    return this.#nested.has(`${parent}.${name}`)
  }

  /** Whether a value that comes back was the partner's. What the provider draws may be equal to something sent by chance. */
  has(name: string, value: unknown, isDrawn: boolean): boolean {
    const names = this.#names.get(String(value))
    return names !== undefined && (names.has(name) || !isDrawn || OWN_AT_SIGHT.test(String(value)))
  }
}

// rule: sandgate.import.drawn, rule: sandgate.import.echo
/** By path, what the fields of an answer look like that only the provider could know. */
export function drawnFields(
  answer: unknown,
  sent: SentValues,
  drawn: Readonly<Record<string, Drawn>>,
): Record<string, Shape> {
  const found: Record<string, Shape> = {}
  const walk = (value: unknown, path: string, name = '', parent = ''): void => {
    if (Array.isArray(value)) return value.forEach((item) => walk(item, `${path}[*]`, name, parent))
    if (typeof value === 'object' && value !== null)
      return Object.entries(value).forEach(([key, item]) => walk(item, `${path}.${key}`, key, name))
    const shape = sent.fills(name, parent) && !isHidden(value) ? undefined : shapeOfField(value, name, sent, drawn)
    // In a list one that is the provider's decides for all.
    if (shape !== undefined && (shape === 'any' || found[path] === undefined)) found[path] = shape
  }
  walk(answer, '$')
  return found
}

function shapeOfField(
  value: unknown,
  name: string,
  sent: SentValues,
  drawn: Readonly<Record<string, Drawn>>,
): Shape | undefined {
  if (isHidden(value)) return 'any'
  if (typeof value !== 'string' && typeof value !== 'number') return undefined
  const named = Object.hasOwn(drawn, name) ? drawn[name] : undefined
  const shape = named === 'timestamp' ? (shapeOf(name, value) ?? named) : (named ?? shapeOf(name, value))
  if (shape === undefined || value === '') return undefined
  return sent.has(name, value, named !== undefined || shape === 'timestamp') ? undefined : shape
}

function isHidden(value: unknown): boolean {
  return typeof value === 'string' && (value.includes(HIDDEN) || isBlackedOut(value))
}
