// Who hears what a sandbox has to say to people, and how some of it is said: bugs, lines that are no bugs, worlds that stand still.
import { spell } from '../scenario/runtime.ts'
import type { Secrets } from '../engine/secrets.ts'
import type { Was } from '../storage/file/directory.ts'
import type { SandboxOptions } from '../options.ts'
import { stackOf } from '../runtime/stack.ts'
import type { World } from '../world/world.ts'

type Complain = (message: string, error?: unknown) => void

/** Which wishes are not those that the world was begun with, and so count only when it begins anew. */
export function ignored({ seed, startMs, frozen }: Was, wish: SandboxOptions): string[] {
  const begun = frozen ? new Date(startMs).toISOString() : 'real'
  const told: string[] = []
  if (wish.seed !== undefined && wish.seed !== seed)
    told.push(`it was begun with the seed "${seed}", and --seed ${wish.seed} is ignored`)
  if (wish.clock !== undefined && (wish.clock === 'real' ? frozen : !frozen || Date.parse(wish.clock) !== startMs))
    told.push(`it was begun with the clock ${begun}, and --clock ${wish.clock} is ignored`)
  return told
}

/** In whole hours, where it is that long, else in minutes or seconds. */
export function roughly(ms: number): string {
  const unit = [3_600_000, 60_000].find((size) => ms >= size) ?? 1000
  return spell(Math.floor(ms / unit) * unit)
}

/** Who takes bugs; what an error holds of a call may let somebody in. */
export function complainerOf({ complain, log }: SandboxOptions, secrets: Secrets): Complain {
  if (complain) return (message, error) => complain(secrets.hide(message), error)
  const told = (error: unknown) => (error === undefined ? undefined : secrets.hide(stackOf(error)))
  return log
    ? (message, error) => log.say('error', secrets.hide(message), told(error))
    : (message, error) => console.error(secrets.hide(message), told(error) ?? '')
}

/** Who takes lines for people that are no bugs. */
export function tellerOf({ warn, log }: SandboxOptions): (line: string) => void {
  return warn ?? (log ? (line) => log.say('warn', line) : (line) => console.error(line))
}

/** A bug in what falls due costs its own world, and nobody else's; so does a directory that somebody has edited. */
export function tellStopped(
  { id, stopped }: World,
  error: unknown,
  complain: Complain,
  tell: (line: string) => void,
): void {
  const { reason, rows } = stopped!
  if (rows === 'good')
    complain(`the world "${id}" is frozen, a bug in Sandgate: ${reason}; reset it, or bring back a snapshot`, error)
  else
    tell(
      `the world "${id}" is not served: ${reason}. What is kept of it stays as it is; POST reset, PUT snapshot or DELETE begin anew`,
    )
}
