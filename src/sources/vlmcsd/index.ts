// The vlmcsd source: follows the log of a KMS server and tells activations, renewals, refusals and probes apart.
import { z } from 'zod'
import { cidr, duration } from '../../lib/schema.ts'
import { fileOptions, followFile } from '../../source-file.ts'
import type { SourceKind } from '../../source.ts'
import { createVlmcsdReader } from './reader.ts'

const options = z.strictObject({
  ...fileOptions,
  zones: z
    .record(z.string().min(1), z.array(cidr()))
    .default({})
    .describe(
      'Names for address ranges, as in `office: [10.1.0.0/16]`. A client in none of them is in the zone `external`.',
    ),
  connections: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(10_000)
    .describe(
      'Connections that may be open at once; beyond it the oldest is given up. One that asked takes about half a kilobyte, others less.',
    ),
  idle: duration({ minMs: 60_000 })
    .prefault('10m')
    .describe(
      "A connection without a sign of life for so long is given up. Keep it above twice vlmcsd's own timeout (-t).",
    ),
})

export default {
  about: 'Follows the log of a vlmcsd KMS server: activations, renewals, refusals, probes, and who asked.',
  options,
  example: {
    path: '/var/log/vlmcsd/vlmcsd.log',
    zones: { internal_pod: ['10.10.0.0/16'], cluster_node: ['10.0.20.0/24'] },
  },
  start: (given, tools) => followFile(given, tools, (saved) => createVlmcsdReader(given, { ...tools.place, saved })),
  reader: createVlmcsdReader,
} satisfies SourceKind<z.infer<typeof options>>
