// The view "Findings": mistakes of the client and its receivers that the traffic proves, each with what was seen, the entries that show it, the document
// behind it and what to do.
import { useEffect } from 'preact/hooks'
import { useReadOften } from '../api/often.ts'
import type { Finding, Page } from '../api/shapes.ts'
import { token } from '../api/token.ts'
import { doLineOf } from '../copy/do.ts'
import { type FilterField, Filters } from '../lists/filters.tsx'
import { useProviders } from '../lists/providers.ts'
import { Pairs } from '../lists/sections.tsx'
import { Boundary } from '../ui/boundary.tsx'
import { Chip } from '../ui/chip.tsx'
import { Code } from '../ui/code.tsx'
import { Empty, ProblemNote, Reading } from '../ui/empty.tsx'
import { EntryLink, Link } from '../ui/link.tsx'
import { Source } from '../ui/source.tsx'
import type { ViewOf } from './view.ts'

/** It is looked for in the whole journal each time. */
const REST_MS = 2000

export function Findings({ world, query }: ViewOf) {
  const { names } = useProviders(world)
  const { value, problem, again } = useReadOften<Page<Finding>>(world, '/findings', { restMs: REST_MS })
  const all = value?.data ?? []
  const { provider, kind, finding: opened } = query
  const shown = all.filter(
    (each) => [undefined, each.provider].includes(provider) && [undefined, each.kind].includes(kind as Finding['kind']),
  )
  const fields: readonly FilterField[] = [
    { name: 'provider', label: 'Provider', choices: names },
    { name: 'kind', label: 'Kind', choices: [...new Set(all.map((each) => each.kind))] },
  ]
  const isGone = opened !== undefined && value !== undefined && !all.some(({ id }) => id === opened)
  useEffect(() => {
    if (opened !== undefined) document.getElementById(`finding-${opened}`)?.scrollIntoView({ block: 'center' })
  }, [opened, value !== undefined])

  return (
    <section class="findings-view" aria-labelledby="findings-title">
      <h1 id="findings-title" class="out-of-sight">
        Findings of {world}
      </h1>
      <div class="tools">
        <Filters fields={fields} query={query} />
        {value && (
          <span class="muted" role="status">
            {shown.length === all.length ? all.length : `${shown.length} of ${all.length}`}{' '}
            {all.length === 1 ? 'finding' : 'findings'}
          </span>
        )}
      </div>
      <ProblemNote problem={problem} again={again} />
      {isGone && (
        <p class="note">
          The finding {opened} is not there any more: the journal was emptied, or has made room for newer entries.
        </p>
      )}
      {!value && !problem && <Reading what="the findings" />}
      {shown.length > 0 && (
        <ul class="findings" aria-label="Findings" tabIndex={0}>
          {shown.map((each) => (
            <li key={each.id} id={`finding-${each.id}`} class={each.id === opened ? 'marked' : undefined}>
              <Boundary what={`finding ${each.id}`}>
                <Found finding={each} marked={each.id === opened} />
              </Boundary>
            </li>
          ))}
        </ul>
      )}
      {value && shown.length === 0 && <None world={world} filtered={all.length > 0} />}
    </section>
  )
}

function Found({ finding, marked }: { readonly finding: Finding; readonly marked: boolean }) {
  const { id, kind, provider, says, advice, source, rule, entries, count } = finding
  return (
    <>
      <h2>
        <Link query={{ finding: id }} current={marked}>
          {provider}: {kind}
        </Link>{' '}
        {count > 1 && <Chip tone="warn">{count} times</Chip>}
      </h2>
      <p>{says}</p>
      <Pairs
        pairs={[
          ['What to do', advice],
          [
            entries.length === 1 ? 'Entry' : 'Entries',
            entries.map((entry) => (
              <span key={entry}>
                <EntryLink id={entry} />{' '}
              </span>
            )),
          ],
          ['Source', <Source source={source} />],
          [
            'Rule',
            rule !== undefined && (
              <Link view="rules" query={{ rule }} class="mono">
                {rule}
              </Link>
            ),
          ],
        ]}
      />
    </>
  )
}

function None({ world, filtered }: { readonly world: string; readonly filtered: boolean }) {
  if (filtered)
    return (
      <Empty title="No finding is like that.">
        <p>
          <Link view="findings">Show all findings</Link>
        </p>
      </Empty>
    )
  const place = { origin: location.origin, world, token: token() !== undefined }
  return (
    <Empty title={`Nothing is found in ${world}: its traffic proves no mistake.`}>
      <p>
        What can be proved is told here: a new idempotency key on a retry, a callback accepted with a wrong signature,
        an amount that lost digits, and the like. Nothing is told on a guess, and only the entries of the journal are
        looked at. A test can ask for the same:
      </p>
      <Code plain label="List the findings" text={doLineOf('listFindings', {}, place)} />
    </Empty>
  )
}
