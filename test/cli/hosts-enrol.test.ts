// `sereno hosts enrol|revoke|restore` without a hub: the file that the next one reads is written.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { runCli } from '../../src/cli/main.ts'

async function createPlace() {
  const folder = await mkdtemp(join(tmpdir(), 'sereno-hosts-'))
  return {
    folder,
    async sereno(...words: readonly string[]) {
      const said = { out: '', error: '' }
      const code = await runCli(['hosts', ...words, '--data', folder], {
        out: (text) => void (said.out += `${text}\n`),
        error: (text) => void (said.error += `${text}\n`),
      })
      return { code, ...said }
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  }
}

test('enrol prints what to paste on the host, for both sorts of agent, with one code', async () => {
  await using place = await createPlace()
  const { code, out } = await place.sereno('enrol', 'nas')
  assert.equal(code, 0)
  const [, secret] = /^ {2}sereno agent --hub \S+ --enrol ([0-9a-f]{40})$/m.exec(out) ?? []
  assert.ok(secret !== undefined, out)
  assert.match(out, new RegExp(`^ {2}sh sereno-agent\\.sh --hub \\S+ --enrol ${secret}$`, 'm'))
  assert.doesNotMatch(readFileSync(join(place.folder, 'agents.json'), 'utf8'), new RegExp(secret))
})

test('a code is good for as long as was asked for', async () => {
  await using place = await createPlace()
  const { out } = await place.sereno('enrol', 'nas', '--expires', '2h', '--json')
  const { name, expiresAt } = JSON.parse(out) as { readonly name: string; readonly expiresAt: string }
  assert.equal(name, 'nas')
  const minutes = (Date.parse(expiresAt) - Date.now()) / 60_000
  assert.ok(minutes > 110 && minutes <= 120)
})

test('revoke and restore say what they did, and refuse what cannot be done', async () => {
  await using place = await createPlace()
  await place.sereno('enrol', 'nas')
  assert.match((await place.sereno('revoke', 'nas')).out, /nas is turned away/)
  for (const [words, sentence] of [
    [['revoke', 'nas'], /no agent nas to revoke/],
    [['restore', 'nas'], /no agent nas to restore/],
    [['revoke', 'web'], /no agent web to revoke/],
    [['enrol', 'a/b'], /"a\/b" is no name for an agent/],
    [['enrol', 'first'], /name of a token of the configuration/],
  ] as const) {
    const { code, error } = await place.sereno(...words)
    assert.equal(code, 1)
    assert.match(error, sentence)
  }
  const wrong = await place.sereno('enrol', 'nas', '--expires', 'soon')
  assert.deepEqual([wrong.code, /--expires soon is no time/.test(wrong.error)], [2, true])
})
