// How a world starts: what it is made from, and is made from again by a reset that says nothing else.
import { z } from 'zod'
import type { PersistedWorld } from './commit.ts'

export interface Start {
  readonly seed?: string | undefined
  readonly clock?: string | undefined
  /** Which answer is given where the documents leave two open, by rule id, beside what the sandbox assumes. */
  readonly assume?: Readonly<Record<string, string>> | undefined
}

/** As it stands in a directory; what other versions say beside it is their affair. */
const StartSchema = z.looseObject({
  seed: z.string().optional(),
  clock: z
    .string()
    .refine((text) => text === 'real' || !Number.isNaN(Date.parse(text)), 'expected real, or an instant')
    .optional(),
  assume: z.record(z.string(), z.string()).optional(),
})

/** What is wrong with how a world was made, which a reset would do again. */
export function startProblem({ made }: PersistedWorld): string | undefined {
  const parsed = StartSchema.safeParse(made ?? {})
  return parsed.success
    ? undefined
    : `how it was made: ${parsed.error.issues[0]!.path.join('.')}: ${parsed.error.issues[0]!.message}`
}
