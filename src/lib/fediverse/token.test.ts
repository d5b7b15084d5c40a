// Files that hold a token, and what else may stand at their path.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { readToken, type Token } from './token.ts'

let folder: string
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sereno-token-'))
})
after(() => rm(folder, { recursive: true }))

async function read(text: string): Promise<Token> {
  const tokenFile = join(folder, 'token')
  await writeFile(tokenFile, text)
  return readToken({ tokenFile })
}

test('a token is read without the line feed behind it, also through a link', async () => {
  assert.deepEqual(await read('abc\n'), { ok: true, value: 'abc' })
  await symlink(join(folder, 'token'), join(folder, 'link'))
  assert.deepEqual(await readToken({ tokenFile: join(folder, 'link') }), { ok: true, value: 'abc' })
})

test('what is no token is not sent, and is said', async () => {
  const tooMuch = { ok: false, problem: 'there is more in it than a token' }
  assert.deepEqual(await read('abc\r\nx-evil: 1'), tooMuch)
  assert.deepEqual(await read('a'.repeat(100_000)), tooMuch)
  assert.deepEqual(await read(' \n'), { ok: false, problem: 'it is empty' })
  assert.deepEqual(await readToken({ tokenFile: folder }), { ok: false, problem: 'it is a folder' })
})

test('a pipe or a device is not waited for', { timeout: 20_000 }, async () => {
  const pipe = join(folder, 'pipe')
  execFileSync('mkfifo', [pipe])
  for (const tokenFile of [pipe, '/dev/zero'])
    assert.deepEqual(await readToken({ tokenFile }), { ok: false, problem: 'it is no regular file' })
})
