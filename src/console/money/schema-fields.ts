// The fields of a form out of the JSON Schema of an action, and its body out of what was filled in.

/** The part of JSON Schema that the fields of actions use. */
export interface Schema {
  readonly type?: string
  readonly enum?: readonly unknown[]
  readonly default?: unknown
  readonly anyOf?: readonly Schema[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
}

export interface FormField {
  /** Its place in the body: of a field of a field, both names. */
  readonly path: readonly string[]
  /** The path as one name: `against.symbol`. */
  readonly name: string
  /** It has to be filled in; a field of a field only where another one of them is. */
  readonly required: boolean
  readonly choices?: readonly string[]
  readonly hint?: string
  readonly is: 'text' | 'integer' | 'boolean'
}

/** The fields of a form, those of objects inside of it one by one. */
export function fieldsOf(schema: Schema, path: readonly string[] = [], outside = true): FormField[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, field]) => {
    const inner = [...path, key]
    const required = outside && (schema.required ?? []).includes(key)
    if (field.type === 'object') return fieldsOf(field, inner, required)
    const choices = field.type === 'boolean' ? ['true', 'false'] : field.enum?.map(String)
    return [
      {
        path: inner,
        name: inner.join('.'),
        required: required && field.default === undefined,
        is: kindOf(field),
        ...(choices && { choices }),
        ...(field.default !== undefined && { hint: `Empty: ${String(field.default)}.` }),
      },
    ]
  })
}

function kindOf({ type, anyOf = [] }: Schema): FormField['is'] {
  if (type === 'boolean') return 'boolean'
  return type === 'integer' || anyOf.some((one) => one.type === 'integer') ? 'integer' : 'text'
}

/** The body of an action. Empty fields are left out; a text that is no number is sent as it is, so that the answer says what is wrong with it. */
export function bodyOf(
  fields: readonly FormField[],
  values: Readonly<Record<string, string>>,
): Record<string, unknown> {
  const body: Record<string, unknown> = {}
  for (const { path, name, is } of fields) {
    const text = (values[name] ?? '').trim()
    if (text === '') continue
    let place = body
    for (const key of path.slice(0, -1)) place = (place[key] ??= {}) as Record<string, unknown>
    place[path.at(-1)!] = valueOf(text, is)
  }
  return body
}

function valueOf(text: string, is: FormField['is']): unknown {
  if (is === 'boolean') return text === 'true'
  // A number with more digits than a number holds would become another one.
  return is === 'integer' && /^-?\d{1,15}$/.test(text) ? Number(text) : text
}
