// What restic says is understood, in JSON and plain text, from version 0.14 on; the code decides before the text.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { parse } from 'yaml'
import { classify, type ProbeContext, type ProbeResult, type RepoState } from './classify.ts'
import { readGoDuration, readLock, readLockIds } from './restic-output.ts'

interface Recorded {
  readonly name: string
  readonly restic: string
  readonly exit?: number
  readonly signal?: string
  readonly timedOut?: boolean
  /** Absent for what is not judged, such as a list of locks. */
  readonly state?: RepoState
  readonly stdout: string
  readonly stderr: string
}

const fixtures = join(dirname(fileURLToPath(import.meta.url)), '../../../test/fixtures/restic')
const now = Date.parse('2026-06-01T06:00:00Z')
const minute = 60_000

function load(file: string): readonly Recorded[] {
  return parse(readFileSync(join(fixtures, file), 'utf8')) as readonly Recorded[]
}

function find(file: string, name: string): Recorded {
  const found = load(file).find((entry) => entry.name === name)
  assert.ok(found, name)
  return found
}

function toResult({ restic, exit, signal, timedOut = false, stdout, stderr }: Recorded): ProbeResult {
  const command = restic.startsWith('snapshots') ? 'snapshots' : 'check'
  return { exit, ...(signal === undefined ? {} : { signal }), timedOut, stdout, stderr, tookMs: 1500, command }
}

function judge(file: string, name: string, context: Partial<ProbeContext> = {}) {
  return classify(toResult(find(file, name)), { now, ...context })
}

for (const file of ['restic-0.14.yaml', 'restic-0.18.yaml', 'written.yaml']) {
  describe(file, () => {
    for (const entry of load(file).filter(({ state }) => state !== undefined)) {
      test(entry.name, () => {
        const health = classify(toResult(entry), { now })
        assert.equal(health.state, entry.state, health.message)
        assert.equal(health.exit, entry.exit)
        assert.match(health.message, /^[^\n]{10,600}\.$|\?$/)
        assert.doesNotMatch(health.message, /undefined|NaN|\[object|\.\.$/)
      })
    }
  })
}

for (const name of ['a module of another node', 'a module of another node, by an older runagent'])
  test(`${name} is out of reach, which says nothing about its repository`, () => {
    const health = judge('written.yaml', name)
    assert.equal(health.elsewhere, true)
    assert.equal(
      health.message,
      'This application runs on another node, which the probe does not reach; run a Sereno of its own there, set probe.command to a command that goes there, or write probe: false.',
    )
  })

test('what is to be run by hand is named', () => {
  const result = {
    exit: 3,
    timedOut: false,
    stdout: '',
    stderr: 'Fatal: odd',
    tookMs: 1,
    command: 'snapshots',
  } as const
  const health = classify(result, { now, restic: 'runagent -m mail1 restic-wrapper --backup 1' })
  assert.equal(
    health.message,
    'restic failed (exit 3): odd; run "runagent -m mail1 restic-wrapper --backup 1 snapshots" by hand to see more.',
  )
})

describe('snapshots', () => {
  test('the newest of all groups counts, and only one from before the run is stale', () => {
    const name = 'snapshots of hosts in two zones, the newest not the last'
    const at = Date.parse('2026-06-01T01:00:12.106Z')
    const good = judge('written.yaml', name, { due: at })
    assert.deepEqual([good.state, good.newest], ['OK', at])
    assert.equal(good.message, 'The repository answers; its newest snapshot is of 2026-06-01 01:00:12 UTC.')
    const stale = judge('written.yaml', name, { due: at + 1 })
    assert.deepEqual([stale.state, stale.newest], ['STALE', at])
    assert.match(
      stale.message,
      /of 2026-06-01 01:00:12 UTC, from before the run that was due at 2026-06-01 01:00:12 UTC/,
    )
  })

  test('an empty repository is well until a run was due', () => {
    assert.equal(judge('restic-0.18.yaml', 'an empty repository').newest, undefined)
    const stale = judge('restic-0.18.yaml', 'an empty repository', { due: now })
    assert.deepEqual([stale.state, stale.newest], ['STALE', undefined])
  })

  test('a check says nothing about when', () => {
    const health = judge('restic-0.18.yaml', 'a good repository, checked', { due: now })
    assert.deepEqual([health.state, health.newest], ['OK', undefined])
  })
})

describe('locks', () => {
  const good = 'a good repository'
  const shared = { pid: 24094, host: 'node1', exclusive: false }

  test('an age is counted back from now, since the time beside it has no zone', () => {
    const health = judge('written.yaml', 'a lock left behind three days ago', {
      restic: 'runagent -m mail1 restic-wrapper --backup 1',
    })
    const since = now - (73 * 60 + 22) * minute - 5870
    assert.deepEqual(health.lock, { pid: 24094, host: 'node1', since, exclusive: false })
    assert.equal(health.advice, 'runagent -m mail1 restic-wrapper --backup 1 unlock')
    assert.equal(
      health.message,
      'A restic with PID 24094 on node1 left a lock behind, last refreshed at 2026-05-29 04:37:54 UTC; retention and checks fail until it is removed.',
    )
    const old = judge('written.yaml', 'a lock left behind three days ago, by an old restic in plain text')
    assert.deepEqual(old.lock, { pid: 1, host: 'node1', since: now - (73 * 60 + 22) * minute, exclusive: true })
    assert.equal(old.advice, 'restic unlock')
  })

  test('while a run is on, even an old lock is not called stale', () => {
    const health = judge('written.yaml', 'a lock left behind three days ago', { runInProgress: true })
    assert.deepEqual([health.state, health.advice], ['LOCKED', undefined])
  })

  test('what check counts as an error is a lock', () => {
    const health = judge('restic-0.18.yaml', 'a check that meets an exclusive lock')
    assert.equal(health.state, 'LOCKED')
    assert.equal(health.lock?.exclusive, true)
    assert.equal(health.advice, undefined)
    assert.match(
      health.message,
      /^A restic with PID \d+ on node1 has the repository locked for itself alone, last refreshed at /,
    )
  })

  test('a lock that was looked up decides as one that was met', () => {
    const fresh = judge('restic-0.18.yaml', good, { locks: [{ ...shared, since: now - 30 * minute }] })
    assert.deepEqual([fresh.state, fresh.advice], ['LOCKED', undefined])
    const left = judge('restic-0.18.yaml', good, { locks: [{ ...shared, since: now - 30 * minute - 1 }] })
    assert.deepEqual([left.state, left.advice], ['LOCKED_STALE', 'restic unlock'])
    assert.equal(left.newest, Date.parse('2026-06-01T01:00:12Z'))
  })

  test('the locks of a run that is on are no trouble, unless nobody refreshes them', () => {
    const live = { ...shared, since: now - 4 * minute }
    const running = judge('restic-0.18.yaml', good, { locks: [live], runInProgress: true })
    assert.deepEqual([running.state, running.lock], ['OK', live])
    const retention = { ...live, exclusive: true }
    assert.equal(judge('restic-0.18.yaml', good, { locks: [retention], runInProgress: true }).state, 'OK')
    const due = now
    assert.equal(judge('restic-0.18.yaml', good, { locks: [live], runInProgress: true, due }).state, 'STALE')
    const hung = { ...shared, since: now - 31 * minute }
    assert.equal(judge('restic-0.18.yaml', good, { locks: [hung], runInProgress: true }).state, 'LOCKED')
  })

  test('of several, the one left behind is spoken of, then an exclusive one', () => {
    const old = { pid: 1, since: now - 50 * minute, exclusive: false }
    const live = { pid: 2, since: now - minute, exclusive: false }
    const exclusive = { pid: 3, since: now, exclusive: true }
    const health = judge('restic-0.14.yaml', good, { locks: [exclusive, live, old] })
    assert.deepEqual([health.state, health.lock?.pid], ['LOCKED_STALE', 1])
    assert.match(health.message, /\(and 2 more locks\)/)
    assert.equal(judge('restic-0.14.yaml', good, { locks: [live, exclusive] }).lock?.pid, 3)
  })

  test('a lock that cannot be read is never taken for a stale one', () => {
    for (const health of [
      judge('restic-0.18.yaml', good, { locks: [{ unreadable: true }] }),
      judge('restic-0.18.yaml', 'a check that meets a lock that cannot be read'),
    ]) {
      assert.deepEqual([health.state, health.advice], ['LOCKED', 'restic unlock --remove-all'])
      assert.match(health.message, /holds a lock that cannot be read/)
    }
    const bare = judge('written.yaml', 'a lock of which only the code tells')
    assert.deepEqual([bare.state, bare.advice, bare.lock], ['LOCKED', undefined, undefined])
  })

  test('what restic answers about its locks is read', () => {
    for (const file of ['restic-0.14.yaml', 'restic-0.18.yaml']) {
      const [id = '', ...others] = readLockIds(find(file, 'the list of locks').stdout)
      assert.match(id, /^[0-9a-f]{64}$/)
      assert.deepEqual(others, [])
      const { pid, ...lock } = readLock(find(file, 'a lock').stdout) ?? {}
      assert.ok(pid !== undefined && pid > 1)
      assert.equal(lock.host, 'node1')
      assert.equal(lock.exclusive, false)
      assert.ok((lock.since ?? 0) > Date.parse('2026-01-01T00:00:00Z'))
      assert.equal(readLock(find(file, 'a lock that cannot be read, shown').stdout), undefined)
    }
  })

  test('locks that could not be looked up are mentioned', () => {
    const health = judge('restic-0.18.yaml', good, { locksUnread: 'there was no answer in time' })
    assert.equal(health.state, 'OK')
    assert.match(health.message, /UTC; whether it is locked could not be read: there was no answer in time\.$/)
  })
})

describe('what people read', () => {
  test('names the cause in the words of restic', () => {
    const wanted: readonly [file: string, name: string, message: RegExp][] = [
      [
        'restic-0.18.yaml',
        'a gateway that is down',
        /^The repository gave no answer within 1s500ms and restic was stopped: Head ".*connection refused; look/,
      ],
      [
        'restic-0.18.yaml',
        'a gateway that answers nothing',
        /^The repository gave no answer within 1s500ms and restic was stopped; look/,
      ],
      [
        'restic-0.14.yaml',
        'a gateway that is down',
        /^The repository cannot be reached: unable to open config file: client\.Head: .*connection refused; look/,
      ],
      [
        'restic-0.18.yaml',
        'a gateway that answers 403',
        /^The storage refused our credentials: unable to open config file: unexpected HTTP response \(403\)/,
      ],
      ['restic-0.18.yaml', 'a pack is gone', /^The repository is damaged: pack [0-9a-f]{64}: does not exist; repair/],
      [
        'restic-0.18.yaml',
        'the index is gone',
        /^The repository is damaged: error for tree \w+: id [0-9a-f]{64} not found in repository; repair/,
      ],
      [
        'restic-0.14.yaml',
        'a snapshot is damaged',
        /^The repository is damaged: load <snapshot\/\w+>: invalid data returned; repair/,
      ],
      [
        'written.yaml',
        'no program',
        /^The command that runs restic failed \(exit 127\): runagent: command not found; run/,
      ],
      ['written.yaml', 'restic that was killed', /^The command that runs restic failed \(SIGKILL\); run/],
      ['written.yaml', 'a probe that is not run by root', /repository: Only root can use the "-m" option\.$/],
      [
        'written.yaml',
        'a program that is not restic',
        /^The command ended well but printed no list of snapshots: hello; is it restic/,
      ],
    ]
    for (const [file, name, message] of wanted) assert.match(judge(file, name).message, message)
  })

  test('a check that takes too long is not called damage', () => {
    const result: ProbeResult = {
      exit: 1,
      timedOut: true,
      stdout: '',
      stderr: '',
      tookMs: 6 * 60 * minute,
      command: 'check',
    }
    const { state, message } = classify(result, { now })
    assert.equal(state, 'UNREACHABLE')
    assert.match(message, /^The check was not done within 6h and restic was stopped; look/)
  })

  test('a damaged index comes with the command that mends it', () => {
    const health = judge('restic-0.18.yaml', 'the index is damaged', { restic: 'restic -r /srv/a' })
    assert.equal(health.advice, 'restic -r /srv/a repair index')
    assert.equal(judge('restic-0.18.yaml', 'a pack is gone').advice, undefined)
  })

  test('the last lines are kept, without terminal sequences and passwords', () => {
    const lines = Array.from({ length: 30 }, (_, index) => `line ${index}`)
    const said = [...lines, '\u001b[2Ksignal terminated', 'Fatal: open rest:http://mail1:hush@127.0.0.1/'].join('\n')
    const result: ProbeResult = { exit: 1, timedOut: false, stdout: '', stderr: said, tookMs: 1, command: 'snapshots' }
    const { state, detail = '', message } = classify(result, { now })
    assert.equal(state, 'ERROR')
    assert.equal(detail.split('\n').length, 20)
    assert.match(detail, /^line 12\n[^]*\nsignal terminated\nFatal: open rest:http:\/\/…@127\.0\.0\.1\/$/)
    assert.equal(
      message,
      'restic failed (exit 1): open rest:http://…@127.0.0.1/; run "restic snapshots" by hand to see more.',
    )
  })

  test('whatever is printed has a state and one clean line', () => {
    const words = fc.constantFrom(
      '{"message_type":"exit_error","code":',
      '"message":',
      'Fatal: ',
      '[',
      'null',
      '{}',
      '(',
      ' ago)',
      '\u001b[2K',
      'quota',
    )
    const text = fc
      .array(fc.oneof(words, fc.string(), fc.constant('\n')), { maxLength: 12 })
      .map((parts) => parts.join(''))
    fc.assert(
      fc.property(
        text,
        text,
        fc.option(fc.integer({ min: 0, max: 255 }), { nil: undefined }),
        fc.boolean(),
        (stdout, stderr, exit, timedOut) => {
          const health = classify(
            { exit, timedOut, stdout, stderr, tookMs: 1, command: 'snapshots' },
            { now, due: now },
          )
          assert.doesNotMatch(health.message, /[\u0000-\u001f\u007f]/)
          if (exit !== 0 || timedOut) assert.ok(!['OK', 'STALE', 'UNKNOWN'].includes(health.state))
        },
      ),
    )
  })
})

test('durations of Go are read', () => {
  const wanted: readonly [string, number | undefined][] = [
    ['73h22m5.87s', 264_125_870],
    ['949.785182ms', 950],
    ['1m0s', 60_000],
    ['12µs', 0],
    ['2h', 7_200_000],
    ['', undefined],
    ['5', undefined],
    ['1h later', undefined],
  ]
  for (const [text, ms] of wanted) assert.equal(readGoDuration(text), ms, text)
})
