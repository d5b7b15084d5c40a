// Many agents and one hub, and what an agent itself takes: each simulated one asks every ten seconds and has a sample a minute.
import { hash } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import http from 'node:http'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { agentPath, type AgentPost, contactMs } from '../src/source-agent.ts'
import { toSampleFact, toSeries } from '../src/source-sample.ts'
import { type Child, startChild } from './support/child.ts'
import { makeFolder, root, startBenchHub } from './support/hub.ts'
import { usedTicks, ticksPerSecond, residentBytes } from './support/process.ts'
import { type BenchRow, percentile, round } from './support/row.ts'

const everySeconds = 60
const measuredSeconds = 30
const settleSeconds = 12

/** Takes three minutes. */
export async function benchAgents(): Promise<BenchRow[]> {
  return [
    ...(await benchHub(1000, 'at most 10; ')),
    ...(await benchHub(10_000, 'at most 100; ')),
    await benchMemory('agent, memory', 'at most 65; resident', startAgent),
    await benchMemory(
      'agent of one shell file, memory',
      'at most 3; of its shell between two samples',
      startShellAgent,
    ),
  ]
}

async function benchHub(count: number, bar: string): Promise<BenchRow[]> {
  await using folder = await makeFolder()
  await mkdir(join(folder.path, 'data'))
  const agents = Array.from({ length: count }, (_, index) => ({
    name: `host-${index}`,
    token: `token-of-host-${index}`,
  }))
  const known = agents.map(({ name, token }) => ({ name, token: hash('sha256', token, 'base64url'), enrolledAt: 1 }))
  await writeFile(join(folder.path, 'data/agents.json'), JSON.stringify({ v: 1, agents: known }))
  await using hub = await startBenchHub({ folder: folder.path, launcher: true })
  const load = startLoad(agents, hub.port)
  try {
    await wait(settleSeconds * 1000)
    load.reset()
    const [ticks, startedAt] = [await usedTicks(hub.process.pid), performance.now()]
    await wait(measuredSeconds * 1000)
    const seconds = (performance.now() - startedAt) / 1000
    const share = (((await usedTicks(hub.process.pid)) - ticks) / ticksPerSecond() / seconds) * 100
    const { answered, failed, took } = load.results()
    const rate = `${Math.round(answered / seconds)} requests/s, ${round(count / everySeconds)} samples/s`
    const memory = round((await residentBytes(hub.process.pid)) / 1e6)
    return [
      {
        name: `hub with ${count.toLocaleString('en')} agents, processor`,
        value: round(share),
        unit: '% of a core',
        note: `${bar}${rate}, ${failed} failed; over ${measuredSeconds} s, ${memory} MB resident`,
      },
      {
        name: `hub with ${count.toLocaleString('en')} agents, answer`,
        value: round(percentile(took, 0.99)),
        unit: 'ms',
        note: `99th of 100, with a connection of its own each; median ${round(percentile(took, 0.5))} ms`,
      },
    ]
  } finally {
    load.stop()
  }
}

interface Load {
  reset(): void
  results(): { readonly answered: number; readonly failed: number; readonly took: readonly number[] }
  stop(): void
}

/** Each at its own time within the ten seconds, as agents do it. */
function startLoad(agents: readonly { readonly name: string; readonly token: string }[], port: number): Load {
  let [answered, failed] = [0, 0]
  let took: number[] = []
  let turn = 0
  const startedAt = performance.now()
  const rate = agents.length / contactMs
  const timer = setInterval(() => {
    for (const due = (performance.now() - startedAt) * rate; turn < due; turn += 1) {
      const round = Math.floor(turn / agents.length)
      const index = turn % agents.length
      const agent = agents[index]
      if (agent !== undefined) send(agent, index, round)
    }
  }, 5)

  function send(
    { name, token }: { readonly name: string; readonly token: string },
    index: number,
    round: number,
  ): void {
    const perSample = (everySeconds * 1000) / contactMs
    const samples = Math.floor((round + perSample - (index % perSample)) / perSample)
    const isSample = round % perSample === index % perSample
    const body = JSON.stringify(toPost(name, isSample ? samples : samples + 1, isSample))
    const began = performance.now()
    const headers = {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      'content-length': body.length,
    }
    const request = http.request({ port, method: 'POST', path: agentPath, headers, agent: false }, (response) => {
      response.resume().on('end', () => {
        if (response.statusCode === 202) answered += 1
        else failed += 1
        took.push(performance.now() - began)
      })
    })
    request.on('error', () => (failed += 1))
    request.end(body)
  }

  return {
    reset() {
      ;[answered, failed, took] = [0, 0, []]
    },
    results: () => ({ answered, failed, took }),
    stop: () => clearInterval(timer),
  }
}

function toPost(host: string, first: number, isSample: boolean): AgentPost {
  const now = Date.now()
  const sample = {
    metrics: toMetrics(now),
    bootId: '6d2f4b0e-6f0f-4b8c-9d61-0d3c5f0f6a11',
    uptimeSeconds: now / 1e6,
    everySeconds,
  }
  return {
    buffer: host,
    first,
    items: isSample ? [{ source: 'host', fact: toSampleFact(host, sample, now) }] : [],
    sentAt: now,
    bootId: sample.bootId,
    uptimeSeconds: sample.uptimeSeconds,
    host,
    run: host,
  }
}

/** As many series as a small server has; within their limits, as most hosts are most of the time. */
function toMetrics(now: number): { readonly [series: string]: number } {
  const near = (value: number): number => round(value * (0.9 + Math.random() * 0.2), 2)
  const metrics: { [series: string]: number } = {
    cpu_percent: near(20),
    cpu_count: 4,
    memory_total: 8_192_000_000,
    memory_avail: near(5e9),
    memory_used: near(3e9),
    memory_free: near(1e9),
    memory_percent: near(37),
    swap_total: 1_000_000_000,
    swap_used: near(1e7),
    swap_percent: near(1),
    load_1: near(0.6),
    load_5: near(0.5),
    load_15: near(0.5),
    uptime_seconds: now / 1e6,
    disk_usage_total: 60_000_000_000,
    disk_usage_used: near(2e10),
    disk_usage_free: near(4e10),
    disk_usage_percent: near(33),
  }
  for (const mount of ['/', '/boot', '/home', '/srv']) {
    for (const [metric, value] of [
      ['filesystem_total', 6e10],
      ['filesystem_used', 2e10],
      ['filesystem_free', 4e10],
      ['filesystem_percent', 33],
      ['filesystem_inodes_percent', 5],
    ] as const) {
      metrics[toSeries(metric, 'mount', mount)] = near(value)
    }
  }
  for (const what of ['cpu_some', 'memory_some', 'memory_full', 'io_some', 'io_full'])
    metrics[`pressure_${what}`] = near(1)
  return metrics
}

type Start = (folder: string, hub: string, code: string) => { readonly child: Child; readonly ready: string }

async function benchMemory(name: string, note: string, start: Start): Promise<BenchRow> {
  await using folder = await makeFolder()
  await using hub = await startBenchHub({ folder: folder.path, launcher: true })
  const url = `http://127.0.0.1:${hub.port}`
  const answer = await fetch(`${url}/api/v1/agents/bench/enrol`, {
    method: 'POST',
    headers: { authorization: `Bearer ${hub.token}` },
  })
  const { code } = (await answer.json()) as { readonly code: string }
  const { child, ready } = start(folder.path, url, code)
  await using _ = child
  await child.says(ready)
  // Past its first samples and what its start needed.
  await wait(25_000)
  const value = round((await residentBytes(child.pid)) / 1e6)
  return { name, value, unit: 'MB', note: `${note}, 25 s after its start` }
}

const startAgent: Start = (folder, hub, code) => ({
  ready: 'enrolled at',
  child: startChild({
    command: join(root, 'bin/sereno'),
    args: ['agent', '--hub', hub, '--data', join(folder, 'agent'), '--enrol', code],
    cwd: folder,
    deadlineMs: 60_000,
  }),
})

const startShellAgent: Start = (folder, hub, code) => ({
  ready: 'on watch',
  child: startChild({
    command: 'dash',
    args: [join(root, 'agent/sereno-agent.sh'), '--hub', hub, '--data', join(folder, 'shell'), '--enrol', code],
    cwd: folder,
    deadlineMs: 60_000,
  }),
})
