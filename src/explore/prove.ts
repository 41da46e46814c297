// What `sandgate prove` injects into a world: a scenario file as it stands, or what went wrong in the world of a case file.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { parse } from 'yaml'
import { CASE_BYTES, readRecording, type Recording } from '../casefile/format.ts'
import { LOAD } from '../engine/recorder.ts'
import { readBytes } from '../text/reading.ts'
import { bytesOf, YamlText } from '../text/yaml.ts'
import type * as api from '../library/api.ts'

export interface Injected {
  /** What the addresses of the world are derived from, where the file says it. */
  readonly seed: string | undefined
  /** What it is, for the receipt. */
  readonly scenario: unknown
  load(world: api.World): Promise<void>
}

/** The file holds nothing that could go wrong; the message says what to do. */
export class NothingToInject extends Error {}

/** Reads a case file (`.json`) or a scenario file. Throws `NothingToInject`, or what reading throws. */
export function readInjected(file: string): Injected {
  if (extname(file).toLowerCase() === '.json') return ofRecording(readRecording(readBytes(file, CASE_BYTES)), file)
  const text = new YamlText(bytesOf(file), file)
  const scenario: any = text.value
  if (scenario == null) throw new NothingToInject(`${file}: it is empty; expected a scenario file or a case file`)
  // What stands there without quotes is what is written.
  const seed = scenario.seed === undefined ? undefined : (text.unquoted(['seed']) ?? String(scenario.seed))
  return { seed, scenario, load: async (world) => void (await world.scenario(file)) }
}

// rule: sandgate.prove.case
/** The scenario that was loaded last and the rules that were armed, those too that somebody took away again. */
function ofRecording({ journal, seed }: Recording, file: string): Injected {
  let scenario: string | undefined
  const rules: api.RuleInput[] = []
  for (const step of journal) {
    if (step.kind !== 'control') continue
    if (step.operation === 'putScenario') scenario = String(step.body)
    if (step.operation === LOAD) scenario = JSON.stringify(asWritten(step.body))
    if (step.operation === 'armFault') rules.push(parse(String(step.body)))
  }
  if (scenario === undefined && rules.length === 0)
    throw new NothingToInject(
      `${file}: no scenario was loaded and no rule was armed in this recording, so there is nothing to inject; sandgate replay plays its calls again`,
    )
  return {
    seed,
    scenario: { ...(scenario !== undefined && parse(scenario)), ...(rules.length > 0 && { armed: rules }) },
    load: async (world) => {
      if (scenario !== undefined) await loadText(scenario, world)
      for (const rule of rules) await world.faults.arm(rule)
    },
  }
}

/** The text itself, because what stands without quotes in it means more than its value. */
async function loadText(text: string, world: api.World): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'sandgate-'))
  try {
    const file = join(folder, 'scenario.yaml')
    writeFileSync(file, text)
    await world.scenario(file)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** A scenario that was read at the start, as somebody wrote it. */
function asWritten({ rules = [], timeline = [] }: any): api.ScenarioInput {
  return {
    rules: rules.map(({ when: { unquoted: _, ...when }, written }: any) => ({ when, then: written })),
    timeline: timeline.map(({ written }: any) => written),
  }
}
