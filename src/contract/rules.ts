// The documented sentences of every provider, out of `specs/*.rules.yaml`: what is promised, by whom, how sure that is, and whether it is kept.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { readRules } from './documents.ts'

export interface Rule {
  readonly id: string
  readonly says: string
  readonly source: string
  readonly mark: 'documented' | 'inferred' | 'assumed'
  readonly kept: 'yes' | 'partly' | 'no'
  readonly because?: string
  readonly switch?: readonly string[]
  readonly operations?: readonly string[]
}

export class Rules {
  readonly #folder: string
  #rules: Map<string, Rule> | undefined

  constructor(folder: string) {
    this.#folder = folder
  }

  /** Every rule by id; read from the files when first asked for. */
  get all(): ReadonlyMap<string, Rule> {
    return (this.#rules ??= this.#read())
  }

  #read(): Map<string, Rule> {
    const rules = new Map<string, Rule>()
    for (const file of readdirSync(this.#folder)
      .filter((name) => name.endsWith('.rules.yaml'))
      .sort()) {
      const { sources, rules: listed } = readRules(join(this.#folder, file))
      for (const rule of listed) {
        if (rules.has(rule.id)) throw new Error(`${file}: ${rule.id} stands twice`)
        if (!sources[rule.source])
          throw new Error(`${file}: ${rule.id} names the source ${rule.source}, which is not listed`)
        rules.set(rule.id, { ...rule, source: sources[rule.source] })
      }
    }
    return rules
  }
}
