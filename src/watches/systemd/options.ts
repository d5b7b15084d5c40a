// What this watch reads of the options of its source, as they are after reading: durations in milliseconds.
import { z } from 'zod'

export const options = z.object({ networkAfter: z.number().min(0).default(15_000) })

export type Options = z.infer<typeof options>
