// What is wrong with a call, as a provider is told it: each kind of problem in the one form that all of them have.
import type { ErrorObject } from 'ajv/dist/2020.js'
import type { Problem } from '../provider.ts'
import type { Medium } from './media.ts'

/** A body of a media type that the document does not name. */
export function otherType(mediaType: string | undefined, media: ReadonlyMap<string, Medium>): Problem {
  const message =
    media.size === 1 && media.has('application/json') ? 'is not JSON' : `is none of ${[...media.keys()].join(', ')}`
  return { in: 'body', at: [], keyword: 'mediaType', params: { mediaType }, message, value: undefined }
}

/** A value that has to be there. */
export function missing(where: Problem['in'], name: string): Problem {
  return {
    in: where,
    at: [name],
    keyword: 'required',
    params: { missingProperty: name },
    message: 'is required',
    value: undefined,
  }
}

/** An error of Ajv's as a problem: where it is, and what the keyword says. */
export function problem(error: ErrorObject, where: Problem['in'], at: (string | number)[]): Problem {
  const path = error.instancePath
    .split('/')
    .slice(1)
    .map((part) => {
      const name = part.replaceAll('~1', '/').replaceAll('~0', '~')
      return /^\d+$/.test(name) ? Number(name) : name
    })
  // What a value of another type cannot have, it lacks.
  const required = error.keyword === 'type' ? error.parentSchema?.required : undefined
  return {
    in: where,
    at: [...at, ...path],
    keyword: error.keyword,
    params: required ? { ...error.params, required } : error.params,
    message: error.message ?? error.keyword,
    value: error.data,
  }
}
