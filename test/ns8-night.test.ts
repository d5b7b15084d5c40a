// A night on a NethServer 8 leader, whole: Redis, Alertmanager and restic on one side, a mail server on the other, a real
// hub between them. What breaks is told by one mail, its repair in the same thread, and `why` explains each step.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { ConditionEntry } from '../src/engine/look-conditions.ts'
import { createHubHouse, type HubHouse } from './support/hub-house.ts'
import { type ReceivedMail, startMailServer } from './support/mail-server.ts'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const run = promisify(execFile)

interface Place extends AsyncDisposable {
  readonly folder: string
  readonly source: object
  /** `fire` breaks a repository and the run, `repair` brings both back. */
  act(what: 'fire' | 'repair'): Promise<void>
}

async function setUp(hub: string): Promise<Place> {
  const script = (...words: readonly string[]): Promise<{ stdout: string }> =>
    run(process.execPath, ['--disable-warning=ExperimentalWarning', join(root, 'examples/ns8/set-up.ts'), ...words])
  const { stdout } = await script('start', '--hub', hub)
  const { folder, source } = JSON.parse(stdout) as { folder: string; source: object }
  return {
    folder,
    source,
    async act(what) {
      await script(what, folder)
    },
    async [Symbol.asyncDispose]() {
      if (existsSync(folder)) await script('stop', folder)
    },
  }
}

test('a broken repository is told by one mail with what to do, and its repair in the same thread', async () => {
  await using mails = await startMailServer()
  await using house = await createHubHouse()
  await using place = await setUp(house.url)
  const channels = {
    mail: {
      kind: 'email',
      host: '127.0.0.1',
      port: mails.port,
      security: 'none',
      from: 'sereno@example.org',
      to: ['ann@example.org', 'bob@example.org'],
      subjectPrefix: '[NS8]',
    },
  }
  const rules = [
    { name: 'backups', on: ['backup.report', 'backup.missed'], where: 'severity!="info"', to: 'mail', remind: '24h' },
  ]
  await house.configure(JSON.stringify({ hub: { timezone: 'UTC' }, sources: { ns8: place.source }, channels, rules }))
  mails.refuse({ connect: '421 4.3.2 Shutting down' })
  await house.start()
  await place.act('fire')
  // Killed between what it has on disk and the mail: it is told once the hub and the mail server are back, and told once.
  await house.until('a mail was tried', async () => (await house.metric('sereno_attempts_total', 'channel="mail"')) > 0)
  await house.kill()
  assert.deepEqual(mails.mails, [])
  mails.refuse({})
  await house.start()

  const to = (name: string): ReceivedMail[] => mails.mails.filter((one) => one.to.includes(`${name}@example.org`))
  await house.until('both have a mail', () => to('ann').length > 0 && to('bob').length > 0)
  const [open] = await conditions(house)
  assert.equal(open?.key, 'plan/1')
  const [failed] = to('ann')
  assert.match(failed?.mail.subject ?? '', /^\[NS8\]\[WARNING\] Backup "Nightly" \(1\): 1 of 2 applications failed$/)
  assert.match(failed?.mail.text ?? '', /FAILED +nextcloud1 +node 1/)
  assert.match(failed?.mail.text ?? '', /OK +mail1 +node 1/)
  assert.deepEqual(failed?.to, ['ann@example.org'], 'one recipient a mail')
  assert.deepEqual([to('ann').length, to('bob').length], [1, 1])

  // Killed in between, it knows in which thread it spoke.
  await house.kill()
  await house.start()
  await place.act('repair')
  await house.until('both hear of the end', () => to('ann').some(isEnd) && to('bob').some(isEnd))
  for (const name of ['ann', 'bob']) {
    const [first, ...later] = to(name)
    const end = later.at(-1)
    assert.match(end?.mail.subject ?? '', /Backup "Nightly" \(1\).*recovered/)
    const root = first?.mail.messageId ?? 'none'
    assert.ok(end?.mail.references?.includes(root), `${end?.mail.references} names ${root}`)
    assert.ok(
      later.every((one) => one.mail.references?.includes(root)),
      'all in one thread',
    )
    assert.equal(to(name).filter(isEnd).length, 1)
  }
  assert.deepEqual(await conditions(house), [])

  const events = JSON.parse((await house.ask('/api/v1/events?type=backup.report')).text) as {
    events: { id: string; condition?: { state: string } }[]
  }
  const told = events.events.filter((event) => event.condition !== undefined)
  assert.ok(
    told.some((event) => event.condition?.state === 'firing') &&
      told.some((event) => event.condition?.state === 'resolved'),
  )
  for (const event of told) {
    const why = await house.sereno('why', event.id)
    assert.match(why.out, /rule "backups" (?:matched )?→ mail: .*was delivered/, why.out)
  }
  await house.stop()

  // What another rule would have said is known from the facts alone: no Redis, no restic and no Alertmanager is asked.
  await place[Symbol.asyncDispose]()
  const replayed = await house.sereno('replay', '--config', house.config, '--since', '1h', '--json')
  const lines = replayed.out.split('\n').map((line) => JSON.parse(line) as { kind: string; title?: string })
  const said = lines.filter((line) => line.kind === 'message').map((line) => line.title)
  assert.deepEqual(
    said.filter((title) => title?.includes('Nightly')),
    to('ann').map((one) => one.mail.subject?.replace(/^(\[\w+\])+ /, '')),
    replayed.error,
  )
})

function isEnd({ mail }: ReceivedMail): boolean {
  return /recovered/.test(mail.subject ?? '')
}

/** Of plans: the daily look may meet a repository just while it is away, and say so until tomorrow. */
async function conditions(house: HubHouse): Promise<ConditionEntry[]> {
  const { text } = await house.ask('/api/v1/conditions?source=ns8')
  const { conditions } = JSON.parse(text) as { conditions: ConditionEntry[] }
  return conditions.filter(({ key }) => key.startsWith('plan/'))
}
