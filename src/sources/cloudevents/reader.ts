// The pure half of the cloudevents source, for replays: lines of JSON in, each an event or a batch of them, events out.
import { createLineSplitter } from '../../lib/lines.ts'
import { cutBytes } from '../../lib/text.ts'
import type { Reader, ReaderOutput } from '../../source.ts'
import type { NewEvent } from '../../words.ts'
import { readCloudEvent } from './event.ts'

const lineBytes = 4 * 1024 * 1024
/** So much is kept of what is no event. */
export const rawBytes = 4096

export function createCloudEventReader(): Reader {
  const splitter = createLineSplitter(lineBytes)
  const counts = { unparsed: 0 }
  /** What names no time was sent when the one before it was. */
  let lastTime: number | undefined

  function* eventsOf(line: string): Iterable<NewEvent> {
    const read = parse(line)
    for (const element of Array.isArray(read) ? (read as unknown[]) : [read ?? line]) {
      const event = readCloudEvent(element)
      if (typeof event !== 'string') {
        lastTime = event.time ?? lastTime
        yield timed(event)
        continue
      }
      counts.unparsed += 1
      const raw = typeof element === 'string' ? element : JSON.stringify(element)
      yield timed({ type: 'sereno.rejected', data: { raw: cutBytes(raw, rawBytes), message: event } })
    }
  }

  function timed(event: NewEvent): NewEvent {
    return event.time === undefined && lastTime !== undefined ? { ...event, time: lastTime } : event
  }

  function take(work: (onLine: Parameters<typeof splitter.push>[1]) => void): ReaderOutput {
    const events: NewEvent[] = []
    work((buffer, start, end) => {
      const line = buffer.toString('utf8', start, end)
      if (line.trim() !== '') events.push(...eventsOf(line))
    })
    return { events, put: [], delete: [] }
  }

  return {
    push: (bytes) => take((onLine) => splitter.push(bytes, onLine)),
    end: () => take((onLine) => splitter.end(onLine)),
    tick: () => ({ events: [], put: [], delete: [] }),
    get pending() {
      return splitter.pending
    },
    counts,
  }
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
