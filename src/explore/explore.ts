// `sandgate explore`: drives the partner's command again and again, each time in a new world in which something else goes wrong. What fails is repeated,
// made as small as it can be, and written down.
import type { ScenarioInput } from '../library/api.ts'
import { Stopped } from './command.ts'
import { Draws, scenarioOf } from './draws.ts'
import { leaveHome, nextFolder, prepareHome, receiptOf, removeFolder, writeFind, writeScenario } from './folder.ts'
import { profileOf, type ProviderProfile } from './profile.ts'
import { type Failure, type Outcome, run, type RunInput, type Setting } from './run.ts'
import { sentenceOf } from './sentences.ts'
import { type Part, partsOf, scenarioWith, shrink } from './shrink.ts'

/** After so many finds the rest can wait. */
const MOST_FINDS = 20
/** Each find of one run costs many more runs. */
const MOST_A_RUN = 3
/** How often a find is made again, with what goes wrong and without, before it is told. */
const SURE = 3

export interface ExploreOptions {
  readonly seed: string
  /** How many runs; as many as there is time for unless given. */
  readonly runs: number | undefined
  /** For how long, wall ms. */
  readonly forMs: number | undefined
  /** This run of the seed alone. */
  readonly only: number | undefined
  /** How many runs are made at once. */
  readonly jobs: number
  /** Whether the first find ends it. */
  readonly first: boolean
  /** What every world has beside what is drawn. */
  readonly base: ScenarioInput
  /** Where finds are written. */
  readonly home: string
  /** Put before the ids of worlds. */
  readonly prefix: string
  /** The command line that makes one run of this exploration again. */
  readonly again: (run: number) => string
  /** The command line that proves what a scenario file shows. */
  readonly prove: (file: string) => string
  readonly now: () => number
  readonly listener: Listener
}

/** Hears what happens. */
export interface Listener {
  /** The command passed in a world where nothing goes wrong. */
  controlled(outcome: Outcome, providers: readonly ProviderProfile[], ms: number): void
  progress(progress: Progress): void
  found(find: Find): void
  flaky(run: number, failure: Failure): void
}

export interface Progress {
  readonly runs: number
  readonly of: number | undefined
  /** How many of them failed. */
  readonly failed: number
  readonly finds: number
  readonly flaky: number
  /** Wall ms; undefined where nobody knows. */
  readonly leftMs: number | undefined
}

/** One way to make the command fail. */
export interface Find {
  readonly folder: string
  /** Undefined: nothing needs to go wrong. */
  readonly run: number | undefined
  readonly failure: Failure
  readonly scenario: ScenarioInput
}

export interface Summary {
  readonly runs: number
  /** How many of them failed. */
  readonly failed: number
  readonly finds: readonly Find[]
  readonly flaky: readonly number[]
  readonly ms: number
  /** Whether somebody stopped it before its end. */
  readonly stopped: boolean
}

/** The exploration cannot begin; the message says why and what to do. */
export class CannotExplore extends Error {}

// rule: sandgate.explore
/** Explores to its end, or until it is stopped. Throws `CannotExplore` or `CannotStart`. */
export async function explore(setting: Setting, options: ExploreOptions): Promise<Summary> {
  const explorer = new Explorer(setting, options)
  let stopped = false
  prepareHome(options.home)
  try {
    await explorer.control()
    await explorer.go()
  } catch (error) {
    if (!(error instanceof Stopped)) throw error
    stopped = true
  } finally {
    leaveHome(options.home)
  }
  return { ...explorer.summary(), stopped }
}

class Explorer {
  readonly #setting: Setting
  readonly #options: ExploreOptions
  readonly #began: number
  readonly #finds: Find[] = []
  readonly #flaky: number[] = []
  /** Kinds of failures that need nothing to go wrong. */
  readonly #always = new Set<string>()
  #draws: Draws | undefined
  #runs = 0
  #failed = 0
  #worlds = 0

  constructor(setting: Setting, options: ExploreOptions) {
    this.#setting = setting
    this.#options = options
    this.#began = options.now()
  }

  summary(): Omit<Summary, 'stopped'> {
    return {
      runs: this.#runs,
      failed: this.#failed,
      finds: this.#finds,
      flaky: this.#flaky,
      ms: this.#options.now() - this.#began,
    }
  }

  /** The command in a world where nothing goes wrong: it has to pass, and shows what it does. */
  async control(): Promise<void> {
    const { seed, base, listener, now } = this.#options
    const began = now()
    let providers: readonly ProviderProfile[] = []
    const outcome = await this.#run(seed, {}, async (world) => {
      providers = await profileOf(world, this.#setting.providers)
    })
    const { status, signal, timedOut, output, failures } = outcome
    const unreadable = failures.find(({ key }) => key === 'oracle:unreadable' || key === 'world')
    if (status !== 0 || timedOut)
      throw new CannotExplore(
        `the command fails in a world in which nothing goes wrong${timedOut ? ': it does not end in time (--timeout)' : signal === null ? ` (status ${status})` : ` (${signal})`}; it has to pass there first. Its output ends with:\n${tailOf(output)}`,
      )
    if (unreadable) throw new CannotExplore(unreadable.says)
    if (providers.length === 0)
      throw new CannotExplore(
        'the command called no provider; it finds the base URL of each in SANDGATE_ZOPAY_URL, SANDGATE_CPG_URL, SANDGATE_PAYWARD_URL and SANDGATE_ALPHAPO_URL, with its keys beside it',
      )
    this.#draws = new Draws(seed, { providers, spanMs: outcome.spanMs, quiet: outcome.quiet })
    listener.controlled(outcome, providers, now() - began)
    for (const failure of distinct(failures)) {
      this.#always.add(failure.key)
      await this.#write(undefined, seed, failure, base)
    }
  }

  /** Makes runs while there is time for more. */
  async go(): Promise<void> {
    const { only, runs, jobs, first } = this.#options
    if (only !== undefined) return this.#batch([only])
    for (let next = 1; !this.#over() && !(first && this.#finds.length > 0); next += jobs) {
      const last = Math.min(next + jobs - 1, runs ?? Infinity)
      if (last < next) return
      await this.#batch(Array.from({ length: last - next + 1 }, (_, index) => next + index))
    }
  }

  #over(): boolean {
    return this.#isLate() || this.#finds.length >= MOST_FINDS
  }

  #isLate(): boolean {
    const { forMs, now } = this.#options
    return forMs !== undefined && now() - this.#began >= forMs
  }

  /** Makes runs side by side, and looks into those that failed in their order. */
  async #batch(runs: readonly number[]): Promise<void> {
    const ended = await Promise.allSettled(
      runs.map((number) => this.#run(this.#seedOf(number), this.#draws!.of(number), undefined)),
    )
    for (const [index, one] of ended.entries()) {
      if (one.status === 'rejected') throw one.reason
      const { failures } = one.value
      this.#runs++
      const fresh = distinct(failures).filter(({ key }) => !this.#always.has(key))
      if (fresh.length > 0) this.#failed++
      const number = runs[index]!
      let looked = 0
      for (const failure of fresh) {
        if (looked >= MOST_A_RUN || (this.#options.first && this.#finds.length > 0)) break
        const unknown = await this.#unknown(number, failure)
        if (unknown === undefined) continue
        looked++
        await this.#look(number, failure, unknown)
      }
      this.#progress()
    }
  }

  #progress(): void {
    const { runs, forMs, only, listener, now } = this.#options
    const passed = now() - this.#began
    const of = only === undefined ? runs : 1
    const byRuns = of === undefined ? undefined : (passed / this.#runs) * Math.max(0, of - this.#runs)
    const byTime = forMs === undefined ? undefined : Math.max(0, forMs - passed)
    const left = [byRuns, byTime].filter((ms) => ms !== undefined)
    listener.progress({
      runs: this.#runs,
      of,
      failed: this.#failed,
      finds: this.#finds.length,
      flaky: this.#flaky.length,
      leftMs: left.length === 0 ? undefined : Math.min(...left),
    })
  }

  /** What is left of a failing run without what is known to fail in the same way; undefined: nothing that fails. */
  async #unknown(number: number, { key }: Failure): Promise<ScenarioInput | undefined> {
    const scenario = this.#draws!.of(number)
    const known = this.#finds.filter((find) => find.failure.key === key && find.run !== undefined)
    const shapes = new Set(known.flatMap((find) => [...shapesOf(find.scenario)]))
    if (!this.#known(key, scenario)) return scenario
    const left = partsOf(scenario).filter((part) => shapesOfPart(part).every((shape) => !shapes.has(shape)))
    return left.length > 0 && (await this.#fails(number, key, scenarioWith(left))) ? scenarioWith(left) : undefined
  }

  async #fails(number: number, key: string, scenario: ScenarioInput): Promise<boolean> {
    const { failures } = await this.#run(this.#seedOf(number), scenario, undefined)
    return failures.some((other) => other.key === key)
  }

  /** What a failing run is worth: a find that is known already, a flaky command, or a new find. */
  async #look(number: number, failure: Failure, scenario: ScenarioInput): Promise<void> {
    const { key } = failure
    const fails = (scenario: ScenarioInput) => this.#fails(number, key, scenario)
    // rule: sandgate.explore.flaky
    if (!(await fails(scenario))) return this.#tellFlaky(number, failure)
    const shrunk = await shrink(scenario, fails, () => this.#isLate())
    if (this.#known(key, shrunk.scenario)) return
    // It always fails with it, and never without: a command that fails every other time would seldom get through.
    for (let time = 0; time < SURE; time++)
      if (!(await fails(shrunk.scenario)) || (await fails({}))) return this.#tellFlaky(number, failure)
    const seed = this.#seedOf(number)
    await this.#write(number, seed, failure, this.#with(shrunk.scenario), shrunk.scenario)
  }

  #tellFlaky(number: number, failure: Failure): void {
    if (!this.#flaky.includes(number)) this.#flaky.push(number)
    this.#options.listener.flaky(number, failure)
  }

  /** Whether a find fails in the same way because of a part of this. */
  #known(key: string, scenario: ScenarioInput): boolean {
    const here = shapesOf(scenario)
    return this.#finds.some(
      (find) =>
        find.failure.key === key &&
        find.run !== undefined &&
        [...shapesOf(find.scenario)].every((one) => here.has(one)),
    )
  }

  /** Writes a find down, from a run of the very file that is handed over. */
  async #write(
    number: number | undefined,
    seed: string,
    { key }: Failure,
    scenario: ScenarioInput,
    drawn: ScenarioInput = {},
  ): Promise<void> {
    const { home, again, prove, seed: whole, listener } = this.#options
    const folder = nextFolder(home)
    const name = `explore-${whole}${number === undefined ? '' : `-${number}`}`
    const repeat = number === undefined ? prove(`${folder}/scenario.yaml`) : again(number)
    const write = (says: string) =>
      writeScenario(folder, scenario, this.#setting.hide, { name, seed, says, again: repeat })
    const file = write('…')
    let recording = ''
    let outcome: Outcome | undefined
    let failure: Failure | undefined
    try {
      outcome = await this.#run(seed, file, async (world) => {
        // One that came about in more calls than a journal holds has no recording.
        recording = await world.recording().catch((error: Error) => `${JSON.stringify({ problem: error.message })}\n`)
      })
      failure = outcome.failures.find((other) => other.key === key)
    } finally {
      if (!failure) removeFolder(folder)
    }
    if (!failure) return this.#tellFlaky(number ?? 0, { key, says: `${key} was seen once and not again` })
    write(failure.says)
    const receipt = receiptOf(this.#setting, { seed, scenario }, outcome, {
      found: failure,
      ...(number !== undefined && { run: number }),
      repeat,
      prove: prove(file),
    })
    writeFind(folder, { recording: this.#setting.hide(recording), output: outcome.output, receipt })
    const find = { folder, run: number, failure, scenario: drawn }
    this.#finds.push(find)
    listener.found(find)
  }

  #seedOf(number: number): string {
    return `${this.#options.seed}-${number}`
  }

  #with(drawn: ScenarioInput): ScenarioInput {
    return scenarioOf([this.#options.base, drawn])
  }

  async #run(seed: string, scenario: ScenarioInput | string, look: RunInput['look']): Promise<Outcome> {
    const id = `${this.#options.prefix}${++this.#worlds}`
    const given = typeof scenario === 'string' ? scenario : this.#with(scenario)
    const some = typeof given === 'string' || partsOf(given).length > 0
    return run(this.#setting, {
      id,
      seed,
      load: some ? (world) => world.scenario(given) : undefined,
      ...(look && { look }),
    })
  }
}

/** Each kind of failure once. */
function distinct(failures: readonly Failure[]): Failure[] {
  return failures.filter(({ key }, index) => failures.findIndex((other) => other.key === key) === index)
}

/** What comes to the same for a client: one mistake is found by any of them. */
const KINDS: Readonly<Record<string, string>> = {
  'drop after': 'answer lost',
  'respond after': 'answer lost',
  corrupt: 'answer lost',
  drop: 'not done',
  respond: 'not done',
  outage: 'not done',
  'callbacks duplicate': 'callback twice',
  'callbacks delay': 'callback late',
  'callbacks reorder': 'callback late',
  'callbacks pause': 'callback late',
  'callbacks resume': 'callback late',
  callbacks: 'callback lost',
  'deposit dropped': 'deposit undone',
  'deposit replaced': 'deposit undone',
  'deposit reorged': 'deposit undone',
}

/** What a scenario is made of, without names and numbers. */
function shapesOf(scenario: ScenarioInput): Set<string> {
  return new Set(partsOf(scenario).flatMap(shapesOfPart))
}

function shapesOfPart(part: Part): string[] {
  const actions = 'rule' in part ? part.rule.then : [part.step.do]
  const where = 'rule' in part ? `${part.rule.when.provider} ${part.rule.when.operation}` : undefined
  return actions.flatMap((action) =>
    Object.entries(action).map(([name, fields]) => {
      const { how, stage, outcome, provider: own } = (fields ?? {}) as Readonly<Record<string, string | undefined>>
      return `${where ?? own} ${KINDS[`${name} ${stage ?? how ?? outcome}`] ?? KINDS[name] ?? name}`
    }),
  )
}

function tailOf(output: string): string {
  return output.trimEnd().split('\n').slice(-12).join('\n')
}

/** One line that tells a find. */
export function findLine({ folder, run, failure, scenario }: Find): string {
  const where = run === undefined ? 'without any failure' : `run ${run}`
  return `${folder}  ${where}: ${failure.says}\n    ${sentenceOf(scenario)}`
}
