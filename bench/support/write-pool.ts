// Writes events to a pool, in bursts and one by one, and says how many a second: as fixtures/kvp/judge.py does with cloud-init.
import { statSync, truncateSync } from 'node:fs'
import { encodeEvent } from '../../src/lib/kvp/encode.ts'
import type { KvpEvent } from '../../src/lib/kvp/event.ts'
import { findLocks } from '../../src/lib/kvp/locks.ts'
import { createReporter } from '../../src/lib/kvp/reporter.ts'

const [path = '', markerFolder = '', count = '1', rounds = '1'] = process.argv.slice(2)
const found = await findLocks()
if (!found.ok) throw new Error(`no locks: ${found.detail}`)
const { locks } = found
const size = statSync(path).size
const events = Number(count)
const burst: number[] = []
const single: number[] = []
for (let round = 0; round < Number(rounds); round++) {
  burst.push(
    await measure(async (reporter) => {
      for (let number = 0; number < events; number++) reporter.publish(event(number))
      await reporter.flush(10_000)
    }),
  )
  single.push(
    await measure(async (reporter) => {
      for (let number = 0; number < events; number++) {
        reporter.publish(event(number))
        await reporter.flush(10_000)
      }
    }),
  )
}
console.log(JSON.stringify({ burst, single }))

async function measure(work: (reporter: ReturnType<typeof createReporter>) => Promise<void>): Promise<number> {
  await using reporter = createReporter({
    path,
    prefix: 'SERENO',
    encode: encodeEvent,
    locks,
    markerFolder,
    mostRecords: Number.POSITIVE_INFINITY,
    mostWaiting: Number.POSITIVE_INFINITY,
    now: Date.now,
    warn: (message) => console.error(message),
  })
  await reporter.flush(1000)
  const startedAt = performance.now()
  await work(reporter)
  const rate = (events / (performance.now() - startedAt)) * 1000
  if (reporter.status.written !== events) throw new Error(`${reporter.status.written} were written`)
  await reporter[Symbol.asyncDispose]()
  truncateSync(path, size)
  return rate
}

function event(number: number): KvpEvent {
  const name = `init-network/config-${number}`
  const description = 'running config-ssh with frequency once-per-instance'
  return { type: 'finish', name, description, at: Date.now(), result: 'SUCCESS', durationSeconds: 0.25 }
}
