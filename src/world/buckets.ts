// Calls counted by the minute of world time, as every provider's limit does. What one over the limit hears is left to the provider.
import type { Module } from './module.ts'
import { z } from 'zod'
import { Count, Text } from './rows.ts'
import type { Table } from './tables.ts'
import type { World } from './world.ts'

export const Buckets: Table<{ readonly key: string; readonly minute: number; readonly count: number }> = {
  name: 'buckets',
  key: (row) => row.key,
  secret: true,
  schema: z.strictObject({ key: Text, minute: z.int({ error: 'expected a whole number' }), count: Count }),
  indexes: {},
}

const MINUTE_MS = 60_000

/** Counts a call; answers how long until the minute is over, ms, when it is one too many. Without a limit nothing is counted. Only inside a change. */
export function overRate(name: readonly unknown[], perMinute: number | undefined, world: World): number | undefined {
  if (perMinute === undefined) return undefined
  const key = JSON.stringify(name)
  const minute = Math.floor(world.now / MINUTE_MS)
  const bucket = world.get(Buckets, key)
  const count = (bucket?.minute === minute ? bucket.count : 0) + 1
  world.put(Buckets, { key, minute, count })
  return count > perMinute ? (minute + 1) * MINUTE_MS - world.now : undefined
}

export const bucketModule: Module = { tables: [Buckets] }
