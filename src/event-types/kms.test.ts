// The words of the KMS events, as people read them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HubEvent, NewEvent } from '../words.ts'
import types from './kms.ts'

test('activation and renewal are told alike, in the order people know', () => {
  for (const name of ['kms.activation', 'kms.renewal']) {
    assert.deepEqual(tell(name, {}), {
      title: 'KMS activation',
      icon: 'computer',
      fields: [
        { name: 'Client', value: '192.168.1.230', code: true, note: 'external' },
        { name: 'Workstation', value: 'WIN10-32.example.lan', code: true },
        { name: 'Product', value: 'Windows 10 Professional', code: true },
        { name: 'Status before', value: name === 'kms.renewal' ? 'Licensed' : 'Notification' },
      ],
    })
  }
})

test('an empty name is a question mark, a status that is not said is unknown', () => {
  const { fields } = tell('kms.activation', { workstation: '', status: null })
  assert.deepEqual(fields?.[1], { name: 'Workstation', value: '?', code: true })
  assert.deepEqual(fields?.[3], { name: 'Status before', value: 'unknown' })
})

test('refusals, rejections and anomalies say why', () => {
  assert.equal(tell('kms.refused', {}).fields?.at(-1)?.value, 'Refusing unknown product (0xC004F042)')
  assert.match(tell('kms.rejected', {}).fields?.at(-1)?.value ?? '', /public address/)
  assert.match(
    tell('kms.rejected', { reason: 'unsupported-protocol', protocol: '3.0' }).fields?.at(-1)?.value ?? '',
    /3\.0/,
  )
  assert.match(tell('kms.anomaly', {}).title, /worker crashed/)
  assert.match(tell('kms.anomaly', { kind: 'log-injection' }).title, /forge/)
})

test('a guessed client says that it is one, and who else it may have been', () => {
  const ambiguous = (...candidates: string[]) =>
    tell('kms.activation', { attribution: 'ambiguous', candidates }).fields?.[0]?.note
  assert.equal(ambiguous('192.168.1.230:1', '10.0.0.9:2'), 'external, not certain, or 10.0.0.9:2')
  assert.equal(ambiguous('a:1', 'b:2', 'c:3', 'd:4', 'e:5'), 'external, not certain, or b:2 or c:3 or 2 more')
})

test('a client that is not known is a question mark', () => {
  assert.equal(tell('kms.probe', { client: null, zone: null }).fields?.[0]?.value, '?')
})

test('the names of the counters are those that dashboards know', () => {
  const names = new Set(types.flatMap(({ counters }) => (counters ?? []).map(({ name, on }) => `${name} ${on}`)))
  assert.deepEqual([...names].sort(), [
    'kms_activations_dedup_skipped_total merged',
    'kms_activations_total event',
    'kms_connection_probes_total event',
    'kms_last_activation_timestamp_seconds last',
  ])
})

test('every label is a described field, and every field of a sample is described', () => {
  for (const type of types) {
    for (const label of type.labels) assert.ok(label in type.fields, `${type.name}: ${label}`)
    for (const field of Object.keys(type.sample.data ?? {})) assert.ok(field in type.fields, `${type.name}: ${field}`)
    assert.equal(type.sample.type, type.name)
  }
})

function tell(name: string, change: NonNullable<NewEvent['data']>) {
  const type = types.find((one) => one.name === name)
  assert.ok(type)
  const { sample } = type
  const event: HubEvent = {
    seq: 1,
    id: '1',
    type: name,
    time: sample.time ?? 0,
    receivedAt: 0,
    source: 'kms',
    severity: type.severity,
    labels: {},
    data: { ...sample.data, ...change },
  }
  return type.message(event)
}
