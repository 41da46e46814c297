// What was decided on the way: what idempotency made of a call, where an address came from, which faults struck.
import type { ComponentChildren } from 'preact'
import type { Entry } from '../api/shapes.ts'
import { EntryLink } from '../ui/link.tsx'

/** Sentences for what idempotency decides. */
const IDEMPOTENCY: Readonly<Record<string, string>> = {
  replayed: 'The key was known: the first answer was given again, and nothing was done.',
  conflict: 'The key was known with another request: it was refused.',
  kept: 'The key was new: the answer was kept for it.',
}

/** Names of notes as people read them. */
const NAMES: Readonly<Record<string, string>> = {
  address: 'Where the address came from',
  off_contract: 'Not as the document says',
  bug: 'A bug of Sandgate',
}

export function Decisions({ entry }: { readonly entry: Entry }) {
  const { notes = {}, faults = [], call, hint, stopped_by: stopped, because } = entry as Entry & { because?: string }
  const { idempotency, ...rest } = notes
  const rows: [string, ComponentChildren][] = [
    ...(idempotency === undefined
      ? []
      : [['Idempotency', <Idempotency note={idempotency} />] as [string, ComponentChildren]]),
    ...Object.entries(rest).map(([name, note]): [string, ComponentChildren] => [
      NAMES[name] ?? name.replaceAll('_', ' '),
      typeof note === 'string' ? note : <code>{JSON.stringify(note)}</code>,
    ]),
    // Of a call that was stopped the ladder has it.
    ...(hint !== undefined && stopped === undefined ? [['Hint', hint] as [string, string]] : []),
    ...(because === undefined ? [] : [['Because', because] as [string, string]]),
    ...faults.map((fault): [string, ComponentChildren] => [
      'Fault',
      <EntryLink id={fault}>what struck it: entry {fault}</EntryLink>,
    ]),
    ...(call === undefined
      ? []
      : [['Struck', <EntryLink id={call}>the call: entry {call}</EntryLink>] as [string, ComponentChildren]]),
  ]
  if (rows.length === 0) return null
  return (
    <section aria-labelledby="decisions-title">
      <h3 id="decisions-title">What was decided</h3>
      <dl class="pairs">
        {rows.map(([name, value], index) => (
          <div key={index}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  )
}

function Idempotency({ note }: { readonly note: unknown }) {
  if (typeof note !== 'object' || note === null) return <>{String(note)}</>
  const { decided, first_entry: first, ...rest } = note as { decided?: string; first_entry?: number }
  return (
    <>
      {decided === undefined ? null : (IDEMPOTENCY[decided] ?? decided)}
      {first !== undefined && (
        <>
          {' '}
          The first call was <EntryLink id={first} />.
        </>
      )}
      {Object.keys(rest).length > 0 && (
        <>
          {' '}
          <code>{JSON.stringify(rest)}</code>
        </>
      )}
    </>
  )
}
