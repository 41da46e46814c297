// The loaded scenario as a file, for the editor to begin with. YAML reads JSON, so what is inside of a rule is written as such.
import type { Scenario } from '../api/shapes.ts'

/** What the editor begins with where no scenario is loaded. */
export const FIRST = `name: first-answer-lost
summary: The first call is carried out, but the connection is cut before the answer.
rules:
  - when: { nth: 1 }
    then:
      - drop: { stage: after, how: reset }
`

/**
 * Writes a scenario as a file.
 * @param armed ids of rules that are not of the scenario, because somebody armed them by hand
 */
export function textOf({ name, stories, seed, clock, rules, timeline }: Scenario, armed: readonly string[]): string {
  const own = rules.filter(({ id }) => !armed.includes(id))
  const summary = stories
    .flatMap((story) => story.summary ?? [])
    .join(' ')
    .trim()
  return [
    `name: ${JSON.stringify(name ?? 'unnamed')}`,
    ...(summary === '' ? [] : [`summary: ${JSON.stringify(summary)}`]),
    ...(seed === null ? [] : [`seed: ${JSON.stringify(seed)}`]),
    ...(clock === null ? [] : [`clock: ${JSON.stringify(clock)}`]),
    ...(own.length === 0 ? [] : ['rules:']),
    ...own.flatMap(({ when, then }) => [
      `  - when: ${JSON.stringify(when)}`,
      '    then:',
      ...then.map((action) => `      - ${JSON.stringify(action)}`),
    ]),
    ...(timeline.length === 0 ? [] : ['timeline:']),
    ...timeline.flatMap(({ at, do: does }) => [`  - at: ${JSON.stringify(at)}`, `    do: ${JSON.stringify(does)}`]),
    '',
  ].join('\n')
}
