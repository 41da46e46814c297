// What stands where there is nothing yet, and why there is nothing: it says what to do next.
import type { ComponentChildren } from 'preact'
import type { Problem } from '../api/client.ts'

/** A place with nothing in it. */
export function Empty({ title, children }: { readonly title: string; readonly children?: ComponentChildren }) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children}
    </div>
  )
}

/** Why something could not be read or done, and a way to try it again. */
export function ProblemNote({
  problem,
  again,
}: {
  readonly problem: Problem | undefined
  readonly again?: () => void
}) {
  if (!problem) return null
  return (
    <div class="problem" role="alert">
      {problem.problems.length > 1 ? (
        <ul>
          {problem.problems.map((sentence) => (
            <li key={sentence}>{sentence}</li>
          ))}
        </ul>
      ) : (
        <p>{problem.message}</p>
      )}
      {again && (
        <button type="button" class="small" onClick={again}>
          Try again
        </button>
      )}
    </div>
  )
}

/** What stands until something was read. */
export function Reading({ what }: { readonly what: string }) {
  return (
    <p class="reading" role="status">
      Reading {what}…
    </p>
  )
}
