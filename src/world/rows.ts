// What a row must be: the words that the schemas of tables are written in, and the look at one row. Whether the rows that it names are there is left
// to integrity.ts.
import { z, type ZodType } from 'zod'
import type { Table } from './tables.ts'

/** No date is further away from 1970. */
export const LAST_MS = 8.64e15
/** Ids of timers have twelve digits, and other numbers go on as far. */
const LAST_NUMBER = 999_999_999_999

export const Text = z.string({ error: 'expected text' })
export const Flag = z.boolean({ error: 'expected true or false' })
/** Something counted, or the place of a row among others. */
export const Count = z
  .int({ error: 'expected a whole number' })
  .min(0, 'expected a number of at least 0')
  .max(LAST_NUMBER, 'the number is too large')
/** World time or wall time, ms since 1970. */
export const Moment = z
  .int({ error: 'expected a time in whole milliseconds since 1970' })
  .min(-LAST_MS, 'the time is too early')
  .max(LAST_MS, 'the time is too late')
/** A whole amount, as text because it may outgrow a number. */
export const Digits = z
  .string({ error: 'expected decimal digits as text' })
  .regex(/^\d{1,100}$/, 'expected decimal digits')
/** The same, with a minus in front where it is below zero. */
export const SignedDigits = z
  .string({ error: 'expected decimal digits as text' })
  .regex(/^-?\d{1,100}$/, 'expected decimal digits')
/** Plain decimal text above or at nought. */
export const Decimal = z
  .string({ error: 'expected a decimal as text' })
  .regex(/^\d{1,100}(\.\d{1,38})?$/, 'expected a decimal such as "12.5"')
/** JSON text that holds an object. */
export const JsonObject = Text.refine(holdsObject, 'expected the text of a JSON object')

/** A name that is one of those there are. */
export function oneOf<const Name extends string>(names: readonly Name[]) {
  return z.enum(names, { error: `expected one of ${names.slice(0, 12).join(', ')}${names.length > 12 ? ', …' : ''}` })
}

function holdsObject(text: string): boolean {
  try {
    const value = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
  } catch {
    return false
  }
}

/** How much of a key is told. */
export const TOLD_CHARACTERS = 100

/** What is wrong with a row: where in it, and a sentence. */
export interface RowProblem {
  readonly at: readonly PropertyKey[]
  readonly message: string
}

export type RowCheck = (key: string, row: unknown) => RowProblem | undefined

/**
 * Looks at rows of one table. Hundreds of thousands are looked at before a sandbox is ready, so the usual row, with its fields in the order of the
 * schema, is held against plain conditions; every other one is the schema's to judge.
 */
export function rowCheck({ key: keyOf, schema, secret }: Table<any>): RowCheck {
  const names = Object.keys(schema.shape)
  const fits = Object.values(schema.shape).map(condition)
  const isUsual = (row: any): boolean => {
    let at = 0
    for (const name in row) {
      if (name !== names[at] || !fits[at]!(row[name])) return false
      at++
    }
    return at === names.length
  }
  return (key, row) => {
    if (typeof row !== 'object' || row === null || Array.isArray(row))
      return { at: [], message: 'the row is not an object' }
    const own = keyOf(row)
    if (own !== key)
      return {
        at: [],
        message: secret
          ? 'the row has another key'
          : `the row has the key ${JSON.stringify(own)?.slice(0, TOLD_CHARACTERS)}`,
      }
    if (isUsual(row)) return undefined
    const parsed = schema.safeParse(row, { reportInput: true })
    return parsed.success ? undefined : problemOf(parsed.error.issues[0]!)
  }
}

function condition(schema: ZodType): (value: unknown) => boolean {
  if (schema === Text) return (value) => typeof value === 'string'
  if (schema === Flag) return (value) => typeof value === 'boolean'
  if (schema === Count)
    return (value) => Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= LAST_NUMBER
  if (schema === Moment) return (value) => Number.isSafeInteger(value) && Math.abs(value as number) <= LAST_MS
  if (schema instanceof z.ZodNullable) {
    const inner = condition(schema.unwrap() as ZodType)
    return (value) => value === null || inner(value)
  }
  if (schema instanceof z.ZodEnum) {
    const names = new Set<unknown>(schema.options)
    return (value) => names.has(value)
  }
  return (value) => schema.safeParse(value).success
}

function problemOf(issue: z.core.$ZodIssue): RowProblem {
  if (issue.code === 'unrecognized_keys')
    return { at: issue.path, message: `unknown field "${issue.keys[0]!.slice(0, TOLD_CHARACTERS)}"` }
  return { at: issue.path, message: `${issue.message}, got ${kindOf(issue.input)}` }
}

/** Never the value itself where it is text: it may be a secret in the wrong place. */
function kindOf(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (typeof value === 'string') return value === '' ? 'empty text' : 'text'
  if (typeof value !== 'object' || value === null) return String(value)
  return Array.isArray(value) ? 'a list' : 'an object'
}

const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/
/** Statuses and headers that can be sent. */
export const StatusSchema = z
  .int({ error: 'expected a status' })
  .min(200, 'expected a status from 200 on')
  .max(599, 'expected a status up to 599')
export const HeadersSchema = z.record(
  z.string().regex(HEADER_NAME, 'expected the name of a header'),
  z.string({ error: 'expected the text of a header' }).regex(HEADER_VALUE, 'cannot stand in a header'),
  { error: 'expected headers by name' },
)
