// Recordings: facts and events of sources as lines of JSON, as `sereno facts` writes them, read back for a replay.
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { z } from 'zod'
import { type Fact, type NewEvent, type NewFact, severityOf } from '../words.ts'

export type Said = { readonly event: NewEvent } | { readonly fact: NewFact }

const json = z.json()
const texts = z.record(z.string(), z.string())
const time = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text))
const severity = z.string().transform((word, context) => {
  const known = severityOf.get(word)
  if (known === undefined) context.addIssue({ code: 'custom', message: 'is no severity' })
  return known
})
const line = z.union([
  z.strictObject({
    source: z.string().optional(),
    fact: z.strictObject({
      name: z.string().min(1),
      key: z.string().min(1),
      time,
      host: z.string().optional(),
      data: z.record(z.string(), json).default({}),
    }),
  }),
  z.strictObject({
    source: z.string().optional(),
    event: z.strictObject({
      type: z.string().min(1),
      time,
      host: z.string().optional(),
      subject: z.string().optional(),
      severity: severity.optional(),
      title: z.string().optional(),
      text: z.string().optional(),
      labels: texts.optional(),
      data: z.record(z.string(), json).optional(),
      condition: z.object({ key: z.string().min(1), state: z.enum(['firing', 'changed', 'resolved']) }).optional(),
    }),
  }),
])

/** One line of it, without the line feed. */
export function toRecordingLine({ source, name, key, time: at, host, data }: Fact): string {
  const fact = { time: new Date(at).toISOString(), name, key, ...(host === undefined ? {} : { host }), data }
  return JSON.stringify({ source, fact })
}

/** By its first bytes. */
export async function isRecording(path: string): Promise<boolean> {
  await using file = await open(path)
  const { bytesRead, buffer } = await file.read(Buffer.alloc(4096), 0, 4096, 0)
  const start = buffer.toString('utf8', 0, bytesRead)
  return /^\s*\{\s*(?:"source"\s*:\s*"[^"]*"\s*,\s*)?"(?:fact|event)"\s*:\s*\{/.test(start)
}

/** What `source` has said; lines that name no source are of whichever is asked. Throws a sentence for people. */
export async function* readRecording(path: string, source: string): AsyncIterable<Said> {
  let number = 0
  for await (const text of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) {
    number += 1
    if (text.trim() === '') continue
    const said = readLine(text)
    if (said === undefined) {
      const shape =
        '{"source": …, "fact": {"time", "name", "key", "host", "data"}} or {"source": …, "event": {"type", "time", …}}'
      throw new Error(`${path}:${number}: this is no line of a recording; each is ${shape}`)
    }
    if (said.source !== undefined && said.source !== source) continue
    yield 'fact' in said ? { fact: said.fact as NewFact } : { event: said.event as NewEvent }
  }
}

function readLine(text: string): z.output<typeof line> | undefined {
  try {
    return line.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}
