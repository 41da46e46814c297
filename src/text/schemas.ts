// Shapes of texts that people write in config files, scenario files and flags.
import { z } from 'zod'
import { durationMs } from './durations.ts'
import { instantMs } from './instants.ts'

const CLOCK = 'expected real, or an instant such as 2026-05-16T19:00:00Z'

/** `real`, or an ISO 8601 instant with its zone. */
export const ClockText = z
  .string({ error: CLOCK })
  .refine((text) => text === 'real' || instantMs(text) !== undefined, CLOCK)

/** `90s`, `15m`, `4h`, `7d` or ISO 8601. */
export const DurationText = z.string().refine((text) => durationMs(text) !== undefined, {
  message: 'expected a duration such as 90s, 15m, 4h, 7d or PT4H',
})
