// Who hears what a sandbox has to say to people: bugs, and lines that are no bugs.
import type { Secrets } from '../engine/secrets.ts'
import { stackOf } from '../runtime/stack.ts'
import type { Log } from './log.ts'

export interface ReportingOptions {
  readonly log?: Log | undefined
  readonly warn?: ((line: string) => void) | undefined
  readonly complain?: ((message: string, error?: unknown) => void) | undefined
}

/** Who takes bugs; what an error holds of a call may let somebody in. */
export function complainerOf(
  { complain, log }: ReportingOptions,
  secrets: Secrets,
): NonNullable<ReportingOptions['complain']> {
  if (complain) return (message, error) => complain(secrets.hide(message), error)
  const told = (error: unknown) => (error === undefined ? undefined : secrets.hide(stackOf(error)))
  return log
    ? (message, error) => log.say('error', secrets.hide(message), told(error))
    : (message, error) => console.error(secrets.hide(message), told(error) ?? '')
}

/** Who takes lines for people that are no bugs. */
export function warnerOf({ warn, log }: ReportingOptions): (line: string) => void {
  return warn ?? (log ? (line) => log.say('warn', line) : (line) => console.error(line))
}
