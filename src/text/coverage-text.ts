// What GET coverage answers, for people: a text for a terminal, and a badge.

export interface CoverageTold {
  /** Null: the sum over all worlds of the process. */
  readonly world: string | null
  readonly percent: number
  readonly exercised: number
  readonly total: number
  readonly providers: readonly ProviderTold[]
}

interface ProviderTold {
  readonly provider: string
  readonly used: boolean
  readonly percent: number
  readonly exercised: number
  readonly total: number
  readonly notable: readonly { readonly says: string; readonly count: number; readonly last_entry: number | null }[]
  readonly operations: readonly unknown[]
  readonly refusals: readonly unknown[]
  readonly rules: readonly unknown[]
  readonly events: readonly unknown[]
  readonly never: Readonly<Record<'operations' | 'refusals' | 'rules' | 'events', readonly string[]>>
}

const KINDS = ['operations', 'refusals', 'events', 'rules'] as const
/** Rules are too many to be listed; GET coverage names them. */
const LISTED = { operations: 'never called', refusals: 'never refused with', events: 'never sent' } as const

// rule: sandgate.coverage.views
/** Several lines, without a line break at the end. */
export function coverageText({ world, percent, exercised, total, providers }: CoverageTold): string {
  const whose = world === null ? 'all worlds' : `the world "${world}"`
  const of = 'operations, notable situations and refusals'
  const used = providers.filter(({ used }) => used)
  const unused = providers.filter(({ used }) => !used).map(({ provider }) => provider)
  return [
    `coverage of ${whose}: ${percent} % (${exercised} of ${total} ${of})`,
    ...used.flatMap((each) => ['', ...providerLines(each)]),
    ...(unused.length > 0 ? ['', `not used: ${unused.join(', ')}`] : []),
  ].join('\n')
}

function providerLines(told: ProviderTold): string[] {
  const { provider, percent, exercised, total, notable, never } = told
  const shown = notable.filter(({ count }) => count > 0)
  const counted = KINDS.map((kind) => `${kind} ${told[kind].length} of ${told[kind].length + never[kind].length}`)
  return [
    `${provider}: ${percent} % (${exercised} of ${total})`,
    `  notable situations ${shown.length} of ${notable.length}, ${counted.join(', ')}`,
    ...shown.map(
      ({ says, count, last_entry: last }) =>
        `  exercised ${count === 1 ? 'once' : `${count} times`}: ${says}${last === null ? '' : ` (entry ${last})`}`,
    ),
    ...notable.filter(({ count }) => count === 0).map(({ says }) => `  ${says}`),
    ...(['operations', 'refusals', 'events'] as const).flatMap((kind) =>
      never[kind].length > 0 ? [`  ${LISTED[kind]}: ${never[kind].join(', ')}`] : [],
    ),
  ]
}

const COLORS = [
  [90, 'brightgreen'],
  [75, 'green'],
  [60, 'yellowgreen'],
  [45, 'yellow'],
  [30, 'orange'],
] as const

/** In the form that the endpoint of shields.io reads. */
export function coverageBadge({ percent }: Pick<CoverageTold, 'percent'>) {
  const color = COLORS.find(([least]) => percent >= least)?.[1] ?? 'red'
  return { schemaVersion: 1, label: 'sandgate', message: `${Math.floor(percent)} %`, color }
}
