// The rules of the house are themselves tested: each finds a planted fault and leaves good text alone.
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import * as house from '../tools/house.ts'

/** Put together here, so that the check does not take these names for pages. */
const [page, real, gone] = ['a', 'docs/real', 'docs/gone'].map((name) => `${name}.${'md'}`) as [string, string, string]

const root = dirname(dirname(fileURLToPath(import.meta.url)))

test('this checkout keeps the rules', () => {
  assert.deepEqual(house.findHouseFaults(root), [])
})

test('a source file opens with a sentence, has a plain name and at most 300 lines', () => {
  assert.deepEqual(house.checkSource('src/a.ts', '// Says what it is for.\nexport {}\n'), [])
  assert.equal(house.checkSource('src/a.ts', "import 'node:fs'\n").length, 1)
  assert.equal(house.checkSource('src/aB.ts', '// Fine.\n').length, 1)
  assert.equal(house.checkSource('src/a.ts', `// Fine.\n${'x\n'.repeat(299)}`).length, 0)
  assert.equal(house.checkSource('src/a.ts', `// Fine.\n${'x\n'.repeat(300)}`).length, 1)
  assert.equal(house.checkSource('src/a.test.ts', `// Fine.\n${'x\n'.repeat(500)}`).length, 1)
})

test('nothing is left open in the code', () => {
  const word = ['TO', 'DO'].join('')
  assert.deepEqual(house.checkSource('src/a.ts', `// Fine.\n// ${word}: later\n`), [
    `src/a.ts:2: leaves something open: // ${word}: later`,
  ])
})

test('tests have titles in words and all run', () => {
  assert.deepEqual(house.checkTest('a.test.ts', "test('a probe on a v6 address stays quiet', () => {})"), [])
  assert.equal(house.checkTest('a.test.ts', `test('${'R'}12 holds', () => {})`).length, 1)
  assert.equal(house.checkTest('a.test.ts', `test.${'only'}('x', () => {})`).length, 1)
})

test('a lock file with a registry host is found', () => {
  assert.deepEqual(house.checkLock('"version": "1.0.0",\n"url": "https://opencollective.com/x"'), [])
  assert.equal(house.checkLock('"resolved": "https://r.example/a/-/a-1.0.0.tgz"').length, 1)
})

test('what only one machine knows is found', () => {
  const marks = house.machineMarks('/data/checkouts/sereno', 'http://packages.example:4873/npm')
  assert.deepEqual(marks, ['/data/checkouts/sereno/', '/data/checkouts/', 'packages.example:4873'])
  assert.deepEqual(house.machineMarks('/tmp/clone', 'https://registry.npmjs.org/'), ['/tmp/clone/'])
  assert.equal(house.checkMarks(page, 'see /data/checkouts/other/x', marks).length, 1)
  assert.equal(house.checkMarks(page, `see /${'home'}/ana/x`, marks).length, 1)
  assert.deepEqual(house.checkMarks(page, 'see /var/log/vlmcsd/vlmcsd.log', marks), [])
})

test('a page that is named exists', () => {
  const pages = [real]
  assert.deepEqual(house.checkMentions('src/a.ts', `// see ${real}`, pages), [])
  assert.deepEqual(house.checkMentions('src/a.ts', '// see https://example.org/guide.md', pages), [])
  assert.equal(house.checkMentions('src/a.ts', `// see ${gone}`, pages).length, 1)
})

test('a changelog has a place for what comes next', () => {
  assert.deepEqual(house.checkChangelog('# Changelog\n\n## Unreleased\n'), [])
  assert.equal(house.checkChangelog('# Changelog\n\n## 1.0.0\n').length, 1)
})

test('a folder without git is looked at whole', async () => {
  const home = await mkdtemp(join(tmpdir(), 'sereno-house-'))
  try {
    await mkdir(join(home, 'src'))
    await mkdir(join(home, 'node_modules'))
    await writeFile(join(home, 'node_modules/other.ts'), 'const x = 1\n')
    await writeFile(join(home, 'CHANGELOG.md'), '## Unreleased\n')
    await writeFile(join(home, 'src/bare.ts'), 'const x = 1\n')
    assert.deepEqual(house.findHouseFaults(home), [
      'src/bare.ts:1: opens with no sentence that says what the file is for',
    ])
  } finally {
    await rm(home, { recursive: true })
  }
})
