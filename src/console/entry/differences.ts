// Where two entries differ: what was asked and what was answered, value by value.

export interface Difference {
  readonly path: string
  /** As text; undefined: it is not there. */
  readonly one: string | undefined
  readonly other: string | undefined
}

interface Comparable {
  readonly method?: string
  readonly path?: string
  readonly operation?: string
  readonly status?: number | null
  readonly refusal?: string
  readonly stopped_by?: string
  readonly account?: string
  readonly key?: number
  readonly request?: Said
  readonly response?: Said
}

interface Said {
  readonly headers?: Readonly<Record<string, unknown>>
  readonly body?: string | null
}

/** The differences, in the order in which an entry is read. */
export function differencesOf(one: Comparable, other: Comparable): Difference[] {
  const [a, b] = [flat(one), flat(other)]
  return [...new Set([...a.keys(), ...b.keys()])]
    .filter((path) => a.get(path) !== b.get(path))
    .map((path) => ({ path, one: a.get(path), other: b.get(path) }))
}

/** Every value with its path. */
function flat(entry: Comparable): Map<string, string> {
  const found = new Map<string, string>()
  const { operation, method, path, status, refusal, stopped_by, account, key } = entry
  const facts = { operation, method, path, status, refusal, stopped_by, account, key }
  walk(Object.fromEntries(Object.entries(facts).filter(([, value]) => value != null)), '', found)
  for (const side of ['request', 'response'] as const) {
    walk(entry[side]?.headers ?? {}, `${side}.headers`, found)
    const body = entry[side]?.body
    if (body != null) walk(parsed(body), `${side}.body`, found)
  }
  return found
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** Finds the values in a value, each as text under its path. */
export function walk(value: unknown, path: string, found: Map<string, string>): void {
  if (typeof value !== 'object' || value === null) {
    found.set(path, typeof value === 'string' ? value : JSON.stringify(value))
    return
  }
  const fields = Object.entries(value)
  if (fields.length === 0 && path !== '') found.set(path, Array.isArray(value) ? '[]' : '{}')
  for (const [name, inner] of fields) walk(inner, path === '' ? name : `${path}.${name}`, found)
}
