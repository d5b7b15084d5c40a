// Reads one log from beginning to end as the tail does, in chunks, without a store; says in JSON what it took.
import { closeSync, openSync, readSync } from 'node:fs'
import { createVlmcsdReader } from '../../src/sources/vlmcsd/reader.ts'

const [path = '', chunk = String(128 * 1024)] = process.argv.slice(2)
const reader = createVlmcsdReader(
  { zones: { pods: ['10.10.0.0/16'], nodes: ['10.0.20.0/24'] }, connections: 1_000_000, idle: 2 * 3_600_000 },
  { zone: 'UTC', host: 'bench' },
)
const buffer = Buffer.allocUnsafe(Number(chunk))
const file = openSync(path, 'r')
const counts: { [type: string]: number } = {}
let rows = 0
let exact = 0
const startedAt = process.hrtime.bigint()
for (let size = readSync(file, buffer); size > 0; size = readSync(file, buffer)) {
  const output = reader.push(buffer.subarray(0, size), 0)
  rows += output.put.length + output.delete.length
  for (const event of output.events) {
    counts[event.type] = (counts[event.type] ?? 0) + 1
    if (event.data?.['attribution'] === 'exact') exact++
  }
}
const cpu = process.cpuUsage()
const ms = Number(process.hrtime.bigint() - startedAt) / 1e6
closeSync(file)
console.log(
  JSON.stringify({ lines: reader.counts['lines'], ms, rssBytes: process.resourceUsage().maxRSS * 1024, rows, exact, cpuMs: (cpu.user + cpu.system) / 1000, counts }),
)
