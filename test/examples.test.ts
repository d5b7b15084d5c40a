// Every whole configuration in examples/ passes the check and runs; the one for KMS tells Slack what it promises.
import assert from 'node:assert/strict'
import { appendFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { runCli } from '../src/cli/main.ts'
import { startMastodonDouble } from './support/fediverse-mastodon-double.ts'
import { createHubHouse, type HubHouse } from './support/hub-house.ts'
import { startSlackDouble } from './support/slack-double.ts'
import { saidIn } from './support/slack-texts.ts'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const examples = readdirSync(join(root, 'examples')).filter((name) => /(?<!\.scenario)\.ya?ml$/.test(name))

/** What the KMS example says of the exchange in the fixture. */
const renewal = [
  ':computer: KMS activation',
  '• *Client*: `192.168.1.230` (external)',
  '• *Workstation*: `WIN10Pro-DS32.viktorbarzin.lan`',
  '• *Product*: `Windows 10 Professional`',
  '• *Status before*: Licensed',
].join('\n')

test('there are examples, and the one that the README shows is the example for KMS', () => {
  assert.ok(examples.includes('kms.yaml'))
  const shown = /```yaml\n# sereno\.yaml\n([^]*?)```/.exec(readFileSync(join(root, 'README.md'), 'utf8'))?.[1] ?? ''
  const rules = (text: string): string => text.slice(text.indexOf('\nrules:')).replaceAll(/\s+/g, ' ').trim()
  assert.equal(rules(shown), rules(readFileSync(join(root, 'examples/kms.yaml'), 'utf8')))
})

describe('each example', () => {
  for (const name of examples) {
    test(`${name} passes the check, starts, says that it is well, and stops when asked`, async () => {
      await using slack = await startSlackDouble()
      await using mastodon = await startMastodonDouble()
      await using house = await createHubHouse()
      using _slack = withEnvironment('SLACK_WEBHOOK_URL', slack.url)
      using _server = withEnvironment('FEDIVERSE_URL', mastodon.url)
      using _token = withEnvironment('FEDIVERSE_TOKEN', mastodon.token)
      const said: string[] = []
      const note = (text: string): void => void said.push(text)
      const code = await runCli(['check', join(root, 'examples', name)], { out: note, error: note })
      assert.deepEqual([code, said.length], [0, 1], said.join('\n'))
      assert.match(said[0] ?? '', /: ok \(/)

      await house.configure(atHome(name, house))
      await house.start()
      assert.equal((await house.ask('/healthz')).status, 200)
      const status = JSON.parse((await house.ask('/api/v1/status')).text) as { readonly problems: unknown }
      assert.deepEqual(status.problems, [])
      await house.stop()
      assert.deepEqual([slack.received.length, mastodon.posts.length], [0, 0], 'a start is no news')
    })
  }
})

test('with the KMS example a log line becomes the promised message in Slack, and the probes among it stay silent', async () => {
  await using slack = await startSlackDouble()
  await using house = await createHubHouse()
  using _ = withEnvironment('SLACK_WEBHOOK_URL', slack.url)
  await house.configure(atHome('kms.yaml', house))
  const log = join(house.folder, 'vlmcsd.log')
  writeFileSync(log, '')
  await house.start()
  // At its very first start it begins at the end of the file, wherever that is when it first looks.
  const looked = async (): Promise<boolean> =>
    (await house.ask('/metrics')).text.includes('tail_lag_bytes{source="kms"}')
  await house.until('the end of the log was found', looked)
  appendFileSync(log, exchangeOf(new Date()))
  await slack.waitFor(1)
  assert.equal(saidIn(slack.posts[0]?.payload), renewal)

  const seen = (): Promise<number> => house.metric('sereno_events_total', 'source="kms"')
  await house.until('the probes were seen', async () => (await seen()) === 3)
  appendFileSync(log, exchangeOf(new Date()).replaceAll('53140', '53999'))
  await house.until('the second exchange was seen', async () => (await seen()) === 6)
  await house.stop()
  assert.equal(slack.received.length, 1, 'a renewal within the hour is held')
  const { events } = await house.audit()
  assert.deepEqual(
    events
      .map(({ type }) => type)
      .filter((type) => type.startsWith('kms.'))
      .toSorted(),
    [...Array.from({ length: 4 }, () => 'kms.probe'), ...Array.from({ length: 2 }, () => 'kms.renewal')],
  )
})

/** The example with all that it reads lying in the house. */
function atHome(name: string, house: HubHouse): string {
  const text = readFileSync(join(root, 'examples', name), 'utf8')
  return text.replaceAll(/\/(?:var|etc|srv|opt)\/[\w./-]*?([\w-]+\.log)\b/g, (_, file: string) => {
    const path = join(house.folder, file)
    if (!existsSync(path)) writeFileSync(path, '')
    return path
  })
}

/** The fixture's lines as if they were written now: old news would be told in another way. */
function exchangeOf(now: Date): string {
  const lines = readFileSync(join(root, 'test/fixtures/vlmcsd/s2-probes-inside-activation.log'), 'utf8')
  const pad = (value: number): string => String(value).padStart(2, '0')
  const day = `${now.getFullYear()}-${pad(now.getMonth() + 1)}-${pad(now.getDate())}`
  const time = `${pad(now.getHours())}:${pad(now.getMinutes())}:${pad(now.getSeconds())}`
  return lines.replaceAll(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/gm, `${day} ${time}`)
}

/** For this process and the hubs that it starts. */
function withEnvironment(name: string, value: string): Disposable {
  const before = process.env[name]
  process.env[name] = value
  return {
    [Symbol.dispose]() {
      if (before === undefined) delete process.env[name]
      else process.env[name] = before
    },
  }
}
