// The folder is the registry: the generated table and the folders of kinds say the same, and every entry keeps its contract.
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { builtInKinds } from '../src/config/load.ts'
import { readConfig } from '../src/config/read.ts'
import { channels, eventTypes, sources, watches } from '../src/kinds.ts'
import { channelNames, loadChannel, loadEventTypes, loadSource, sourceNames } from '../src/registry.ts'
import { findKinds, folders, isCurrent, renderKinds, writeKinds } from '../tools/kinds.ts'

/** What the check of configs says of one that holds an example. */
async function findMistakes(config: object): Promise<readonly string[]> {
  const { issues } = await readConfig({
    text: JSON.stringify(config),
    file: 'example.yaml',
    env: {},
    readFile: async () => '',
    kinds: await builtInKinds(),
    references: 'may-be-missing',
  })
  return issues.map((issue) => issue.message)
}

const root = dirname(dirname(fileURLToPath(import.meta.url)))

test('the table names what lies in the folders', async () => {
  const tables = { sources, watches, channels, eventTypes }
  for (const [name, folder] of Object.entries(folders)) {
    const inFolder = (await findKinds(join(root, 'src', folder))).map(([kind]) => kind)
    assert.deepEqual(Object.keys(tables[name as keyof typeof tables]), inFolder, folder)
  }
  assert.equal(await readFile(join(root, 'src/kinds.ts'), 'utf8'), await renderKinds(root))
})

test('every source has a sentence, options, and an example that its options accept', async () => {
  for (const name of sourceNames) {
    const kind = await loadSource(name)
    assert.match(kind.about, /^[^\n]{10,}$/, name)
    assert.equal(typeof kind.start, 'function', name)
    assert.deepEqual(
      await findMistakes({ sources: { it: { kind: name, ...kind.example } } }),
      [],
      `example of source ${name}`,
    )
  }
  assert.ok(sourceNames.length > 0)
})

test('every channel has a sentence, options, and an example that its options accept', async () => {
  for (const name of channelNames) {
    const kind = await loadChannel(name)
    assert.match(kind.about, /^[^\n]{10,}$/, name)
    assert.equal(typeof kind.send, 'function', name)
    assert.deepEqual(
      await findMistakes({ channels: { it: { kind: name, ...kind.example } } }),
      [],
      `example of channel ${name}`,
    )
  }
  assert.ok(channelNames.length > 0)
})

test('every event type is named after the file of its family, or after one of its parts, as in host-threshold', async () => {
  const files = (await findKinds(join(root, 'src', folders.eventTypes))).map(([name]) => name)
  const families = files.map((name) => name.split('-')[0] ?? '')
  const types = await loadEventTypes()
  const unknown = [...types.keys()].filter((type) => !families.includes(type.split('.')[0] ?? ''))
  const empty = families.filter((family) => ![...types.keys()].some((type) => type.split('.')[0] === family))
  assert.deepEqual({ unknown, empty }, { unknown: [], empty: [] })
})

test('a name that is no kind is refused with the names there are', async () => {
  await assert.rejects(loadChannel('slak'), /there is no channel of kind slak; there are .*console/)
  await assert.rejects(loadSource('constructor'), /there is no source of kind constructor/)
})

test('files and folders become entries, sorted, and tests do not', async () => {
  const home = await mkdtemp(join(tmpdir(), 'sereno-kinds-'))
  try {
    const folder = join(home, 'src/channels')
    await mkdir(join(folder, 'letter'), { recursive: true })
    for (const file of ['web-hook.ts', 'carrier.ts', 'carrier.test.ts', 'notes.txt', 'letter/index.ts'])
      await writeFile(join(folder, file), '')
    assert.ok(await writeKinds(home))
    assert.ok(await isCurrent(home))
    assert.equal(await writeKinds(home), false)
    assert.match(
      await readFile(join(home, 'src/kinds.ts'), 'utf8'),
      /carrier: \(\) => import\('\.\/channels\/carrier\.ts'\),\n {2}letter: \(\) => import\('\.\/channels\/letter\/index\.ts'\),\n {2}'web-hook': /,
    )
    await writeFile(join(folder, 'another.ts'), '')
    assert.equal(await isCurrent(home), false)
  } finally {
    await rm(home, { recursive: true })
  }
})
