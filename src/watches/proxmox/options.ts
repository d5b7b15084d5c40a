// What this watch reads of the options of its source, as they are after reading: durations in milliseconds.
import { z } from 'zod'

/** Absent ones are judged as the source's own defaults say. */
export const options = z.object({
  every: z.number().min(0).default(30_000),
  storageFull: z
    .union([
      z.literal(false),
      z.object({
        warning: z.number().default(85),
        critical: z.number().default(95),
        clear: z.number().default(2),
      }),
    ])
    .prefault({}),
})

export type Options = z.infer<typeof options>
