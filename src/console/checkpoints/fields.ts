// A row then and now, field by field.
import { walk } from '../entry/differences.ts'

export interface Field {
  /** `attempts.0.status`. */
  readonly path: string
  /** As text; undefined: it was not there. */
  readonly then: string | undefined
  readonly now: string | undefined
  readonly differs: boolean
}

/** Every field of both, in the order of the row as it is now, then those that it has no more. */
export function fieldsOf(before: object | undefined, after: object | undefined): Field[] {
  const [then, now] = [flat(before), flat(after)]
  return [...new Set([...now.keys(), ...then.keys()])].map((path) => {
    const [was, is] = [then.get(path), now.get(path)]
    return { path, then: was, now: is, differs: was !== is }
  })
}

function flat(row: object | undefined): Map<string, string> {
  const found = new Map<string, string>()
  if (row !== undefined) walk(row, '', found)
  return found
}
