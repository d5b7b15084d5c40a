// Pages as a node_exporter writes them, of hosts that are not at hand.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { toSampleFact } from '../../source-sample.ts'
import { readPage } from './page.ts'

function page(lines: readonly string[]): string {
  return lines.map((line) => `node_${line}\n`).join('')
}

function cpu(idle: number, user: number): string[] {
  return ['0', '1'].flatMap((core) => [
    `cpu_seconds_total{cpu="${core}",mode="idle"} ${idle}`,
    `cpu_seconds_total{cpu="${core}",mode="user"} ${user}`,
    `cpu_guest_seconds_total{cpu="${core}",mode="user"} 99`,
  ])
}

function metricsOf(lines: readonly string[], before?: { atMs: number; lines: readonly string[] }, atMs = 60_000) {
  const counters = before && readPage(page(before.lines), before.atMs)?.counters
  return readPage(page(lines), atMs, counters)?.sample.metrics ?? assert.fail('no page')
}

describe('counters', () => {
  const first = [
    ...cpu(1000, 50),
    'time_seconds 1000',
    'boot_time_seconds 0',
    'pressure_io_waiting_seconds_total 10',
    'pressure_memory_stalled_seconds_total 3',
  ]

  test('are figures of the time between two pages', () => {
    const second = [
      ...cpu(1045, 65),
      'time_seconds 1060',
      'boot_time_seconds 0',
      'pressure_io_waiting_seconds_total 13',
      'pressure_memory_stalled_seconds_total 3',
    ]
    const { cpu_percent, pressure_io_some, pressure_memory_full } = metricsOf(second, { atMs: 0, lines: first })
    assert.deepEqual([cpu_percent, pressure_io_some, pressure_memory_full], [25, 5, 0])
  })

  test('say nothing on the first page, nor after a boot', () => {
    const booted = [
      ...cpu(5000, 5000),
      'time_seconds 1060',
      'boot_time_seconds 1055',
      'pressure_io_waiting_seconds_total 90',
    ]
    for (const metrics of [metricsOf(first), metricsOf(booted, { atMs: 0, lines: first })])
      assert.deepEqual(Object.keys(metrics).sort(), ['cpu_count', 'uptime_seconds'])
  })

  test('that ran faster than time are no more than all of it', () => {
    const second = [...first.slice(0, -2), 'pressure_io_waiting_seconds_total 1000']
    assert.equal(metricsOf(second, { atMs: 0, lines: first })['pressure_io_some'], 100)
  })
})

test('failed units are counted, and named where the exporter names units', () => {
  const state = (name: string, state: string, value: number): string =>
    `systemd_unit_state{name="${name}",state="${state}",type="simple"} ${value}`
  const named = readPage(
    page([
      state('a.service', 'failed', 1),
      state('a.service', 'active', 0),
      state('b.mount', 'failed', 0),
      state('c.service', 'active', 1),
    ]),
    0,
  )
  assert.deepEqual(named?.sample, { metrics: { failed_units: 1 }, failedUnits: ['a.service'] })
  const counted = readPage(page(['systemd_units{state="active"} 200', 'systemd_units{state="failed"} 2']), 0)
  assert.deepEqual(counted?.sample, { metrics: { failed_units: 2 } })
})

test('temperatures have the names of their chips and sensors', () => {
  assert.deepEqual(
    metricsOf([
      'hwmon_chip_names{chip="platform_coretemp_0",chip_name="coretemp"} 1',
      'hwmon_sensor_label{chip="platform_coretemp_0",label="Package id 0",sensor="temp1"} 1',
      'hwmon_temp_celsius{chip="platform_coretemp_0",sensor="temp1"} 51.5',
      'hwmon_chip_names{chip="thermal_thermal_zone0",chip_name="cpu_thermal"} 1',
      'hwmon_temp_celsius{chip="thermal_thermal_zone0",sensor="temp0"} 48.312',
      'thermal_zone_temp{type="cpu-thermal",zone="0"} 48.312',
      'thermal_zone_temp{type="x86_pkg_temp",zone="1"} 50',
    ]),
    {
      'temperature_celsius{sensor="coretemp Package id 0"}': 51.5,
      'temperature_celsius{sensor="cpu_thermal temp0"}': 48.3,
      'temperature_celsius{sensor="x86_pkg_temp"}': 50,
    },
  )
})

test('file systems are those that can fill up, once each', () => {
  const mount = (point: string, device: string, type: string): string[] =>
    [
      ['size_bytes', 1000],
      ['free_bytes', 500],
      ['avail_bytes', 500],
      ['files', 0],
      ['files_free', 0],
    ].map(([name, value]) => `filesystem_${name}{device="${device}",fstype="${type}",mountpoint="${point}"} ${value}`)
  const metrics = metricsOf([
    ...mount('/', '/dev/sda1', 'ext4'),
    ...mount('/mnt/again', '/dev/sda1', 'ext4'),
    ...mount('/run', 'tmpfs', 'tmpfs'),
    ...mount('/mnt/nas', 'nas:/export', 'nfs4'),
    'filesystem_size_bytes{device="/dev/sdb1",fstype="ext4",mountpoint="/broken"} 5',
  ])
  assert.deepEqual(
    Object.entries(metrics).filter(([name]) => name.includes('percent')),
    [
      ['disk_usage_percent', 50],
      ['filesystem_percent{mount="/"}', 50],
      ['filesystem_percent{mount="/mnt/nas"}', 50],
    ],
  )
})

test('names that nobody would keep are not made, nor stored', () => {
  const long = (character: string, count: number): string[] =>
    ['size', 'free', 'avail'].map(
      (name) =>
        `filesystem_${name}_bytes{device="/dev/${count}",fstype="ext4",mountpoint="/${character.repeat(count)}"} 9`,
    )
  const metrics = metricsOf([...long('x', 100_000), ...long('\u0001', 190), ...long('z', 100), 'load1 1'])
  assert.ok(Object.keys(metrics).every((series) => series.length < 2000))
  const { data } = toSampleFact('nas', { metrics: { ...metrics, load_1: 1 } })
  assert.deepEqual(
    Object.keys(data['metrics'] as object).map((series) => series.replace(/z+/, 'z')),
    [
      'filesystem_total{mount="/z"}',
      'filesystem_used{mount="/z"}',
      'filesystem_free{mount="/z"}',
      'filesystem_percent{mount="/z"}',
      'load_1',
    ],
  )
})

test('another page is none', () => {
  assert.equal(readPage('# HELP x y\ngo_goroutines 5\nsereno_build_info 1\n', 0), undefined)
  assert.equal(readPage('<html>node_load1 5</html>', 0), undefined)
})

test('whatever a page says, figures are finite, and texts harmless', () => {
  const names = [
    'load1',
    'load5',
    'load15',
    'time_seconds',
    'boot_time_seconds',
    'memory_MemTotal_bytes',
    'memory_MemFree_bytes',
  ]
  const labelled = ['filesystem_size_bytes', 'filesystem_free_bytes', 'filesystem_avail_bytes', 'hwmon_temp_celsius']
  const value = fc.oneof(fc.double().map(String), fc.constantFrom('NaN', '+Inf', '1e308', '-1', '0'))
  const text = fc.constantFrom('/', '/a', 'b\u0000', '\u202e', '<b>', '@all')
  const line = fc.oneof(
    fc.tuple(fc.constantFrom(...names), value).map(([name, given]) => `node_${name} ${given}`),
    fc
      .tuple(fc.constantFrom(...labelled), text, value)
      .map(
        ([name, label, given]) =>
          `node_${name}{mountpoint="${label}",device="/dev/x",fstype="ext4",chip="${label}",sensor="s"} ${given}`,
      ),
    fc.string({ unit: 'binary' }),
  )
  fc.assert(
    fc.property(fc.array(line), (lines) => {
      const before = readPage(lines.toReversed().join('\n'), 0)?.counters
      const { metrics } = readPage(lines.join('\n'), 1000, before)?.sample ?? { metrics: {} }
      for (const [series, figure] of Object.entries(metrics)) {
        assert.ok(Number.isFinite(figure), series)
        assert.ok(!/[\u0000-\u001f\u202e]/.test(series), series)
      }
    }),
    { numRuns: 200 },
  )
})
