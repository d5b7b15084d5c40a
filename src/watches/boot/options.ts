// What can be configured of boots; the spans of grace are those of `mute`.
import { z } from 'zod'
import { duration, listOf } from '../../lib/schema.ts'

export const bootOptions = z.strictObject({
  hosts: listOf(z.string().min(1)).prefault(['*']).describe('Whose boots are watched; * stands for any characters.'),
  checkEvery: duration({ minMs: 1000 })
    .prefault('30s')
    .describe('During the grace: how often guests, services, storages and the network are looked at.'),
})

export type BootOptions = z.output<typeof bootOptions>
