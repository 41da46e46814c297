// What a world was asked to be, kept with it: whoever asks again for the same one finds it, whichever job comes first.
import { bounded } from '../text/complaints.ts'
import { SandgateError } from './errors.ts'
import type { Start, Wish } from './starts.ts'
import { DEFAULT_WORLD } from './worlds.ts'

/** How much of a value is told. */
const TOLD_CHARACTERS = 80

/** Throws `world_exists`, with what differs, where a world was made from another wish than this one. `start`: what a world of this wish would be made from. */
export function refuseOtherWish(id: string, made: Start, wish: Wish, start: Start): void {
  const differences = differencesOf(id, made, wish, start)
  if (differences.length === 0) return
  const way =
    id === DEFAULT_WORLD
      ? 'The default world is made by the start of the sandbox: ask for nothing, or for a world of its own with PUT /w/{id}/_sandgate'
      : `Ask for what it was made from, use another id, or delete it with DELETE /_sandgate/worlds/${id}`
  throw new SandgateError(
    'world_exists',
    `there is a world "${id}" already, made otherwise: ${differences.join('; ')}. ${way}`,
    { ...(differences.length > 1 && { problems: differences }) },
  )
}

// rule: sandgate.worlds.ensure
function differencesOf(id: string, made: Start, wish: Wish, start: Start): string[] {
  const was = made.wish ?? (id === DEFAULT_WORLD ? {} : undefined)
  // A world that was stored by an earlier version does not say more than this.
  if (!was)
    return [
      ...differing('seed', made.seed, start.seed),
      ...differing('clock', made.clock, start.clock),
      ...assuming(made, start),
    ]
  return [
    ...differing('from', was.from, wish.from),
    ...differing('seed', was.seed, wish.seed),
    ...differing('clock', was.clock, wish.clock),
    ...assuming(was, wish),
    ...(was.scenario === wish.scenario ? [] : [scenarioDiffers(was.scenario, wish.scenario)]),
  ]
}

function assuming({ assume: was = {} }: Wish, { assume: wished = {} }: Wish): string[] {
  const rules = [...new Set([...Object.keys(was), ...Object.keys(wished)])].sort()
  return bounded(rules.flatMap((rule) => differing(`assume ${told(rule)}`, own(was, rule), own(wished, rule))))
}

function own(values: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.hasOwn(values, name) ? values[name] : undefined
}

function differing(field: string, was: string | undefined, wished: string | undefined): string[] {
  if (was === wished) return []
  const told = (value: string | undefined) => (value === undefined ? 'none' : quoted(value))
  return [`${field} was ${told(was)} and is asked to be ${told(wished)}`]
}

/** By the fact alone: it may be long. */
function scenarioDiffers(was: string | undefined, wished: string | undefined): string {
  if (was === undefined) return 'it was made without a scenario, and is asked to have one'
  return wished === undefined
    ? 'it was made with a scenario, and is asked to have none'
    : 'it was made with another scenario'
}

function quoted(value: string): string {
  return JSON.stringify(told(value))
}

function told(text: string): string {
  return text.length <= TOLD_CHARACTERS ? text : `${text.slice(0, TOLD_CHARACTERS)}…`
}
