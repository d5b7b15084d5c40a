// Posts CloudEvents over keep-alive connections as fast as they are answered. As a program: one JSON argument (`Load`),
// prints `LoadResult`. On bare sockets, since an HTTP client would take more of the machine than the hub under test.
import { randomUUID } from 'node:crypto'
import { connect } from 'node:net'
import { join } from 'node:path'
import { startChild } from './child.ts'
import { percentile, round } from './row.ts'

export interface Load {
  readonly port: number
  readonly token: string
  readonly connections: number
  /** Events in one post. */
  readonly batch: number
  readonly seconds: number
}

export interface LoadResult {
  readonly postsPerSecond: number
  readonly eventsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
}

/** In a process of its own. */
export async function postLoad(load: Load): Promise<LoadResult> {
  await using child = startChild({
    command: process.execPath,
    args: [join(import.meta.dirname, 'load.ts'), JSON.stringify(load)],
    deadlineMs: load.seconds * 1000 + 20_000,
  })
  return JSON.parse(await child.done) as LoadResult
}

/** Hosts that take turns: as many keys as the rule under test calms. */
export const hosts = 100

async function run({ port, token, connections, batch, seconds }: Load): Promise<LoadResult> {
  const took: number[] = []
  const startedAt = performance.now()
  const endAt = startedAt + seconds * 1000
  await Promise.all(Array.from({ length: connections }, () => post(port, token, batch, endAt, took)))
  const elapsed = (performance.now() - startedAt) / 1000
  return {
    postsPerSecond: Math.round(took.length / elapsed),
    eventsPerSecond: Math.round((took.length * batch) / elapsed),
    p50Ms: round(percentile(took, 0.5)),
    p99Ms: round(percentile(took, 0.99)),
  }
}

function post(port: number, token: string, batch: number, endAt: number, took: number[]): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const type = batch === 1 ? 'application/cloudevents+json' : 'application/cloudevents-batch+json'
  const head = `POST /api/v1/events HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nauthorization: Bearer ${token}\r\ncontent-type: ${type}\r\n`
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  let sentAt = 0
  let answer = ''
  const send = (): void => {
    const body = batch === 1 ? makeEvent() : `[${Array.from({ length: batch }, makeEvent).join(',')}]`
    sentAt = performance.now()
    socket.write(`${head}content-length: ${body.length}\r\n\r\n${body}`)
  }
  socket.setEncoding('latin1').on('connect', send)
  socket.on('data', (chunk: string) => {
    answer += chunk
    const end = answer.indexOf('\r\n\r\n')
    if (end < 0) return
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(answer)?.[1])
    if (answer.length < end + 4 + length) return
    if (!answer.startsWith('HTTP/1.1 202')) return void socket.destroy(new Error(`not taken: ${answer.slice(0, 500)}`))
    answer = ''
    const now = performance.now()
    took.push(now - sentAt)
    if (now < endAt) send()
    else socket.end()
  })
  socket.on('error', reject).on('close', () => resolve())
  return promise
}

let made = 0

/** About 300 bytes of ASCII, with an id as most senders make them. */
function makeEvent(): string {
  made += 1
  const time = new Date().toISOString()
  return `{"specversion":"1.0","id":"${randomUUID()}","source":"urn:bench:load","type":"bench.tick","time":"${time}","host":"host-${made % hosts}","subject":"disk /dev/sda1","severity":"warning","datacontenttype":"application/json","data":{"usedBytes":${made},"usedShare":0.93,"note":"more than was agreed on"}}`
}

if (import.meta.main) console.log(JSON.stringify(await run(JSON.parse(process.argv[2] ?? '{}') as Load)))
