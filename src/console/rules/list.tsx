// The list of the rules: what each one says, how certain it is, what it is switched to, and how often it was exercised in this world.
import { useEffect, useMemo } from 'preact/hooks'
import type { Page, Rule } from '../api/shapes.ts'
import { useRead } from '../api/use.ts'
import { goWith } from '../router.ts'
import { useCoverage } from './coverage.ts'
import { FilterBar } from './filter-bar.tsx'
import { filtersOf, isWanted, providerOf } from './filters.ts'
import { COLUMNS, RuleRow } from './row.tsx'
import { Empty, ProblemNote, Reading } from '../ui/empty.tsx'
import { Link } from '../ui/link.tsx'
import type { ViewOf } from '../views/view.ts'

export function RuleList({ world, query }: ViewOf) {
  const { value, problem, again } = useRead<Page<Rule>>(world, '/rules')
  const coverage = useCoverage(world)
  const rules = useMemo(() => value?.data ?? [], [value])
  const filters = filtersOf(query)
  const { rule: wanted } = query
  const shown = useMemo(
    () => rules.filter((rule) => rule.id === wanted || isWanted(filters, rule, coverage.of(rule.id))),
    [rules, coverage, wanted, JSON.stringify(filters)],
  )
  const providers = useMemo(() => [...new Set(rules.map(providerOf))], [rules])

  useEffect(() => {
    if (wanted !== undefined && value) document.getElementById(`rule-${wanted}`)?.scrollIntoView({ block: 'center' })
  }, [wanted, value !== undefined])

  return (
    <>
      <div class="tools">
        <FilterBar filters={filters} providers={providers} />
        {value && (
          <span class="muted" role="status" title="A rule is exercised by every call whose entry names it">
            {shown.length === rules.length ? rules.length : `${shown.length} of ${rules.length}`} rules
            {coverage.known && `, ${coverage.rules} exercised in ${world}`}
          </span>
        )}
      </div>
      <ProblemNote problem={problem} again={again} />
      {coverage.problem && !coverage.known && (
        <p class="note">How often each rule was exercised is not known: {coverage.problem.message}</p>
      )}
      {wanted !== undefined && value && !rules.some(({ id }) => id === wanted) && (
        <p class="problem">
          There is no rule "{wanted}"; it may have another name in this version.{' '}
          <button
            type="button"
            class="small"
            onClick={() => goWith({ rule: undefined, text: wanted.split('.').at(-1), provider: undefined }, true)}
          >
            Look for its last word
          </button>
        </p>
      )}
      {!value && !problem && <Reading what="the rules" />}
      {value &&
        (shown.length > 0 ? (
          <div class="rules-list" role="region" aria-label="Rules" tabIndex={0}>
            <table>
              <thead>
                <tr>
                  {COLUMNS.map((name) => (
                    <th key={name} scope="col">
                      {name}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {shown.map((rule) => (
                  <RuleRow
                    key={rule.id}
                    rule={rule}
                    used={coverage.of(rule.id)}
                    counted={coverage.known}
                    marked={rule.id === wanted}
                  />
                ))}
              </tbody>
            </table>
          </div>
        ) : (
          <Nothing exercised={filters.exercised} />
        ))}
    </>
  )
}

function Nothing({ exercised }: { readonly exercised: string }) {
  return (
    <Empty title={exercised === 'yes' ? 'No such rule was exercised in this world yet.' : 'No rule is like that.'}>
      <p>
        {exercised === 'yes' &&
          'Point your client at the sandbox: every call that comes under a rule is counted here. '}
        <Link view="rules">Show every rule</Link>
      </p>
    </Empty>
  )
}
