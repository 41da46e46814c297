// What is wrong with a call of the control API, in sentences for people: where, what was expected, and the nearest right name.
import type { Problem } from '../provider.ts'
import { didYouMean } from '../text/suggest.ts'
import type { Contract, ContractOperation } from './contract.ts'

/** Every problem as a sentence. */
export function problemSentence(problem: Problem, operation: ContractOperation, contract: Contract): string {
  return inWords(problem, keysAt(problem.at, operation, contract))
}

/** What is wrong with a call, where, and what was expected. */
function inWords({ in: where, at, keyword, params, message }: Problem, keys: readonly string[]): string {
  const place = `${where} ${at.join('.')}`.trim()
  switch (keyword) {
    case 'additionalProperties':
      return `${place}: unknown key "${String(params.additionalProperty).slice(0, 80)}"${didYouMean(params.additionalProperty, keys)}`
    case 'minProperties':
      return `${place} is empty; it takes ${keys.join(', ')}`
    case 'maxProperties':
      return `${place} takes only one of ${keys.join(', ')}`
    case 'enum':
      return `${place} must be one of ${params.allowedValues.join(', ')}`
    case 'const':
      return `${place} must be ${params.allowedValue}`
    case 'syntax':
      return `the body is not JSON: ${message}`
    default:
      return `${place} ${message}`
  }
}

/** The keys that the document knows at this place of a body. */
function keysAt(at: Problem['at'], { path, method }: ContractOperation, { document }: Contract): string[] {
  const named = (schema: any) =>
    schema?.$ref === undefined ? schema : document.components.schemas[schema.$ref.split('/').at(-1)]
  const whole = document.paths[path][method.toLowerCase()].requestBody?.content['application/json'].schema
  return Object.keys(
    at.reduce((schema: any, part) => named(schema?.properties?.[part]), named(whole))?.properties ?? {},
  )
}
