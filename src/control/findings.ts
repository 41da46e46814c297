// `findings`: the mistakes that the traffic of a world proves, for programs and for a terminal.
import type { Rules } from '../contract/rules.ts'
import { type Finding, findMistakes } from '../findings/find.ts'
import { inSlices } from '../runtime/slices.ts'
import { type ControlRequest, type ControlResponse, ok, type Routes } from './http.ts'

export const findingRoutes: Routes = { listFindings }

async function listFindings({ engine, world, rules, query }: ControlRequest): Promise<ControlResponse> {
  const scene = { world, providers: engine.providers, contract: (provider: string) => engine.contract(provider) }
  const found = await inSlices(findMistakes(scene, query.provider))
  // rule: sandgate.secrets
  const hide = engine.secrets.of(world)
  const shown = found.map((finding) => view({ ...finding, says: hide(finding.says) }, rules))
  return query.view === 'text'
    ? { status: 200, type: 'text/plain; charset=utf-8', body: textOf(shown) }
    : ok({ data: shown })
}

function view({ id, kind, provider, says, advice, rule, entries, count, lastEntry }: Finding, { all }: Rules) {
  return {
    id,
    kind,
    provider,
    says,
    advice,
    // Where the provider says nothing about it, it is the sandbox that does.
    source: all.get(rule ?? `sandgate.findings.${kind}`)!.source,
    ...(rule !== undefined && { rule }),
    entries,
    count,
    last_entry: lastEntry,
  }
}

/** As a person reads it; each finding a paragraph. Nothing in it can move the cursor of a terminal. */
function textOf(found: readonly ReturnType<typeof view>[]): string {
  if (found.length === 0) return 'no findings\n'
  return found
    .map(({ kind, provider, says, advice, source, rule, entries, count }) =>
      [
        `${provider}  ${kind}${count > 1 ? `  ${count} times` : ''}`,
        `  ${says}`,
        `  What to do: ${advice}`,
        `  ${entries.length === 1 ? 'Entry' : 'Entries'}: ${entries.join(', ')}`,
        `  Source: ${source}${rule === undefined ? '' : ` (${rule})`}`,
      ]
        .map((line) => `${line.replace(/\p{C}/gu, '?')}\n`)
        .join(''),
    )
    .join('\n')
}
