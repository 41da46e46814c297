// Which rules are shown: the filters of the view, which live in its URL, and what each rule is judged by.
import type { Rule } from '../api/shapes.ts'

export interface Filters {
  readonly provider: string
  readonly mark: string
  readonly status: string
  /** `yes`, `never`, or all of them. */
  readonly exercised: string
  /** Only rules with two answers. */
  readonly switches: boolean
  /** In id, sentence, reason or source. */
  readonly text: string
}

/** How often calls to this world came under a rule. */
export interface Exercised {
  readonly count: number
  /** The newest entry that did; an old journal may have dropped it. */
  readonly last: number | undefined
}

export const MARKS_OF_RULES: readonly string[] = ['documented', 'inferred', 'assumed']
export const STATUSES: readonly string[] = ['implemented', 'partial', 'not-implemented']

export function filtersOf(query: Readonly<Record<string, string>>): Filters {
  const { provider = '', mark = '', status = '', exercised = '', text = '' } = query
  return { provider, mark, status, exercised, text, switches: query.switches === 'true' }
}

/** Whether anything is filtered out. */
export function isFiltered({ provider, mark, status, exercised, switches, text }: Filters): boolean {
  return switches || [provider, mark, status, exercised, text].some((value) => value !== '')
}

/** The provider that a rule is of, or the sandbox itself. */
export function providerOf({ id }: Rule): string {
  return id.split('.')[0]!
}

/**
 * Whether a rule is among those wanted.
 * @param used how often it was exercised; undefined: nobody counts it
 */
export function isWanted(filters: Filters, rule: Rule, used: Exercised | undefined): boolean {
  const { provider, mark, status, exercised, switches, text } = filters
  return (
    (provider === '' || providerOf(rule) === provider) &&
    (mark === '' || rule.mark === mark) &&
    (status === '' || rule.status === status) &&
    (!switches || rule.switch !== undefined) &&
    (exercised === '' || (used !== undefined && used.count > 0 === (exercised === 'yes'))) &&
    hasText(rule, text)
  )
}

function hasText({ id, says, source, because = '' }: Rule, text: string): boolean {
  const wanted = text.trim().toLowerCase()
  return wanted === '' || [id, says, source, because].some((place) => place.toLowerCase().includes(wanted))
}
