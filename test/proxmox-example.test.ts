// The recorded boots in examples/proxmox, replayed on the command line: one report, and one follow-up for a guest that failed.
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { runCli } from '../src/cli/main.ts'
import { openSqlite } from '../src/store/sqlite.ts'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

interface Line {
  readonly kind: string
  readonly type?: string
  readonly at?: string
  readonly title?: string
  readonly text?: string
}

async function sereno(...words: readonly string[]): Promise<{ code: number; out: string[]; error: string }> {
  const out: string[] = []
  const error: string[] = []
  const code = await runCli(words, { out: (text) => out.push(text), error: (text) => error.push(text) })
  return { code, out, error: error.join('\n') }
}

/** As docs/proxmox.md says. */
function inputs(folder: string): string[] {
  const files = { pve: ['tasks/index', 'facts.jsonl'], node: ['facts.jsonl'], metrics: ['facts.jsonl'] }
  const pairs = Object.entries({ ...files, kernel: ['journal.jsonl'] })
  return pairs.flatMap(([source, names]) => names.flatMap((name) => ['--input', `${source}=${join(folder, name)}`]))
}

async function replay(name: string, ...more: readonly string[]): Promise<readonly Line[]> {
  const config = join(root, 'examples/proxmox.yaml')
  const folder = join(root, 'examples/proxmox', name)
  const { code, out, error } = await sereno('replay', '--config', config, ...inputs(folder), '--json', ...more)
  assert.equal(code, 0, error)
  return out.map((line) => JSON.parse(line) as Line)
}

describe('a recorded boot', () => {
  test('that was good is one report and nothing else', async () => {
    const [report, ...more] = await replay('good-boot', '--messages')
    assert.deepEqual(more, [])
    assert.equal(report?.title, 'pve: System startup completed')
    const text = report?.text ?? ''
    assert.match(text, /All systems operational\.\n.*5 VMs and 2 CTs started: web \(100\), db \(101\)/)
    assert.match(text, /Boot to last guest {2}1 min 37 s/)
    assert.doesNotMatch(text, /issue|came after|Noted/)
  })

  test('with a guest that failed and a storage that was late is one report, and one word when the guest runs', async () => {
    const [report, follow, ...more] = await replay('failed-guest', '--messages')
    assert.deepEqual(more, [])
    assert.equal(report?.title, 'pve: System startup - 1 issue(s) detected')
    const text = report?.text ?? ''
    assert.match(text, /4 VMs and 2 CTs started: web \(100\), db \(101\), mail \(103\)\.\.\. \(\+3 more\)/)
    assert.match(
      text,
      /VM failed: broken \(102\) - storage 'nas' is not online/,
      'the reason is from the log of its task',
    )
    assert.match(text, /nas came after 4 min/)
    assert.match(text, /Boot to last guest {2}3 min 12 s/)
    assert.match(follow?.title ?? '', /broken \(102\) runs/)
  })

  test('caused dozens of false alarms, all of which are there without --messages', async () => {
    const lines = await replay('failed-guest')
    const count = (type: string): number => lines.filter((line) => line.type === type).length
    assert.deepEqual(
      ['guest.started', 'storage.unavailable', 'host.threshold', 'network.down', 'host.startup-report'].map(count),
      [6, 2, 2, 2, 1],
    )
  })

  test('without its logs and without its boot is told otherwise: what the report says is from the files', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sereno-boot-'))
    const from = join(root, 'examples/proxmox/failed-guest')
    const lines = (await readFile(join(from, 'facts.jsonl'), 'utf8')).split('\n')
    await writeFile(join(folder, 'facts.jsonl'), lines.filter((line) => !line.includes('"host.boot"')).join('\n'))
    await writeFile(join(folder, 'index'), await readFile(join(from, 'tasks/index')))
    const config = join(root, 'examples/proxmox.yaml')
    const files = ['--input', `pve=${join(folder, 'index')}`, '--input', `pve=${join(folder, 'facts.jsonl')}`]
    const { out } = await sereno('replay', '--config', config, ...files, '--json', '--messages')
    const titles = out.map((line) => (JSON.parse(line) as Line).title)
    assert.ok(titles.length > 2 && !titles.some((title) => title?.includes('startup')), titles.join('\n'))
    await rm(folder, { recursive: true })
  })
})

describe('a recording', () => {
  test('is what sereno facts writes, by source, and replays as it was', async () => {
    const data = await mkdtemp(join(tmpdir(), 'sereno-facts-'))
    const store = await openSqlite({ path: join(data, 'sereno.db') })
    const at = Date.now() - 60_000
    const fact = { host: 'pve', time: at, receivedAt: at } as const
    await store.commit({
      facts: [
        { ...fact, seq: 1, source: 'pve', name: 'host.boot', key: 'pve', data: { bootId: 'b', uptimeSeconds: 20 } },
        { ...fact, seq: 2, source: 'other', name: 'unit', key: 'a.service', data: { ok: false } },
        { ...fact, seq: 3, source: 'pve', name: 'storage', key: 'nas', data: { ok: false, state: 'unavailable' } },
      ],
    })
    await store.close()
    const all = await sereno('facts', '--data', data)
    const mine = await sereno('facts', '--data', data, '--source', 'pve')
    assert.deepEqual([all.out.length, mine.out.length], [3, 2])
    const file = join(data, 'facts.jsonl')
    await writeFile(file, `${all.out.join('\n')}\n`)
    const config = join(root, 'examples/proxmox.yaml')
    const { out } = await sereno('replay', '--config', config, '--input', `pve=${file}`, '--messages')
    assert.equal(out.length, 1)
    assert.match(out[0] ?? '', /pve: System startup - 1 issue\(s\) detected[^]*Storage: 1 unavailable \(nas\)/)
    await rm(data, { recursive: true })
  })

  test('with a line that is none is refused with its place', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sereno-facts-'))
    const file = join(folder, 'facts.jsonl')
    const good = '{"fact":{"time":"2026-11-21T02:12:00Z","name":"host.boot","key":"pve","data":{}}}'
    await writeFile(file, `${good}\n{"fact":{"time":"yesterday"}}\n`)
    const config = join(root, 'examples/proxmox.yaml')
    const said = await sereno('replay', '--config', config, '--input', `node=${file}`)
    assert.equal(said.code, 1)
    assert.match(said.error, /facts\.jsonl:2: this is no line of a recording/)
    const other = join(folder, 'other.txt')
    await writeFile(other, 'nothing\n')
    const none = await sereno('replay', '--config', config, '--input', `node=${other}`)
    assert.match(none.error, /a source of kind systemd reads no such file; it takes what sereno facts has written/)
    await rm(folder, { recursive: true })
  })
})
