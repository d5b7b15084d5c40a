// `sereno channel login` on doubles: by a code with PKCE, by MiAuth, by a password where one is taken; what it keeps and says.
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { login, type LoginOptions } from '../../src/cli/login.ts'
import { request } from '../../src/lib/http.ts'
import type { FediverseDouble } from '../support/fediverse-double.ts'
import { startFirefishDouble } from '../support/fediverse-firefish-double.ts'
import { startMastodonDouble } from '../support/fediverse-mastodon-double.ts'
import { sereno } from './house.ts'

let folder: string
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sereno-login-'))
})
after(() => rm(folder, { recursive: true }))

interface Said {
  readonly out: readonly string[]
  readonly error: readonly string[]
}

/** What is typed may depend on what was said. */
async function run(name: string, options: LoginOptions, type: (said: Said) => Promise<string>): Promise<Said> {
  const out: string[] = []
  const error: string[] = []
  const terminal = { out: (text: string) => void out.push(text), error: (text: string) => void error.push(text) }
  assert.equal(await login(name, { data: folder, ...options }, terminal, () => type({ out, error })), 0)
  return { out, error }
}

/** The owner opens the address and is shown a code. */
async function allow({ out }: Said): Promise<string> {
  const answer = await request({ url: out.at(-1)?.trim() ?? '' })
  assert.ok(answer.answered && answer.status === 200)
  return (JSON.parse(answer.body) as { code?: string }).code ?? ''
}

async function configure(double: FediverseDouble, tokenFile: string): Promise<string> {
  const file = join(folder, 'sereno.yaml')
  await writeFile(file, `channels:\n  fedi: { kind: fediverse, url: '${double.url}', tokenFile: '${tokenFile}' }\n`)
  return file
}

describe('logging in', () => {
  test('by a code gives a token that only this user can read, and the two lines for the configuration', async () => {
    await using double = await startMastodonDouble()
    const tokenFile = join(folder, 'secrets', 'fedi.token')
    const { out } = await run('fedi', { config: await configure(double, tokenFile) }, allow)
    const token = (await readFile(tokenFile, 'utf8')).trim()
    assert.match(token, /^given-token-/)
    assert.equal((await stat(tokenFile)).mode & 0o777, 0o600)
    assert.deepEqual(out.slice(-2), [`    url: ${double.url}`, `    tokenFile: ${tokenFile}`])
    assert.ok(!out.join('\n').includes(token))
    const page = new URL(out[1]?.trim() ?? '')
    assert.equal(page.searchParams.get('scope'), 'write:statuses write:media read:notifications read:statuses')
    assert.equal(page.searchParams.get('code_challenge_method'), 'S256')
    // The secret half of PKCE is not in the address.
    const exchange = double.asked.find(({ path }) => path === '/oauth/token')
    assert.ok(!page.href.includes(String(exchange?.fields['code_verifier'])))
  })

  test('works before the channel is configured, into the data folder', async () => {
    await using double = await startMastodonDouble({ software: 'akkoma' })
    const { out } = await run('new one', { url: `${double.url}/@sereno` }, allow)
    assert.equal(out.at(-1), `    tokenFile: ${join(folder, 'fediverse-new%20one.token')}`)
  })

  test('on Firefish is allowed on a page', async () => {
    await using double = await startFirefishDouble()
    await run('fish', { url: double.url }, allow)
    assert.equal(await readFile(join(folder, 'fediverse-fish.token'), 'utf8'), 'a-token-by-miauth\n')
  })

  test('by a password is possible where the server takes one', async () => {
    await using double = await startMastodonDouble({ software: 'pleroma', passwords: true })
    const lines = ['ann@example.org', 'right']
    await run('pass', { url: double.url, password: true }, async () => lines.shift() ?? '')
    assert.match(await readFile(join(folder, 'fediverse-pass.token'), 'utf8'), /^given-token-/)
  })
})

describe('logging in is refused', () => {
  const refused = (double: FediverseDouble, options: LoginOptions, ...lines: string[]): Promise<string> =>
    run('no', { url: double.url, ...options }, async () => lines.shift() ?? '').then(
      () => 'it was taken',
      (error: unknown) => (error as Error).message,
    )

  test('by a password where the server says that it takes none, before it is asked for', async () => {
    await using double = await startMastodonDouble()
    assert.match(
      await refused(double, { password: true }, 'ann', 'right'),
      /no longer takes passwords from programs; leave out --password/,
    )
    assert.ok(!double.asked.some(({ path }) => path === '/oauth/token'))
  })

  test('by a password where the server says nothing and takes none', async () => {
    await using double = await startMastodonDouble({ modern: false })
    assert.match(
      await refused(double, { password: true }, 'ann', 'right'),
      /gave no token: the server answered 400: The authorization grant type is not supported/,
    )
  })

  test('by a server that repeats the password, which is not shown, nor all of a long answer', async () => {
    await using double = await startMastodonDouble({ software: 'pleroma' })
    const error = `no: hör zu! ${encodeURIComponent('hör zu!')} ${'A'.repeat(50_000)}`
    double.fail('/oauth/token', { status: 400, body: { error } })
    const typed = ['ann', 'hör zu!']
    const options = { url: double.url, password: true }
    await assert.rejects(
      run('new', options, async () => typed.shift() ?? ''),
      ({ message }: Error) => /400: no: … … A+…$/.test(message) && message.length < 300,
    )
  })

  test('with a wrong code, none, or what was not allowed', async () => {
    await using double = await startMastodonDouble()
    assert.match(
      await refused(double, {}, 'wrong'),
      /gave no token: the server answered 400: The provided authorization grant is invalid/,
    )
    assert.match(await refused(double, {}), /no code was given/)
    await using fish = await startFirefishDouble()
    assert.match(await refused(fish, {}), /it was not allowed on that page yet/)
    assert.match(await refused(fish, { password: true }), /takes no passwords/)
  })

  test('for a channel that is not there', async () => {
    await using double = await startMastodonDouble()
    const config = await configure(double, '/nowhere')
    const { code, error } = await sereno('channel', 'login', 'other', '--config', config)
    assert.equal(code, 1)
    assert.match(
      error,
      /has no channel other of kind fediverse \(there are fedi\); write it first with tokenFile, or name the server/,
    )
  })

  test('where the token could not be kept, before anybody is asked', async () => {
    await using double = await startMastodonDouble()
    const file = join(folder, 'a-file')
    await writeFile(file, '')
    const config = await configure(double, join(file, 'token'))
    const { code, error } = await sereno('channel', 'login', 'fedi', '--config', config)
    assert.deepEqual([code, double.asked.length], [1, 0])
    assert.match(error, /the token cannot be kept in .*a-file: /)
  })
})
