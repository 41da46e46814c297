// JSON text from a tree that may hold scalars of its own, such as numbers kept as they were written; and canonical JSON, whose text is the same for
// documents that differ only in white space and the order of keys. Fingerprints of idempotency are made from it and are on disk: it must not change.

/** The text of a scalar that is not JSON's own; undefined for everything else. */
export type ScalarText = (value: unknown) => string | undefined

/** JSON text; members that are undefined are left out. */
export function jsonText(value: unknown, scalar: ScalarText): string {
  return written(value, scalar, (keys) => keys)
}

/** The same with the keys of every object in the order of their UTF-16 code units. */
export function canonicalJson(value: unknown, scalar: ScalarText): string {
  return written(value, scalar, (keys) => keys.sort())
}

function written(value: unknown, scalar: ScalarText, order: (keys: string[]) => string[]): string {
  const own = scalar(value)
  if (own !== undefined) return own
  if (Array.isArray(value)) return `[${value.map((item) => written(item, scalar, order)).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = value as Record<string, unknown>
  const keys = order(Object.keys(members)).filter((key) => members[key] !== undefined)
  return `{${keys.map((key) => `${JSON.stringify(key)}:${written(members[key], scalar, order)}`).join(',')}}`
}
