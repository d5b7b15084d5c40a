// The kill test of the suite, a thousand times (or $SERENO_KILLS): only when asked for, since it takes many minutes.
import { join } from 'node:path'
import { startChild } from './support/child.ts'
import { root } from './support/hub.ts'
import type { BenchRow } from './support/row.ts'

const wanted = 1000
const kills = Number(process.env['SERENO_KILLS'] ?? wanted)

export async function benchKill(): Promise<BenchRow[]> {
  const startedAt = performance.now()
  await using child = startChild({
    command: join(root, 'bin/sereno-node'),
    args: ['--test', join(root, 'test/kill.test.ts')],
    env: { SERENO_KILLS: String(kills) },
    deadlineMs: 3_600_000,
  })
  const said = await child.done
  const [words = ''] = /\d+ kills: .*/.exec(said) ?? []
  const minutes = Math.round((performance.now() - startedAt) / 60_000)
  const note = `at least ${wanted.toLocaleString('en')}; nothing lost, nothing decided twice; ${words}; ${minutes} minutes`
  return [{ name: 'kill -9 under load', value: kills, unit: 'times', note }]
}
