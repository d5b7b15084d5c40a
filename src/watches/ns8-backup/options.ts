// What this watch reads of the options of its source, as they are after reading: durations in milliseconds.
import { z } from 'zod'

const ms = z.number().min(0)

/** Absent ones are judged as the source's own defaults say. */
export const options = z.object({
  poll: ms.default(300_000),
  settle: ms.default(30_000),
  startGrace: ms.default(900_000),
  retryWindow: ms.default(3_600_000),
  provisionalAfter: ms.default(900_000),
  probe: z.union([z.literal(false), z.object({})]).default({}),
  digest: z.union([z.literal(false), z.object({ at: z.string() })]).default({ at: 'Mon *-*-* 08:00' }),
  trends: z
    .union([
      z.literal(false),
      z.object({
        sizeDrop: z.number().default(0.5),
        sizeDropAtLeast: z.number().default(100 * 1024 ** 2),
        sizeJump: z.number().default(2),
        sizeJumpAtLeast: z.number().default(1024 ** 3),
        duration: z.number().default(3),
        durationAtLeast: ms.default(900_000),
      }),
    ])
    .prefault({}),
  zones: z.record(z.string(), z.string()).default({}),
  plans: z.array(z.string()).optional(),
})

export type Options = z.infer<typeof options>
