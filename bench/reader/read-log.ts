// Reads one log from beginning to end as the tail does, in chunks, without a store; says in JSON what it made and took.
import { closeSync, openSync, readSync } from 'node:fs'
import { createVlmcsdReader } from '../../src/sources/vlmcsd/reader.ts'
import type { Reader } from '../../src/source.ts'

const [path = '', warmUp = ''] = process.argv.slice(2)
const buffer = Buffer.allocUnsafe(128 * 1024)
const counts: { [type: string]: number } = {}
let rows = 0

// A hub runs for weeks: its code has long been compiled when it matters.
if (warmUp !== '') read(warmUp, createReader())
rows = 0
for (const type in counts) counts[type] = 0

const reader = createReader()
const threadBefore = process.threadCpuUsage()
const ms = Number(read(path, reader)) / 1e6
const thread = process.threadCpuUsage(threadBefore)
const threadMs = (thread.user + thread.system) / 1000
const rssBytes = process.resourceUsage().maxRSS * 1024
console.log(JSON.stringify({ lines: reader.counts['lines'], counts, rows, ms, threadMs, rssBytes }))

function createReader(): Reader {
  const zones = { pods: ['10.10.0.0/16'], nodes: ['10.0.20.0/24'] }
  return createVlmcsdReader({ zones, connections: 1_000_000, idle: 2 * 3_600_000 }, { zone: 'UTC', host: 'bench' })
}

/** Nanoseconds from bytes to events; waiting for the disk does not count. */
function read(from: string, into: Reader): bigint {
  let spent = 0n
  const file = openSync(from, 'r')
  for (let size = readSync(file, buffer); size > 0; size = readSync(file, buffer)) {
    const startedAt = process.hrtime.bigint()
    const output = into.push(buffer.subarray(0, size), 0)
    spent += process.hrtime.bigint() - startedAt
    rows += output.put.length + output.delete.length
    for (const event of output.events) counts[event.type] = (counts[event.type] ?? 0) + 1
  }
  closeSync(file)
  return spent
}
