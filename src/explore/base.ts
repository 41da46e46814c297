// The scenario of `--with`, which every run has beside what is drawn. It is joined with rules that are data, so what would lose something on the way is
// refused.
import { quietEngine } from '../engine/quiet.ts'
import type { ScenarioInput } from '../library/api.ts'
import type { Provider } from '../provider.ts'
import { readScenario } from '../scenario/schema.ts'
import type { Path } from '../text/complaints.ts'
import { bytesOf, YamlError, YamlText } from '../text/yaml.ts'

/** Rules and timeline of a scenario file. Throws a `YamlError` where it is not valid. */
export function readBase(
  file: string,
  providers: ReadonlyMap<string, Provider>,
): Pick<ScenarioInput, 'rules' | 'timeline'> {
  const bytes = bytesOf(file)
  const engine = quietEngine(providers, {})
  readScenario(bytes, file, { providers, contract: (name) => engine.contract(name) })
  const text = new YamlText(bytes, file)
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
