// A real restic on real repositories, in every state that a probe can meet; and nothing but known names on a command line.
import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { after, before, describe, test } from 'node:test'
import fc from 'fast-check'
import { createResticHouse, type ResticHouse } from '../../../test/support/restic-repositories.ts'
import { type CommandEnd, runCommand } from '../../lib/command.ts'
import type { RepoHealth } from './classify.ts'
import { createProbe, type Probe, type ProbeCall, type ProbeOptions } from './probe.ts'
import { defaultCommand } from './restic-command.ts'

const signal = new AbortController().signal
const hour = 3_600_000
const due = Date.parse('2026-06-01T01:00:00Z')
const listed: CommandEnd = { exit: 0, timedOut: false, stdout: '[]', stderr: '', tookMs: 1 }
const backedUpAt = new Date(due + 12_000)

describe('with a real restic', () => {
  let house: ResticHouse
  let probe: Probe
  /** What was run, without the words of the command itself. */
  const ran: string[] = []

  before(async () => {
    house = await createResticHouse()
    probe = plain()
  })
  after(() => house[Symbol.asyncDispose]())

  function plain(options: ProbeOptions = {}, password?: string): Probe {
    return createProbe({
      command: ['restic'],
      environment: house.environment('{module}', password),
      run: (words, more) => {
        ran.push(words.slice(1, 3).join(' '))
        return runCommand(words, more)
      },
      ...options,
    })
  }

  function ask(module: string, call: Partial<ProbeCall> = {}): Promise<RepoHealth> {
    ran.length = 0
    return probe({ module, planId: '1' }, { signal, now: Date.now(), ...call })
  }

  test('a good repository is asked twice, and its newest snapshot is known', async () => {
    await house.make('good1', new Date(due - 24 * hour))
    await house.backUp('good1', backedUpAt)
    const health = await ask('good1', { due })
    assert.deepEqual([health.state, health.newest, health.exit], ['OK', backedUpAt.getTime(), 0])
    assert.deepEqual(ran, ['snapshots --json', 'list locks'])
    assert.deepEqual(await readdir(`${house.path('good1')}/locks`), [])
    const stale = await ask('good1', { due: due + 24 * hour })
    assert.deepEqual([stale.state, stale.newest], ['STALE', backedUpAt.getTime()])
  })

  test('an empty repository', async () => {
    await house.makeEmpty('empty1')
    assert.equal((await ask('empty1')).state, 'OK')
    assert.equal((await ask('empty1', { due })).state, 'STALE')
  })

  test('no repository, and a wrong password: asked once, whatever the exit code of this restic', async () => {
    const missing = await ask('missing1', { due })
    assert.equal(missing.state, 'NOT_FOUND')
    assert.deepEqual(ran, ['snapshots --json'])
    await house.makeEmpty('locked-out1')
    const refused = await plain({}, 'wrong horse')({ module: 'locked-out1', planId: '1' }, { signal, now: Date.now() })
    assert.equal(refused.state, 'WRONG_PASSWORD')
    assert.doesNotMatch(JSON.stringify(refused), /horse/)
  })

  test('a live lock: no trouble while a run is on, else somebody is at work', async () => {
    await house.make('live1', backedUpAt)
    const holder = await house.holdLock('live1')
    const during = await ask('live1', { due, runInProgress: true })
    assert.deepEqual([during.state, during.lock?.pid, during.lock?.exclusive], ['OK', holder.pid, false])
    assert.deepEqual(ran, ['snapshots --json', 'list locks', 'cat lock'])
    const outside = await ask('live1', { due })
    assert.deepEqual([outside.state, outside.lock?.pid, outside.advice], ['LOCKED', holder.pid, undefined])
    assert.equal(outside.newest, backedUpAt.getTime())
    await holder.finish()
    const after = await ask('live1', { due })
    assert.deepEqual([after.state, after.lock], ['OK', undefined])
  })

  test('a lock that a killed backup left behind, three days later', async () => {
    await house.make('left1', backedUpAt)
    const killedAt = Date.now()
    const pid = await house.leaveLock('left1')
    const { since, ...lock } = (await ask('left1')).lock ?? {}
    assert.equal(lock.pid, pid)
    assert.ok(since !== undefined && Math.abs(since - killedAt) < hour)
    const later = await ask('left1', { now: killedAt + 73 * hour })
    assert.deepEqual([later.state, later.lock?.pid, later.advice], ['LOCKED_STALE', pid, 'restic unlock'])
    await house.restic('left1', 'unlock')
    assert.equal((await ask('left1', { now: killedAt + 73 * hour })).state, 'OK')
  })

  test('a lock that nobody can read', async () => {
    await house.make('broken1', backedUpAt)
    await house.breakLock('broken1')
    const health = await ask('broken1')
    assert.deepEqual([health.state, health.advice], ['LOCKED', 'restic unlock --remove-all'])
  })

  test('many locks left behind: a few are looked at', async () => {
    await house.make('many1', backedUpAt)
    for (let count = 0; count < 5; count += 1) await house.leaveLock('many1')
    const health = await ask('many1', { now: Date.now() + 73 * hour })
    assert.equal(health.state, 'LOCKED_STALE')
    assert.match(health.message, /\(and 4 more locks\)/)
    assert.equal(ran.filter((words) => words === 'cat lock').length, 3)
  })

  test('damage that snapshots do not show is found by a check', async () => {
    await house.make('pack1', backedUpAt)
    await house.make('index1', backedUpAt)
    await house.removePack('pack1')
    await house.removeIndex('index1')
    for (const module of ['pack1', 'index1']) {
      assert.equal((await ask(module, { due })).state, 'OK')
      const checked = await ask(module, { command: 'check' })
      assert.equal(checked.state, 'CORRUPTED')
      assert.deepEqual(ran, ['list locks', 'check --json'])
      assert.match(checked.detail ?? '', /repository contains errors/)
    }
  })

  test('damaged data is found when the data is read, part by part', async () => {
    await house.make('data1', backedUpAt)
    await house.damagePack('data1')
    assert.equal((await ask('data1', { command: 'check' })).state, 'OK')
    const states = new Set<string>()
    for (const part of [1, 2]) states.add((await ask('data1', { command: 'check', subset: { part, of: 2 } })).state)
    assert.ok(states.has('CORRUPTED'))
    assert.equal((await ask('good1', { command: 'check', subset: { part: 1, of: 1 } })).state, 'OK')
    await assert.rejects(ask('good1', { command: 'check', subset: { part: 3, of: 2 } }), RangeError)
  })

  test('a check goes past shared locks and waits for whoever prunes', async () => {
    await house.make('busy1', backedUpAt)
    const backup = await house.holdLock('busy1')
    assert.equal((await ask('busy1', { command: 'check' })).state, 'OK')
    await backup.finish()
    const pruning = await house.holdExclusiveLock('busy1')
    const health = await ask('busy1', { command: 'check', runInProgress: true })
    assert.deepEqual([health.state, health.lock?.pid, health.exit], ['LOCKED', pruning.pid, undefined])
    assert.deepEqual(ran, ['list locks', 'cat lock'])
    const later = await ask('busy1', { command: 'check', now: Date.now() + hour })
    assert.equal(later.state, 'OK')
  })

  test('by way of runagent, as NethServer 8 does it', async () => {
    await house.make('mail1', backedUpAt)
    const pid = await house.leaveLock('mail1')
    const path = `${await house.installRunagent()}:${process.env['PATH']}`
    const wrapped = createProbe({ environment: { PATH: path } })
    const health = await wrapped({ module: 'mail1', planId: '1' }, { signal, now: Date.now() + 73 * hour })
    assert.deepEqual([health.state, health.lock?.pid], ['LOCKED_STALE', pid])
    assert.equal(health.advice, 'runagent -m mail1 restic-wrapper --backup 1 unlock')
    const elsewhere = await wrapped({ module: 'samba1', planId: '1' }, { signal, now: Date.now() })
    assert.deepEqual([elsewhere.state, elsewhere.elsewhere], ['TOOL_ERROR', true])
    assert.match(elsewhere.detail ?? '', /Cannot find environment for module samba1/)
  })
})

describe('without an answer', () => {
  const mail = { module: 'mail1', planId: '1' }
  const now = Date.now()

  test('a restic that hangs is ended after its time', async () => {
    const hanging = createProbe({ command: ['sh', '-c', 'exec sleep 600'], timeoutMs: 1000 })
    const health = await hanging(mail, { signal, now })
    assert.deepEqual([health.state, health.exit], ['UNREACHABLE', undefined])
    assert.match(health.message, /^The repository gave no answer within \S+ and restic was stopped; look/)
  })

  test('a restic that hangs on its locks has told of its snapshots', async () => {
    const late: CommandEnd = { exit: undefined, signal: 'SIGTERM', timedOut: true, stdout: '', stderr: '', tookMs: 9 }
    const run: ProbeOptions['run'] = (words) => Promise.resolve(words.includes('list') ? late : listed)
    const health = await createProbe({ run })(mail, { signal, now })
    assert.deepEqual([health.state, health.tookMs], ['OK', 10])
    assert.match(
      health.message,
      /no snapshot yet; whether it is locked could not be read: there was no answer in time\.$/,
    )
  })

  test('a command that does not exist', async () => {
    const health = await createProbe({ command: ['sereno-no-such-restic'] })(mail, { signal, now })
    assert.deepEqual([health.state, health.exit], ['TOOL_ERROR', 127])
    assert.match(health.message, /sereno-no-such-restic: command not found/)
  })

  test('a command that is not restic', async () => {
    assert.equal((await createProbe({ command: ['true'] })(mail, { signal, now })).state, 'UNKNOWN')
    assert.equal((await createProbe({ command: ['true'] })(mail, { signal, now, command: 'check' })).state, 'UNKNOWN')
  })

  test('a flood is kept within bounds, and its end is told', async () => {
    const script =
      'yes "noise of a wrapper" | head -c 20000000 >&2; yes | head -c 20000000; echo "Fatal: wrong password or no key found" >&2; exit 1'
    const health = await createProbe({ command: ['sh', '-c', script] })(mail, { signal, now })
    assert.equal(health.state, 'WRONG_PASSWORD')
    assert.ok((health.detail ?? '').length < 1000)
  })

  test('secrets from the configuration are in nothing that people read', async () => {
    const script = 'echo "Fatal: cannot use $AWS_SECRET_ACCESS_KEY at $RESTIC_REPOSITORY" >&2; exit 1'
    const environment = { AWS_SECRET_ACCESS_KEY: 'hush-hush', RESTIC_REPOSITORY: 's3:store/{module}' }
    const health = await createProbe({ command: ['sh', '-c', script], environment })(mail, { signal, now })
    assert.match(health.message, /cannot use … at s3:store\/mail1/)
    assert.doesNotMatch(JSON.stringify(health), /hush/)
  })

  test('an aborted probe rejects, one that waits for its turn too', async () => {
    const leaving = new AbortController()
    const hanging = createProbe({ command: ['sh', '-c', 'exec sleep 600'], atOnce: 1 })
    const calls = [hanging(mail, { signal: leaving.signal, now }), hanging(mail, { signal: leaving.signal, now })]
    const ends = Promise.allSettled(calls)
    leaving.abort(new Error('the hub stops'))
    for (const end of await ends) assert.match(String(end.status === 'rejected' && end.reason), /the hub stops/)
  })
})

describe('the command line', () => {
  test('is the one of NethServer 8 unless another is given, and never takes a lock', async () => {
    const lines: string[] = []
    const probe = createProbe({
      run: (words) => {
        lines.push(words.join(' '))
        return Promise.resolve(listed)
      },
    })
    await probe({ module: 'nextcloud12', planId: '3' }, { signal, now: 0 })
    await probe({ module: 'mail1', planId: '1' }, { signal, now: 0, command: 'check', subset: { part: 2, of: 7 } })
    const [first, second] = ['nextcloud12 restic-wrapper --backup 3', 'mail1 restic-wrapper --backup 1']
    assert.deepEqual(lines, [
      `runagent -m ${first} snapshots --json --latest 1 --no-lock`,
      `runagent -m ${first} list locks --json --no-lock`,
      `runagent -m ${second} list locks --json --no-lock`,
      `runagent -m ${second} check --json --read-data-subset=2/7 --no-lock`,
    ])
  })

  test('sees no name that is not one of a module or a plan', async () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}[0-9]{1,3}$/)
    const number = fc.stringMatching(/^[0-9]{1,6}$/)
    const near = fc
      .tuple(fc.oneof(name, number), fc.constantFrom('\n', ' ', ';x1', '-', '\0', '$(id)1', '{plan}', '١'))
      .map((parts) => parts.join(''))
    const any = fc.oneof(
      name,
      number,
      near,
      fc.string(),
      fc.constantFrom('', '-m', '--backup', '../mail1', 'Mail1', '__proto__'),
    )
    await fc.assert(
      fc.asyncProperty(any, any, async (module, planId) => {
        const lines: (readonly string[])[] = []
        const run: ProbeOptions['run'] = (words) => {
          lines.push(words)
          return Promise.resolve(listed)
        }
        const health = await createProbe({ run })({ module, planId }, { signal, now: 0 })
        const isKnown = /^[a-z][a-z0-9-]*[0-9]+$/.test(module) && /^[0-9]+$/.test(planId)
        assert.equal(health.state, isKnown ? 'OK' : 'UNCONFIGURED')
        assert.equal(lines.length, isKnown ? 2 : 0)
        for (const words of lines)
          assert.deepEqual(words.slice(0, 6), ['runagent', '-m', module, 'restic-wrapper', '--backup', planId])
      }),
      { numRuns: 500 },
    )
  })

  test('a refused name is told in one clean sentence', async () => {
    const probe = createProbe({ run: () => assert.fail('nothing may run') })
    const bad = await probe({ module: `mail1\n\u001b[2J${'x'.repeat(500)}`, planId: '1' }, { signal, now: 0 })
    assert.match(
      bad.message,
      /^"mail1\\n\\u001b\[2Jx+" is no module of NethServer 8, such as mail1; nothing was run\.$/,
    )
    assert.ok(bad.message.length < 200)
    const plan = await probe({ module: 'mail1', planId: '1; rm' }, { signal, now: 0 })
    assert.deepEqual(
      [plan.state, plan.message],
      ['UNCONFIGURED', '"1; rm" is no number of a backup plan, such as 1; nothing was run.'],
    )
  })

  test('what a person shall type is quoted', async () => {
    const old = { exit: 11, timedOut: false, stdout: '', tookMs: 1 }
    const stderr =
      'repository is already locked by PID 7 on node1\nlock was created at 2026-06-01 01:00:05 (73h22m ago)'
    const command = ['ssh', 'node 2', "it's", ...defaultCommand.slice(0, 3)]
    const probe = createProbe({ command, run: () => Promise.resolve({ ...old, stderr }) })
    const health = await probe({ module: 'mail1', planId: '1' }, { signal, now: 0 })
    assert.equal(health.advice, `ssh 'node 2' 'it'\\''s' runagent -m mail1 unlock`)
  })

  test('at most two probes run at once, each command after the other', async () => {
    let [running, most] = [0, 0]
    const probe = createProbe({
      run: async () => {
        most = Math.max(most, ++running)
        await new Promise((resolve) => setImmediate(resolve))
        running -= 1
        return listed
      },
    })
    const modules = Array.from({ length: 9 }, (_, index) => `mail${index + 1}`)
    const healths = await Promise.all(modules.map((module) => probe({ module, planId: '1' }, { signal, now: 0 })))
    assert.deepEqual(new Set(healths.map(({ state }) => state)), new Set(['OK']))
    assert.equal(most, 2)
  })
})
