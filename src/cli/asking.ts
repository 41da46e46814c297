// A question to the control API of a running sandbox, in one of its worlds: what is answered, or a sentence why there is no answer and what to do.
import type { Command } from 'commander'
import { UsageError } from '../engine/errors.ts'
import { WORLD_ID } from '../engine/world-ids.ts'
import { visible } from '../telemetry/lines.ts'
import { flag, notEmpty } from './flags.ts'
import { ask, type Asked, baseUrl, bearer, jsonOf, unanswered, type Where, whereFlags } from './where.ts'

export interface Place extends Where {
  readonly world?: string
}

/** The flags that say which world of which sandbox is asked. */
export function placeFlags(command: Command): Command {
  return whereFlags(command).addOption(
    flag('--world <world>', 'world to ask (default: the default world)').argParser(notEmpty),
  )
}

/** Where the control API of the world is. */
export function controlUrl(place: Place): string {
  const { world } = place
  if (world !== undefined && !WORLD_ID.test(world)) throw new UsageError(`--world ${world}: not a world id`)
  return `${baseUrl(place)}${world === undefined ? '' : `/w/${world}`}/_sandgate`
}

/** The answer, whatever its status. Throws when there is none, or another program gives it. */
export async function askControl(
  place: Place,
  method: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  body?: Buffer,
): Promise<Asked> {
  const url = controlUrl(place)
  const answer = await ask(method, `${url}${path}`, { ...headers, ...bearer(place) }, body).catch((error: Error) => {
    throw new UsageError(`${url} did not answer: ${unanswered(error)}`)
  })
  if (answer.status >= 300 && refusalOf(answer.text) === undefined)
    throw new UsageError(`${url} did not answer as Sandgate: ${answer.status} ${visible(answer.text, 200)}`.trimEnd())
  return answer
}

/** Tells the sentence of a refusal with its code, and lets the command end with 1. */
export function tellRefusal(text: string): void {
  console.error(`sandgate: ${refusalOf(text)}`)
  process.exitCode = 1
}

/** The sentence of a refusal with its code; undefined: the text is no refusal of Sandgate. */
export function refusalOf(text: string): string | undefined {
  const { code, detail, problems } = jsonOf(text) ?? {}
  if (typeof code !== 'string' || typeof detail !== 'string') return undefined
  // One problem is the sentence itself.
  const more =
    Array.isArray(problems) && problems.length > 1 ? problems.map((problem) => `\n  ${visible(String(problem))}`) : []
  return `${visible(detail, 2000)} (${visible(code)})${more.join('')}`
}
