// Turns the bytes of Proxmox's list of ended tasks into facts; pure.
import { createLineSplitter } from '../../lib/lines.ts'
import type { Reader, ReaderOutput } from '../../source.ts'
import type { NewFact } from '../../words.ts'
import { toTaskFact } from './task.ts'
import { readIndexLine } from './upid.ts'

export interface TaskReading {
  /** How a node is called among hosts. */
  hostOf(node: string): string
  /** Tasks that ended before are no news. */
  readonly since?: number
}

/** Longer lines hold no task of this world. */
const longestLine = 8192

export function createTaskReader({ hostOf, since = 0 }: TaskReading): Reader {
  const lines = createLineSplitter(longestLine)
  const counts = { tasks_read: 0, unparsed: 0 }

  function take(facts: NewFact[], buffer: Buffer, start: number, end: number): void {
    if (end === start) return
    const task = readIndexLine(buffer.toString('utf8', start, end))
    if (task === undefined) {
      counts.unparsed += 1
      return
    }
    counts.tasks_read += 1
    if (task.endedAt < since) return
    const fact = toTaskFact(task, hostOf(task.upid.node))
    if (fact !== undefined) facts.push(fact)
  }

  function read(feed: (take: (buffer: Buffer, start: number, end: number) => void) => void): ReaderOutput {
    const facts: NewFact[] = []
    feed((buffer, start, end) => take(facts, buffer, start, end))
    return { events: [], facts, put: [], delete: [] }
  }

  return {
    push: (bytes) => read((onLine) => lines.push(bytes, onLine)),
    tick: () => read(() => {}),
    end: () => read((onLine) => lines.end(onLine)),
    get pending() {
      return lines.pending
    },
    counts,
  }
}
