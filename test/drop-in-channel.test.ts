// Adding a channel touches one file and its test: a new one is dropped into a copy of the tree and everything knows it.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const home = await mkdtemp(join(tmpdir(), 'sereno-drop-in-'))
after(() => rm(home, { recursive: true }))

const copied = ['src', 'tools', 'docs', 'test/kinds.test.ts', 'test/contracts', 'test/support']
for (const name of [...copied, 'package.json', 'tsconfig.json', '.oxfmtrc.json'])
  await cp(join(root, name), join(home, name), { recursive: true })
await symlink(join(root, 'node_modules'), join(home, 'node_modules'))

const channel = `// Tells people by a lamp in the hall.
import { z } from 'zod'
import type { ChannelKind } from '../channel.ts'
import { cleanLine, cutText } from '../lib/text.ts'

const options = z.strictObject({ lamp: z.string().min(1).describe('Which lamp to light.') })

export default {
  about: 'Lights a lamp in the hall.',
  options,
  example: { lamp: 'green' },
  limits: { length: 500, markup: 'plain', edit: false, thread: false, attach: false, idempotency: false },
  render: (message) => [{ text: cutText(cleanLine(message.title), 500) || '?', payload: null }],
  async send(part, { lamp }, tools) {
    tools.print(\`\${lamp}: \${part.text}\`)
    return { ok: true }
  },
} satisfies ChannelKind<z.infer<typeof options>>
`

const ownTest = `// The lamp says which one it is.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import dropped from './dropped.ts'

test('a lamp has a name', () => {
  assert.ok(!dropped.options.safeParse({ lamp: '' }).success)
})
`

const config = `channels:
  hall: { kind: dropped, lamp: green }
rules:
  - { on: message, to: [hall] }
`

function runNode(...args: readonly string[]) {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  const words = ['--disable-warning=ExperimentalWarning', ...args]
  const { status, stdout, stderr } = spawnSync(process.execPath, words, { cwd: home, env, encoding: 'utf8' })
  return { status, output: `${stdout}${stderr}` }
}

await writeFile(join(home, 'sereno.yaml'), config)
const before = runNode('src/cli/main.ts', 'check', 'sereno.yaml')
await writeFile(join(home, 'src/channels/dropped.ts'), channel)
await writeFile(join(home, 'src/channels/dropped.test.ts'), ownTest)
const generated = runNode('tools/kinds.ts')

test('a config may name it at once', () => {
  assert.equal(before.status, 1)
  assert.match(before.output, /sereno\.yaml:2:\d+: .*dropped/)
  assert.equal(generated.status, 0, generated.output)
  const { status, output } = runNode('src/cli/main.ts', 'check', 'sereno.yaml')
  assert.equal(status, 0, output)
})

test('its options are checked as those of every channel', async () => {
  await writeFile(join(home, 'wrong.yaml'), config.replace('lamp: green', 'lmap: green'))
  const { status, output } = runNode('src/cli/main.ts', 'check', 'wrong.yaml')
  assert.equal(status, 1)
  assert.match(output, /wrong\.yaml:2:\d+: .*lmap/)
})

test('its own test and the contract of all channels run on it', async () => {
  assert.equal(runNode('--test', 'src/channels/dropped.test.ts').status, 0)
  const good = runNode('--test', '--test-name-pattern=dropped', 'test/contracts/channels.test.ts')
  assert.equal(good.status, 0, good.output)
  assert.match(good.output, /the options of dropped/)
  await writeFile(join(home, 'src/channels/dropped.ts'), channel.replace("lamp: 'green'", "lamp: ''"))
  const bad = runNode('--test', 'test/kinds.test.ts')
  assert.equal(bad.status, 1)
  assert.match(bad.output, /example of channel dropped/)
  await writeFile(
    join(home, 'src/channels/dropped.ts'),
    channel.replace('cutText(cleanLine(message.title), 500)', 'message.title'),
  )
  const tooLong = runNode('--test', '--test-name-pattern=dropped', 'test/contracts/channels.test.ts')
  assert.equal(tooLong.status, 1)
  await writeFile(join(home, 'src/channels/dropped.ts'), channel)
})

test('types, lint and format have nothing to say about it', () => {
  const script = (name: string, ...args: readonly string[]) => runNode(join(root, 'node_modules', name), ...args)
  assert.equal(script('oxfmt/bin/oxfmt', '--check', 'src/channels/dropped.ts', 'src/kinds.ts').status, 0)
  const { output } = script('typescript/bin/tsc', '-p', '.')
  assert.ok(!/channels\/dropped|registry|kinds\.ts/.test(output), output)
})

test('the reference page and the schema for editors describe it', async () => {
  const { status, output } = runNode('tools/reference.ts')
  assert.equal(status, 0, output)
  const page = await readFile(join(home, 'docs/reference.md'), 'utf8')
  assert.match(page, /Lights a lamp in the hall\./)
  assert.match(await readFile(join(home, 'docs/config.schema.json'), 'utf8'), /Which lamp to light/)
  assert.match(page, /Which lamp to light\./)
})
