// The check ladder of a call: the checks that it passed, the one that stopped it and why, and those that nobody asked any more.
import type { Entry } from '../api/shapes.ts'
import { Code } from '../ui/code.tsx'

export function Ladder({ entry }: { readonly entry: Entry }) {
  const { checks = [], stopped_by: stopped, not_reached: left = [] } = entry
  const none = checks.length + left.length === 0 && stopped === undefined
  return (
    <section aria-labelledby="ladder-title">
      <h3 id="ladder-title">{headOf(entry)}</h3>
      {none && <p>{noChecks(entry)}</p>}
      <ol class="ladder" hidden={none}>
        {checks.map((check) => (
          <li key={check} class="passed">
            <span class="out-of-sight">passed: </span>
            {wordsOf(check)}
          </li>
        ))}
        {stopped !== undefined && (
          <li class="stopped">
            <span class="out-of-sight">stopped here: </span>
            <strong>{wordsOf(stopped)}</strong> <Why entry={entry} />
          </li>
        )}
        {left.map((check) => (
          <li key={check} class="left">
            <span class="out-of-sight">not reached: </span>
            {wordsOf(check)}
          </li>
        ))}
      </ol>
    </section>
  )
}

function noChecks({ operation, faults = [] }: Entry): string {
  if (faults.length > 0) return 'No check was asked: a scenario or an armed rule answered before.'
  return operation === undefined
    ? 'No check was asked: the document has no such path and method.'
    : 'No check was asked.'
}

function headOf({ checks = [], stopped_by: stopped, refusal }: Entry): string {
  if (stopped !== undefined) return `Stopped by “${wordsOf(stopped)}”${refusal === undefined ? '' : `: ${refusal}`}`
  return checks.length > 0 ? `All ${checks.length} checks passed` : 'Checks'
}

function Why({ entry: { refusal, hint, expected_text: expected } }: { readonly entry: Entry }) {
  return (
    <>
      {refusal !== undefined && <span class="wrong">{refusal}</span>}
      {hint !== undefined && <p class="hint-box">{hint}</p>}
      {expected !== undefined && (
        <>
          <p class="muted">This is the text that should have been signed:</p>
          <Code plain text={expected} label="The text that should have been signed" />
        </>
      )}
    </>
  )
}

/** `key_known` in words: `key known`. */
function wordsOf(check: string): string {
  return check.replaceAll('_', ' ')
}
