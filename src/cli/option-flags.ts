// An option of a sandbox as a flag of the command line, with its environment variable.
import { InvalidArgumentError, type Option } from 'commander'
import { z } from 'zod'
import type { FlagOption } from '../options.ts'
import { flag } from './flags.ts'

export function flagOf({ name, flag: flags, schema, description, default: otherwise }: FlagOption): Option {
  const option = flag(flags, description)
  const parse = (text: string) => read(schema, schema instanceof z.ZodNumber ? numberIn(text) : text, name)
  // What switches something off is on unless it is said.
  if (schema instanceof z.ZodBoolean) return option.negate ? option : option.default(false)
  if (schema instanceof z.ZodEnum) return option.choices(schema.options.map(String)).default(otherwise)
  if (schema instanceof z.ZodArray)
    return option.default([], 'none').argParser(listOf(schema.element as z.ZodType, name))
  if (schema instanceof z.ZodNumber) return option.default(Number(otherwise)).argParser(parse)
  return (name === 'host' ? option.default(otherwise) : option).argParser(parse)
}

/** A flag that may be repeated. A variable cannot be, so commas may stand between several host names; a file name may hold one itself. */
function listOf(item: z.ZodType, name: string): (text: string, before: string[]) => string[] {
  return (text, before) => {
    const parts = name === 'scenarios' ? [text] : text.split(',').map((part) => part.trim().toLowerCase())
    return [...before, ...parts.map((part) => String(read(item, part, name)))]
  }
}

function numberIn(text: string): number | string {
  return /^\d{1,5}$/.test(text) ? Number(text) : text
}

function read(schema: z.ZodType, value: unknown, name: string): unknown {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  // The text stays out of the message where it is a secret.
  const got = name === 'controlToken' ? '' : `, got "${String(value)}"`
  throw new InvalidArgumentError(`${parsed.error.issues[0]!.message}${got}`)
}
