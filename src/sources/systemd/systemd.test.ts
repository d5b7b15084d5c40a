// The systemd source as it runs, on a machine made of files, with a systemctl that speaks as its manual says and the real journalctl.
import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { someBoot, type WrittenEntry, writeJournal } from '../../../test/support/journal.ts'
import { type SourceDouble, startSource } from '../../../test/support/source-double.ts'
import type { Json, NewFact } from '../../words.ts'
import { createSystemd } from './index.ts'

const bootId = 'aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee'
const behindMs = 600_000

/** A machine of files; its systemctl answers from the folder `units`, its journalctl reads the folder `journal`. */
class Machine {
  readonly root: string
  readonly rows = new Map<string, Json>()
  readonly #test: TestContext

  constructor(t: TestContext, { systemd = true, uptime = '48.20' }: { systemd?: boolean; uptime?: string } = {}) {
    this.#test = t
    this.root = mkdtempSync(join(tmpdir(), 'sereno-machine-'))
    t.after(() => rmSync(this.root, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }))
    this.write('proc/sys/kernel/random/boot_id', `${bootId}\n`)
    this.write('proc/uptime', `${uptime} 90.00\n`)
    this.write('proc/locks', '')
    this.write('proc/self/cgroup', '0::/system.slice/watchman.service\n')
    this.write('journal/x', '')
    if (systemd) this.write('run/systemd/system/x', '')
    this.program('systemctl', systemctl)
    this.program('journalctl', `exec journalctl --directory=${this.root}/journal "$@"`)
  }

  write(path: string, text: string): void {
    const whole = join(this.root, path)
    mkdirSync(dirname(whole), { recursive: true })
    writeFileSync(`${whole}.new`, text)
    renameSync(`${whole}.new`, whole)
  }

  program(name: string, script: string): void {
    this.write(name, `#!/bin/sh\nHERE=${this.root}\n${script}\n`)
    chmodSync(join(this.root, name), 0o755)
  }

  /** A unit in a state; absent: as if there were none. */
  unit(name: string, active?: 'active' | 'failed' | 'inactive', more = ''): void {
    const path = join(this.root, 'units', name)
    if (active === undefined) return rmSync(path, { force: true })
    this.write(`units/${name}`, `Id=${name}\nLoadState=loaded\nActiveState=${active}\nSubState=x\n${more}`)
  }

  network(name: string, operstate: 'up' | 'down' | undefined): void {
    const folder = `sys/class/net/${name}`
    if (operstate === undefined) return rmSync(join(this.root, folder), { recursive: true })
    this.write(`${folder}/operstate`, `${operstate}\n`)
    this.write(`${folder}/carrier`, operstate === 'up' ? '1\n' : '0\n')
    this.write(`${folder}/device/vendor`, 'x')
  }

  log(...entries: readonly WrittenEntry[]): void {
    writeJournal(join(this.root, 'journal/system.journal'), entries)
  }

  async start(options: object = {}, { stops = false } = {}): Promise<Run> {
    const kind = createSystemd({
      systemctl: join(this.root, 'systemctl'),
      journalctl: join(this.root, 'journalctl'),
      ping: join(this.root, 'ping'),
      root: this.root,
      lookMs: 30,
    })
    this.write('stops', stops ? 'stopping' : 'running')
    const double = await startSource(kind, { every: '5s', ...options }, { rows: this.rows, now: () => Date.now() })
    this.#test.after(async () => {
      double.stop()
      await double.ended
    })
    return new Run(double)
  }
}

/** https://www.freedesktop.org/software/systemd/man/latest/systemctl.html */
const systemctl = `cd $HERE
[ -e broken ] && { echo "Failed to connect to bus: Host is down" >&2; exit 1; }
case "$1" in
is-system-running) cat stops; echo; [ "$(cat stops)" = running ];;
list-units) cd units 2>/dev/null && grep -l '^ActiveState=failed' * 2>/dev/null | sed 's/$/ loaded failed failed A unit/'; exit 0;;
show) while [ "$1" != -- ]; do shift; done; shift; cd units 2>/dev/null
  for unit; do cat "$unit" 2>/dev/null || printf 'Id=%s\\nLoadState=not-found\\nActiveState=inactive\\n' "$unit"; echo; done;;
*) exit 64;;
esac`

class Run {
  readonly double: SourceDouble
  constructor(double: SourceDouble) {
    this.double = double
  }

  /** Of that name and key, the newest; waits for it. */
  async fact(name: string, key: string, holds: (fact: NewFact) => boolean = () => true): Promise<NewFact> {
    for (let tries = 0; tries < 1000; tries += 1) {
      const found = this.double.facts.findLast((fact) => fact.name === name && fact.key === key)
      if (found !== undefined && holds(found)) return found
      await wait(20)
    }
    return assert.fail(`${name} ${key}: ${JSON.stringify([this.double.facts, this.double.logged]).slice(0, 3000)}`)
  }

  of(name: string): (readonly [string, Json | undefined])[] {
    return this.double.facts.filter((fact) => fact.name === name).map(({ key, data }) => [key, data['ok']])
  }

  async stop(): Promise<void> {
    this.double.stop()
    await this.double.ended
  }
}

describe('a boot', () => {
  const words = (at: number, ...texts: readonly string[]): WrittenEntry[] =>
    texts.map((MESSAGE, index) => ({ at: at + index, MESSAGE, _PID: '1', SYSLOG_IDENTIFIER: 'systemd', PRIORITY: '6' }))

  for (const [how, last, clean] of [
    ['with a shutdown', 'Reached target System Reboot.', true],
    ['in the middle of things', 'Started Daily apt upgrade.', false],
  ] as const)
    test(`is told with its id, and that the one before ended ${how}`, async (t) => {
      const machine = new Machine(t)
      const start = Date.now() - behindMs
      machine.log(
        ...words(start, 'Started nginx.', last),
        ...words(start + 60_000, 'Startup finished.').map((one) => ({ ...one, boot: bootId.replaceAll('-', '') })),
      )
      const run = await machine.start()
      const first = await run.fact('host.boot', 'hub')
      assert.deepEqual(run.double.facts.find(({ name }) => name === 'host.boot')?.data, { bootId, uptimeSeconds: 48.2 })
      const known = await run.fact('host.boot', 'hub', ({ data }) => 'previousClean' in data)
      assert.deepEqual(known.data, {
        bootId,
        uptimeSeconds: 48.2,
        previousBootId: someBoot.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'),
        previousClean: clean,
      })
      assert.equal(first.host, 'hub')
    })

  test('of which the journal knows nothing before, or that is long ago, is told alone', async (t) => {
    const machine = new Machine(t, { uptime: '90000.0' })
    machine.log(...words(Date.now() - behindMs, 'Reached target System Reboot.'))
    const run = await machine.start()
    await wait(500)
    assert.deepEqual(
      run.double.facts.filter(({ name }) => name === 'host.boot').map(({ data }) => data),
      [{ bootId, uptimeSeconds: 90_000 }],
    )
  })
})

describe('units', () => {
  test('that fail are told with the reason, and when they are well; those that pass by, and our own, are not', async (t) => {
    const machine = new Machine(t)
    const failed = 'Result=exit-code\nExecMainStatus=3\n'
    for (const name of ['nginx.service', 'session-3.scope', 'run-user-0.mount', 'watchman.service', 'cert.service'])
      machine.unit(name, 'failed', failed)
    machine.unit('ssh.service', 'active')
    const run = await machine.start({ watch: ['ssh.service', 'gone.service'], ignore: 'cert*' })
    const nginx = await run.fact('unit', 'nginx.service')
    assert.deepEqual(nginx.data, { ok: false, state: 'failed', reason: 'it ended with exit code 3' })
    const all = await run.fact('unit', '*')
    assert.deepEqual(all.data, { names: ['ssh.service', 'gone.service', 'nginx.service'] })
    assert.deepEqual(run.of('unit').slice(0, 3), [
      ['ssh.service', true],
      ['gone.service', false],
      ['nginx.service', false],
    ])
    machine.unit('nginx.service', 'active')
    await run.fact('unit', 'nginx.service', ({ data }) => data['ok'] === true)
    assert.deepEqual(
      [...machine.rows.keys()].filter((row) => row.includes('nginx')),
      [],
    )
  })

  test('that were ill when it stopped and are well when it starts again are told to be so', async (t) => {
    const machine = new Machine(t)
    machine.unit('nginx.service', 'failed')
    const first = await machine.start()
    await first.fact('unit', 'nginx.service')
    await first.stop()
    machine.unit('nginx.service', 'active')
    const second = await machine.start()
    await second.fact('unit', 'nginx.service', ({ data }) => data['ok'] === true)
  })

  test('are looked at when somebody asks, each and then their names', async (t) => {
    const machine = new Machine(t)
    machine.unit('nginx.service', 'failed')
    const run = await machine.start()
    await run.fact('unit', '*')
    const before = run.of('unit').length
    await run.double.recheck({ name: 'unit', key: '*', body: {} })
    assert.deepEqual(
      run
        .of('unit')
        .slice(before)
        .map(([key]) => key),
      ['nginx.service', '*'],
    )
    await run.double.recheck({ name: 'unit', key: 'well.service', body: {} })
    assert.deepEqual(run.of('unit').at(-1), ['well.service', true])
    await assert.rejects(run.double.recheck({ name: 'guest', key: '*', body: {} }), /not at guest/)
  })

  test('that cannot be looked at are told so to whoever asks, once to whoever reads the log, and change nothing', async (t) => {
    const machine = new Machine(t)
    machine.unit('nginx.service', 'failed')
    const run = await machine.start()
    await run.fact('unit', 'nginx.service')
    machine.write('broken', '')
    for (let times = 0; times < 2; times += 1) await run.double.recheck({ name: 'unit', key: '*', body: {} })
    await assert.rejects(run.double.recheck({ name: 'unit', key: 'x.service', body: {} }), /cannot be looked at/)
    const { data } = await run.fact('unit', '*', (fact) => 'unread' in fact.data)
    assert.deepEqual(data, { names: [], unread: 'systemctl says: Failed to connect to bus: Host is down' })
    assert.equal(run.double.logged.filter((line) => line.includes('cannot be looked at')).length, 1)
    assert.equal(run.of('unit').filter(([key, ok]) => key === 'nginx.service' && ok === true).length, 0)
  })
})

describe('the network', () => {
  test('is told as it changes, for interfaces that have had a carrier, over restarts too', async (t) => {
    const machine = new Machine(t)
    machine.network('eno1', 'up')
    machine.network('eno2', 'down')
    const first = await machine.start()
    await first.fact('network', 'eno1', ({ data }) => data['ok'] === true)
    machine.network('eno1', 'down')
    await first.fact('network', 'eno1', ({ data }) => data['ok'] === false)
    assert.deepEqual((await first.fact('network', '*')).data, { names: ['eno1'] })
    await first.stop()
    const second = await machine.start()
    await second.fact('network', 'eno1', ({ data }) => data['ok'] === false)
    machine.network('eno1', 'up')
    await second.fact('network', 'eno1', ({ data }) => data['ok'] === true)
    machine.network('eno1', undefined)
    await second.fact('network', 'eno1', ({ data }) => data['state'] === 'gone')
    await second.stop()
    const third = await machine.start()
    await third.fact('network', 'eno1', ({ data }) => data['ok'] === true)
    assert.deepEqual([...machine.rows.keys()], [], 'one that was taken out is forgotten')
  })
})

test('the gateway is told of beside the interfaces, once it has answered', async (t) => {
  const machine = new Machine(t)
  machine.network('eno1', 'up')
  machine.write('loss', '0')
  machine.program('ping', 'echo "3 packets transmitted, 3 received, $(cat $HERE/loss)% packet loss, time 2ms"')
  const run = await machine.start({ gateway: '192.0.2.1' })
  await run.fact('network', 'gateway 192.0.2.1', ({ data }) => data['ok'] === true)
  assert.deepEqual((await run.fact('network', '*')).data, { names: ['eno1', 'gateway 192.0.2.1'] })
  machine.write('loss', '66.6667')
  const { data } = await run.fact('network', 'gateway 192.0.2.1', (fact) => fact.data['ok'] === false)
  assert.deepEqual(data, { ok: false, state: 'losing', reason: '67 % of pings are lost' })
})

test('an upgrade is told when it begins and when it is over', async (t) => {
  const machine = new Machine(t)
  const run = await machine.start()
  await run.fact('upgrade', 'hub', ({ data }) => data['on'] === false)
  machine.write('var/lib/pacman/db.lck', '')
  await run.fact('upgrade', 'hub', ({ data }) => data['on'] === true)
  rmSync(join(machine.root, 'var/lib/pacman/db.lck'))
  await run.fact('upgrade', 'hub', ({ data }) => data['on'] === false)
  assert.equal(run.double.facts.filter(({ name }) => name === 'upgrade').length, 3)
})

describe('a stop', () => {
  const stops = (run: Run): Json[] =>
    run.double.facts.filter(({ name }) => name === 'host.stopping').map(({ data }) => data)

  test('is told once, from the words of logind; another program that says the same is not believed', async (t) => {
    const machine = new Machine(t)
    const start = Date.now() - behindMs
    machine.log({ at: start, MESSAGE: 'x', _PID: '1' })
    const run = await machine.start()
    await wait(1000)
    const said = { MESSAGE: 'System is rebooting.', SYSLOG_IDENTIFIER: 'systemd-logind' }
    machine.log({ at: start + 1, ...said, _SYSTEMD_UNIT: 'app.service', _PID: '77' })
    await wait(300)
    assert.deepEqual(stops(run), [])
    machine.log({ at: start + 2, ...said, _SYSTEMD_UNIT: 'systemd-logind.service' })
    await run.fact('host.stopping', 'hub')
    machine.log({ at: start + 3, MESSAGE: 'Reached target System Reboot.', _PID: '1' })
    await wait(300)
    await run.stop()
    assert.deepEqual(stops(run), [{ reason: 'reboot', bootId }])
  })

  test('that was planned is told when its time has come, and not before', async (t) => {
    const machine = new Machine(t)
    const run = await machine.start()
    const plan = (inMs: number): string => `USEC=${Date.now() + inMs}000\nMODE=poweroff\n`
    machine.write('run/systemd/shutdown/scheduled', plan(600_000))
    await wait(300)
    assert.deepEqual(stops(run), [])
    machine.write('run/systemd/shutdown/scheduled', plan(10))
    const { data } = await run.fact('host.stopping', 'hub')
    assert.equal(data['reason'], 'poweroff')
  })

  test('is told at the last moment, when the machine takes this program down with it', async (t) => {
    const machine = new Machine(t)
    const run = await machine.start({}, { stops: true })
    await run.stop()
    assert.deepEqual(stops(run), [{ reason: 'unknown', bootId }])
    const alone = await machine.start()
    await alone.stop()
    assert.deepEqual(stops(alone), [], 'stopped alone, it says nothing')
  })
})

test('without systemd it says so once, and looks at what there is', async (t) => {
  const machine = new Machine(t, { systemd: false })
  machine.network('eno1', 'up')
  const run = await machine.start()
  await run.fact('host.boot', 'hub')
  await run.fact('network', 'eno1')
  await run.fact('upgrade', 'hub')
  await run.double.recheck({ name: 'unit', key: '*', body: {} })
  assert.deepEqual((await run.fact('unit', '*')).data, { names: [], unread: 'systemd is not there' })
  assert.equal(run.double.logged.length, 1)
  assert.match(run.double.logged[0] ?? '', /systemd does not run here/)
})

test('what cannot be stored is said again when it can', async (t) => {
  const machine = new Machine(t)
  const run = await machine.start()
  await run.fact('upgrade', 'hub')
  run.double.full = true
  machine.write('var/lib/pacman/db.lck', '')
  await wait(200)
  run.double.full = false
  await run.fact('upgrade', 'hub', ({ data }) => data['on'] === true)
  assert.equal(run.double.logged.filter((line) => line.includes('cannot be stored')).length, 1)
})
