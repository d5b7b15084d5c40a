// Holds the direction of imports: bin → cli → hub → http, page, engine, config → store, kinds → contracts, words → lib;
// and cli → agent → config, kinds.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { listFiles } from '../tools/tree.ts'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** The hub wires everything; it is the only part that may know single kinds. */
const belowHub = [
  'http',
  'page',
  'engine',
  'rules',
  'config',
  'store',
  'registry',
  'contract',
  'words',
  'lib',
  'version',
  'npm',
  'node',
]

/** What each area may import beside itself. `npm` and `node` stand for packages and built-in modules. */
const allowed: { readonly [area: string]: readonly string[] } = {
  lib: ['npm', 'node'],
  words: ['lib'],
  contract: ['words', 'lib', 'npm', 'node'],
  kind: ['contract', 'words', 'lib', 'npm', 'node'],
  watch: ['contract', 'words', 'lib', 'npm'],
  rules: ['contract', 'words', 'lib', 'npm'],
  store: ['contract', 'words', 'lib', 'npm', 'node'],
  engine: ['rules', 'contract', 'words', 'lib', 'npm', 'node'],
  version: [],
  registry: ['kind', 'watch', 'contract', 'words', 'lib'],
  config: ['registry', 'contract', 'words', 'lib', 'version', 'npm', 'node'],
  page: ['contract', 'words', 'lib', 'version', 'npm', 'node'],
  http: ['page', 'engine', 'contract', 'words', 'lib', 'version', 'npm', 'node'],
  hub: ['kind', 'watch', ...belowHub],
  agent: ['registry', 'config', 'contract', 'words', 'lib', 'node'],
  cli: ['hub', 'agent', ...belowHub],
}

interface Import {
  readonly from: string
  readonly to: string
}

function areaOf(path: string): string {
  if (!path.startsWith('src/')) return path.startsWith('node:') ? 'node' : path === 'package.json' ? 'version' : 'npm'
  const [, folder = '', file = ''] = path.split('/')
  if (file === '') return areaOfTopFile(folder)
  if (folder === 'sources' || folder === 'channels' || folder === 'event-types') return 'kind'
  if (folder === 'watches') return 'watch'
  return path === 'src/store/store.ts' ? 'contract' : folder
}

function areaOfTopFile(name: string): string {
  if (/^(source|channel|watch|event-type|rule)(-[a-z-]+)?\.ts$/.test(name)) return 'contract'
  if (name === 'kinds.ts') return 'registry'
  if (name === 'words-message.ts') return 'words'
  return name.replace(/\.ts$/, '')
}

/** The kind a file belongs to: `sources/log/index.ts` and `sources/log/session.ts` are of one kind. */
function kindOf(path: string): string {
  return path.split('/').slice(1, 3).join('/').replace(/\.ts$/, '')
}

function findImports(path: string, text: string): Import[] {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '')
  const found = code.matchAll(/(?:\bfrom|\bimport\(?)\s*'([^'\n]+)'/g)
  return [...found].map(([, name = '']) => ({
    from: path,
    to: name.startsWith('.') ? normalize(join(dirname(path), name)) : name,
  }))
}

function isAllowed({ from, to }: Import): boolean {
  const [own, other] = [areaOf(from), areaOf(to)]
  if (own === 'kind' && other === 'kind') return kindOf(from) === kindOf(to)
  return own === other || (allowed[own]?.includes(other) ?? false)
}

const files = listFiles(root).filter((path) => /^src\/.*\.ts$/.test(path) && !path.endsWith('.test.ts'))

test('every import of src points the one way', () => {
  const wrong = files
    .flatMap((path) => findImports(path, readFileSync(join(root, path), 'utf8')))
    .filter((found) => !isAllowed(found))
    .map(({ from, to }) => `${from} (${areaOf(from)}) imports ${to} (${areaOf(to)})`)
  assert.deepEqual(wrong, [])
})

test('every file of src lies in a known room', () => {
  assert.deepEqual(
    files.filter((path) => !(areaOf(path) in allowed)),
    [],
  )
  assert.ok(files.length > 20)
})

test('imports against the direction are found', () => {
  const wrong: readonly [from: string, to: string][] = [
    ['src/lib/http.ts', "import type { Reason } from '../words.ts'"],
    ['src/sources/vlmcsd/index.ts', "import log from '../log/index.ts'"],
    ['src/channels/slack.ts', "import type { Store } from '../engine/step.ts'"],
    ['src/rules/match.ts', "import { createHash } from 'node:crypto'"],
    ['src/watches/absence.ts', "export { readFile } from 'node:fs/promises'"],
    ['src/engine/step.ts', "const { default: slack } = await import('../channels/slack.ts')"],
    ['src/engine/outbox.ts', "import { openSqlite } from '../store/sqlite.ts'"],
    ['src/store/sqlite.ts', "import { step } from '../engine/step.ts'"],
    ['src/hub.ts', "import { run } from './cli/main.ts'"],
    ['src/config/read.ts', "import { serve } from '../http/server.ts'"],
    ['src/agent/agent.ts', "import { openSqlite } from '../store/sqlite.ts'"],
    ['src/hub.ts', "import { startAgent } from './agent/agent.ts'"],
  ]
  for (const [from, code] of wrong) {
    const [found] = findImports(from, code)
    assert.ok(found, code)
    assert.ok(!isAllowed(found), `${from}: ${code}`)
  }
})

test('imports along the direction pass', () => {
  const right: readonly [from: string, to: string][] = [
    ['src/sources/log/index.ts', "import { readSession } from './session.ts'"],
    ['src/channels/slack.ts', "import type { ChannelKind } from '../channel.ts'"],
    ['src/engine/outbox.ts', "import type { Store } from '../store/store.ts'"],
    ['src/cli/run.ts', "import { startHub } from '../hub.ts'"],
  ]
  for (const [from, code] of right) {
    const [found] = findImports(from, code)
    assert.ok(found, code)
    assert.ok(isAllowed(found), `${from}: ${code}`)
  }
})
