// Wrong usage ends with 2 and a way out, help with 0, and the start loads no more than it needs.
import { describe, test } from 'node:test'
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { readSince } from '../../src/cli/since.ts'
import { toTable } from '../../src/cli/table.ts'
import { version } from '../../src/version.ts'
import { sereno } from './house.ts'

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

describe('wrong usage', () => {
  const cases: [words: string[], sentence: RegExp][] = [
    [['chekc'], /^sereno: unknown command 'chekc'\n\(Did you mean check\?\)/],
    [['events', '--jsn'], /^sereno: unknown option '--jsn'\n\(Did you mean --json\?\)/],
    [['why'], /^sereno: missing required argument 'id'/],
    [['why', 'what is this'], /^sereno: "what is this" is no id; ids look like 1n5c0k3v2$/],
    [['check', 'a', 'b'], /^sereno: too many arguments/],
    [['check', 'a', '--config', 'b'], /^sereno: FILE and --config exclude each other/],
    [['test'], /^sereno: missing required argument 'scenario'/],
    [['events', '--limit', '0'], /^sereno: --limit 0 is out of range; give a number from 1 to 1000$/],
    [['events', '--since', 'noon'], /^sereno: --since noon is no time; give one such as 1h, 7d or 2026-/],
    [['events', '--before', 'x!', '--data', '/nowhere'], /^sereno: "x!" is no id/],
    [['events', '--hub', 'localhost'], /^sereno: --hub localhost is no address; give one such as http:/],
    [['deliveries', '--state', 'lost'], /^sereno: --state lost is none; there are queued, /],
    [['replay'], /^sereno: nothing to replay: give --input SOURCE=FILE, or --since 7d/],
    [['replay', '--input', 'kms'], /^sereno: --input kms names no source and file; give SOURCE=FILE/],
    [['replay', '--since', '7d', '--input', 'a=b'], /^sereno: --input and --since exclude each other/],
    [[], /^Usage: sereno /],
    [['channel'], /^Usage: sereno channel /],
  ]
  for (const [words, sentence] of cases) {
    test(`"sereno ${words.join(' ')}" ends with 2 and says what is wrong`, async () => {
      const said = await sereno(...words)
      assert.equal(said.code, 2, said.error)
      assert.equal(said.out, '')
      assert.match(said.error, sentence)
      assert.doesNotMatch(said.error, /\n\s+at /)
    })
  }

  test('a scenario that is not there is a refusal', async () => {
    const said = await sereno('test', '/nowhere/s.yaml')
    assert.equal(said.code, 1)
    assert.equal(said.error, 'sereno: The scenario /nowhere/s.yaml cannot be read: it is not there.')
  })
})

describe('help', () => {
  test('names every command, and is a success', async () => {
    const { code, out } = await sereno('--help')
    assert.equal(code, 0)
    const names = [
      'run',
      'check',
      'init',
      'test',
      'replay',
      'why',
      'events',
      'deliveries',
      'send',
      'channel',
      'backup',
      'restore',
      'report',
      'kvp',
    ]
    for (const name of names) assert.match(out, new RegExp(`^  ${name} `, 'm'))
    for (const name of names) assert.equal((await sereno(name, '--help')).code, 0)
    assert.deepEqual(await sereno('--version'), { code: 0, out: version, error: '' })
  })

  test('comes from the real entry too', async () => {
    const child = spawn(process.execPath, [join(root, 'src/cli/main.ts'), 'evnts'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const error = child.stderr.toArray()
    const [code] = (await once(child, 'close')) as [number]
    assert.equal(code, 2)
    assert.match(
      Buffer.concat(await error).toString(),
      /^sereno: unknown command 'evnts'\n\(Did you mean events\?\)\n$/,
    )
  })
})

describe('the start', () => {
  test('loads the table of commands and nothing of the hub', async () => {
    const loaded = await staticImports(join(root, 'src/cli/main.ts'))
    assert.deepEqual(loaded.packages, ['commander'])
    assert.deepEqual(loaded.files, [
      'src/cli/command-parts.ts',
      'src/cli/main.ts',
      'src/cli/pool-commands.ts',
      'src/cli/terminal.ts',
      'src/lib/printable.ts',
      'src/version.ts',
    ])
  })

  test('of the hub loads nothing that only other commands need', async () => {
    const loaded = await staticImports(join(root, 'src/cli/run.ts'))
    assert.deepEqual(loaded.files, ['src/cli/run.ts', 'src/cli/terminal.ts'])
  })
})

describe('times and tables', () => {
  const now = Date.UTC(2026, 4, 10, 12)

  test('spans count back from now, dates are read as they are', () => {
    assert.equal(readSince('90s', now), now - 90_000)
    assert.equal(readSince('1h30m', now), now - 5_400_000)
    assert.equal(readSince('7d', now), now - 7 * 86_400_000)
    assert.equal(readSince('2026-05-10T13:00:00+02:00', now), Date.UTC(2026, 4, 10, 11))
    assert.equal(readSince('2026-05-10', now), new Date(2026, 4, 10).getTime())
    for (const wrong of ['', '7', '2026', '-1h', '2026-13-01', '1 hour']) assert.throws(() => readSince(wrong, now))
  })

  test('a table keeps one line a row, whatever is in it', () => {
    assert.equal(
      toTable(
        ['a', 'gone', 'b'],
        [
          ['1', '', 'x'],
          ['22', '', ''],
        ],
      ),
      'a   b\n1   x\n22',
    )
    fc.assert(
      fc.property(fc.array(fc.array(fc.string({ unit: 'binary' }), { minLength: 2, maxLength: 2 })), (rows) => {
        assert.equal(toTable(['one', 'two'], rows).split('\n').length, rows.length + 1)
      }),
    )
  })
})

/** Files and packages that are loaded with a file, not counting what it imports later or only as types. */
async function staticImports(entry: string): Promise<{ files: string[]; packages: string[] }> {
  const files = new Set<string>()
  const packages = new Set<string>()
  const visit = async (file: string): Promise<void> => {
    if (files.has(file)) return
    files.add(file)
    const source = await readFile(file, 'utf8')
    for (const [, types, from = ''] of source.matchAll(/^(?:import|export)(\s+type)?\s[^'()]*?from '([^']+)'/gm)) {
      if (types !== undefined || from.startsWith('node:') || from.endsWith('.json')) continue
      if (from.startsWith('.')) await visit(join(dirname(file), from))
      else packages.add(from)
    }
  }
  await visit(entry)
  return { files: [...files].map((file) => relative(root, file)).sort(), packages: [...packages].sort() }
}
