// Text and code are held together in both directions: every reason has its heading, and every heading its reason.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'
import { assembleText } from '../src/cli/configuration.ts'
import { reasons } from '../src/words.ts'
import { listFiles } from '../tools/tree.ts'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const files = listFiles(root)
const read = (path: string) => readFileSync(join(root, path), 'utf8')

test('every reason why the world refused has a heading that says what to do, in the same order', () => {
  const sections = read('docs/problems.md').split(/^## /m).slice(1)
  assert.deepEqual(
    sections.map((section) => section.split('\n')[0]),
    [...reasons],
  )
  for (const section of sections) assert.match(section, /\n\*What to do:\* \w/)
})

test('links between pages lead somewhere', () => {
  const dead = files
    .filter((path) => path.endsWith('.md'))
    .flatMap((path) =>
      [...read(path).matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)].map(([, to = '']) => [path, to]),
    )
    .filter(([from = '', to = '']) => !files.some((path) => path.startsWith(join(dirname(from), to))))
  assert.deepEqual(dead, [])
})

test('paths of source files that the pages name exist', () => {
  const known = new Set(files)
  const pages = files.filter((path) => /^docs\/(architecture|adding-a-channel|decisions\/.*)\.md$/.test(path))
  const dead = pages.flatMap((page) =>
    [...read(page).matchAll(/`((?:src|test|tools|bin|bench|examples)\/[\w./-]+)`/g)]
      .map(([, path = '']) => path)
      .filter((path) => !known.has(path) && !files.some((file) => file.startsWith(`${path.replace(/\/$/, '')}/`)))
      .filter((path) => path !== 'src/channels/letter.ts' && path !== 'src/channels/letter.test.ts')
      .map((path) => `${page}: ${path}`),
  )
  assert.deepEqual(dead, [])
  assert.ok(pages.length > 2)
})

for (const page of ['docs/hosts-silence.md', 'docs/schedules.md']) {
  test(`the configurations on ${page} pass the check`, async () => {
    const texts = [...read(page).matchAll(/```yaml\n([^]*?)```/g)].map(([, text = '']) => text)
    assert.ok(texts.length > 0)
    for (const text of texts) await assembleText(`${text}channels: { team: { kind: console } }\n`, page)
  })
}

test('the configurations on the page about NethServer 8 pass the check, and the whole one is the example', async () => {
  const [whole, ...others] = [...read('docs/ns8-backups.md').matchAll(/```yaml\n([^]*?)```/g)].map(
    ([, text = '']) => text,
  )
  assert.ok(whole !== undefined && others.length > 0)
  assert.deepEqual(parse(whole), parse(read('examples/ns8.yaml')))
  for (const text of [whole, ...others]) await assembleText(text, 'docs/ns8-backups.md')
})
