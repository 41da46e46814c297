// The rules that applied to a call: what the provider documents, or what had to be inferred or assumed.
import type { Entry, Page, Rule } from '../api/shapes.ts'
import { queryOf } from '../api/client.ts'
import { useRead } from '../api/use.ts'
import { Chip, type Tone } from '../ui/chip.tsx'
import { Link } from '../ui/link.tsx'

/** How certain a rule is, as a colour. */
export const MARKS: Readonly<Record<string, Tone>> = { documented: 'good', inferred: 'info', assumed: 'warn' }

export function Rules({ world, entry: { provider, rules = [] } }: { readonly world: string; readonly entry: Entry }) {
  const wanted = rules.length > 0 && provider !== undefined
  const { value } = useRead<Page<Rule>>(world, wanted ? `/rules${queryOf({ provider })}` : undefined)
  if (!wanted) return null
  const all = new Map(value?.data.map((rule) => [rule.id, rule]))
  return (
    <section aria-labelledby="entry-rules-title">
      <h3 id="entry-rules-title">Rules that applied</h3>
      <ul class="rules">
        {rules.map(({ id, mark }) => (
          <li key={id}>
            <Link view="rules" query={{ provider, rule: id }}>
              {id}
            </Link>{' '}
            {mark !== undefined && <Chip tone={MARKS[mark] ?? 'plain'}>{mark}</Chip>}
            {all.get(id) && <p class="muted">{all.get(id)!.says}</p>}
          </li>
        ))}
      </ul>
    </section>
  )
}
