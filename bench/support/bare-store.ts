// The ceiling of the intake: node:http, JSON and the same rows into the same store, one commit for all that waits, no judge.
// As a program: `bare-store.ts FILE` prints `port N`; ends with SIGTERM.
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { toId } from '../../src/lib/id.ts'
import { openSqlite } from '../../src/store/sqlite.ts'
import { type Told, toTrail } from './trail.ts'

interface Post {
  readonly told: readonly Told[]
  answer(firstSeq: number): void
}

const store = await openSqlite({ path: process.argv[2] ?? ':memory:' })
let nextSeq = await store.nextSeq(Date.now())
let queue: Post[] = []
let running = false

async function commitAll(): Promise<void> {
  while (queue.length > 0) {
    const posts = queue
    queue = []
    const told = posts.flatMap((post) => post.told)
    await store.commit(toTrail(told, nextSeq, Date.now()))
    for (const post of posts) {
      post.answer(nextSeq)
      nextSeq += post.told.length
    }
  }
  running = false
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return JSON.parse(Buffer.concat(chunks).toString('utf8'))
}

const server = createServer((request, response) => {
  void readJson(request).then((body) => {
    const told = (Array.isArray(body) ? body : [body]) as readonly Told[]
    const answer = (firstSeq: number): void => {
      const ids = told.map((_, index) => toId(firstSeq + index))
      const text = JSON.stringify({ accepted: told.length, duplicates: 0, invalid: [], ids })
      response.writeHead(202, { 'content-type': 'application/json', 'content-length': text.length }).end(text)
    }
    queue.push({ told, answer })
    if (running) return
    running = true
    setImmediate(() => void commitAll())
  })
})
server.listen(0, '127.0.0.1', () => console.log(`port ${(server.address() as AddressInfo).port}\n`))
process.once('SIGTERM', () => {
  server.close(() => void store.close())
  server.closeAllConnections()
})
