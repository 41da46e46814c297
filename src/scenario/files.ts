// The scenario files a sandbox was started with: read at the start, and again when one of them changes. An invalid edit keeps the previous
// scenario loaded. The format of a file is left to schema.ts.
import { type FSWatcher, watch } from 'node:fs'
import { basename, dirname } from 'node:path'
import { clearTimeout, setTimeout } from '../runtime/timers.ts'
import { bytesOf, YamlError } from '../text/yaml.ts'
import type { Known } from './references.ts'
import { readScenario, type Scenario, mergeScenarios } from './schema.ts'

/** Editors write a file in several steps; it is read this long after the last one, ms. */
const SETTLED_MS = 50

export interface ScenarioFilesOptions {
  readonly files: readonly string[]
  readonly known: Known
  /** Reports the errors of an edit, one line each. */
  readonly warn: (line: string) => void
  /** Called with the new scenario when the files have changed. */
  readonly changed: (scenario: Scenario, before: Scenario) => void
}

export class ScenarioFiles {
  readonly #options: ScenarioFilesOptions
  readonly #watchers: FSWatcher[] = []
  #timer: NodeJS.Timeout | undefined
  /** The bytes that were last read, right or wrong. */
  #seen: readonly Buffer[]
  #scenario: Scenario

  /** Reads every file. Throws a `YamlError` when one of them cannot be used. */
  constructor(options: ScenarioFilesOptions) {
    this.#options = options
    this.#seen = options.files.map(bytesOf)
    this.#scenario = this.#read(this.#seen)
  }

  /** The last valid scenario of the files. */
  get scenario(): Scenario {
    return this.#scenario
  }

  /** Writes a line to whoever edits the files. */
  warn(line: string): void {
    this.#options.warn(line)
  }

  /** Reads the files again. Their errors are reported once, and change nothing. */
  // rule: sandgate.scenario.reload
  reload(): 'unchanged' | 'changed' | 'broken' {
    try {
      const bytes = this.#options.files.map(bytesOf)
      if (bytes.every((each, index) => each.equals(this.#seen[index]!))) return 'unchanged'
      this.#seen = bytes
      const before = this.#scenario
      this.#scenario = this.#read(bytes)
      this.#options.changed(this.#scenario, before)
      return 'changed'
    } catch (error) {
      if (!(error instanceof YamlError)) throw error
      for (const problem of error.problems) this.#options.warn(`${problem} (the previous scenario stays loaded)`)
      return 'broken'
    }
  }

  /** Reads them again whenever one of them changes, until closed. The folders are watched, because editors put a new file in the old one's place. */
  watch(): void {
    const folders = new Map<string, Set<string>>()
    for (const file of this.#options.files)
      folders.set(dirname(file), (folders.get(dirname(file)) ?? new Set()).add(basename(file)))
    for (const [folder, names] of folders) {
      try {
        const watcher = watch(folder, { persistent: false }, (_, name) => {
          if (name === null || names.has(name)) this.#soon()
        })
        watcher.on('error', (error) => this.#options.warn(`${folder}: is no longer watched: ${error.message}`))
        this.#watchers.push(watcher)
      } catch (error) {
        this.#options.warn(`${folder}: cannot be watched, so edits are not detected: ${(error as Error).message}`)
      }
    }
  }

  close(): void {
    clearTimeout(this.#timer)
    for (const watcher of this.#watchers.splice(0)) watcher.close()
  }

  #soon(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.reload(), SETTLED_MS).unref()
  }

  #read(bytes: readonly Buffer[]): Scenario {
    const { files, known } = this.#options
    return mergeScenarios(files.map((file, index) => readScenario(bytes[index]!, file, known)))
  }
}
