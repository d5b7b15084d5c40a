// What the systemd source makes of words and files: stops, locks, interfaces, units and boots.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { bootBefore } from './boot.ts'
import { readInterfaces, toThing as interfaceThing } from './network.ts'
import { endedClean, readScheduled, stoppingReason } from './stopping.ts'
import { toThing as unitThing } from './units.ts'
import { isUpgrading, readLocks } from './upgrade.ts'

const fixtures = fileURLToPath(new URL('../../../test/fixtures/journal', import.meta.url))

/** A folder with files in it, `-> target` for links. */
function makeRoot(t: TestContext, files: { readonly [path: string]: string }): string {
  const root = mkdtempSync(join(tmpdir(), 'sereno-systemd-'))
  t.after(() => rmSync(root, { recursive: true, force: true }))
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    if (text.startsWith('-> ')) symlinkSync(text.slice(3), join(root, path))
    else writeFileSync(join(root, path), text)
  }
  return root
}

describe('the words of a stop', () => {
  const corpus = readFileSync(join(fixtures, 'stopping.txt'), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))

  test('are told from all others', () => {
    assert.ok(corpus.length > 40)
    for (const line of corpus) {
      const [, reason, text = ''] = /^(\S+) {2}(.*)$/.exec(line) ?? assert.fail(line)
      assert.equal(stoppingReason(text) ?? 'no', reason, text)
    }
  })

  test('at the end of a boot make it a clean one', () => {
    assert.equal(endedClean([]), undefined)
    assert.equal(endedClean(['Started nginx.', 'Starting backup...']), false)
    assert.equal(endedClean(['System is rebooting.', 'Stopped nginx.', 'Stopped x.']), true)
    assert.equal(endedClean(['Stopped x.', 'Journal stopped']), true)
    assert.equal(endedClean(['Journal stopped', 'Journal started']), false, 'only the daemon was started anew')
  })

  test('that a shutdown is planned are read with its time, and what is only a rehearsal is not', () => {
    const text = 'USEC=1795661121000000\nWARN_WALL=1\nMODE=reboot\n'
    assert.deepEqual(readScheduled(text), { at: 1_795_661_121_000, reason: 'reboot' })
    for (const odd of ['', 'USEC=x\nMODE=reboot', text.replace('reboot', 'dry-reboot'), text.replace('USEC', 'X')])
      assert.equal(readScheduled(odd), undefined, odd)
  })
})

describe('an upgrade', () => {
  test('is seen by the lock that a package manager really holds, until it lets go', async (t) => {
    const root = makeRoot(t, { proc: '-> /proc', 'var/lib/dpkg/lock': '', 'var/lib/other': '' })
    assert.equal(await isUpgrading(root, Date.now()), false)
    await using _other = await hold(join(root, 'var/lib/other'))
    assert.equal(await isUpgrading(root, Date.now()), false)
    {
      await using _lock = await hold(join(root, 'var/lib/dpkg/lock'))
      assert.equal(await isUpgrading(root, Date.now()), true)
    }
    assert.equal(await isUpgrading(root, Date.now()), false)
  })

  test('of pacman is seen by its file, unless that was left behind', async (t) => {
    const root = makeRoot(t, { 'var/lib/pacman/db.lck': '' })
    assert.equal(await isUpgrading(root, Date.now()), true)
    utimesSync(join(root, 'var/lib/pacman/db.lck'), 1_700_000_000, 1_700_000_000)
    assert.equal(await isUpgrading(root, Date.now()), false)
  })

  test('is none of those that wait for a lock, or only read', () => {
    const text = [
      '1: POSIX  ADVISORY  WRITE 701 fe:00:2154817 0 EOF',
      '1: -> POSIX  ADVISORY  WRITE 702 fe:00:2154818 0 EOF',
      '2: POSIX  ADVISORY  READ 703 fe:00:2154819 0 EOF',
      '3: FLOCK  ADVISORY  WRITE 704 08:01:5 0 EOF',
      '4: OFDLCK ADVISORY  WRITE -1 00:2d:6 0 EOF',
      'nonsense',
    ].join('\n')
    assert.deepEqual(readLocks(text), [
      { major: 0xfe, minor: 0, inode: 2_154_817n },
      { major: 8, minor: 1, inode: 5n },
      { major: 0, minor: 0x2d, inode: 6n },
    ])
  })
})

describe('an interface', () => {
  test('counts if it is hardware, a bond or a bridge of it, and not if it belongs to a guest', async (t) => {
    const net = (name: string, files: { readonly [file: string]: string }): { readonly [path: string]: string } =>
      Object.fromEntries(Object.entries(files).map(([file, text]) => [`sys/class/net/${name}/${file}`, text]))
    const root = makeRoot(t, {
      ...net('lo', { operstate: 'unknown', carrier: '1' }),
      ...net('eno1', { operstate: 'up', carrier: '1', 'device/x': '' }),
      ...net('eno2', { operstate: 'down', 'device/x': '' }),
      ...net('bond0', { operstate: 'up', 'bonding/slaves': 'eno1 eno2\n' }),
      ...net('vmbr0', { operstate: 'up', 'brif/bond0/x': '', 'brif/tap100i0/x': '' }),
      ...net('vmbr1', { operstate: 'down', 'brif/tap101i0/x': '' }),
      ...net('tap100i0', { operstate: 'unknown', carrier: '1' }),
    })
    const found = await readInterfaces(root, undefined)
    assert.deepEqual(
      [...found].toSorted(([one], [other]) => (one < other ? -1 : 1)).map(([name, { ok }]) => [name, ok]),
      [
        ['bond0', true],
        ['eno1', true],
        ['eno2', false],
        ['vmbr0', true],
      ],
    )
    assert.deepEqual([...(await readInterfaces(root, ['tap*'])).keys()], ['tap100i0'])
    assert.equal((await readInterfaces(join(root, 'nowhere'), undefined)).size, 0)
  })

  test('is up by its state, or by its carrier where it has no state', () => {
    assert.equal(interfaceThing('up', '1').ok, true)
    assert.equal(interfaceThing('unknown', '1').ok, true)
    for (const [state, carrier] of [
      ['down', '0'],
      ['down', undefined],
      ['lowerlayerdown', '1'],
      ['unknown', '0'],
      [undefined, undefined],
    ] as const)
      assert.equal(interfaceThing(state, carrier).ok, false, `${state} ${carrier}`)
  })
})

test('a unit is well when it is active, and says why it is not', () => {
  assert.deepEqual(unitThing({ ActiveState: 'active' }), { ok: true, state: 'active' })
  assert.deepEqual(unitThing({ ActiveState: 'failed', Result: 'exit-code', ExecMainStatus: '3' }), {
    ok: false,
    state: 'failed',
    reason: 'it ended with exit code 3',
  })
  assert.equal(unitThing({ ActiveState: 'failed', Result: 'oom-kill' }).reason, 'it was killed for want of memory')
  assert.equal(unitThing({ ActiveState: 'failed', Result: 'something-new' }).reason, 'something-new')
  assert.deepEqual(unitThing({ ActiveState: 'inactive', Result: 'success' }), { ok: false, state: 'inactive' })
  assert.equal(unitThing({ LoadState: 'not-found', ActiveState: 'inactive' }).state, 'not-found')
  assert.equal(unitThing({ ActiveState: 'activating', SubState: 'auto-restart' }).state, 'starting again and again')
  assert.equal(unitThing({}).ok, false)
})

test('the boot before is found in the list of boots, of either form', () => {
  const [one, two, three] = ['1', '2', '3'].map((digit) => digit.repeat(32)) as [string, string, string]
  const old = `-1 ${one} Thu 2026-11-19 10:00:00 CET—Fri 2026-11-20 10:00:00 CET\n 0 ${two} Fri 2026-11-20 10:01:00 CET—x\n`
  const table = `IDX BOOT ID                          FIRST ENTRY  LAST ENTRY\n -2 ${one} x y\n -1 ${two} x y\n  0 ${three} x y\n`
  assert.equal(bootBefore(old, two), one)
  assert.equal(bootBefore(table, three), two)
  assert.equal(bootBefore(table, '4'.repeat(32)), three, 'this boot has not reached the journal')
  assert.equal(bootBefore(` 0 ${two} x`, two), undefined)
  assert.equal(bootBefore('', two), undefined)
})

/** A program that holds a lock on the file, as dpkg does. */
async function hold(path: string): Promise<AsyncDisposable> {
  const child = spawn('flock', ['--exclusive', path, '--command', 'echo held; read -r line'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const ended = new Promise((resolve) => child.once('close', resolve))
  await new Promise((resolve) => child.stdout.once('data', resolve))
  return {
    async [Symbol.asyncDispose]() {
      child.stdin.end('\n')
      await ended
    },
  }
}
