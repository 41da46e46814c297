// Every place of a value, and a copy with another value there: for files that are spoiled one place at a time.

export type Place = readonly (string | number)[]

/** Where there is anything to change. */
export function placesIn(value: unknown): Place[] {
  if (typeof value !== 'object' || value === null) return [[]]
  return [
    [],
    ...Object.entries(value).flatMap(([key, item]) =>
      placesIn(item).map((place) => [Array.isArray(value) ? Number(key) : key, ...place]),
    ),
  ]
}

/** A copy with another value there; undefined: nothing. */
export function put(whole: any, [first, ...rest]: Place, value: unknown): any {
  if (first === undefined) return value === undefined ? null : value
  if (typeof whole !== 'object' || whole === null) return whole
  const copy = Array.isArray(whole) ? [...whole] : { ...whole }
  copy[first] = rest.length === 0 ? value : put(copy[first], rest, value)
  return copy
}
