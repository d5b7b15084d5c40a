// Records are those of cloud-init where they are to be, hold what the host gets, and say again what was said.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { encodeAsCloudInit, type Generation } from './cloud-init.ts'
import { encodeEvent, encodePair } from './encode.ts'
import { results, type KvpEvent } from './event.ts'
import { parseKey } from './key.ts'
import { readEvents } from './read-events.ts'
import { decodeRecords, encodeRecords, type Pair, recordBytes } from './record.ts'

const vmId = 'aabbccdd-eeff-0011-2233-445566778899'
const uuid = '11111111-2222-4333-8444-555555555555'
const cloudInit = { prefix: 'CLOUD_INIT', incarnation: 1_700_000_000, vmId }
const own = { ...cloudInit, prefix: 'SERENO' }
const start: KvpEvent = {
  type: 'start',
  name: 'init-network/config-ssh',
  description: 'running config-ssh with frequency once-per-instance',
  at: 1_700_000_012_500,
}
const generations: readonly Generation[] = ['18.4', '22.4', '26.2']

describe('as cloud-init writes them', () => {
  const hashes = (event: KvpEvent, generation: Generation = '26.2') =>
    encodeAsCloudInit(event, cloudInit, uuid, generation).map((pair) =>
      createHash('sha256')
        .update(encodeRecords([pair]))
        .digest('hex'),
    )

  test('a start is the same to the byte', () => {
    const [pair] = encodeAsCloudInit(start, cloudInit, uuid, '26.2')
    assert.equal(pair?.key, `CLOUD_INIT|1700000000|start|init-network/config-ssh|${vmId}|${uuid}`)
    assert.equal(
      pair?.value,
      '{"name":"init-network/config-ssh","type":"start","ts":"2023-11-14T22:13:32.500000+00:00","msg":"running config-ssh with frequency once-per-instance"}',
    )
    assert.deepEqual(hashes(start), ['5e5ce398e085de81c5735e2cbda606ccc83d29715cc7008921b2fde3ca3e74ea'])
  })

  test('so is a finish', () => {
    const event = {
      type: 'finish',
      name: 'modules-final',
      description: 'running modules for final',
      at: 1_700_000_013_000,
    }
    assert.deepEqual(hashes({ ...event, result: 'WARN', durationSeconds: 1.25 }), [
      'dbd0d8d397afd406fc3dc6590bc4c7f7d43661fb50396357a048acca149edaf5',
    ])
  })

  test('so is one in three slices', () => {
    const event = { type: 'finish', name: 'event_name', description: 'ab'.repeat(1024), at: 1_700_000_013_250 }
    assert.deepEqual(hashes({ ...event, result: 'FAIL', durationSeconds: 3 }), [
      '76ae878cb48ea3a6403d259e0f25d6f0ee48b4967b8b2936522ed8050f324aab',
      'e79ed8d2d7d2b9078576633fabefe92d66d85c350a58cd470c54fd77184edd97',
      'cad72c98a7bdc31926e2020ab5a8128aad7e7c5a77a2920d7f798b123bb906ed',
    ])
  })

  test('so is one of which every character is escaped, at a microsecond', () => {
    const event = {
      type: 'diagnostic',
      name: 'diagnostic message',
      description: 'é"\\\n\t\u007f😀',
      at: 1_700_000_014_000.001,
    }
    assert.deepEqual(hashes(event), ['efe9ae40798515d4b74ea57a2539362f6a167c9adede25e462844eb08b9c9c93'])
  })

  test('so is a plain pair', () => {
    const value = `result=success|agent=Cloud-Init/26.2|timestamp=2023-11-14T22:13:33+00:00|vm_id=${vmId}`
    const record = encodeRecords([encodePair('PROVISIONING_REPORT', value)])
    assert.equal(
      createHash('sha256').update(record).digest('hex'),
      'c9567ca0e9b05fc3a7e3c0a666312a77614619e189d3aed2a358ed39cf860f12',
    )
  })

  test('the first generation has no uuid and ends its time in Z', () => {
    const [pair] = encodeAsCloudInit({ ...start, description: 'running config-ssh' }, cloudInit, uuid, '18.4')
    assert.deepEqual(pair, {
      key: 'CLOUD_INIT|1700000000|start|init-network/config-ssh',
      value:
        '{"name":"init-network/config-ssh","type":"start","ts":"2023-11-14T22:13:32.500000Z","msg":"running config-ssh"}',
    })
  })

  test('where it would never end or lose its uuid, the name is shortened', () => {
    for (const generation of generations) {
      const pairs = encodeAsCloudInit(
        { ...start, name: 'n'.repeat(3000), description: 'd'.repeat(3000) },
        cloudInit,
        uuid,
        generation,
      )
      assert.ok(pairs.length > 1)
      for (const { key } of pairs) {
        assert.ok(Buffer.byteLength(key) < 512)
        assert.equal(parseKey(key)?.uuid, generation === '18.4' ? undefined : uuid)
      }
      assert.deepEqual(
        readBack(pairs).map(({ description }) => description),
        ['d'.repeat(3000)],
      )
    }
  })

  test('what is read again is what was said, whatever the slices cut in two', () => {
    fc.assert(
      fc.property(events(600), fc.constantFrom(...generations), (event, generation) => {
        const [found, ...others] = readBack(encodeAsCloudInit(event, cloudInit, uuid, generation))
        assert.deepEqual(others, [])
        assert.equal(found?.description, event.description)
        assert.deepEqual([found?.type, found?.at, found?.result], [event.type, event.at, event.result])
      }),
    )
    for (const text of ['é'.repeat(600), '"'.repeat(5000), '\\'.repeat(3001), '😀'.repeat(900)]) {
      const [found] = readBack(encodeAsCloudInit({ ...start, description: text }, cloudInit, uuid, '26.2'))
      assert.equal(found?.description, text)
    }
  })
})

describe('our own', () => {
  test('are laid out as those of cloud-init, under another prefix', () => {
    const theirs = encodeAsCloudInit(start, cloudInit, uuid, '26.2')
    assert.deepEqual(
      encodeEvent(start, own, uuid),
      theirs.map(({ key, value }) => ({ key: key.replace('CLOUD_INIT', 'SERENO'), value })),
    )
  })

  test('fit into what the host gets, each slice is JSON, and what is read again is what was said', () => {
    fc.assert(
      fc.property(events(1500), (event) => {
        const pairs = encodeEvent(event, own, uuid)
        const bytes = encodeRecords(pairs)
        assert.equal(bytes.length, pairs.length * recordBytes)
        for (const { key, value } of pairs) checkFits(key, value)
        const texts = pairs.map(({ value }) => (JSON.parse(value) as { msg: string }).msg)
        assert.equal(texts.join(''), event.description.toWellFormed())
        const [found, ...others] = readBack(pairs)
        assert.deepEqual(others, [])
        const { type, name, description, at, result, durationSeconds } = found ?? assert.fail()
        const back = { type, name, description, at, result, durationSeconds }
        assert.deepEqual(back, {
          ...event,
          type: event.type.toWellFormed(),
          name: event.name.toWellFormed(),
          description: event.description.toWellFormed(),
          result: event.result,
          durationSeconds: event.durationSeconds,
        })
      }),
    )
  })

  test('of 100 KB of anything come back', () => {
    for (const unit of ['a', 'é', '"', '\u0000', '😀', '|', '\\', 'ab\n']) {
      const description = unit.repeat(100_000 / Buffer.byteLength(unit))
      const pairs = encodeEvent({ ...start, description }, own, uuid)
      for (const { key, value } of pairs) checkFits(key, value)
      const [found, ...others] = readBack(pairs)
      assert.equal(others.length, 0)
      assert.ok(found?.description === description, unit)
      assert.equal(found.slices, pairs.length)
    }
  })

  test('values up to the limit of the host are not sliced, longer ones are', () => {
    const lengthOf = (extra: number) => {
      const empty = encodeEvent({ ...start, description: '' }, own, uuid)[0]?.value.length ?? 0
      const description = 'x'.repeat(1022 - empty + extra)
      return encodeEvent({ ...start, description }, own, uuid).map(({ value }) => value.length)
    }
    assert.deepEqual(lengthOf(0), [1022])
    assert.equal(lengthOf(1).length, 2)
    assert.equal(lengthOf(2).length, 2)
  })

  test('a slice that is not there is named, the last as well', () => {
    const description = 'é'.repeat(600)
    const pairs = encodeEvent({ ...start, description }, own, uuid)
    assert.ok(pairs.length > 3)
    for (const lost of [0, 2, pairs.length - 1]) {
      const [found] = readBack(pairs.filter((_, index) => index !== lost))
      assert.deepEqual(found?.missing, [lost])
      assert.match(found.description, /^é+$/)
    }
  })

  test('slices may come in any order, and between those of others', () => {
    const [one, two] = ['o', 't'].map((letter) =>
      encodeEvent(
        { ...start, description: letter.repeat(2500) },
        own,
        uuid.replaceAll('1', letter === 'o' ? '6' : '7'),
      ),
    )
    const mixed = (one ?? []).flatMap((pair, index) => [two?.at(-1 - index) ?? assert.fail(), pair])
    assert.deepEqual(
      readBack(mixed).map(({ description }) => description),
      ['t'.repeat(2500), 'o'.repeat(2500)],
    )
  })

  test('a long name is cut and ends in a hash of the whole; vm id, uuid and slice stay', () => {
    for (const name of ['n'.repeat(1100), 'é'.repeat(1100), '"'.repeat(1100), '\u0000'.repeat(1100), '|'.repeat(300)]) {
      const pairs = encodeEvent({ ...start, name, description: 'd'.repeat(5000) }, own, uuid)
      for (const [index, { key, value }] of pairs.entries()) {
        checkFits(key, value)
        JSON.parse(value)
        const { name: kept = '', ...parts } = parseKey(key) ?? {}
        assert.match(kept, /~[0-9a-f]{8}$/)
        assert.deepEqual(parts, {
          prefix: 'SERENO',
          incarnation: '1700000000',
          type: 'start',
          vmId,
          uuid,
          slice: index,
        })
      }
    }
    const keys = ['a', 'b'].map((end) => encodeEvent({ ...start, name: 'n'.repeat(1100) + end }, own, uuid)[0]?.key)
    assert.notEqual(keys[0], keys[1])
  })

  test('so is a long type, whatever its characters need', () => {
    for (const unit of ['t', '€', '😀', '|', '"', '\u0000'])
      for (const description of ['d', 'd'.repeat(5000)]) {
        const event = { ...start, type: unit.repeat(3000), name: '€'.repeat(500), description }
        const ours = encodeEvent(event, own, uuid)
        for (const { key, value } of ours) checkFits(key, value)
        for (const pairs of [ours, ...generations.map((one) => encodeAsCloudInit(event, cloudInit, uuid, one))])
          assert.deepEqual(
            readBack(pairs).map((found) => found.description),
            [description],
          )
      }
  })

  test('what would end a field of the key is escaped there and kept in the value', () => {
    const [pair] = encodeEvent({ ...start, name: 'a|b\nc\u0000' }, own, uuid)
    assert.equal(pair?.key, `SERENO|1700000000|start|a%7Cb%0Ac%00|${vmId}|${uuid}`)
    assert.equal((JSON.parse(pair?.value ?? '') as { name: string }).name, 'a|b\nc\u0000')
  })

  test('numbers that JSON does not have are left out', () => {
    for (const durationSeconds of [Number.NaN, Number.POSITIVE_INFINITY]) {
      for (const pairs of [
        encodeEvent({ ...start, durationSeconds }, own, uuid),
        encodeAsCloudInit({ ...start, result: 'FAIL', durationSeconds }, cloudInit, uuid, '26.2'),
      ])
        assert.ok(!('duration' in (JSON.parse(pairs[0]?.value ?? '') as object)))
    }
  })

  test('a time that cannot be said is refused', () => {
    for (const at of [Number.NaN, Number.POSITIVE_INFINITY, 1e15])
      assert.throws(() => encodeEvent({ ...start, at }, own, uuid), RangeError)
  })
})

describe('a plain pair', () => {
  test('is cut after a whole character, within bytes and units, and leaves room for the NUL', () => {
    for (const text of ['A', '€', '😀', 'é']) {
      const { key, value } = encodePair(text.repeat(3000), text.repeat(3000))
      checkFits(key, value)
      const [record] = decodeRecords(encodeRecords([{ key, value }]))
      assert.deepEqual(record, { index: 0, key, value })
      assert.ok(value.length > 600 && value.endsWith(text))
    }
  })
})

describe('reading', () => {
  test('what stands behind the first NUL is not part of the value', () => {
    const bytes = encodeRecords([{ key: 'name', value: 'new\0oldtail' }])
    assert.deepEqual(decodeRecords(bytes), [{ index: 0, key: 'name', value: 'new' }])
  })

  test('a bad record is told by its index, and the next are read', () => {
    const bytes = encodeRecords([...encodeEvent(start, own, uuid), { key: 'b', value: 'x' }, { key: '', value: '' }])
    bytes[recordBytes + 512] = 0xff
    const torn = Buffer.concat([bytes, encodeRecords([{ key: 'torn', value: 'x' }]).subarray(0, 600)])
    const records = decodeRecords(torn)
    assert.deepEqual(
      records.map(({ index, problem }) => [index, problem]),
      [
        [0, undefined],
        [1, 'its value is no UTF-8'],
        [2, 'it has no key'],
        [3, 'torn: 600 of 2560 bytes'],
      ],
    )
    assert.equal(records[1]?.value, '\ufffd')
    assert.equal(readEvents(records).events.size, 1)
  })

  test('keys of all generations are understood, names with bars as well', () => {
    const base = { prefix: 'CLOUD_INIT', incarnation: '5', type: 'start', name: 'a|b' }
    assert.deepEqual(parseKey('CLOUD_INIT|5|start|a|b'), base)
    assert.deepEqual(parseKey(`CLOUD_INIT|5|start|a|b|${uuid}`), { ...base, uuid })
    assert.deepEqual(parseKey(`CLOUD_INIT|5|start|a|b|${uuid}|12`), { ...base, uuid, slice: 12 })
    assert.deepEqual(parseKey(`CLOUD_INIT|5|start|a|b|${vmId}|${uuid}`), { ...base, vmId, uuid })
    assert.deepEqual(parseKey(`CLOUD_INIT|5|start|a|b|${vmId}|${uuid}|0`), { ...base, vmId, uuid, slice: 0 })
    for (const key of ['', 'PROVISIONING_REPORT', 'a|b|c|d', '|5|start|a', 'HostName'])
      assert.equal(parseKey(key), undefined)
  })

  test('slices that share one key are told apart by their time', () => {
    const pairs = [0, 1000].flatMap((later) =>
      encodeAsCloudInit({ ...start, at: start.at + later, description: 'y'.repeat(5000) }, cloudInit, uuid, '18.4'),
    )
    assert.equal(new Set(pairs.map(({ key }) => key)).size, 1)
    const found = readBack(pairs)
    assert.deepEqual(
      found.map(({ at, description }) => [at, description.length]),
      [
        [start.at, 5000],
        [start.at + 1000, 5000],
      ],
    )
  })

  test('any bytes give records, events or problems, and no exception', () => {
    const values = fc.oneof(
      fc.string(),
      fc.json(),
      fc.constantFrom('{"msg_i":1e9,"msg":"\\u00"}', '{"name":1,"msg_i":0,"msg":"\\"}', '{"msg":"x","msg_i":-1}', '{}'),
    )
    const keys = fc.oneof(fc.string(), fc.constantFrom(`A|1|x|y|${uuid}|0`, 'A|1|x|y'))
    const pairs = fc.array(fc.record({ key: keys, value: values }), { maxLength: 5 })
    fc.assert(
      fc.property(pairs, fc.uint8Array({ maxLength: 3000 }), (some, rest) => {
        const records = decodeRecords(Buffer.concat([encodeRecords(some), rest]))
        assert.equal(records.length, Math.ceil((some.length * recordBytes + rest.length) / recordBytes))
        readEvents(records)
      }),
    )
  })
})

function readBack(pairs: readonly Pair[]) {
  const { events, problems } = readEvents(decodeRecords(encodeRecords(pairs)))
  assert.deepEqual([...problems], [])
  return [...events].sort(([a], [b]) => a - b).map(([, event]) => event)
}

function checkFits(key: string, value: string): void {
  assert.ok(key.length <= 254 && Buffer.byteLength(key) <= 511, `key of ${key.length}`)
  assert.ok(value.length <= 1022 && Buffer.byteLength(value) <= 2047, `value of ${value.length}`)
}

function events(longest: number): fc.Arbitrary<KvpEvent> {
  const texts = fc.oneof(
    fc.string({ unit: 'binary', maxLength: longest, size: 'max' }),
    fc.string({
      unit: fc.constantFrom('a', '|', '\u0000', '\ud800', '\udc00', '\ufffd', '"', '\\', '😀', '\n'),
      maxLength: longest,
    }),
  )
  return fc
    .record(
      {
        type: fc.oneof(fc.constantFrom('start', 'finish', 'diagnostic'), fc.string({ minLength: 1, maxLength: 12 })),
        name: fc.string({ unit: 'binary', minLength: 1, maxLength: 60 }),
        description: texts,
        at: fc.integer({ min: 0, max: 4_000_000_000_000 }),
        result: fc.constantFrom(...results),
        durationSeconds: fc.double({ noNaN: true, noDefaultInfinity: true, min: 0 }),
      },
      { requiredKeys: ['type', 'name', 'description', 'at'] },
    )
    .map((event) => event)
}
