// `sereno report` tells pool and hub of stages: nested, timed, with the worst result, and as the command that was run ends.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { readEvents } from '../../src/lib/kvp/read-events.ts'
import { decodeRecords, encodeRecords } from '../../src/lib/kvp/record.ts'
import { fillStore, sereno, startFakeHub } from './house.ts'

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const bin = join(root, 'bin/sereno')
const isJudge = existsSync('/usr/lib/python3/dist-packages/cloudinit/reporting/handlers.py')

let folder: string
let pool: string
let data: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sereno-report-'))
  pool = join(folder, 'pool')
  data = join(folder, 'data')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('start and finish', () => {
  test('are two records of the pool, and the time between them is told', async () => {
    const name = `boot-${process.pid}`
    assert.deepEqual(await sereno('report', 'start', name, '--pool', pool, '--message', 'begins'), {
      code: 0,
      out: `Written to ${pool}.`,
      error: '',
    })
    await sereno('report', 'finish', name, '--pool', pool, '--result', 'warn', '--message', 'slow')
    const [start, finish, ...others] = eventsIn(pool)
    assert.deepEqual(others, [])
    assert.deepEqual([start?.type, start?.name, start?.description, start?.prefix], ['start', name, 'begins', 'SERENO'])
    assert.deepEqual(
      [finish?.type, finish?.name, finish?.description, finish?.result],
      ['finish', name, 'slow', 'WARN'],
    )
    assert.ok((finish?.durationSeconds ?? -1) > 0)
  })

  test('the result is the worst of its own and of all its parts, and says of which', async () => {
    const name = `nest-${process.pid}`
    const quiet = ['--pool', pool]
    await sereno('report', 'start', name, ...quiet)
    for (const [part, result] of [
      ['a', 'fail'],
      ['b', 'success'],
      ['a', 'success'],
      ['c/deep', 'warn'],
    ] as const) {
      await sereno('report', 'start', `${name}/${part}`, ...quiet)
      await sereno('report', 'finish', `${name}/${part}`, '--result', result, ...quiet)
    }
    await sereno('report', 'finish', name, '--result', 'warn', ...quiet)
    const last = eventsIn(pool).at(-1)
    assert.deepEqual([last?.name, last?.result, last?.description], [name, 'FAIL', `FAIL: ${name}/a`])
  })

  test('can be the records of cloud-init', async () => {
    await sereno('report', 'start', `old-${process.pid}`, '--pool', pool, '--compat', '22.4')
    const [start] = eventsIn(pool)
    assert.deepEqual([start?.prefix, start?.vmId, typeof start?.uuid], ['CLOUD_INIT', undefined, 'string'])
  })

  test('are written to a full pool as well, where the oldest make room', async () => {
    await sereno('report', 'start', 'first', '--pool', pool)
    const key = decodeRecords(readFileSync(pool))[0]?.key ?? ''
    const others = Array.from({ length: 498 }, (_, number) => ({
      key: key.replace('|first|', `|${number}|`),
      value: '',
    }))
    appendFileSync(pool, encodeRecords(others))
    const said = await sereno('report', 'start', 'last', '--pool', pool)
    assert.deepEqual([said.code, said.error], [0, ''])
    const names = decodeRecords(readFileSync(pool)).map((record) => record.key.split('|')[3])
    assert.ok(names.length < 500 && names.includes('last') && !names.includes('first'))
    assert.ok(names.includes('events-dropped'))
  })

  test('lose nothing of this boot when the file is as old as a clock that was set makes it', async () => {
    for (const years of [-10, 10, 0]) {
      await sereno('report', 'start', `clock-${process.pid}`, '--pool', pool)
      const then = Date.now() / 1000 + years * 365 * 86_400
      utimesSync(pool, then, then)
    }
    assert.equal(eventsIn(pool).length, 3)
  })

  test('a finish without its start has no duration, and is told all the same', async () => {
    await sereno('report', 'finish', `alone-${process.pid}`, '--pool', pool)
    const [finish] = eventsIn(pool)
    assert.deepEqual([finish?.result, finish?.durationSeconds], ['SUCCESS', undefined])
  })

  test('go to the hub, or to its spool, with files up to a size', async () => {
    mkdirSync(data)
    await fillStore(data)
    const log = join(folder, 'log')
    writeFileSync(log, `${'x'.repeat(100_000)}end`)
    const files = ['--file', log, '--file', join(folder, 'none'), '--file', folder]
    {
      await using hub = await startFakeHub(data)
      const said = await sereno('report', 'finish', 'sent', '--no-pool', '--data', data, '--result', 'fail', ...files)
      assert.deepEqual(said, { code: 0, out: `Sent to the hub at ${hub.url}.`, error: '' })
      const [{ data: told, type, subject, severity }] = hub.posted as [
        {
          data: { files: { content: string | null; cut?: true }[]; result: string }
          type: string
          subject: string
          severity: string
        },
      ]
      assert.deepEqual([type, subject, severity, told.result], ['report.finish', 'sent', 'error', 'FAIL'])
      const [first, second, third] = told.files
      const content = Buffer.from(first?.content ?? '', 'base64').toString()
      assert.equal(content.length, 64 * 1024)
      assert.ok(content.endsWith('xend') && first?.cut === true)
      assert.deepEqual([second?.content, third?.content], [null, null])
    }
    rmSync(join(data, 'hub.json'))
    const kept = await sereno('report', 'start', 'kept', '--no-pool', '--data', data)
    assert.match(kept.out, /Kept in .*spool/)
    assert.deepEqual(
      (await spooled()).map(({ type, subject }) => [type, subject]),
      [['report.start', 'kept']],
    )
  })

  test('one place that cannot be told does not keep the other from hearing of it', async () => {
    const said = await sereno('report', 'start', 'x', '--pool', join(folder, 'none/pool'), '--data', data)
    assert.equal(said.code, 1)
    assert.match(said.error, /^sereno: The pool was not written: .*its folder is not there; does hv_kvp_daemon run\?$/)
    assert.deepEqual(
      (await spooled()).map((event) => event['pool']),
      [undefined],
    )
    await sereno('report', 'start', 'x', '--pool', pool, '--data', data)
    assert.ok((await spooled()).some((event) => event['pool'] === pool))
    rmSync(pool)
    writeFileSync(join(folder, 'file'), '')
    const other = await sereno('report', 'start', 'x', '--pool', pool, '--data', join(folder, 'file'))
    assert.equal(other.code, 1)
    assert.equal(eventsIn(pool).length, 1)
  })

  test('are printed as cloud-init prints them', async () => {
    const said = await sereno('report', 'finish', 'p', '--pool', pool, '--print', '--message', 'done')
    assert.equal(said.error, 'finish: p: SUCCESS: done')
  })

  test('a name, a result or too many files that mean nothing are refused', async () => {
    for (const [words, sentence] of [
      [['start', ' '], /the name of a stage is a text/],
      [['start', 'a\nb'], /the name of a stage is a text/],
      [['finish', 'x', '--result', 'great'], /--result great is none; there are success, warn, fail/],
      [['run', 'x'], /name the command behind --/],
      [['start', 'x', '--compat', '19.1'], /--compat 19\.1 is none; there are 18\.4, 22\.4, 26\.2/],
      [['run', 'x', '--on-failure', 'no', '--', 'true'], /--on-failure no is none/],
      [['finish', 'x', ...Array.from({ length: 9 }, () => ['--file', 'f']).flat()], /at most 8 files/],
    ] as const) {
      const said = await sereno('report', ...words, '--pool', pool)
      assert.equal(said.code, 2, words.join(' '))
      assert.match(said.error, sentence)
    }
    assert.ok(!existsSync(pool))
  })
})

describe('running a command', () => {
  const run = (...words: readonly string[]) =>
    spawnSync(bin, ['report', 'run', '--pool', pool, ...words], { encoding: 'utf8', cwd: folder, timeout: 60_000 })

  test('ends as it does, passes its output through, and tells the end of it', () => {
    const said = run('disk', '--', 'sh', '-c', 'echo out; echo err >&2; exit 7')
    assert.deepEqual([said.status, said.stdout, said.stderr], [7, 'out\n', 'err\n'])
    const [start, finish] = eventsIn(pool)
    assert.deepEqual([start?.type, start?.description], ['start', 'running sh'])
    assert.deepEqual([finish?.result, finish?.description.split('\n').sort().join()], ['FAIL', 'err,out'])
    assert.ok(!existsSync(join(folder, 'sereno-data')))
  })

  test('what runs in it is a part of it, however deep, and what its result means', () => {
    const inner = `${bin} report run --pool ${pool}`
    const said = run('boot', '--', 'sh', '-c', `${inner} net -- ${inner} --on-failure warn dhcp -- false; true`)
    assert.equal(said.status, 0)
    assert.deepEqual(
      eventsIn(pool).map(({ type, name, result }) => [type, name, result]),
      [
        ['start', 'boot', undefined],
        ['start', 'boot/net', undefined],
        ['start', 'boot/net/dhcp', undefined],
        ['finish', 'boot/net/dhcp', 'WARN'],
        ['finish', 'boot/net', 'FAIL'],
        ['finish', 'boot', 'FAIL'],
      ],
    )
  })

  test('one that is not there, or is ended by a signal, ends as a shell has it', () => {
    assert.equal(run('x', '--', 'no-such-program-at-all').status, 127)
    assert.equal(run('x', '--', 'sh', '-c', 'kill -TERM $$').status, 143)
    const results = eventsIn(pool).flatMap(({ result, description }) =>
      result === undefined ? [] : [[result, description]],
    )
    assert.deepEqual(results, [
      ['FAIL', 'no-such-program-at-all cannot be run: it is not there'],
      ['FAIL', 'ended by SIGTERM'],
    ])
  })

  test('runs it though nothing can be told', () => {
    const said = spawnSync(bin, ['report', 'run', '--pool', join(folder, 'none/pool'), 'x', '--', 'echo', 'done'], {
      encoding: 'utf8',
      cwd: folder,
    })
    assert.deepEqual([said.status, said.stdout], [0, 'done\n'])
    assert.match(said.stderr, /The pool was not written/)
  })

  test(
    'its pool is listed alike by cloud-init and by sereno kvp list',
    { skip: !isJudge && "Debian's package 'cloud-init' is missing" },
    async () => {
      run('boot', '--', 'sh', '-c', `printf 'é|"%s' "$(seq 1 900)"; exit 1`)
      const judge = join(root, 'test/fixtures/kvp/judge.py')
      const theirs = spawnSync('/usr/bin/python3', [judge, 'read', pool], { encoding: 'utf8' }).stdout
      const ours = await sereno('kvp', 'list', pool, '--json')
      const read = (text: string) =>
        text
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line) as { key: string; value: string })
          .map(({ key, value }) => ({ key, value }))
      assert.ok(read(theirs).length > 4)
      assert.deepEqual(read(ours.out), read(theirs))
    },
  )
})

function eventsIn(file: string) {
  const { events, problems } = readEvents(decodeRecords(readFileSync(file)))
  assert.deepEqual([...problems], [])
  return [...events].sort(([a], [b]) => a - b).map(([, event]) => event)
}

async function spooled(): Promise<Record<string, unknown>[]> {
  const files = await readdir(join(data, 'spool')).catch(() => [])
  const texts = await Promise.all(files.map((file) => readFile(join(data, 'spool', file), 'utf8')))
  return texts.flatMap((text) => text.trimEnd().split('\n')).map((line) => JSON.parse(line) as Record<string, unknown>)
}
