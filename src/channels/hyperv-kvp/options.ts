// What can be set for the pool of a Hyper-V guest.
import { z } from 'zod'
import { generations } from '../../lib/kvp/cloud-init.ts'
import { duration } from '../../lib/schema.ts'

export const options = z.strictObject({
  path: z
    .string()
    .startsWith('/', { error: 'write the whole path, such as /var/lib/hyperv/.kvp_pool_1' })
    .prefault('/var/lib/hyperv/.kvp_pool_1')
    .describe('File of the pool that the guest writes for the host; older systems have it in /var/opt/hyperv.'),
  compat: z
    .enum(generations)
    .optional()
    .describe(
      'Writes the records of this version of cloud-init to the byte, for tools that know no others; absent: keys that begin with SERENO, and slices that are JSON each.',
    ),
  maxRecords: z
    .int()
    .min(2)
    .max(100_000)
    .prefault(500)
    .describe(
      'Records of one boot. The host reads the whole pool for each record, so that twice as many take four times as long.',
    ),
  lockWait: duration({ minMs: 1 })
    .prefault('2s')
    .describe('How long another program may hold the pool before the message waits for its next attempt.'),
  foreign: z
    .enum(['keep', 'drop'])
    .prefault('keep')
    .describe(
      'Records of other programs when a boot begins: keep, since they may be of this boot, or drop, where none writes before Sereno.',
    ),
  vmId: z
    .guid()
    .optional()
    .describe("Id of this machine in the keys; absent: the firmware's, or zeros when it cannot be read."),
})

export type Options = z.infer<typeof options>
