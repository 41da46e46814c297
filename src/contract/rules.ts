// The documented rules of every provider, read from `specs/*.rules.yaml`: what each one says, where that is documented, and whether Sandgate implements it.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { readRules } from './documents.ts'

type Status = 'implemented' | 'partial' | 'not-implemented'

const KEPT = { implemented: 'yes', partial: 'partly', 'not-implemented': 'no' } as const satisfies Record<
  Status,
  string
>

export interface Rule {
  readonly id: string
  readonly says: string
  readonly source: string
  readonly mark: 'documented' | 'inferred' | 'assumed'
  readonly status: Status
  /** The older name of `status`, still answered by `GET rules`. */
  readonly kept: (typeof KEPT)[Status]
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

  /** Every rule by id; the files are read on first use. */
  get all(): ReadonlyMap<string, Rule> {
    return (this.#rules ??= this.#read())
  }

  #read(): Map<string, Rule> {
    const rules = new Map<string, Rule>()
    for (const file of readdirSync(this.#folder)
      .filter((name) => name.endsWith('.rules.yaml'))
      .sort()) {
      const { sources, rules: listed } = readRules(join(this.#folder, file))
      for (const { id, says, source, mark, status, ...rest } of listed) {
        if (rules.has(id)) throw new Error(`${file}: duplicate rule id ${id}`)
        if (!sources[source]) throw new Error(`${file}: ${id} names the source ${source}, which is not listed`)
        rules.set(id, { id, says, source: sources[source], mark, status, kept: KEPT[status as Status], ...rest })
      }
    }
    return rules
  }
}
