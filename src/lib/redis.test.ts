// Hashes read from a real Redis, and what is said when it refuses, hangs or is not there.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { startRedisServer } from '../../test/support/redis-server.ts'
import { isRedisUrl, readHash, type RedisAnswer } from './redis.ts'

function refusalOf(answer: RedisAnswer<unknown>): readonly [reason: string, detail: string] {
  return answer.ok ? ['ok', JSON.stringify(answer.value)] : [answer.reason, answer.detail]
}

describe('a hash', () => {
  test('is read with all its fields; one that is not there is empty', async () => {
    await using redis = await startRedisServer()
    await redis.command('HSET', 'a/b', 'host', 'größe', 'port', 25)
    assert.deepEqual(await readHash(redis, 'a/b'), { ok: true, value: { host: 'größe', port: '25' } })
    assert.deepEqual(await readHash(redis, 'c'), { ok: true, value: {} })
  })

  test('is read from the database and as the user that the address names', async () => {
    await using redis = await startRedisServer()
    await redis.command('SELECT', 3)
    await redis.command('HSET', 'a', 'b', 'c')
    await redis.command('ACL', 'SETUSER', 'ann', 'on', '>p@ss/w', '~*', '+@read', '+select')
    const url = `redis://ann:${encodeURIComponent('p@ss/w')}@127.0.0.1:${redis.port}/3`
    assert.deepEqual(await readHash({ url }, 'a'), { ok: true, value: { b: 'c' } })
  })

  test('leaves no connection behind', async () => {
    await using redis = await startRedisServer()
    await readHash(redis, 'a')
    const others = async (): Promise<number> =>
      String(await redis.command('CLIENT', 'LIST'))
        .trim()
        .split('\n').length - 1
    while ((await others()) > 0) await new Promise((resolve) => setTimeout(resolve, 5))
  })
})

describe('a refusal', () => {
  test('of the login is told without the password', async () => {
    await using redis = await startRedisServer(['--requirepass', 'right'])
    const [reason, detail] = refusalOf(await readHash(redis, 'a'))
    assert.equal(reason, 'unauthorised')
    assert.match(detail, /^Redis at 127\.0\.0\.1:\d+ did not accept user and password.*: NOAUTH /)
    const url = redis.url.replace('//', '//:wr0ng@')
    const [wrong, words] = refusalOf(await readHash({ url }, 'a'))
    assert.equal(wrong, 'unauthorised')
    assert.match(words, /WRONGPASS/)
    assert.doesNotMatch(words, /wr0ng/)
  })

  test('of a key that the user may not read is told', async () => {
    await using redis = await startRedisServer()
    await redis.command('ACL', 'SETUSER', 'default', 'reset', 'on', 'nopass', '~open/*', '+@read')
    assert.equal((await readHash(redis, 'open/a')).ok, true)
    const [reason, detail] = refusalOf(await readHash(redis, 'closed/a'))
    assert.equal(reason, 'unauthorised')
    assert.match(detail, /NOPERM/)
  })

  test('of a key that is no hash is told', async () => {
    await using redis = await startRedisServer()
    await redis.command('SET', 'a', 'b')
    const [reason, detail] = refusalOf(await readHash(redis, 'a'))
    assert.equal(reason, 'misconfigured')
    assert.match(detail, /answered: WRONGTYPE /)
  })
})

describe('a Redis', () => {
  test('that says nothing is given up at the deadline', async () => {
    await using redis = await startRedisServer()
    redis.freeze()
    const [reason, detail] = refusalOf(await readHash({ url: redis.url, timeoutMs: 100 }, 'a'))
    assert.equal(reason, 'timeout')
    assert.match(detail, /did not answer within 0\.1 s$/)
    redis.thaw()
    assert.equal((await readHash(redis, 'a')).ok, true)
  })

  test('that is not there is unreachable', async () => {
    await using redis = await startRedisServer()
    await redis.stop()
    const [reason, detail] = refusalOf(await readHash(redis, 'a'))
    assert.deepEqual(
      [reason, detail],
      ['unreachable', `No connection to Redis at 127.0.0.1:${redis.port}: the port is closed`],
    )
  })

  test('that has no address is not asked', async () => {
    for (const url of ['', '127.0.0.1:6379', 'http://127.0.0.1', 'redis://', 'redis://a/b', 'redis://a/1/2']) {
      assert.equal(isRedisUrl(url), false, url)
      assert.equal(refusalOf(await readHash({ url }, 'a'))[0], 'misconfigured', url)
    }
    for (const url of ['redis://127.0.0.1', 'redis://u:p@host:1/2', 'rediss://host/', 'redis://[::1]:6379']) {
      assert.equal(isRedisUrl(url), true, url)
    }
  })
})
