// What is wrong with the fields of a body, one text a field, in the words of the Laravel validator behind AlphaPo.
import { type Call, type Problem, Refusal } from '../../provider.ts'

/** Texts by field. */
export type FieldErrors = Map<string, string>

/** The last gate where the document alone says what is right. */
export function fieldsLegal(call: Call): void {
  // What may be one of a few may be left out, too, and blank is as good as that.
  const errors = fieldErrors(call.problems.filter(({ keyword, value }) => keyword !== 'enum' || !isBlank(value)))
  if (errors.size > 0) throw new Refusal('invalid_request', { errors: Object.fromEntries(errors) })
}

/** What the contract found. `required` are the fields that a body without any names lacks. */
// rule: alphapo.errors.all-fields, rule: alphapo.errors.wording
export function fieldErrors(problems: readonly Problem[], required: readonly string[] = []): FieldErrors {
  const errors: FieldErrors = new Map()
  for (const problem of problems) {
    for (const field of fieldsOf(problem, required)) {
      if (!errors.has(field)) errors.set(field, problem.at.length === 0 ? lacking(field) : reason(field, problem))
    }
  }
  return errors
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

function fieldsOf({ keyword, params, at }: Problem, required: readonly string[]): readonly string[] {
  if (at.length > 0) return [String(at[0])]
  return keyword === 'required' ? [params.missingProperty] : required
}

/** What a field that is no string must be. */
const KINDS: Readonly<Record<string, string>> = { amount: 'a number', amount_to: 'a number', sender_amount: 'a number', receiver_amount: 'a number', price: 'a number', id: 'an integer' }

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
      return params.type === 'boolean' ? noBoolean(field) : `The ${spoken(field)} must be ${KINDS[field] ?? 'a string'}.`
    default:
      return `The ${spoken(field)} format is invalid.`
  }
}

function noBoolean(field: string): string {
  return `The ${spoken(field)} field must be true or false.`
}

export function spoken(field: string): string {
  return field.replaceAll('_', ' ')
}
