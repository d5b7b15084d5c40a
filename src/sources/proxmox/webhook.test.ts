// What Proxmox's notification system posts, from jobs of backups to mails of cron.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { type SourceDouble, startSource } from '../../../test/support/source-double.ts'
import type { JsonObject } from '../../words.ts'
import proxmox from './index.ts'
import { readNotification, takeNotification } from './notification.ts'

const now = Date.UTC(2026, 10, 20, 3)
const path = '/api/v1/webhook/pve'

async function start(options: object = {}): Promise<SourceDouble> {
  const commands = { vms: ['false'], containers: ['false'], storages: ['false'] }
  return startSource(
    proxmox,
    { node: 'pve1', tasks: false, config: '/nowhere', commands, ...options },
    { name: 'pve', host: 'pve1', now: () => now },
  )
}

async function post(source: SourceDouble, body: object | string): Promise<{ status: number; body: JsonObject }> {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return (await source.ask({ path, body: text })) as { status: number; body: JsonObject }
}

async function ended(source: SourceDouble): Promise<void> {
  source.stop()
  await source.ended
}

function sample(name: string): Promise<string> {
  return readFile(new URL(`../../../test/fixtures/proxmox/${name}`, import.meta.url), 'utf8')
}

function jobs(source: SourceDouble): JsonObject[] {
  return source.facts.filter(({ name }) => name === 'guest.backup-job').map(({ data }) => data)
}

describe('a backup job', () => {
  test('is a fact with all its guests, on disk before it is answered', async () => {
    const source = await start()
    const { status, body } = await post(source, await sample('notification-archive.json'))
    assert.deepEqual([status, body], [202, { accepted: 1, duplicates: 0, ignored: 0 }])
    const [job] = jobs(source)
    assert.deepEqual(
      [job?.['via'], job?.['outcome'], job?.['job'], job?.['storage'], job?.['endedAt'], job?.['startedAt']],
      ['webhook', 'failed', 'backup-1a2b', 'nas', '2026-11-20T02:04:40.000Z', '2026-11-20T02:00:01.000Z'],
    )
    assert.deepEqual(
      (job?.['guests'] as readonly JsonObject[] | undefined)?.map(({ id, name, outcome }) => [id, name, outcome]),
      [
        [102, 'broken', 'failed'],
        [200, 'dns', 'warnings'],
        [100, 'web01', 'ok'],
      ],
    )
    await ended(source)
  })

  test('to a backup server is one as well', async () => {
    const source = await start()
    await post(source, await sample('notification-server.json'))
    assert.deepEqual([jobs(source)[0]?.['outcome'], jobs(source)[0]?.['storage']], ['ok', 'pbs-home'])
    await ended(source)
  })

  test('of four hundred guests, with a log of most of a MiB, keeps each of them', async () => {
    const source = await start()
    const rows = Array.from(
      { length: 400 },
      (_, index) => `${1000 + index}    g    ${index === 399 ? 'err   ' : 'ok    '}    3s      1 GiB    null`,
    )
    const log = 'INFO: 10% (1.0 GiB of 10.0 GiB) in 3s\n'.repeat(22_000)
    const message = `Details\n=======\nVMID    Name Status   Time    Size     Filename\n${rows.join('\n')}\n\nLogs\n====\n${log}`
    const { status } = await post(source, {
      title: 'backup failed',
      message,
      severity: 'error',
      fields: { type: 'vzdump' },
    })
    assert.equal(status, 202)
    const guests = jobs(source)[0]?.['guests'] as readonly JsonObject[]
    assert.deepEqual([guests.length, guests[0]?.['id'], guests[0]?.['outcome']], [400, 1399, 'failed'])
    await ended(source)
  })

  test('that came to no guest says in its own words why', async () => {
    const source = await start()
    const message = "could not activate storage 'nas'\n\nDetails\n=======\n"
    await post(source, { title: 'backup failed', message, severity: 'error', fields: { type: 'vzdump' } })
    assert.deepEqual(
      [jobs(source)[0]?.['outcome'], jobs(source)[0]?.['reason']],
      ['failed', "could not activate storage 'nas'"],
    )
    await ended(source)
  })

  test('of another node is of that host', async () => {
    const source = await start()
    const text = (await sample('notification-archive.json')).replace('"hostname": "pve1"', '"hostname": "pve2"')
    await post(source, text)
    assert.equal(source.facts.find(({ name }) => name === 'guest.backup-job')?.host, 'pve2')
    await ended(source)
  })
})

describe('a replication', () => {
  for (const [title, severity, outcome] of [
    ['Replication Job: 100-0 failed', 'error', 'failed'],
    ['Replication Job: 100-0 failed', 'info', 'failed'],
    ['Replication Job: 100-0 finished', 'info', 'ok'],
    ['Replication Job: 100-0 to failover finished', 'info', 'ok'],
  ] as const)
    test(`told as "${title}" with severity ${severity} is ${outcome}`, async () => {
      const source = await start()
      await post(source, {
        title,
        message: 'Last sync: never',
        severity,
        fields: { type: 'replication', 'job-id': '100-0' },
      })
      const [event] = source.events
      assert.deepEqual(
        [event?.type, event?.severity, event?.data?.['outcome'], event?.data?.['id']],
        ['guest.replication', outcome === 'ok' ? 'info' : 'error', outcome, 100],
      )
      await ended(source)
    })
})

describe('what is told otherwise', () => {
  test('is a message in its own words, of any type', async () => {
    const source = await start()
    for (const [type, severity] of [
      ['package-updates', 'info'],
      ['fencing', 'error'],
      ['something-new', 'warning'],
      [undefined, 'notice'],
      [7, 'odd'],
    ] as const)
      await post(source, { title: `About ${type}`, message: 'Text', severity, fields: { type, hostname: 'pve1' } })
    assert.deepEqual(
      source.events.map(({ type, title, severity, host }) => [type, title, severity, host]),
      [
        ['message', 'About package-updates', 'info', 'pve1'],
        ['message', 'About fencing', 'critical', 'pve1'],
        ['message', 'About something-new', 'warning', 'pve1'],
        ['message', 'About undefined', 'warning', 'pve1'],
        ['message', 'About 7', 'info', 'pve1'],
      ],
    )
    await ended(source)
  })

  test('is a backup when it has the table of one, whatever its type', async () => {
    const source = await start()
    const { fields: _, ...rest } = JSON.parse(await sample('notification-archive.json')) as JsonObject
    await post(source, { ...rest, fields: { type: 'vzdump-v2' } })
    assert.equal(jobs(source).length, 1)
    await ended(source)
  })

  for (const [title, option] of [
    ['Cron <root@pve1> /etc/cron.hourly', 'cron'],
    ['SMART error (FailedReadSmartData) detected on host: pve1', 'mail'],
  ] as const)
    test(`as mail is ignored until ${option} is wanted: ${title}`, async () => {
      const mail = { title, message: 'lines', severity: 'unknown', fields: { type: 'system-mail', hostname: 'pve1' } }
      const without = await start({ [option === 'cron' ? 'mail' : 'cron']: true })
      assert.deepEqual((await post(without, mail)).body, { accepted: 0, duplicates: 0, ignored: 1 })
      assert.deepEqual(without.events, [])
      await ended(without)
      const withIt = await start({ [option]: true })
      await post(withIt, mail)
      assert.deepEqual([withIt.events[0]?.type, withIt.events[0]?.severity], ['message', 'info'])
      await ended(withIt)
    })

  test('twice in the same words and at the same time is told once', async () => {
    const source = await start()
    const one = { title: 'Updates', message: 'x', timestamp: now / 1000, fields: { type: 'package-updates' } }
    await post(source, one)
    assert.deepEqual((await post(source, one)).body, { accepted: 0, duplicates: 1, ignored: 0 })
    await ended(source)
  })

  test('is cut where a person would stop reading, and its marks are made harmless', async () => {
    const source = await start()
    await post(source, { title: '\u202ered\u0000', message: 'x'.repeat(500_000), severity: 'info' })
    const [event] = source.events
    assert.ok((event?.text?.length ?? 0) <= 10_000)
    assert.doesNotMatch(event?.title ?? '', /[\u202e\u0000]/)
    await ended(source)
  })
})

describe('what is wrong', () => {
  for (const [body, sentence] of [
    ['', /^The body is no JSON/],
    ['title=x&message=y', /^The body is no JSON/],
    ['[]', /^The body is no JSON object/],
    ['{}', /neither a title nor a message/],
    ['{"title": 7}', /^title must be a text, not 7/],
    ['{"title": "a", "message": []}', /^message must be a text/],
    ['{"title": "a", "fields": "vzdump"}', /^fields must be an object/],
  ] as const)
    test(`is answered 400 with a sentence: ${body.slice(0, 30)}`, async () => {
      const source = await start()
      const { status, body: answer } = await post(source, body)
      assert.equal(status, 400)
      assert.match(answer['error'] as string, sentence)
      await ended(source)
    })

  test('by being larger than a MiB is refused as a whole', async () => {
    const source = await start()
    const { status } = await post(source, { title: 'a', message: 'x'.repeat(1024 * 1024) })
    assert.deepEqual([status, source.events.length], [413, 0])
    await ended(source)
  })

  test('is not answered 202 when the store refuses', async () => {
    const source = await start()
    source.full = true
    await assert.rejects(post(source, { title: 'a', message: 'b' }), { name: 'NotStored' })
    await ended(source)
  })

  test('nothing makes it fail, and what is told can be kept', () => {
    const words = fc.oneof(
      fc.constantFrom('vzdump', 'replication', 'fencing', 'system-mail', 'error', 'info'),
      fc.string(),
    )
    const body = fc.record(
      {
        title: fc.oneof(fc.string(), fc.jsonValue()),
        message: fc.oneof(fc.string(), fc.jsonValue()),
        severity: fc.oneof(words, fc.jsonValue()),
        timestamp: fc.oneof(fc.double(), fc.string(), fc.jsonValue()),
        fields: fc.oneof(fc.dictionary(fc.constantFrom('type', 'hostname', 'job-id'), words), fc.jsonValue()),
      },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(body, (one) => {
        const read = readNotification(Buffer.from(JSON.stringify(one)), now)
        if (typeof read === 'string') return assert.ok(read.length < 600)
        const { facts, events } = takeNotification(read, { mail: true, cron: true, hostOf: (node) => node })
        assert.equal(facts.length + events.length, 1)
        assert.ok([...facts, ...events].every(({ time }) => Number.isFinite(time)))
        return assert.deepEqual(JSON.parse(JSON.stringify({ facts, events })), { facts, events })
      }),
      { numRuns: 1000 },
    )
  })
})
