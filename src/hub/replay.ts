// Replay: what another rule would have said. Reads logs or recorded events through the same engine, on a virtual clock.
import { createReadStream } from 'node:fs'
import type { Assembly } from './assemble.ts'
import { isRecording, readRecording, type Said } from './recording.ts'
import { createRehearsal, type RehearsedMessage } from './rehearsal.ts'
import type { Store } from '../store/store.ts'
import type { Reader, ReaderOutput } from '../source.ts'
import type { HubEvent, JsonObject, NewEvent } from '../words.ts'

/** One printed line; the shape is a promise. */
export type ReplayLine =
  | {
      readonly kind: 'event'
      readonly type: string
      readonly time: string
      readonly source: string
      readonly host?: string
      readonly subject?: string
      readonly severity: string
      readonly labels: { readonly [name: string]: string }
      readonly data: JsonObject
    }
  | {
      readonly kind: 'message'
      readonly channel: string
      readonly at: string
      readonly title: string
      readonly text: string
    }

export interface ReplayFile {
  /** A name under `sources`. */
  readonly source: string
  readonly path: string
}

/**
 * Reads the files through their sources' readers; received = event time. Never asks the outside, never delivers, never
 * touches a store. Throws an `Error` with a sentence for people when a source or file is not there.
 */
export async function replayFiles(assembly: Assembly, files: readonly ReplayFile[], print: Print): Promise<void> {
  const inputs = files.map((file) => ({ source: file.source, said: readFile(assembly, file) }))
  await replay(assembly, merge(inputs), print)
}

/** Replays recorded source events, after warming up on those of `warmFrom` to `from` without printing. */
export async function replayStore(
  assembly: Assembly,
  store: Store,
  span: { readonly warmFrom: number; readonly from: number },
  print: Print,
): Promise<void> {
  await replay(assembly, recorded(store, span.warmFrom), print, span.from)
}

export type Print = (line: ReplayLine) => void

type Arrival = { readonly source: string; readonly at: number } & Said

async function replay(
  assembly: Assembly,
  arrivals: AsyncIterable<Arrival>,
  print: Print,
  from = -Infinity,
): Promise<void> {
  const buffer: RehearsedMessage[] = []
  let rehearsal: Awaited<ReturnType<typeof createRehearsal>> | undefined
  const flush = (): void => {
    for (const message of buffer.splice(0)) if (message.at >= from) print(toMessageLine(message))
  }
  const begin = (startAt: number): ReturnType<typeof createRehearsal> =>
    createRehearsal(assembly, {
      startAt,
      told: (message) => buffer.push(message),
      committed: (draft) => {
        if (draft.events.length === 0) return
        flush()
        for (const event of draft.events) if (event.receivedAt >= from) print(toEventLine(event))
      },
    })
  for await (const arrival of arrivals) {
    const { source, at } = arrival
    rehearsal ??= await begin(at)
    await rehearsal.advance(Math.max(at, rehearsal.clock.now()))
    if ('event' in arrival) await rehearsal.emit(source, [arrival.event], at)
    else await rehearsal.observe(source, [arrival.fact], at)
    flush()
  }
  await rehearsal?.runOut()
  flush()
  await rehearsal?.close()
}

/** What several inputs say in the order of their time; each input keeps its own order. */
async function* merge(
  inputs: readonly { readonly source: string; readonly said: AsyncIterator<Said> }[],
): AsyncIterable<Arrival> {
  const heads = await Promise.all(inputs.map(async ({ source, said }) => ({ source, said, head: await said.next() })))
  for (;;) {
    let first: (typeof heads)[number] | undefined
    for (const one of heads) {
      if (one.head.done === true) continue
      if (first === undefined || timeOf(one.head.value) < timeOf(first.head.value)) first = one
    }
    if (first === undefined) return
    const said = first.head.value as Said
    yield { source: first.source, ...said, at: timeOf(said) }
    first.head = await first.said.next()
  }
}

function timeOf(said: Said | undefined): number {
  if (said === undefined) return 0
  return ('event' in said ? said.event.time : said.fact.time) ?? 0
}

async function* readFile(assembly: Assembly, { source, path }: ReplayFile): AsyncGenerator<Said> {
  const found = assembly.sources.find((one) => one.name === source)
  if (found === undefined) {
    const known = assembly.sources.map((one) => one.name).join(', ')
    throw new Error(`--input ${source}=${path}: there is no source named ${source}; the config has ${known}`)
  }
  const { kind, kindName, options, place } = found
  try {
    if (await isRecording(path)) return yield* readRecording(path, source)
    if (kind.reader === undefined) {
      const way = 'it takes what sereno facts has written'
      throw new Error(`--input ${source}=${path}: a source of kind ${kindName} reads no such file; ${way}`)
    }
    const { lookBeside } = kind
    for await (const said of readBytes(kind.reader(options, place), path)) {
      yield 'fact' in said && lookBeside !== undefined ? { fact: await lookBeside(path, said.fact) } : said
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error
    throw new Error(`--input ${source}=${path}: the file cannot be read (${(error as NodeJS.ErrnoException).code})`, {
      cause: error,
    })
  }
}

async function* readBytes(reader: Reader, path: string): AsyncIterable<Said> {
  const now = Date.now()
  for await (const chunk of createReadStream(path, { highWaterMark: 65_536 })) {
    yield* timed(reader.push(chunk as Uint8Array, now), now)
  }
  yield* timed(reader.end(now), now)
  yield* runOut(reader, now)
}

/** Ends the sessions that are still open, each at the time it is due. */
function* runOut(reader: Reader, now: number): Iterable<Said> {
  let at = now
  for (;;) {
    const output = reader.tick(at)
    yield* timed(output, at)
    if (output.due === undefined || (output.due <= at && output.events.length === 0)) return
    at = Math.max(output.due, at)
  }
}

function* timed({ events, facts = [] }: ReaderOutput, now: number): Iterable<Said> {
  for (const event of events) yield { event: event.time === undefined ? { ...event, time: now } : event }
  for (const fact of facts) yield { fact: fact.time === undefined ? { ...fact, time: now } : fact }
}

/** Source events and facts in the one order in which they came; what was derived from them is derived anew. */
async function* recorded(store: Store, since: number): AsyncIterable<Arrival> {
  const events = pages((afterSeq) => store.events({ since, afterSeq, ascending: true, limit: 1000 }))
  const facts = pages((afterSeq) => store.facts({ since, afterSeq, limit: 1000 }))
  let [event, fact] = [await events.next(), await facts.next()]
  while (event.done !== true || fact.done !== true) {
    if (fact.done === true || (event.done !== true && event.value.seq < fact.value.seq)) {
      if (event.done === true) return
      const { cause, source, receivedAt } = event.value
      if (cause === undefined && source !== 'sereno') yield { source, event: toNewEvent(event.value), at: receivedAt }
      event = await events.next()
    } else {
      yield { source: fact.value.source, fact: fact.value, at: fact.value.receivedAt }
      fact = await facts.next()
    }
  }
}

async function* pages<Row extends { readonly seq: number }>(
  read: (afterSeq: number) => Promise<readonly Row[]>,
): AsyncGenerator<Row> {
  for (let afterSeq = 0; ;) {
    const page = await read(afterSeq)
    yield* page
    const last = page.at(-1)
    if (last === undefined || page.length < 1000) return
    afterSeq = last.seq
  }
}

function toNewEvent(event: HubEvent): NewEvent {
  const { seq: _seq, id: _id, receivedAt: _receivedAt, source: _source, cause: _cause, ...rest } = event
  return rest
}

function toEventLine(event: HubEvent): ReplayLine {
  return {
    kind: 'event',
    type: event.type,
    time: new Date(event.time).toISOString(),
    source: event.source,
    ...(event.host === undefined ? {} : { host: event.host }),
    ...(event.subject === undefined ? {} : { subject: event.subject }),
    severity: event.severity,
    labels: event.labels,
    data: event.data,
  }
}

function toMessageLine({ channel, at, title, text }: RehearsedMessage): ReplayLine {
  return { kind: 'message', channel, at: new Date(at).toISOString(), title, text }
}
