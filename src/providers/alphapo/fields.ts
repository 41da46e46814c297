// What is wrong with the fields of a body, one text a field, in the words of the Laravel validator behind AlphaPo.
import { type Call, gate, type Problem, Refusal } from '../../provider.ts'
import type { World } from '../../world/world.ts'

/** Texts by field. */
export type FieldErrors = Map<string, string>

/** The fields of a body that has passed the gates; a list has none, and neither has null. */
// rule: alphapo.content.null
export function bodyOf({ content }: Call): any {
  return (content.kind === 'json' ? content.value : undefined) ?? {}
}

/** The last gate of operations that only the OpenAPI document validates. */
export const fieldsLegal = gate('schema_valid', 'fieldsLegal', (call: Call, world: World): void => {
  // What may be one of a few may be left out, too, and blank is as good as that.
  const errors = fieldErrors(call.problems.filter(({ keyword, value }) => keyword !== 'enum' || !isBlank(value)))
  forgive(errors, bodyOf(call), world)
  if (errors.size > 0) throw new Refusal('invalid_request', { errors: Object.fromEntries(errors) })
})

/** Older clients send no end_user_reference. */
// rule: alphapo.take.end-user-reference
export function forgive(errors: FieldErrors, body: any, world: World): void {
  if (world.assumes('alphapo.take.end-user-reference') === 'optional' && isBlank(body.end_user_reference))
    errors.delete('end_user_reference')
}

/** What the contract found. A body without any names, such as a list, lacks what is required. */
// rule: alphapo.errors.all-fields, rule: alphapo.errors.wording
export function fieldErrors(problems: readonly Problem[]): FieldErrors {
  const errors: FieldErrors = new Map()
  for (const problem of problems) {
    for (const field of fieldsOf(problem)) {
      if (!errors.has(field)) errors.set(field, problem.at.length === 0 ? lacking(field) : reason(field, problem))
    }
  }
  return errors
}

/** What is said of a merchant's own id that it has used before. */
export const TAKEN = 'The foreign id has already been taken.'

/** One thing is wrong with what is asked for, in a body whose fields are all legal. */
export function refuse(field: string, text: string, hint?: string): never {
  throw new Refusal('invalid_request', { errors: { [field]: text } }, hint)
}

export function lacking(field: string): string {
  return `The ${spoken(field)} field is required.`
}

export function unknownChoice(field: string): string {
  return `The selected ${spoken(field)} is invalid.`
}

/** As Laravel's `required` understands it: nothing, or nothing but white space. */
export function isBlank(value: unknown): boolean {
  return value === undefined || value === null || (typeof value === 'string' && value.trim() === '')
}

function fieldsOf({ keyword, params, at }: Problem): readonly string[] {
  if (at.length > 0) return [String(at[0])]
  return keyword === 'required' ? [params.missingProperty] : (params.required ?? [])
}

/** What a field that is no string must be. */
const KINDS: Readonly<Record<string, string>> = {
  amount: 'a number',
  amount_to: 'a number',
  sender_amount: 'a number',
  receiver_amount: 'a number',
  price: 'a number',
  id: 'an integer',
  life_time_duration: 'an integer',
  life_time_datetime: 'an integer',
}

function reason(field: string, { keyword, params, value }: Problem): string {
  if (isBlank(value)) return lacking(field)
  switch (keyword) {
    case 'maxLength':
      return `The ${spoken(field)} may not be greater than ${params.limit} characters.`
    case 'enum':
      return params.allowedValues.includes(true) ? noBoolean(field) : unknownChoice(field)
    case 'type':
    case 'minimum':
    case 'maximum':
      return [params.type].flat().includes('boolean')
        ? noBoolean(field)
        : `The ${spoken(field)} must be ${KINDS[field] ?? 'a string'}.`
    default:
      return `The ${spoken(field)} format is invalid.`
  }
}

// rule: alphapo.errors.boolean
function noBoolean(field: string): string {
  return `The ${spoken(field)} field must be true or false.`
}

export function spoken(field: string): string {
  return field.replaceAll('_', ' ')
}
