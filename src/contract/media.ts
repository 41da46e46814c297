// Media types of a document: which entry stands for the type of a body, and what a body of that type can be held against.
import { convert, typeOf } from './parameters.ts'
import { escape, type Pointers } from './pointers.ts'

/** How the bodies of one media type are read, and where their schema stands; without one anything goes. */
export interface Medium {
  readonly kind: 'json' | 'form' | 'text' | 'unread'
  readonly schema: string | undefined
}

/** Without parameters, in lower case. */
export function bareType(mediaType: string): string {
  return mediaType.split(';', 1)[0]!.trim().toLowerCase()
}

/** The type itself, else the range that it is in. */
export function entryFor<Entry>(types: ReadonlyMap<string, Entry>, mediaType: string): Entry | undefined {
  const bare = bareType(mediaType)
  for (const key of [bare, `${bare.split('/', 1)[0]}/*`, '*/*']) if (types.has(key)) return types.get(key)
  return undefined
}

/** The media types of a request's body. Throws with the place where a schema is for bodies that are not read. */
export function readMedia(pointer: string, content: unknown, pointers: Pointers): Map<string, Medium> {
  if (typeof content !== 'object' || content === null || Object.keys(content).length === 0)
    throw pointers.wrong(pointer, 'has no media type')
  return new Map(
    Object.entries(content).map(([type, media]) => {
      const place = `${pointer}/${escape(type)}`
      if (typeof media !== 'object' || media === null) throw pointers.wrong(place, 'is not an object')
      return [
        bareType(type),
        mediumOf(bareType(type), media.schema === undefined ? undefined : `${place}/schema`, pointers),
      ]
    }),
  )
}

function mediumOf(type: string, schema: string | undefined, pointers: Pointers): Medium {
  if (/[/+]json$/.test(type)) return { kind: 'json', schema }
  if (type === 'application/x-www-form-urlencoded') return { kind: 'form', schema }
  if (saysNothing(schema, pointers)) return { kind: 'unread', schema: undefined }
  if (type === '*/*' || type === 'application/*') return { kind: 'json', schema }
  if (type.startsWith('text/') && typeOf(schema!, pointers).type === 'string') return { kind: 'text', schema }
  throw pointers.wrong(
    schema!,
    `describes a body of ${type}, which is not supported: only JSON, forms and text are; leave the schema out, or say type: string, format: binary`,
  )
}

/** Whether any body at all is right. */
function saysNothing(schema: string | undefined, pointers: Pointers): boolean {
  if (schema === undefined) return true
  const { type, format, contentMediaType, contentEncoding, description, title, example, examples, ...more } =
    pointers.at(pointers.follow(schema))
  return (
    Object.keys(more).length === 0 &&
    (type === undefined ||
      (type === 'string' && (format === 'binary' || contentMediaType !== undefined || contentEncoding !== undefined)))
  )
}

/** A form as the value that its schema describes: numbers as numbers, lists as lists, what is an object in JSON. */
export function readForm(text: string, schema: string, pointers: Pointers): Record<string, unknown> {
  const sent = new URLSearchParams(text)
  const at = typeOf(schema, pointers).at
  const properties = pointers.at(at)?.properties ?? {}
  return Object.fromEntries(
    [...new Set(sent.keys())].map((name) => {
      const place = `${at}/properties/${escape(name)}`
      const { type, at: where } = Object.hasOwn(properties, name)
        ? typeOf(place, pointers)
        : { type: undefined, at: place }
      const all = sent.getAll(name)
      if (type === 'array')
        return [
          name,
          all.map((one) =>
            convert(one, pointers.at(where).items === undefined ? undefined : typeOf(`${where}/items`, pointers).type),
          ),
        ]
      return [name, type === 'object' ? parsed(all.at(-1)!) : convert(all.at(-1)!, type)]
    }),
  )
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
