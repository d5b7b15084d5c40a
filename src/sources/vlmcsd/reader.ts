// From bytes to events: splits lines, strips prefixes, reads the grammar and hands each line to the session.
import { createCidrTable } from '../../lib/cidr.ts'
import { createLineSplitter } from '../../lib/lines.ts'
import { createZone } from '../../lib/zone.ts'
import type { Reader, ReaderOutput, ReaderPlace } from '../../source.ts'
import type { Json } from '../../words.ts'
import { createEventMaker } from './events.ts'
import { classify } from './grammar.ts'
import { createLine, setBytes } from './line.ts'
import { createPrefix, isPartial } from './prefix.ts'
import { createPartials } from './partials.ts'
import { restore, saveChanges } from './saved.ts'
import { Session } from './session.ts'

export interface VlmcsdReaderOptions {
  readonly zones: { readonly [label: string]: readonly string[] }
  readonly connections: number
  /** Milliseconds. */
  readonly idle: number
}

export function createVlmcsdReader(options: VlmcsdReaderOptions, place: ReaderPlace): Reader {
  const saved = new Map<string, Json>(place.saved ?? [])
  const make = createEventMaker(createCidrTable(options.zones), place.host)
  const session = new Session({ connections: options.connections, idleMs: options.idle }, make)
  const restored = restore(session, saved)
  const prefix = createPrefix(createZone(place.zone), restored.lastAt)
  const splitter = createLineSplitter()
  const partials = createPartials(saved.get('partial'))
  const line = createLine()
  let now = 0
  let lines = 0
  /** Time of reading less log time. */
  let lagMs = 0

  function take(bytes: Buffer, start: number, end: number): void {
    lines++
    setBytes(line, bytes, start, end)
    if (partials.isOpen || isPartial(line)) {
      if (!partials.join(line)) return
    }
    prefix.strip(line, now)
    if (line.start >= line.end) return
    classify(line)
    session.take(line)
  }

  function output(): ReaderOutput {
    const { events } = session
    session.events = []
    const rows = saveChanges(session, restored.kept, prefix.ambiguous ? prefix.lastAt : undefined)
    const partial = partials.save()
    const { dueAt } = session
    const out = {
      events,
      put: partial?.put ? [...rows.put, partial.put] : rows.put,
      delete: partial?.gone ? [...rows.delete, partial.gone] : rows.delete,
    }
    return dueAt === undefined ? out : { ...out, due: dueAt + lagMs }
  }

  return {
    push(bytes, at) {
      now = at
      splitter.push(bytes, take)
      lagMs = now > 0 && prefix.lastAt > 0 ? now - prefix.lastAt : 0
      return output()
    },
    tick(at) {
      session.expire(at - lagMs)
      return output()
    },
    end(at) {
      now = at
      splitter.end(take)
      return output()
    },
    get pending() {
      return splitter.pending
    },
    get counts() {
      return { lines, lines_cut: splitter.cut, connections_open: session.table.size, ...session.counts }
    },
  }
}
