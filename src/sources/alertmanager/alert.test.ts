// One alert in all forms it comes in: what it says is kept, what it lacks is made up for, what is wrong is said.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { type Alert, isKeptQuiet, readAlert, readListed, saysTheSame } from './alert.ts'
import { fingerprintOf } from './fingerprint.ts'

const least = { status: 'firing', labels: { alertname: 'DiskFull' } }

function read(more: object): Alert {
  const alert = readAlert({ ...least, ...more })
  return typeof alert === 'string' ? assert.fail(alert) : alert
}

describe('an alert', () => {
  test('needs no more than a status and labels', () => {
    const { fingerprint, ...rest } = read({})
    assert.deepEqual(rest, { status: 'firing', labels: { alertname: 'DiskFull' }, annotations: {} })
    assert.equal(fingerprint, fingerprintOf(least.labels))
    const nothing = {
      annotations: null,
      startsAt: null,
      endsAt: null,
      fingerprint: '',
      generatorURL: 7,
      dashboardURL: [],
    }
    assert.deepEqual(read(nothing), { fingerprint, ...rest })
  })

  test('without a fingerprint gets the one that Alertmanager would have given it', () => {
    const labels = { alertname: 'BackupFailed', id: '1', instance: '10.5.4.1:9100', job: 'providers', name: 'BB daily' }
    const more = { node: '1', service: 'backup', severity: 'critical', target_type: 'node' }
    assert.equal(read({ labels: { ...more, ...labels } }).fingerprint, '677654fbb0290062')
    assert.equal(fingerprintOf({}), 'cbf29ce484222325')
  })

  test('has times to the millisecond, and the year 1 is no time', () => {
    const { startsAt, endsAt } = read({
      startsAt: '2026-10-12T09:51:03.157076123+02:00',
      endsAt: '0001-01-01T00:00:00Z',
    })
    assert.equal(startsAt, Date.UTC(2026, 9, 12, 7, 51, 3, 157))
    assert.equal(endsAt, undefined)
  })

  test('has sorted, bounded texts, and says how many were too many', () => {
    const many = Object.fromEntries(
      Array.from({ length: 70 }, (_, at) => [`l${String(at).padStart(2, '0')}`, 'v'.repeat(300)]),
    )
    const alert = read({ labels: many, annotations: { z: 'x'.repeat(5000), a: '', ['n'.repeat(300)]: 'x' } })
    assert.equal(Object.keys(alert.labels).length, 64)
    assert.equal(alert.labels['l00']?.length, 256)
    assert.deepEqual(Object.keys(alert.annotations), ['a', 'z'])
    assert.equal(alert.annotations['z']?.length, 4096)
    assert.equal(alert.omitted, 7)
    assert.equal(alert.fingerprint, fingerprintOf(many))
  })

  test('cannot reach into our objects by its names', () => {
    const alert = read(JSON.parse('{"labels": {"__proto__": "x", "constructor": "y"}}') as object)
    assert.deepEqual(Object.entries(alert.labels), [['constructor', 'y']])
    assert.equal(Object.getPrototypeOf(alert.labels), Object.prototype)
  })

  const wrong: readonly [element: unknown, sentence: RegExp][] = [
    [null, /^an alert is a JSON object, not null$/],
    [['x'], /^an alert is a JSON object/],
    ['x', /^an alert is a JSON object, not "x"$/],
    [{ ...least, status: undefined }, /^status is missing: it must be firing or resolved$/],
    [{ ...least, status: 'pending' }, /^status must be firing or resolved, not "pending"$/],
    [{ ...least, status: { state: 'active' } }, /^status must be/],
    [{ status: 'firing' }, /^labels is missing: it must be an object of texts such as/],
    [{ ...least, labels: null }, /^labels must be an object of texts such as .*, not null$/],
    [{ ...least, labels: ['a'] }, /^labels must be an object/],
    [{ ...least, labels: { alertname: ['a'] } }, /^labels: "alertname" must be a text, not \["a"\]$/],
    [{ ...least, annotations: { value: 5 } }, /^annotations: "value" must be a text, not 5$/],
    [{ ...least, annotations: 'x' }, /^annotations must be an object/],
    [
      { ...least, startsAt: '2026-06-01 02:01' },
      /^startsAt must be an RFC 3339 time such as .*, not "2026-06-01 02:01"$/,
    ],
    [{ ...least, startsAt: 1_780_275_600 }, /^startsAt must be an RFC 3339 time/],
    [{ ...least, endsAt: '2026-02-30T00:00:00Z' }, /^endsAt must be an RFC 3339 time/],
    [{ ...least, fingerprint: 5 }, /^fingerprint must be a text such as .*, not 5$/],
    [{ ...least, fingerprint: 'list failing' }, /^fingerprint must be a text .* without blanks/],
  ]
  for (const [element, sentence] of wrong) {
    test(`${JSON.stringify(element).slice(0, 70)} is refused`, () => {
      const alert = readAlert(element)
      assert.match(typeof alert === 'string' ? alert : 'taken', sentence)
    })
  }

  test('whatever comes, it is an alert or a sentence', () => {
    const text = fc.oneof(fc.string(), fc.constantFrom('firing', 'resolved', '2026-06-01T02:01:05.78Z', '__proto__'))
    const field = fc.oneof(fc.jsonValue(), text, fc.dictionary(text, text))
    const shaped = fc.record(
      {
        status: fc.oneof(field, fc.constant('firing')),
        labels: field,
        annotations: field,
        startsAt: field,
        endsAt: field,
        fingerprint: field,
      },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), shaped), (element) => {
        for (const alert of [readAlert(element), readListed(element)]) {
          if (typeof alert === 'string') assert.match(alert, /^\S.+[^.]$/s)
          else assert.match(alert.fingerprint, /^\S+$/)
        }
      }),
    )
  })
})

describe('one of the list', () => {
  const listed = {
    labels: { alertname: 'DiskFull' },
    annotations: { summary: 'full' },
    startsAt: '2026-06-01T02:01:05.780Z',
    endsAt: '2026-06-01T02:06:05.780Z',
    updatedAt: '2026-06-01T02:02:05.780Z',
    fingerprint: 'e0c7fdc1f2b0ab1a',
    receivers: [{ name: 'hook' }],
    status: { state: 'active', silencedBy: [], inhibitedBy: [] },
  }

  test('fires without an end', () => {
    assert.deepEqual(readListed(listed), {
      fingerprint: 'e0c7fdc1f2b0ab1a',
      status: 'firing',
      startsAt: Date.UTC(2026, 5, 1, 2, 1, 5, 780),
      labels: listed.labels,
      annotations: listed.annotations,
      receiver: 'hook',
    })
    const several = readListed({ ...listed, receivers: [{ name: 'a' }, { name: 'b' }] })
    assert.equal(typeof several === 'string' ? several : several.receiver, undefined)
  })

  test('may be one that Alertmanager keeps quiet about', () => {
    assert.equal(isKeptQuiet(listed), false)
    assert.equal(isKeptQuiet({ ...listed, status: undefined }), false)
    assert.equal(isKeptQuiet({ ...listed, status: { state: 'suppressed', silencedBy: ['1'] } }), true)
    assert.equal(isKeptQuiet({ ...listed, status: { state: 'unprocessed' } }), true)
    assert.equal(isKeptQuiet({ ...listed, status: { state: 'active', mutedBy: ['nights'] } }), true)
  })
})

test('numbers that drift are nothing new to who looks each minute', () => {
  const [one, other] = ['Disk at 91.5 % for 3 minutes', 'Disk at 92 % for 4 minutes'].map((summary) =>
    read({ annotations: { summary } }),
  )
  assert.ok(one && other)
  assert.equal(saysTheSame(one, other, true), true)
  assert.equal(saysTheSame(one, other, false), false)
  assert.equal(saysTheSame(one, read({ annotations: { summary: 'Disk is full' } }), true), false)
  assert.equal(
    saysTheSame(one, { ...one, receiver: 'other', generatorUrl: 'http://replica/', startsAt: 5 }, false),
    true,
  )
})
