// An alert as an event: the words a person reads, how bad it is, where, and what tells it from its repeats.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Alert, readAlert } from './alert.ts'
import { type Told, toEvent } from './event.ts'

const now = Date.UTC(2026, 5, 1, 3)
const startsAt = '2026-06-01T02:01:05.78Z'

function tell(more: object, told: Partial<Told> = {}, language = 'en') {
  const alert = readAlert({ status: 'firing', labels: { alertname: 'DiskFull' }, startsAt, fingerprint: 'f1', ...more })
  if (typeof alert === 'string') assert.fail(alert)
  return toEvent({ alert, round: 0, ...told }, now, language)
}

const labelled = (labels: Alert['labels']) => tell({ labels })

describe('the event of an alert that fires', () => {
  test('says all that the alert says', () => {
    const annotations = { summary: 'Disk full', description: 'No room', runbook_url: 'https://wiki.example.org/disk' }
    assert.deepEqual(
      tell({
        labels: { alertname: 'DiskFull', instance: 'nas:9100', severity: 'page' },
        annotations,
        endsAt: '0001-01-01T00:00:00Z',
        generatorURL: '/graph?g0',
        dashboardURL: 'https://grafana.example.org/d/1',
      }),
      {
        type: 'alert',
        host: 'nas',
        subject: 'DiskFull',
        severity: 'critical',
        labels: { alertname: 'DiskFull', instance: 'nas:9100', severity: 'page' },
        data: {
          status: 'firing',
          alertname: 'DiskFull',
          annotations,
          startsAt: '2026-06-01T02:01:05.780Z',
          fingerprint: 'f1',
          generatorUrl: '/graph?g0',
          runbookUrl: 'https://wiki.example.org/disk',
          dashboardUrl: 'https://grafana.example.org/d/1',
        },
        title: 'Disk full',
        text: 'No room',
        condition: { key: 'f1', state: 'firing', since: Date.UTC(2026, 5, 1, 2, 1, 5, 780) },
        identity: { producer: 'f1', id: '2026-06-01T02:01:05.780Z/firing' },
      },
    )
  })

  test('has the end that its sender foresees, unless that is over', () => {
    assert.equal(tell({}, { endsAt: now + 1 }).condition?.endsAt, now + 1)
    assert.equal(tell({}, { endsAt: now }).condition?.endsAt, undefined)
  })

  test('has another identity when it fires again with the same start', () => {
    assert.equal(tell({}, { round: 2 }).identity?.id, '2026-06-01T02:01:05.780Z/firing/2')
    assert.equal(tell({ startsAt: undefined }).identity?.id, 'unknown/firing')
  })

  test('shows no address that is none', () => {
    const { data } = tell({
      annotations: { runbook_url: 'javascript:alert(1)', dashboard: 'see wiki' },
      dashboardURL: 'x',
    })
    assert.deepEqual([data?.['runbookUrl'], data?.['dashboardUrl']], [undefined, undefined])
  })
})

describe('the event of an alert that is over', () => {
  const over = {
    status: 'resolved',
    endsAt: '2026-06-01T02:31:05.78Z',
    annotations: { summary: 'Disk full', description: 'No room' },
  }

  test('happened at its end, and does not describe what is over', () => {
    const { time, title, text, data, condition, identity } = tell(over)
    assert.equal(time, Date.UTC(2026, 5, 1, 2, 31, 5, 780))
    assert.deepEqual([title, text], ['Resolved: Disk full', undefined])
    assert.deepEqual([data?.['endsAt'], data?.['ended']], ['2026-06-01T02:31:05.780Z', undefined])
    assert.deepEqual(condition, { key: 'f1', state: 'resolved', since: Date.UTC(2026, 5, 1, 2, 31, 5, 780) })
    assert.equal(identity?.id, '2026-06-01T02:01:05.780Z/resolved')
  })

  test('happened when it was heard of, where its end is not known or far ahead', () => {
    assert.equal(tell({ ...over, endsAt: undefined }).time, undefined)
    assert.equal(tell({ ...over, endsAt: '2026-06-01T04:00:00Z' }).time, undefined)
    assert.equal(tell({ ...over, endsAt: undefined }, { gone: true }).data?.['ended'], 'gone')
  })
})

test('severity is what the label means, and a warning where it means nothing to us', () => {
  const table = {
    none: 'info',
    Info: 'info',
    warn: 'warning',
    MINOR: 'warning',
    major: 'error',
    error: 'error',
    page: 'critical',
    ' disaster ': 'critical',
    P7: 'warning',
    '': 'warning',
    constructor: 'warning',
  }
  for (const [severity, expected] of Object.entries(table))
    assert.equal(labelled({ severity }).severity, expected, severity)
  assert.equal(labelled({}).severity, 'warning')
})

test('the host is the name that people gave it, else the address without its port', () => {
  assert.equal(labelled({ host: 'a', hostname: 'b', nodename: 'c', instance: 'd:1' }).host, 'a')
  assert.equal(labelled({ host: '', hostname: 'b', nodename: 'c' }).host, 'b')
  assert.equal(labelled({ nodename: 'c', instance: 'd:1' }).host, 'c')
  const table = {
    '10.5.4.1:9100': '10.5.4.1',
    'web1.example.org:9100': 'web1.example.org',
    web1: 'web1',
    '[fe80::1]:9100': 'fe80::1',
    '[2001:db8::7]': '2001:db8::7',
    'fe80::1': 'fe80::1',
    '::ffff:10.0.0.1': '::ffff:10.0.0.1',
    'https://shop.example.org/health': 'shop.example.org',
    'https://[2001:db8::7]:8443/': '2001:db8::7',
    'ssh://git:22': 'git',
  }
  for (const [instance, host] of Object.entries(table)) assert.equal(labelled({ instance }).host, host, instance)
  assert.equal(labelled({ instance: '' }).host, undefined)
  assert.equal('host' in labelled({}), false)
})

test('of words in several languages one is told', () => {
  const annotations = { summary_de: 'Voll', summary_en: 'Full', summary_it: 'Pieno', message: 'm', description_it: 'd' }
  assert.deepEqual([tell({ annotations }).title, tell({ annotations }).text], ['Full', 'd'])
  assert.equal(tell({ annotations }, {}, 'it').title, 'Pieno')
  assert.equal(tell({ annotations: { summary: 'First', summary_it: 'Pieno' } }, {}, 'it').title, 'First')
  assert.equal(tell({ annotations: { summary: ' ', summary_de: 'Voll' } }).title, 'Voll')
  assert.equal(tell({ annotations: { title: 'T', message: 'M' } }).title, 'T')
  assert.equal('title' in tell({}), false)
})
