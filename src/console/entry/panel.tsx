// One entry of the journal, in the right half of the timeline: why it went as it did first, then what was said.
import { useEffect } from 'preact/hooks'
import type { Entry } from '../api/shapes.ts'
import { useRead } from '../api/use.ts'
import { live } from '../live/live.ts'
import { goWith } from '../router.ts'
import { useStore } from '../state/store.ts'
import { Boundary } from '../ui/boundary.tsx'
import { Chip, StatusChip } from '../ui/chip.tsx'
import { ProblemNote, Reading } from '../ui/empty.tsx'
import { Time } from '../ui/time.tsx'
import { CompareForm, Comparison } from './compare.tsx'
import { CopyMenu } from './copy-menu.tsx'
import { Decisions } from './decisions.tsx'
import { Effects } from './effects.tsx'
import { Ladder } from './ladder.tsx'
import { Rules } from './rules.tsx'
import { SaidBoth } from './said.tsx'

interface Props {
  readonly world: string
  readonly id: number
  /** The entry to compare it with. */
  readonly other: string | undefined
}

export function EntryPanel({ world, id, other }: Props) {
  const known = Number.isInteger(id) && id > 0
  const { value: entry, problem, again } = useRead<Entry>(world, known ? `/journal/${id}` : undefined)
  const { entries } = useStore(live)
  // An entry that was amended is told again.
  const told = entries.find((entry) => entry.id === id)
  useEffect(() => {
    if (told && entry) again()
  }, [told])
  return (
    <section class="entry-panel" aria-labelledby="entry-title">
      <header>
        <h2 id="entry-title">Entry {String(id)}</h2>
        <button
          type="button"
          class="small"
          title="Close (Esc)"
          onClick={() => goWith({ entry: undefined, with: undefined })}
        >
          Close
        </button>
      </header>
      {!known && <p class="problem">“{String(id)}” is not the number of an entry.</p>}
      <ProblemNote problem={problem} again={again} />
      {known && !entry && !problem && <Reading what={`entry ${id}`} />}
      {entry && (
        <Boundary what={`entry ${id}`}>
          <Body world={world} entry={entry} other={other} />
        </Boundary>
      )}
    </section>
  )
}

function Body({
  world,
  entry,
  other,
}: {
  readonly world: string
  readonly entry: Entry
  readonly other: string | undefined
}) {
  const { kind, at, provider, operation, method, path, status, refused, refusal, account, key, summary } = entry
  return (
    <>
      {kind === 'call' ? (
        <p class="called">
          <strong>{operation ?? 'matches nothing'}</strong> <code>{`${method} ${path}`}</code>{' '}
          <StatusChip status={status} refused={refused} /> {refusal !== undefined && <Chip tone="bad">{refusal}</Chip>}
        </p>
      ) : (
        <p class="called">
          <strong>{summary}</strong>
        </p>
      )}
      <p class="muted">
        <Time iso={at} /> · {provider ?? 'the sandbox'} · {kind}
        {account !== undefined && ` · called by ${account}, key ${key}`}
      </p>
      {kind === 'call' && <CopyMenu world={world} entry={entry} />}
      {other !== undefined && <Comparison world={world} entry={entry} other={other} />}
      {kind === 'call' && <Ladder entry={entry} />}
      <Decisions entry={entry} />
      <Effects world={world} entry={entry} />
      <Rules world={world} entry={entry} />
      <SaidBoth entry={entry} />
      {kind === 'call' && other === undefined && <CompareForm id={entry.id} />}
    </>
  )
}
