// What was asked for at the start and does not count, because the default world was stored before.
import { iso } from '../text/instants.ts'
import type { Commit } from './commit.ts'
import { DEFAULT_WORLD } from './worlds.ts'

interface Asked {
  readonly seed?: string | undefined
  readonly clock?: string | undefined
}

/** How a world began. */
interface Began {
  readonly seed: string
  readonly startMs: number
  readonly frozen: boolean
}

/** One line for each option that does not count. Rejects with `StorageError`. */
export async function ignoredOptions(commit: Commit, { seed, clock }: Asked): Promise<string[]> {
  const began = await storedDefault(commit)
  if (!began) return []
  const { startMs, frozen } = began
  const isOther = clock !== undefined && (clock === 'real' ? frozen : !frozen || Date.parse(clock) !== startMs)
  const ignored = [
    ...(seed !== undefined && seed !== began.seed ? [`(seed "${began.seed}"): --seed ${seed} is ignored`] : []),
    ...(isOther ? [`(clock ${frozen ? iso(startMs) : 'real'}): --clock ${clock} is ignored`] : []),
  ]
  return ignored.map(
    (what) =>
      `world "${DEFAULT_WORLD}" was restored from ${commit.shared ? 'the database' : 'disk'} ${what}. POST /_sandgate/reset to start over, or use another --data`,
  )
}

async function storedDefault(commit: Commit): Promise<Began | undefined> {
  const stored = (await commit.shared?.list())?.find(({ id }) => id === DEFAULT_WORLD)
  if (stored) return { ...stored, frozen: stored.beganFrozen }
  const [, persisted] = [...commit.found()].find(([id]) => id === DEFAULT_WORLD) ?? []
  return persisted?.unread === undefined ? persisted : undefined
}
