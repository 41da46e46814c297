// Validates parts of a YAML text with the schemas of scenarios, and collects all errors. The schemas are in schema.ts.
import { z } from 'zod'
import { deepest, type Path, TOLD_MAX } from '../text/complaints.ts'
import { YamlError, type YamlText } from '../text/yaml.ts'

/** How often unquoted scalars are replaced by text before errors are reported: each time a schema may look further in. */
const ROUNDS = 10

export class Reader {
  readonly #text: YamlText
  readonly #whole: z.ZodType
  readonly #issues: z.core.$ZodIssue[] = []
  #wrong = 0

  /** `whole` is the schema of the whole text, for suggestions of similar keys. */
  constructor(text: YamlText, whole: z.ZodType) {
    this.#text = text
    this.#whole = whole
  }

  // rule: sandgate.scenario.values
  /** Parses a part; where the schema expects text, an unquoted number or boolean is taken as written. Undefined: the part is invalid. */
  read<Schema extends z.ZodType>(schema: Schema, path: Path): z.output<Schema> | undefined {
    let value = path.reduce((at: any, part) => at[part], this.#text.value)
    for (let round = 0; ; round++) {
      const parsed = schema.safeParse(value)
      if (parsed.success) return parsed.data
      const texts = parsed.error.issues.flatMap((issue) => this.#wantsText(deepest(issue), path))
      if (texts.length === 0 || round === ROUNDS) {
        this.#wrong += parsed.error.issues.length
        this.#issues.push(
          ...parsed.error.issues
            .slice(0, TOLD_MAX - this.#issues.length)
            .map((issue) => ({ ...issue, path: [...path, ...issue.path] })),
        )
        return undefined
      }
      value = structuredClone(value)
      for (const { at, written } of texts) {
        const holder = at.slice(0, -1).reduce((from: any, part) => from[part], value)
        Object.defineProperty(holder, at.at(-1)!, {
          value: written,
          writable: true,
          enumerable: true,
          configurable: true,
        })
      }
    }
  }

  /** Throws a `YamlError` if there were errors. */
  done(): void {
    if (this.#wrong > 0)
      throw new YamlError(
        this.#text.complaints(this.#issues, this.#wrong, () =>
          z.toJSONSchema(this.#whole, { io: 'input', unrepresentable: 'any' }),
        ),
      )
  }

  /** The text that a schema without a sentence of its own expects where there is none, but could be. */
  #wantsText(issue: z.core.$ZodIssue, path: Path): { at: Path; written: string }[] {
    const at = issue.path as Path
    const fits = (written: string) =>
      (issue.code === 'invalid_type' && issue.expected === 'string') ||
      (issue.code === 'invalid_value' && issue.values.includes(written))
    const written =
      at.length > 0 && issue.message.startsWith('Invalid ') ? this.#text.unquoted([...path, ...at]) : undefined
    return written !== undefined && fits(written) ? [{ at, written }] : []
  }
}
