// Mail by the settings of a NethServer 8 cluster, read from a real Redis.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { account, startMailServer } from '../../../test/support/mail-server.ts'
import { endOf, sendWith, wordsOf } from '../../../test/support/mail-sending.ts'
import { startRedisServer, type RedisServer } from '../../../test/support/redis-server.ts'

const minute = 60_000
const plain = { enabled: '1', host: '127.0.0.1', encrypt_smtp: 'none', tls_verify: '1', username: '', password: '' }
const encrypted = { ...plain, encrypt_smtp: 'starttls', tls_verify: '0', ...account }

async function set(redis: RedisServer, fields: { readonly [name: string]: string | number }): Promise<void> {
  await redis.command('DEL', 'cluster/smarthost')
  if (Object.keys(fields).length > 0) await redis.command('HSET', 'cluster/smarthost', ...Object.entries(fields).flat())
}

const sendBy = (redis: RedisServer, now: number) => sendWith({ smarthost: { redis: redis.url } }, { now })

test('host, port, encryption and login are those of the cluster', async () => {
  await using redis = await startRedisServer()
  await using server = await startMailServer({ disabledCommands: [] })
  await set(redis, { ...encrypted, port: server.port })
  const outcome = await sendBy(redis, 0)
  assert.equal(outcome.ok, true, wordsOf(outcome))
  assert.deepEqual([server.mails[0]?.secure, server.mails[0]?.user], [true, account.username])
})

test('the certificate is looked at as the cluster says', async () => {
  await using redis = await startRedisServer()
  await using server = await startMailServer({ secure: true, disabledCommands: [], authOptional: true })
  await set(redis, { ...plain, port: server.port, encrypt_smtp: 'tls', tls_verify: '1' })
  assert.deepEqual(endOf(await sendBy(redis, 0)), ['tls', true, false])
  await set(redis, { ...plain, port: server.port, encrypt_smtp: 'tls', tls_verify: '0' })
  assert.equal((await sendBy(redis, 0)).ok, true)
})

test('a reader that may do no more than read the cluster keys is enough', async () => {
  await using redis = await startRedisServer()
  await using server = await startMailServer()
  await set(redis, { ...plain, port: server.port })
  const may = [
    'reset',
    'on',
    'nopass',
    '~cluster/*',
    '~node/*',
    '~module/*',
    'allchannels',
    '-@all',
    '+@read',
    '+psubscribe',
  ]
  await redis.command('ACL', 'SETUSER', 'default', ...may)
  assert.equal((await sendBy(redis, 0)).ok, true)
})

describe('what was read', () => {
  test('holds for a minute, and then changes are followed', async () => {
    await using redis = await startRedisServer()
    await using first = await startMailServer()
    await using second = await startMailServer()
    await set(redis, { ...plain, port: first.port })
    await sendBy(redis, 0)
    await set(redis, { ...plain, port: second.port })
    await sendBy(redis, minute - 1)
    assert.deepEqual([first.mails.length, second.mails.length], [2, 0])
    await sendBy(redis, minute)
    assert.deepEqual([first.mails.length, second.mails.length], [2, 1])
    assert.equal(await hashReads(redis), 2)
  })

  test('is read again at once after a failure that it may have caused', async () => {
    await using redis = await startRedisServer()
    await using server = await startMailServer({ disabledCommands: [] })
    await set(redis, { ...encrypted, port: server.port, password: 'an-old-one' })
    assert.deepEqual(endOf(await sendBy(redis, 0)), ['unauthorised', false, false])
    await set(redis, { ...encrypted, port: server.port })
    assert.equal((await sendBy(redis, 1)).ok, true)
  })

  test('is not doubted because of one recipient', async () => {
    await using redis = await startRedisServer()
    await using server = await startMailServer()
    await set(redis, { ...plain, port: server.port })
    server.refuse({ rcpt: '550 5.1.1 No such user' })
    for (const now of [0, 1, 2]) assert.deepEqual(endOf(await sendBy(redis, now)), ['rejected', false, false])
    assert.equal(await hashReads(redis), 1)
  })

  test('holds on while Redis is away, which may be what is to be told', async () => {
    await using redis = await startRedisServer()
    await using server = await startMailServer()
    await set(redis, { ...plain, port: server.port })
    assert.equal((await sendBy(redis, 0)).ok, true)
    await redis.stop()
    assert.equal((await sendBy(redis, 5 * minute)).ok, true)
    assert.equal((await sendBy(redis, 500 * minute)).ok, true)
    assert.equal(server.mails.length, 3)
  })
})

describe('no mail goes out', () => {
  const cases: readonly [string, { readonly [name: string]: string }, RegExp][] = [
    ['when the cluster has none', {}, /Redis has no cluster\/smarthost: is it that of a NethServer 8 node/],
    [
      'when it is disabled',
      { ...plain, port: '25', enabled: '0' },
      /^The cluster's smarthost is disabled; enable it in the settings/,
    ],
    ['without a host', { ...plain, port: '25', host: '' }, /smarthost has no host; complete it/],
    ['without a port', { ...plain, port: '' }, /smarthost has no valid port; correct it/],
    [
      'by an unknown encryption',
      { ...plain, port: '25', encrypt_smtp: 'ssl3' },
      /an encryption that is not known here/,
    ],
    ['with half a login', { ...plain, port: '25', username: 'ann' }, /a username without a password; complete it/],
  ]
  for (const [when, fields, words] of cases) {
    test(when, async () => {
      await using redis = await startRedisServer()
      await set(redis, fields)
      const outcome = await sendBy(redis, 0)
      assert.deepEqual(endOf(outcome), ['misconfigured', false, false])
      assert.match(wordsOf(outcome), words)
    })
  }

  test('when Redis was never there, which is tried again', async () => {
    await using redis = await startRedisServer()
    await redis.stop()
    const outcome = await sendBy(redis, 0)
    assert.deepEqual(endOf(outcome), ['unreachable', true, false])
    assert.equal(
      wordsOf(outcome),
      `The smarthost is not known: No connection to Redis at 127.0.0.1:${redis.port}: the port is closed`,
    )
  })

  test('when Redis wants a password, which is not told', async () => {
    await using redis = await startRedisServer(['--requirepass', 'right'])
    await set(redis, { ...plain, port: '25' })
    const url = redis.url.replace('//', '//default:wr0ng-word@')
    const outcome = await sendWith({ smarthost: { redis: url } })
    assert.deepEqual(endOf(outcome), ['unauthorised', false, false])
    assert.doesNotMatch(wordsOf(outcome), /wr0ng/)
  })

  test('after the smarthost was disabled, and does again when it is enabled', async () => {
    await using redis = await startRedisServer()
    await using server = await startMailServer()
    await set(redis, { ...plain, port: server.port })
    assert.equal((await sendBy(redis, 0)).ok, true)
    await set(redis, { ...plain, port: server.port, enabled: '0' })
    assert.deepEqual(endOf(await sendBy(redis, minute)), ['misconfigured', false, false])
    await redis.stop()
    assert.deepEqual(endOf(await sendBy(redis, minute + 1)), ['unreachable', true, false])
  })
})

async function hashReads(redis: RedisServer): Promise<number> {
  const stats = String(await redis.command('INFO', 'commandstats'))
  return Number(/cmdstat_hgetall:calls=(\d+)/.exec(stats)?.[1] ?? 0)
}
