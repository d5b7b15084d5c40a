// Workstation names are the clients' own words and may hold line feeds: which lines behind a name cannot be vlmcsd's.
import type { Block } from './block.ts'
import type { Blocks } from './blocks.ts'
import { type Connection, readKey } from './connections.ts'
import type { ConnectionTable } from './connection-table.ts'
import { form, type Line } from './line.ts'

/** The next label follows within a millisecond; a name cannot reach further than the clock's next ticks. */
export const forgeableMs = 2000

/** `block` has said its name and not yet the label behind it. False: another worker may have written the line just then. */
export function isForged(line: Line, block: Block, table: ConnectionTable, blocks: Blocks): boolean {
  if (line.at > block.lastAt + (block.gapless ? forgeableMs : 0)) return false
  if (line.layout !== block.layout || line.at < block.lastAt) return true
  switch (line.form) {
    case form.request:
    case form.chatter:
      return false
    case form.refusal:
      return !blocks.awaitsAnswer
    case form.accepted: {
      const key = readKey(line.bytes, line.value, line.end - 1)
      const known = key === undefined ? undefined : table.get(key)
      return key === undefined || (known !== undefined && !known.lost)
    }
    case form.closed: {
      const key = readKey(line.bytes, line.value, line.end - 1)
      const one = key === undefined ? undefined : table.get(key)
      return one === undefined || (block.gapless && soleCandidate(block) === one)
    }
    default:
      return true
  }
}

export function soleCandidate(block: Block): Connection | undefined {
  return block.candidates.length === 1 ? block.candidates[0] : undefined
}
