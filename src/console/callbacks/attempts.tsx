// The attempts of a delivery: when, what was sent, what the receiver answered, and the entry of the journal that tells of it.
import type { Attempt, Brief, Delivery, Page } from '../api/shapes.ts'
import { queryOf } from '../api/client.ts'
import { useReadLive } from '../api/use.ts'
import { Chip, StatusChip } from '../ui/chip.tsx'
import { Code } from '../ui/code.tsx'
import { EntryLink } from '../ui/link.tsx'
import { Time } from '../ui/time.tsx'
import { outcomeOf } from './outcomes.ts'
import { headerLines } from './recipe.ts'

interface Props {
  readonly world: string
  readonly row: Delivery
}

export function Attempts({ world, row }: Props) {
  const { id, attempts } = row
  // Summaries have the id between brackets, so that cb_1 does not find cb_10.
  const { value } = useReadLive<Page<Brief>>(
    world,
    `/journal${queryOf({ kind: 'callback', view: 'brief', text: `(${id})`, limit: 1000 })}`,
  )
  const entries = new Map(
    (value?.data ?? []).filter(({ delivery }) => delivery === id).map((entry) => [entry.attempt, entry.id]),
  )
  return (
    <section aria-labelledby="attempts-title">
      <h3 id="attempts-title">Attempts</h3>
      {attempts.length === 0 && <p class="muted">None was made yet.</p>}
      <ol class="attempts" reversed>
        {attempts
          .map((attempt, index) => (
            <li key={index}>
              <OneAttempt
                attempt={attempt}
                number={index + 1}
                entry={entries.get(index + 1)}
                open={index === attempts.length - 1}
              />
            </li>
          ))
          .reverse()}
      </ol>
    </section>
  )
}

interface OneProps {
  readonly attempt: Attempt
  readonly number: number
  readonly entry: number | undefined
  readonly open: boolean
}

function OneAttempt({ attempt, number, entry, open }: OneProps) {
  const { at, status, error, headers, signed_text: signedText, answer } = attempt
  const outcome = outcomeOf(attempt)
  return (
    <details open={open}>
      <summary>
        Attempt {number} · <Time iso={at} />{' '}
        {outcome === 'open' ? (
          <Chip tone="info">on its way</Chip>
        ) : (
          <StatusChip status={status} refused={outcome === 'bad'} />
        )}
      </summary>
      <p>
        {error !== null && <span class="wrong">{error}. </span>}
        {entry !== undefined && <EntryLink id={entry} />}
      </p>
      {headers ? (
        <>
          <h4>Headers that were sent</h4>
          <Code plain text={headerLines(headers)} label={`Headers of attempt ${number}`} />
        </>
      ) : (
        <p class="muted">No request was made.</p>
      )}
      {signedText !== undefined && (
        <>
          <h4>Text that was signed</h4>
          <Code plain text={signedText} label={`Text that attempt ${number} signed`} />
        </>
      )}
      <h4>What the receiver answered</h4>
      {answer === undefined || answer === '' ? (
        <p class="muted">{outcome === 'open' ? 'Nothing yet.' : 'No body.'}</p>
      ) : (
        <Code text={answer} label={`Answer to attempt ${number}`} />
      )}
    </details>
  )
}
