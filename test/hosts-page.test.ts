// The page about hosts and the sources that look at them name the same series; its configurations pass the check.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { assembleText } from '../src/cli/configuration.ts'
import { filesystemMetrics } from '../src/source-host.ts'
import { readSample, readSeries } from '../src/source-sample.ts'
import host from '../src/sources/host/index.ts'
import { readPage } from '../src/sources/node-exporter/page.ts'
import { startSource } from './support/source-double.ts'

const page = readFileSync(new URL('../docs/hosts.md', import.meta.url), 'utf8')
const named = new Set([...page.matchAll(/^\| `([a-z0-9_]+)(?:\{\w+\})?` \|/gm)].map(([, name = '']) => name))

async function seriesOf(machine: string): Promise<string[]> {
  const folder = fileURLToPath(new URL(`fixtures/host/${machine}`, import.meta.url))
  const options = { every: '1s', proc: `${folder}/proc`, sys: `${folder}/sys`, root: folder }
  const source = await startSource(host, options, { now: Date.now })
  while (source.facts.length < 2) await new Promise((resolve) => setTimeout(resolve, 20))
  source.stop()
  return Object.keys(readSample(source.facts.at(-1) ?? assert.fail())?.metrics ?? {})
}

test('every series is on the page, and the page names no other', async () => {
  const space = { total: 2, free: 1, available: 1, files: 2, filesFree: 1 }
  const units = readPage('node_systemd_units{state="failed"} 1\n', 0)?.sample.metrics ?? {}
  const known = [
    ...(await seriesOf('x86-64')),
    ...(await seriesOf('pi')),
    ...Object.keys(filesystemMetrics('/', space)),
    ...Object.keys(units),
    // The files of a fixture stand still: no time has passed in them.
    'cpu_percent',
  ]
  assert.deepEqual([...new Set(known.map((series) => readSeries(series).metric))].sort(), [...named].sort())
})

test('its configurations pass the check', async () => {
  const texts = [...page.matchAll(/```yaml\n([^]*?)```/g)].map(([, text = '']) => text)
  assert.ok(texts.length > 2)
  for (const text of texts) await assembleText(text, 'docs/hosts.md')
})
