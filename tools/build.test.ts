// The bundle: complete, loadable without packages, and never half replaced.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, readdir, rm, stat, symlink, unlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { build } from './build.ts'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const home = await mkdtemp(join(tmpdir(), 'sereno-build-'))
after(() => rm(home, { recursive: true }))

for (const folder of ['src/cli', 'src/store', 'src/channels', 'src/hub/graph'])
  await mkdir(join(home, folder), { recursive: true })
await symlink(join(root, 'node_modules'), join(home, 'node_modules'))
await cp(join(root, 'package.json'), join(home, 'package.json'))
await cp(join(root, 'src/version.ts'), join(home, 'src/version.ts'))
await writeFile(join(home, 'src/store/sqlite-worker.ts'), "console.log('worker')\n")
await writeFile(join(home, 'src/cli/agent.ts'), "console.log('agent')\n")
await writeFile(join(home, 'src/hub/graph/png-worker.ts'), "console.log('png')\n")
await writeFile(join(home, 'src/channels/letter.ts'), "export default { about: 'by letter' }\n")
await writeFile(
  join(home, 'src/cli/main.ts'),
  `import { z } from 'zod'
import { channels } from '../kinds.ts'
import { version } from '../version.ts'
const { default: letter } = await channels.letter()
console.log(version, letter.about, z.string().parse('checked'))
`,
)

async function scripts(): Promise<string[]> {
  return (await readdir(join(home, 'dist'))).filter((name) => name.endsWith('.js'))
}

function runBundle(name: string): string {
  // Elsewhere, so that a package the bundle forgot cannot be found.
  return spawnSync(process.execPath, [join(home, 'alone', name)], { encoding: 'utf8' }).stdout.trim()
}

test('the bundle needs no packages and loads kinds when they are used', async () => {
  await build(home)
  await cp(join(home, 'dist'), join(home, 'alone'), { recursive: true })
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string }
  assert.equal(runBundle('sereno.js'), `${version} by letter checked`)
  assert.equal(runBundle('store-worker.js'), 'worker')
  assert.equal(runBundle('agent.js'), 'agent')
  assert.equal((await readdir(join(home, 'dist'))).filter((name) => name.startsWith('letter-')).length, 1)
})

test('a kind that was removed leaves table and bundle; nothing else stays behind', async () => {
  await build(home)
  await unlink(join(home, 'src/channels/letter.ts'))
  await writeFile(join(home, 'src/cli/main.ts'), "console.log('without')\n")
  await build(home)
  assert.deepEqual(await scripts(), ['agent.js', 'png-worker.js', 'sereno.js', 'store-worker.js'])
  assert.match(await readFile(join(home, 'src/kinds.ts'), 'utf8'), /channels = \{\} as const/)
})

test('a build that fails leaves the old bundle as it was', async () => {
  await build(home)
  const before = await readFile(join(home, 'dist/sereno.js'), 'utf8')
  await writeFile(join(home, 'src/cli/main.ts'), "import './gone.ts'\n")
  await assert.rejects(build(home), /gone\.ts/)
  assert.equal(await readFile(join(home, 'dist/sereno.js'), 'utf8'), before)
  assert.deepEqual(await scripts(), ['agent.js', 'png-worker.js', 'sereno.js', 'store-worker.js'])
  await writeFile(join(home, 'src/cli/main.ts'), "console.log('mended')\n")
})

test('the bundle is newer than its sources and older than the end of its build', async () => {
  await build(home)
  const bundled = (await stat(join(home, 'dist/sereno.js'))).mtimeMs
  assert.ok(bundled > (await stat(join(home, 'src/cli/main.ts'))).mtimeMs)
  await writeFile(join(home, 'src/cli/main.ts'), "console.log('edited')\n")
  assert.ok(bundled < (await stat(join(home, 'src/cli/main.ts'))).mtimeMs)
})
