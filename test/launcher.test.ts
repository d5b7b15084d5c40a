// The launcher picks a Node.js that is new enough, says in one line when there is none, and prefers the newer of bundle and source.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmod, cp, mkdir, mkdtemp, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const home = await mkdtemp(join(tmpdir(), 'sereno-launcher-'))
after(() => rm(home, { recursive: true }))

await cp(join(root, 'bin'), join(home, 'bin'), { recursive: true })
await mkdir(join(home, 'node_modules'))

/** A stand-in that knows its version and repeats what it was asked to run. */
async function makeNode(version: string): Promise<string> {
  const path = join(home, `node-${version}`)
  await writeFile(path, `#!/bin/sh\nif [ "$1" = --version ]; then echo "${version}"; else echo "ran $*"; fi\n`)
  await chmod(path, 0o755)
  return path
}

function launch(program: string, node: string, ...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(join(home, 'bin', program), args, {
    env: { PATH: process.env['PATH'], SERENO_NODE: node },
    encoding: 'utf8',
  })
  return { status, stdout, stderr }
}

test('a Node.js that is too old, missing or something else is refused in one line', async () => {
  const cases = [
    [await makeNode('v20.20.2'), 'found 20.20.2'],
    [await makeNode('v24.14.9'), 'found 24.14.9'],
    [await makeNode('v8.0.0'), 'found 8.0.0'],
    [await makeNode('hello'), 'found none'],
    [join(home, 'no-such-node'), 'found none'],
  ] as const
  for (const [node, words] of cases) {
    const { status, stdout, stderr } = launch('sereno', node, 'run')
    assert.equal(status, 2, node)
    assert.equal(stdout, '')
    assert.match(stderr, /^sereno: needs Node\.js 24\.15 or later, .*SERENO_NODE[^\n]*\n$/)
    assert.ok(stderr.includes(words) && stderr.includes(node), stderr)
  }
})

test('Node.js 24.15, 26 and 30 are taken', async () => {
  for (const version of ['v24.15.0', 'v26.0.1', 'v30.0.0']) {
    const { status, stdout } = launch('sereno-node', await makeNode(version), 'x.ts', 'two words')
    assert.equal(status, 0)
    assert.match(stdout, /^ran .*x\.ts two words\n$/)
  }
})

test('the bundle is run unless a source is newer or was removed', async () => {
  const node = await makeNode('v26.0.0')
  await mkdir(join(home, 'src/cli'), { recursive: true })
  await mkdir(join(home, 'dist'))
  await writeFile(join(home, 'src/cli/main.ts'), '')
  const ran = () => launch('sereno', node, 'check').stdout.trim().split(' ').slice(-2)

  assert.deepEqual(ran(), [join(home, 'src/cli/main.ts'), 'check'])
  await writeFile(join(home, 'dist/sereno.js'), '')
  for (const path of ['src/cli/main.ts', 'src/cli', 'src']) await utimes(join(home, path), 1000, 1000)
  assert.deepEqual(ran(), [join(home, 'dist/sereno.js'), 'check'])
  await utimes(join(home, 'dist/sereno.js'), 500, 500)
  assert.deepEqual(ran(), [join(home, 'src/cli/main.ts'), 'check'])
  await utimes(join(home, 'src/cli/main.ts'), 100, 100)
  assert.deepEqual(ran(), [join(home, 'src/cli/main.ts'), 'check'])
})

test('only a Node.js that knows how is told to give the memory of an ended thread back', async () => {
  const flag = '--no-memory-pool-share-memory-on-teardown'
  const flagsOf = async (version: string): Promise<string> =>
    launch('sereno', await makeNode(version), 'run', '--data', 'x y').stdout
  assert.match(await flagsOf('v24.15.0'), /^ran (?!.*memory-pool).* \S+main\.ts run --data x y\n$/)
  for (const version of ['v26.0.0', 'v30.1.0'])
    assert.match(await flagsOf(version), new RegExp(`^ran .*${flag} \\S+main\\.ts run --data x y\\n$`))
  // The one that comes with the packages is not asked which it is.
  const packages = await readFile(join(root, 'package.json'), 'utf8')
  const pinned = [...packages.matchAll(/"node-linux-\w+": "(\d+)\./g)].map(([, major]) => major)
  assert.deepEqual(new Set(pinned), new Set(['26']))
})

test('it is found through a link from elsewhere', async () => {
  const link = join(home, 'somewhere-else')
  await symlink(join(home, 'bin/sereno-node'), link)
  const { stdout } = spawnSync(link, ['y.ts'], {
    env: { PATH: process.env['PATH'], SERENO_NODE: await makeNode('v26.1.0') },
    encoding: 'utf8',
  })
  assert.match(stdout, /^ran .*y\.ts\n$/)
})

test('a checkout without packages says how to get them', async () => {
  const bare = join(home, 'bare')
  await cp(join(root, 'bin'), join(bare, 'bin'), { recursive: true })
  await mkdir(join(bare, 'src'))
  const { status, stderr } = spawnSync(join(bare, 'bin/sereno'), ['run'], {
    env: { PATH: process.env['PATH'], SERENO_NODE: await makeNode('v26.2.0') },
    encoding: 'utf8',
  })
  assert.equal(status, 2)
  assert.equal(stderr, `sereno: its packages are not installed. Run 'sh bin/set-up' in ${bare}.\n`)
})
