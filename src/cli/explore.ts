// `sandgate explore`: runs the partner's own command again and again, each time with other failures, and writes down what makes it fail.
import { randomBytes } from 'node:crypto'
import type { Command } from 'commander'
import { findProviders } from '../app.ts'
import { UsageError } from '../engine/errors.ts'
import { explore, findLine, type Listener, type Progress, type Summary } from '../explore/explore.ts'
import { readBase } from '../explore/base.ts'
import { durationText } from '../text/durations.ts'
import { commandLine, type DrivingFlags, driving, drivingFlags, MOST_JOBS, wallTime, wholeNumber } from './driving.ts'
import { notEmpty } from './flags.ts'
import { programName } from './ready.ts'

interface Flags extends DrivingFlags {
  readonly runs?: number
  readonly seed: string
  readonly for?: number
  readonly run?: number
  readonly with?: string
  readonly jobs: number
  readonly first?: boolean
}

const RUNS = 100
const HOME = 'sandgate-explore'
/** How often a line says how far it is, where the output is no terminal, ms. */
const TELL_MS = 10_000

export function define(command: Command): void {
  drivingFlags(command)
    .usage('[flags] -- COMMAND...')
    .argument('<command...>', 'what drives your integration, such as: npm test')
    .option('--runs <number>', `how many runs (default: ${RUNS}, or as many as --for leaves time for)`, wholeNumber)
    .option('--for <duration>', 'for how long: 10m', wallTime)
    .option(
      '--seed <seed>',
      'what the failures are drawn from: the same seed gives the same runs',
      notEmpty,
      'sandgate',
    )
    .option('--run <number>', 'this run of the seed alone', wholeNumber)
    .option('--with <file>', 'scenario that every run has beside what is drawn', notEmpty)
    .option('--jobs <number>', 'how many runs at once; the command must bear it', wholeNumber, 1)
    .option('--first', 'stop at the first find')
    .action(exploring)
}

// rule: sandgate.explore.command
async function exploring(command: readonly string[], flags: Flags): Promise<void> {
  const { seed, jobs, run } = flags
  if (jobs > MOST_JOBS) throw new UsageError(`--jobs ${jobs}: at most ${MOST_JOBS} runs at once`)
  const base = flags.with === undefined ? {} : readBase(flags.with, await findProviders())
  const terminal = new Terminal()
  const runs = flags.runs ?? (flags.for === undefined ? RUNS : undefined)
  console.log(`exploring with the seed ${seed}`)
  const summary = await driving(flags, command, (setting) =>
    explore(setting, {
      seed,
      runs,
      forMs: flags.for,
      only: run,
      jobs,
      first: flags.first === true,
      base,
      home: HOME,
      // Somebody else may explore in the same sandbox.
      prefix: flags.url === undefined ? 'run-' : `run-${randomBytes(3).toString('hex')}-`,
      again: (run) => lineOf('explore', [...sameFlags(flags), '--seed', seed, '--run', String(run)], command),
      prove: (file) => lineOf('prove', [file, ...sameFlags(flags, false), '--expect', 'fail'], command),
      now: () => performance.now(),
      listener: terminal,
    }),
  )
  terminal.end()
  console.log(summaryText(summary, seed))
  process.exitCode = summary.finds.length > 0 ? 1 : summary.stopped ? 2 : 0
}

/** The flags that decide what a run is. */
function sameFlags({ url, config, oracle, net, timeout, with: base }: Flags, drawn = true): string[] {
  return [
    ...(url === undefined ? [] : ['--url', url]),
    ...(config === undefined ? [] : ['--config', config]),
    ...(oracle === undefined ? [] : ['--oracle', oracle]),
    ...(net ? ['--net'] : []),
    ...(timeout === undefined ? [] : ['--timeout', durationText(timeout)]),
    ...(base === undefined || !drawn ? [] : ['--with', base]),
  ]
}

function lineOf(name: string, flags: readonly string[], command: readonly string[]): string {
  return `${programName()} ${name} ${commandLine(flags)} -- ${commandLine(command)}`
}

function summaryText({ runs, failed, finds, flaky, ms, stopped }: Summary, seed: string): string {
  const pace = ms > 0 ? `, ${Math.round((runs * 60_000) / ms)} runs a minute` : ''
  return [
    `${stopped ? 'stopped after ' : ''}${runs} runs in ${time(ms)}${pace}: ${failed} failed, ${finds.length} found, ${flaky.length} flaky (seed ${seed})`,
    ...(flaky.length > 0
      ? [`flaky, which is not found: run ${flaky.join(', ')} failed once and passed when it was repeated`]
      : []),
  ].join('\n')
}

/** Says what happens: on a terminal in one line that is written over. */
class Terminal implements Listener {
  readonly #terminal = process.stderr.isTTY
  #told = performance.now()
  #width = 0

  controlled(...[, providers, ms]: Parameters<Listener['controlled']>): void {
    const uses = providers.map(
      ({ provider, operations, addresses, withdrawals }) =>
        `${provider.title} (${operations.reduce((sum, { calls }) => sum + calls, 0)} calls, ${addresses.length} addresses, ${withdrawals.length} withdrawals)`,
    )
    this.#line(`it passes in ${time(ms)} where nothing goes wrong, and uses ${uses.join(', ')}`)
  }

  found(find: Parameters<Listener['found']>[0]): void {
    this.#line(`found: ${findLine(find)}`)
  }

  flaky(run: number, { says }: Parameters<Listener['flaky']>[1]): void {
    this.#line(`flaky: run ${run} failed once and not again: ${says}`)
  }

  progress({ runs, of, failed, finds, flaky, leftMs }: Progress): void {
    const parts = [
      `${runs}${of === undefined ? '' : ` of ${of}`} runs`,
      `${failed} failed`,
      `${finds} found`,
      ...(flaky > 0 ? [`${flaky} flaky`] : []),
      ...(leftMs === undefined ? [] : [`about ${time(leftMs)} left`]),
    ]
    const text = parts.join(', ')
    if (this.#terminal) {
      process.stderr.write(`\r${text.padEnd(this.#width)}`)
      this.#width = text.length
    } else if (performance.now() - this.#told >= TELL_MS) {
      this.#told = performance.now()
      console.error(text)
    }
  }

  end(): void {
    if (this.#width > 0) process.stderr.write(`\r${' '.repeat(this.#width)}\r`)
    this.#width = 0
  }

  #line(text: string): void {
    this.end()
    console.log(text)
  }
}

function time(ms: number): string {
  const seconds = Math.round(ms / 1000)
  if (seconds < 10) return `${(ms / 1000).toFixed(1)} s`
  return seconds < 120 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}
