// A program that writes events to a pool for some seconds, says how many, and looks after them until its standard input
// ends: one of two in a contest.
import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { encodeEvent } from '../../src/lib/kvp/encode.ts'
import { findLocks } from '../../src/lib/kvp/locks.ts'
import { createReporter } from '../../src/lib/kvp/reporter.ts'

const [path = '', markerFolder = '', name = '', seconds = '1'] = process.argv.slice(2)
const found = await findLocks()
const reporter = createReporter({
  path,
  prefix: 'SERENO',
  encode: encodeEvent,
  locks: found.ok ? found.locks : undefined,
  markerFolder,
  mostRecords: Number.POSITIVE_INFINITY,
  lockWaitMs: 20_000,
  now: Date.now,
  warn: (message) => console.error(message),
})
const until = performance.now() + Number(seconds) * 1000
let count = 0
while (performance.now() < until) {
  const burst = count % 7
  for (let more = 0; more <= burst; more++)
    reporter.publish({
      type: 'start',
      name: `${name}-${count++}`,
      description: 'x'.repeat(count % 3000),
      at: Date.now(),
    })
  await reporter.flush(20_000)
  await wait(2)
}
console.log('written')
process.stdin.resume()
await once(process.stdin, 'end')
await reporter.settle()
console.log(JSON.stringify({ name, written: count, again: reporter.status.again }))
await reporter[Symbol.asyncDispose]()
