// How a world starts: what it is made from, and is made from again by a reset that says nothing else.
import { z } from 'zod'
import type { PersistedWorld } from './commit.ts'

export interface Start {
  readonly seed?: string | undefined
  readonly clock?: string | undefined
  /** Which answer is given where the documents leave two open, by rule id, beside what the sandbox assumes. */
  readonly assume?: Readonly<Record<string, string>> | undefined
  /** What was asked for when it was made; undefined for the default world, and for those that were stored before this was kept. */
  readonly wish?: Wish | undefined
}

/** What somebody asks a world to be, as far as they said. */
export interface Wish {
  readonly seed?: string | undefined
  readonly clock?: string | undefined
  readonly assume?: Readonly<Record<string, string>> | undefined
  /** SHA-256 of the scenario as it was written. */
  readonly scenario?: string | undefined
  /** The world that it is a copy of. */
  readonly from?: string | undefined
}

/** As it stands in a directory; what other versions say beside it is their affair. */
const StartSchema = z.looseObject({
  seed: z.string().optional(),
  clock: z
    .string()
    .refine((text) => text === 'real' || !Number.isNaN(Date.parse(text)), 'expected real, or an instant')
    .optional(),
  assume: z.record(z.string(), z.string()).optional(),
  wish: z
    .looseObject({
      seed: z.string().exactOptional(),
      clock: z.string().exactOptional(),
      assume: z.record(z.string(), z.string()).exactOptional(),
      scenario: z.string().exactOptional(),
      from: z.string().exactOptional(),
    })
    .exactOptional(),
})

/** What is wrong with how a world was made, which a reset would do again. */
export function startProblem({ made }: PersistedWorld): string | undefined {
  const parsed = StartSchema.safeParse(made ?? {})
  return parsed.success
    ? undefined
    : `how it was made: ${parsed.error.issues[0]!.path.join('.')}: ${parsed.error.issues[0]!.message}`
}
