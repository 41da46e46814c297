// Arrays as parameters of a statement, in PostgreSQL's binary format: the driver would write bytes as text of twice the length.

const OIDS = { boolean: 16, bytea: 17, bigint: 20, text: 25 } as const

/** An array of one dimension, for a parameter that is cast to `TYPE[]`; null is SQL's null. */
function arrayOf(type: keyof typeof OIDS, elements: readonly (Buffer | null)[]): Buffer {
  const head = Buffer.allocUnsafe(20)
  head.writeInt32BE(elements.length === 0 ? 0 : 1, 0)
  head.writeInt32BE(1, 4)
  head.writeInt32BE(OIDS[type], 8)
  head.writeInt32BE(elements.length, 12)
  head.writeInt32BE(1, 16)
  if (elements.length === 0) return head.subarray(0, 12)
  const pieces: Uint8Array[] = [head]
  for (const element of elements) {
    const length = Buffer.allocUnsafe(4)
    length.writeInt32BE(element === null ? -1 : element.length)
    pieces.push(length)
    if (element !== null) pieces.push(element)
  }
  return Buffer.concat(pieces)
}

export function texts(values: readonly (string | null)[]): Buffer {
  return arrayOf(
    'text',
    values.map((value) => (value === null ? null : Buffer.from(value))),
  )
}

export function bytes(values: readonly Buffer[]): Buffer {
  return arrayOf('bytea', values)
}

export function bigints(values: readonly number[]): Buffer {
  return arrayOf(
    'bigint',
    values.map((value) => {
      const element = Buffer.allocUnsafe(8)
      element.writeBigInt64BE(BigInt(value))
      return element
    }),
  )
}

export function booleans(values: readonly boolean[]): Buffer {
  return arrayOf(
    'boolean',
    values.map((value) => Buffer.of(value ? 1 : 0)),
  )
}
