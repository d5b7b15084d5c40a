// How figures are reckoned from what a kernel counts.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import {
  cpuPercent,
  diskMetrics,
  filesystemMetrics,
  memoryMetrics,
  swapMetrics,
  temperatureMetrics,
} from './source-host.ts'

const kB = 1024

describe('memory', () => {
  const memory = {
    total: 8_000_000 * kB,
    free: 157_000 * kB,
    buffers: 200_000 * kB,
    cached: 6_800_000 * kB,
    reclaimable: 0,
  }

  test('used is what is neither free nor buffers nor cache', () => {
    const { memory_used, memory_avail, memory_percent } = memoryMetrics({ ...memory, available: 7_200_000 * kB })
    assert.equal(memory_used, 843_000 * kB)
    assert.equal(memory_avail, 7_200_000 * kB)
    assert.equal(memory_percent, 10.54)
  })

  test('where parts and total come from different machines, nothing is negative or more than all', () => {
    const odd = memoryMetrics({ total: 100, free: 60, available: 5000, buffers: 30, cached: 5000, reclaimable: 9 })
    assert.deepEqual(odd, { memory_total: 100, memory_avail: 60, memory_used: 40, memory_free: 60, memory_percent: 40 })
  })

  test('what is available is estimated where the kernel does not say', () => {
    assert.equal(memoryMetrics(memory)['memory_avail'], 7_157_000 * kB)
    assert.equal(memoryMetrics({ ...memory, available: 0 })['memory_avail'], 7_157_000 * kB)
  })
})

test('swap that is not there is none in use', () => {
  assert.deepEqual(swapMetrics(0, 0), { swap_total: 0, swap_used: 0, swap_percent: 0 })
  assert.deepEqual(swapMetrics(1000, 250), { swap_total: 1000, swap_used: 750, swap_percent: 75 })
})

describe('the processor', () => {
  test('is busy when it neither rests nor waits for a disk', () => {
    assert.equal(cpuPercent([0, 0, 0, 0, 0, 0, 0, 0], [10, 10, 10, 50, 17, 1, 1, 1]), 33)
    assert.equal(cpuPercent([5, 0, 0, 100], [6, 0, 0, 102]), 33.3)
  })

  test('of no time says nothing', () => assert.equal(cpuPercent([1, 2, 3, 4], [1, 2, 3, 4]), undefined))

  test('with counters that go back stays between 0 and 100', () => {
    const times = fc.array(fc.nat(), { minLength: 4, maxLength: 10 })
    fc.assert(
      fc.property(times, times, (before, after) => {
        const percent = cpuPercent(before, after)
        assert.ok(percent === undefined || (percent >= 0 && percent <= 100))
      }),
    )
  })
})

describe('a file system', () => {
  const space = { total: 1000, free: 500, available: 450, files: 200, filesFree: 150 }

  test('is as full as df says: of what others than root may use', () => {
    const disk = { disk_usage_total: 1000, disk_usage_used: 500, disk_usage_free: 450, disk_usage_percent: 52.6 }
    assert.deepEqual(diskMetrics(space), disk)
    assert.deepEqual(filesystemMetrics('/a "b"', space), {
      'filesystem_total{mount="/a \\"b\\""}': 1000,
      'filesystem_used{mount="/a \\"b\\""}': 500,
      'filesystem_free{mount="/a \\"b\\""}': 450,
      'filesystem_percent{mount="/a \\"b\\""}': 52.6,
      'filesystem_inodes_percent{mount="/a \\"b\\""}': 25,
    })
  })

  test('without inodes or without room has no share of them', () => {
    const names = Object.keys(filesystemMetrics('/', { total: 0, free: 0, available: 0, files: 0, filesFree: 0 }))
    assert.deepEqual(names, ['filesystem_total{mount="/"}', 'filesystem_used{mount="/"}', 'filesystem_free{mount="/"}'])
  })
})

describe('temperatures', () => {
  test('are named by chip and sensor, and by device where there are several alike', () => {
    const metrics = temperatureMetrics([
      { chip: 'coretemp', device: 'coretemp.0', sensor: 'Package id 0', celsius: 51.04 },
      { chip: 'nvme', device: 'nvme0', sensor: 'Composite', celsius: 38 },
      { chip: 'nvme', device: 'nvme1', sensor: 'Composite', celsius: 39 },
      { chip: 'same', device: 'x', sensor: 'temp1', celsius: 1 },
      { chip: 'same', device: 'x', sensor: 'temp1', celsius: 2 },
    ])
    assert.deepEqual(metrics, {
      'temperature_celsius{sensor="coretemp Package id 0"}': 51,
      'temperature_celsius{sensor="nvme nvme0 Composite"}': 38,
      'temperature_celsius{sensor="nvme nvme1 Composite"}': 39,
      'temperature_celsius{sensor="same x temp1"}': 1,
      'temperature_celsius{sensor="same x temp1 2"}': 2,
    })
  })

  test('of sensors that are not connected are left out', () => {
    const readings = [-273.2, 65_261, Number.NaN].map((celsius) => ({ chip: 'c', device: 'd', sensor: 's', celsius }))
    assert.deepEqual(temperatureMetrics(readings), {})
  })
})
