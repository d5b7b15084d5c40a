// `npm run bench`: measures what Sereno promises of speed and memory, prints it and writes docs/benchmarks.md.
// With names of parts (reader intake latency conditions boots journal agents history sample idle start kvp kill) it measures only those and leaves the others' sections.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { benchAgents } from './agents.ts'
import { benchBoots } from './boots.ts'
import { benchConditions } from './conditions.ts'
import { benchHistory } from './history.ts'
import { benchHostSample } from './host-sample.ts'
import { benchIdle, benchStart } from './idle.ts'
import { benchIntake } from './intake.ts'
import { benchJournal } from './journal.ts'
import { benchKill } from './kill.ts'
import { benchKvp } from './kvp.ts'
import { benchLatency } from './latency.ts'
import { benchReader } from './reader/vlmcsd-reader.ts'
import { root } from './support/hub.ts'
import { describeMachine } from './support/machine.ts'
import { readSections, writePage } from './support/page.ts'
import { type BenchRow, meetsBar } from './support/row.ts'

const parts: { readonly [name: string]: () => Promise<readonly BenchRow[]> } = {
  reader: benchReader,
  intake: benchIntake,
  latency: benchLatency,
  conditions: benchConditions,
  agents: benchAgents,
  boots: benchBoots,
  journal: benchJournal,
  history: benchHistory,
  sample: benchHostSample,
  idle: benchIdle,
  start: benchStart,
  kvp: benchKvp,
  kill: benchKill,
}
const usual = Object.keys(parts).filter((name) => name !== 'kill')

const asked = process.argv.slice(2)
const unknown = asked.filter((name) => !(name in parts))
if (unknown.length > 0) {
  console.error(`bench: there is no part ${unknown.join(', ')}; there are ${Object.keys(parts).join(', ')}`)
  process.exit(2)
}
const names = asked.length > 0 ? asked : usual
const file = join(root, 'docs/benchmarks.md')
const sections = readSections(await readFile(file, 'utf8').catch(() => ''))
let failed = false
// Leaving in an orderly way is what ends the programs that a part has started.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
for (const name of names) {
  console.log(`\n${name} …`)
  const machine = await describeMachine()
  try {
    const rows = (await parts[name]?.()) ?? []
    for (const row of rows) console.log(lineOf(row))
    sections.set(name, { machine, command: `npm run bench -- ${name}`, rows })
    await writeFile(file, writePage(sections, Object.keys(parts)))
  } catch (error) {
    // The other parts are measured all the same; the section keeps its last figures and their date.
    console.error(`bench: ${name} failed`, error)
    failed = true
  }
}
console.log(`\nwritten: docs/benchmarks.md`)
process.exitCode = failed ? 1 : 0

function lineOf(row: BenchRow): string {
  const met = meetsBar(row)
  const mark = met === undefined ? '   ' : met ? 'met' : 'NOT'
  return `${mark}  ${row.name.padEnd(52)} ${row.value.toLocaleString('en').padStart(11)} ${row.unit.padEnd(12)} ${row.note}`
}
