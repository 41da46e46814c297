// The scenario of each run, drawn from the seed and the number of the run alone: first every family with every provider once, in an order of the seed's
// own, then mixtures.
import type { RuleInput, ScenarioInput, StepInput } from '../library/api.ts'
import { draw, type Draw } from '../world/draws.ts'
import { type Disturbance, FAMILIES } from './disturbances.ts'
import type { Profile, ProviderProfile } from './profile.ts'

/** How many families a mixture has. */
const MOST = 4

interface Choice {
  readonly family: string
  readonly provider: ProviderProfile
}

/** The scenarios that a profile allows. */
export class Draws {
  readonly #seed: string
  readonly #profile: Profile
  readonly #choices: readonly Choice[]

  constructor(seed: string, profile: Profile) {
    this.#seed = seed
    this.#profile = profile
    const probe = draw(seed, ['explore', 'probe'])
    const choices = profile.providers.flatMap((provider) =>
      Object.keys(FAMILIES)
        .map((family) => ({ family, provider }))
        .filter((choice) => this.#drawn(choice, probe) !== undefined),
    )
    this.#choices = shuffled(choices, draw(seed, ['explore', 'order']))
  }

  /** How many runs it takes until every family was drawn with every provider. */
  get round(): number {
    return this.#choices.length
  }

  // rule: sandgate.explore.seed
  /** The scenario of a run, from 1. */
  of(run: number): ScenarioInput {
    const random = draw(this.#seed, ['explore', run])
    const single = this.#choices[run - 1]
    const chosen = single
      ? [single]
      : Array.from({ length: 2 + random.below(MOST - 1) }, () => this.#choices[random.below(this.#choices.length)]!)
    return scenarioOf(chosen.flatMap((choice) => this.#drawn(choice, random) ?? []))
  }

  #drawn({ family, provider }: Choice, random: Draw): Disturbance | undefined {
    return FAMILIES[family]!({ ...provider, profile: this.#profile, random })
  }
}

/** What goes wrong, one after the other. */
export function scenarioOf(parts: readonly Pick<ScenarioInput, 'rules' | 'timeline'>[]): {
  rules: RuleInput[]
  timeline: StepInput[]
} {
  return {
    rules: parts.flatMap(({ rules = [] }) => rules),
    timeline: parts.flatMap(({ timeline = [] }) => timeline),
  }
}

function shuffled<Item>(items: readonly Item[], random: Draw): Item[] {
  const left = [...items]
  return items.map(() => left.splice(random.below(left.length), 1)[0]!)
}
