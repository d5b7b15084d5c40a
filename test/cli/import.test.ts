// `sereno import janitor`: what it writes is a good configuration, and its files are looked for beside it.
import assert from 'node:assert/strict'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { loadFor } from '../../src/cli/configuration.ts'
import { makeFolder, sereno } from './house.ts'

const janitor = join(dirname(dirname(fileURLToPath(import.meta.url))), 'fixtures/janitor')

let folder: string
before(async () => {
  folder = await makeFolder()
})
after(() => rm(folder, { recursive: true }))

test('what is written is accepted, and each account’s token is looked for beside it', async () => {
  const file = join(folder, 'sereno.yaml')
  const imported = await sereno('import', 'janitor', janitor, '--output', file)
  assert.equal(imported.code, 0, imported.error)
  assert.match(imported.error, /write it into default\.token beside the configuration, or run/)
  const checked = await sereno('check', file)
  assert.equal(checked.code, 0, checked.out + checked.error)
  const { config } = await loadFor(file, 'must-exist')
  const fediverse = config?.channels.filter(({ kind }) => kind === 'fediverse') ?? []
  assert.deepEqual(
    fediverse.map(({ options }) => (options as { tokenFile?: string }).tokenFile),
    [join(folder, 'default.token'), join(folder, 'updates.token')],
  )
})

test('a token in a file of its own is found from any folder, by its channel and by its source', async () => {
  const inside = join(folder, 'inside')
  await mkdir(inside)
  const file = join(inside, 'sereno.yaml')
  const account = "kind: fediverse, url: 'https://social.example.org', tokenFile: my.token"
  await writeFile(
    file,
    `sources:\n  ask: { ${account}, accounts: '@ann@example.org', channel: fedi }\nchannels:\n  fedi: { ${account} }\n`,
  )
  await writeFile(join(inside, 'my.token'), 'a-token\n')
  const { config, issues } = await loadFor(file, 'must-exist')
  assert.deepEqual(issues, [])
  const places = [...(config?.sources ?? []), ...(config?.channels ?? [])]
    .filter(({ kind }) => kind === 'fediverse')
    .map(({ options }) => (options as { tokenFile?: string }).tokenFile ?? '')
  assert.deepEqual(places, [join(inside, 'my.token'), join(inside, 'my.token')])
  assert.equal(await readFile(places[0] ?? '', 'utf8'), 'a-token\n')
})
