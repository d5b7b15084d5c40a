// Limits of hosts in a whole engine: told once and ended in the same thread, on disk; and replayed with another limit.
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { assembleText } from '../src/cli/configuration.ts'
import { createVirtualClock } from '../src/engine/clock.ts'
import { createEngine, type Engine } from '../src/engine/engine.ts'
import type { Sender } from '../src/engine/lane.ts'
import type { ReplayLine } from '../src/hub/replay.ts'
import { toSampleFact } from '../src/source-sample.ts'
import { openSqlite } from '../src/store/sqlite.ts'
import type { Store } from '../src/store/store.ts'
import type { Delivery, JsonObject } from '../src/words.ts'
import { sereno } from './cli/house.ts'

const minute = 60_000

interface House extends AsyncDisposable {
  readonly folder: string
  readonly store: Store
  readonly engine: Engine
  readonly told: readonly { readonly title: string; readonly text: string; readonly delivery: Delivery }[]
  /** One sample a minute. */
  send(...values: readonly number[]): Promise<void>
  forget(host: string): Promise<void>
}

function configOf(limits: JsonObject): string {
  return JSON.stringify({
    sources: { metrics: { kind: 'cloudevents' } },
    watches: { limits: { kind: 'thresholds', limits } },
    channels: { team: { kind: 'console' } },
    rules: [{ on: 'host.threshold', to: 'team' }],
  })
}

async function openHouse(limits: JsonObject): Promise<House> {
  const folder = await mkdtemp(join(tmpdir(), 'sereno-limits-'))
  const clock = createVirtualClock(Date.now() - 3_600_000)
  const store = await openSqlite({ path: join(folder, 'sereno.db'), now: clock.now() })
  const assembly = await assembleText(configOf(limits), 'limits.yaml')
  const told: { title: string; text: string; delivery: Delivery }[] = []
  const failures: unknown[] = []
  const senders = new Map(
    Array.from(assembly.senders, ([name, sender]): [string, Sender] => [
      name,
      {
        ...sender,
        send: async ({ title, text }, delivery) => {
          told.push({ title, text, delivery })
          return { ok: true }
        },
      },
    ]),
  )
  const engine = createEngine({ store, clock, judge: assembly.judge, failed: (_, error) => void failures.push(error) })
  await engine.start(senders, assembly.document)
  const settle = async (): Promise<void> => {
    do await new Promise((resolve) => setImmediate(resolve))
    while (!engine.idle)
  }
  return {
    folder,
    store,
    engine,
    told,
    async send(...values) {
      for (const value of values) {
        const fact = toSampleFact('pi4', { metrics: { memory_percent: 8.1, cpu_percent: value } })
        await engine.submit([{ kind: 'fact', source: 'metrics', fact, receivedAt: clock.now() }])
        await settle()
        await clock.advance(clock.now() + minute, settle)
      }
    },
    async forget(host) {
      await engine.command({ name: 'forget-host', host })
      await settle()
    },
    async [Symbol.asyncDispose]() {
      await engine.stop(0)
      await store.close()
      await rm(folder, { recursive: true })
      assert.deepEqual(failures, [])
    },
  }
}

const ten = [90, 91, 99.1, 92, 93, 94, 90, 91, 92, 93]

test('ten samples over the limit are one message and one event, the end one more in the same thread', async () => {
  await using house = await openHouse({ cpu_percent: 80 })
  await house.send(...ten)
  assert.deepEqual(
    house.told.map(({ title }) => title),
    ['pi4: CPU 90 % (limit 80 %)'],
  )
  assert.match(house.told[0]?.text ?? '', /CPU % +90 ❗️\n +Memory % +8\.1\n/)
  await house.send(12, 12, 12)
  const [opening, ending, ...more] = house.told
  assert.equal(ending?.title, 'pi4: CPU back to 12 %, was over 80 % for 10 min, peak 99.1 %')
  assert.deepEqual([more, ending.delivery.kind, ending.delivery.thread], [[], 'end', opening?.delivery.thread])
  const events = await house.store.events({ type: 'host.threshold', limit: 100, ascending: true })
  assert.deepEqual(
    events.map(({ condition, source, labels }) => [condition?.state, source, labels['metric']]),
    [
      ['firing', 'limits', 'cpu_percent'],
      ['resolved', 'limits', 'cpu_percent'],
    ],
  )
})

test('a host that is forgotten ends what was told of it', async () => {
  await using house = await openHouse({ cpu_percent: 80 })
  await house.send(...ten)
  await house.forget('pi4')
  assert.match(house.told[1]?.title ?? '', /^pi4: forgotten; CPU was over 80 % for 10 min/)
})

test('a replay of what was stored says what other limits would have said', async () => {
  await using house = await openHouse({ cpu_percent: 80 })
  await house.send(...ten, 12, 12)
  const replayed = async (limits: JsonObject): Promise<string[]> => {
    const config = join(house.folder, 'other.yaml')
    await writeFile(config, configOf(limits))
    const { code, out, error } = await sereno(
      'replay',
      '--since',
      '7d',
      '--config',
      config,
      '--data',
      house.folder,
      '--json',
    )
    assert.deepEqual([code, error], [0, ''])
    const lines = out.split('\n').filter((line) => line !== '')
    return lines.flatMap((line) => {
      const read = JSON.parse(line) as ReplayLine
      return read.kind === 'message' ? [read.title] : []
    })
  }
  assert.deepEqual(
    await replayed({ cpu_percent: 80 }),
    house.told.map(({ title }) => title),
  )
  assert.deepEqual(await replayed({ cpu_percent: { above: 99, clear: 95 } }), [
    'pi4: CPU 99.1 % (limit 99 %)',
    'pi4: CPU back to 92 %, was over 99 % for 1 min, peak 99.1 %',
  ])
  assert.deepEqual(await replayed({ cpu_percent: { above: 80, for: '30m' } }), [])
  assert.deepEqual((await replayed({ memory_percent: 5 }))[0], 'pi4: Memory 8.1 % (limit 5 %)')
})
