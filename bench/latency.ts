// How long a line in a vlmcsd log takes to reach Slack: from the append to the receipt by a stand-in for Slack's server.
import { appendFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { type SlackDouble, startSlackDouble } from '../test/support/slack-double.ts'
import { makeFolder, startBenchHub } from './support/hub.ts'
import { type BenchRow, percentile, round } from './support/row.ts'

const perSecond = 20
const seconds = 15

/** Takes about 20 s. */
export async function benchLatency(): Promise<BenchRow[]> {
  await using folder = await makeFolder()
  await using slack = await startSlackDouble()
  const log = join(folder.path, 'vlmcsd.log')
  await writeFile(log, '')
  await using _hub = await startBenchHub({ folder: folder.path, config: configFor(log, slack.url) })
  await untilFollowed(log, slack)
  const count = perSecond * seconds
  const before = slack.received.length
  const written: number[] = []
  const startedAt = performance.now()
  for (let index = 0; index < count; index++) {
    await wait(Math.max(0, startedAt + (index * 1000) / perSecond - performance.now()))
    await appendFile(log, makeExchange(index))
    written.push(performance.timeOrigin + performance.now())
  }
  await Promise.race([slack.waitFor(before + count), wait(10_000, undefined, { ref: false })])
  const took = written.flatMap((at, index) => {
    const got = slack.received.find(({ body }) => body.includes(`PC-${index}.`))
    return got === undefined ? [] : [got.at - at]
  })
  const what = `${took.length} of ${count} lines appended at ${perSecond} a second, no rate limit`
  return [
    { name: 'line to Slack, half of them within', value: round(percentile(took, 0.5)), unit: 'ms', note: what },
    {
      name: 'line to Slack, 99 of 100 within',
      value: took.length === count ? round(percentile(took, 0.99)) : Number.NaN,
      unit: 'ms',
      note: `at most 100; ${what}`,
    },
  ]
}

/** The log is followed a moment after the hub is ready. */
async function untilFollowed(log: string, slack: SlackDouble): Promise<void> {
  for (let tries = 0; slack.received.length === 0; tries++) {
    if (tries === 20) throw new Error('no line of the log reached the stand-in for Slack within 10 s')
    await appendFile(log, makeExchange(9000 + tries))
    await Promise.race([slack.waitFor(1), wait(500)])
  }
  await wait(500)
}

function configFor(log: string, url: string): string {
  return `
hub: {}
sources: { kms: { kind: vlmcsd, path: ${JSON.stringify(log)}, timezone: UTC } }
channels: { team: { kind: slack, url: ${JSON.stringify(url)}, minInterval: 0s } }
rules: [{ on: [kms.activation, kms.renewal], to: [team] }]
`
}

/** One client from its first line to its last. */
function makeExchange(index: number): string {
  const now = new Date().toISOString().slice(0, 19).replace('T', ' ')
  const client = `10.10.${index >> 8}.${index & 255}:${20_000 + index}`
  return [
    `IPv4 connection accepted: ${client}.`,
    '<<< Incoming KMS request',
    'Licensing status                : 1 (Licensed)',
    'Application ID                  : 55c92734-d682-4d71-983e-d6ec3f16059f (Windows)',
    'Activation ID (Product)         : 2de67392-b7a7-462a-b1ca-108dd189f588 (Windows 10 Professional)',
    `Workstation name                : PC-${index}.example`,
    `IPv4 connection closed: ${client}.`,
  ]
    .map((line) => `${now}: ${line}\n`)
    .join('')
}
