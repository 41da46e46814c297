// The scenario of `--with`, which every run has beside what is drawn. It is joined with rules that are data, so what would lose something on the way is
// refused.
import type { ScenarioInput } from '../library/api.ts'
import type { Path } from '../text/complaints.ts'
import { bytesOf, YamlError, YamlText } from '../text/yaml.ts'

/** Rules and timeline of a file. Whether they are valid is left to the sandbox. Throws a `YamlError`. */
export function readBase(file: string): Pick<ScenarioInput, 'rules' | 'timeline'> {
  const text = new YamlText(bytesOf(file), file)
  const { rules, timeline } = (text.value ?? {}) as Pick<ScenarioInput, 'rules' | 'timeline'>
  const rounded = Array.isArray(rules)
    ? [...rules.keys()].flatMap((index) => lossy(text, ['rules', index, 'when']))
    : []
  if (rounded.length > 0)
    throw new YamlError(
      rounded.map((path) =>
        text.complaint(path, `put ${text.unquoted(path)} in quotes: it would lose how it is written`),
      ),
    )
  return { ...(rules && { rules }), ...(timeline && { timeline }) }
}

/** Numbers without quotes that are not written as a program writes them. */
function lossy(text: YamlText, path: Path): Path[] {
  const value = path.reduce<any>((part, key) => part?.[key], text.value)
  if (typeof value === 'object' && value !== null)
    return Object.keys(value).flatMap((key) => lossy(text, [...path, Array.isArray(value) ? Number(key) : key]))
  const written = text.unquoted(path)
  return typeof value === 'number' && written !== undefined && written !== String(value) ? [path] : []
}
