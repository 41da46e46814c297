// What a find leaves for people: a folder with the scenario that shows it, the recording of its world, what the command wrote, and a receipt.
import { accessSync, constants, existsSync, mkdirSync, readdirSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import type { ScenarioInput } from '../library/api.ts'
import { version } from '../runtime/package.ts'
import { shownSource } from './oracle.ts'
import { type Failure, type Outcome, type Setting, START } from './run.ts'
import { sentenceOf } from './sentences.ts'

/** A run in JSON, for a ticket. */
export interface Receipt {
  readonly sandgate: string
  readonly command: readonly string[]
  /** Of the world. */
  readonly seed: string
  readonly clock: string
  readonly scenario: unknown
  readonly exit: { readonly status: number | null; readonly signal: string | null; readonly timed_out: boolean }
  readonly failures: readonly Failure[]
  readonly findings: Outcome['findings']
  /** Undefined where there is none. */
  readonly oracle?: { readonly source: string; readonly differences: Outcome['differences'] }
  /** The newest journal entry of the world. */
  readonly entries: number
}

/** A receipt of one run; `more` is what only the caller knows. Keys are taken out of it. */
export function receiptOf<More extends object>(
  { command, oracle, hide }: Setting,
  { seed, scenario }: { readonly seed: string; readonly scenario: unknown },
  outcome: Outcome,
  more: More,
): Receipt & More {
  const receipt: Receipt & More = {
    sandgate: version,
    ...more,
    command,
    seed,
    clock: outcome.began,
    scenario,
    exit: { status: outcome.status, signal: outcome.signal, timed_out: outcome.timedOut },
    failures: outcome.failures,
    findings: outcome.findings,
    ...(oracle && { oracle: { source: shownSource(oracle), differences: outcome.differences } }),
    entries: outcome.entries,
  }
  return JSON.parse(hide(JSON.stringify(receipt)))
}

/** Nothing can be written where finds belong; the message is a sentence with what to do. */
export class CannotWrite extends Error {}

/** Makes sure that a find can be written before anything is run. Throws `CannotWrite`. */
export function prepareHome(home: string): void {
  try {
    mkdirSync(home, { recursive: true })
    accessSync(home, constants.W_OK)
  } catch (error) {
    throw new CannotWrite(
      `${home}: finds cannot be written there (${(error as Error).message}); run it in a folder that can be written to`,
    )
  }
}

/** Takes the folder away again where nothing was found. */
export function leaveHome(home: string): void {
  if (existsSync(home) && readdirSync(home).length === 0) rmdirSync(home)
}

/** The folder of the next find, which is made: `sandgate-explore/003`. */
export function nextFolder(home: string): string {
  mkdirSync(home, { recursive: true })
  const taken = readdirSync(home).flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []))
  const folder = join(home, String(Math.max(0, ...taken) + 1).padStart(3, '0'))
  mkdirSync(folder)
  return folder
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true })
}

/** Writes the scenario that shows a find; the path of the file. */
export function writeScenario(
  folder: string,
  scenario: ScenarioInput,
  hide: (text: string) => string,
  {
    name,
    seed,
    says,
    again,
  }: { readonly name: string; readonly seed: string; readonly says: string; readonly again: string },
): string {
  const { rules = [], timeline = [] } = scenario
  const file = join(folder, 'scenario.yaml')
  const head = [`What is wrong then: ${says}`, `Repeat with: ${again}`].flatMap((line) => line.split('\n'))
  const text = stringify({
    name,
    summary: sentenceOf(scenario),
    seed,
    clock: START,
    ...(rules.length > 0 && { rules }),
    ...(timeline.length > 0 && { timeline }),
  })
  writeFileSync(file, hide(`${head.map((line) => `# ${line}\n`).join('')}${text}`))
  return file
}

// rule: sandgate.explore.folder
/** Writes the rest of it. */
export function writeFind(
  folder: string,
  { recording, output, receipt }: { readonly recording: string; readonly output: string; readonly receipt: Receipt },
): void {
  writeFileSync(join(folder, 'case.json'), recording)
  writeFileSync(join(folder, 'output.txt'), output)
  writeFileSync(join(folder, 'receipt.json'), `${JSON.stringify(receipt, null, 2)}\n`)
}
