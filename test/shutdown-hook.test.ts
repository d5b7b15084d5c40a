// The units that are shipped are good units, and the hook speaks on a real shutdown only, to the hub or to its spool.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { createHubHouse } from './support/hub-house.ts'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const hook = join(root, 'examples/sereno-shutdown.sh')

function createFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'sereno-hook-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** As systemctl(1) prints jobs, and the state of the system. */
function runHook(
  folder: string,
  { jobs = '', state = 'running', env = {} }: { jobs?: string; state?: string; env?: { [name: string]: string } },
) {
  const systemctl = `#!/bin/sh
case "$1" in
list-jobs) printf '%s' '${jobs}';;
is-system-running) echo ${state}; [ ${state} = running ];;
*) exit 64;;
esac
`
  writeFileSync(join(folder, 'systemctl'), systemctl)
  chmodSync(join(folder, 'systemctl'), 0o755)
  const { status, stderr } = spawnSync(hook, [], {
    env: { ...process.env, PATH: `${folder}:${process.env['PATH']}`, SERENO: join(root, 'bin/sereno'), ...env },
    cwd: folder,
    encoding: 'utf8',
    timeout: 60_000,
  })
  assert.equal(status, 0, stderr)
}

const jobOf = (target: string): string =>
  `  12 nginx.service            stop  running\n 401 ${target.padEnd(24)} start waiting\n 402 shutdown.target          start waiting\n`

describe('the units that are shipped', () => {
  test('are taken by systemd', (t) => {
    const folder = createFolder(t)
    const names = readdirSync(join(root, 'examples')).filter((name) => name.endsWith('.service'))
    assert.ok(names.includes('sereno.service') && names.includes('sereno-shutdown.service'))
    for (const name of names) {
      // They live where the checkout is, on this machine.
      const text = readFileSync(join(root, 'examples', name), 'utf8').replaceAll('/opt/sereno/', `${root}/`)
      writeFileSync(join(folder, name), text)
    }
    const lines = readFileSync(join(folder, 'sereno-shutdown.service'), 'utf8').split('\n')
    // Said when it is stopped, and not when it starts; while the hub still answers.
    assert.ok(lines.includes(`ExecStop=${hook}`) && lines.includes('RemainAfterExit=yes'))
    assert.ok(!lines.some((line) => line.startsWith('ExecStart')))
    assert.ok(lines.some((line) => /^After=.*\bsereno\.service\b/.test(line)))
    const verify = (name: string) =>
      spawnSync('systemd-analyze', ['verify', '--man=no', '--recursive-errors=no', join(folder, name)], {
        encoding: 'utf8',
        timeout: 60_000,
      })
    for (const name of names) {
      const { status, stdout, stderr } = verify(name)
      assert.deepEqual([status, `${stdout}${stderr}`], [0, ''], name)
    }
    // It would say so.
    writeFileSync(join(folder, 'bad.service'), '[Service]\nExecStart=/nowhere/sereno\nTypo=yes\n')
    assert.notDeepEqual([verify('bad.service').status, verify('bad.service').stderr], [0, ''])
  })
})

describe('the hook', () => {
  test('says nothing when only a unit is stopped, or programs are started anew', (t) => {
    const folder = createFolder(t)
    const env = { SERENO: join(folder, 'must-not-run') }
    for (const jobs of [
      '',
      '  12 sereno.service stop running\n',
      '  12 reboot.target.wants stop waiting\n',
      '  12 my-reboot.target start waiting\n',
      ' 401 reboot.target stop waiting\n',
      jobOf('soft-reboot.target'),
    ])
      runHook(folder, { jobs, env })
    runHook(folder, { state: 'degraded', env })
  })

  test('keeps its word on disk where no hub runs, with the reason', async (t) => {
    for (const [jobs, state, reason] of [
      [jobOf('reboot.target'), 'stopping', 'reboot'],
      [jobOf('kexec.target'), 'stopping', 'reboot'],
      [jobOf('poweroff.target'), 'stopping', 'poweroff'],
      [jobOf('halt.target'), 'stopping', 'halt'],
      ['', 'stopping', 'unknown'],
    ] as const) {
      const folder = createFolder(t)
      const config = join(folder, 'sereno.yaml')
      const data = join(folder, 'data')
      writeFileSync(config, `hub: { data: ${data} }\n`)
      runHook(folder, { jobs, state, env: { SERENO_CONFIG: config } })
      const [file = ''] = readdirSync(join(data, 'spool'))
      const event = JSON.parse(readFileSync(join(data, 'spool', file), 'utf8')) as { type: string; data: object }
      assert.equal(event.type, 'host.shutdown')
      assert.deepEqual({ ...event.data, text: '' }, { reason, text: '' })
    }
  })

  test('tells the hub that runs, which tells people', async () => {
    await using house = await createHubHouse()
    const config = join(house.folder, 'sereno.yaml')
    await house.configure(`
hub: { data: ${house.data} }
channels: { out: { kind: console } }
rules: [{ on: host.shutdown, to: out }]
`)
    await house.start()
    runHook(house.folder, { jobs: jobOf('reboot.target'), env: { SERENO_CONFIG: config } })
    await house.until('told', async () => (await house.metric('sereno_deliveries_total', 'outcome="delivered"')) === 1)
    const said = await house.sereno('events', '--json')
    assert.match(said.out, /"type": "host\.shutdown"[^]*"reason": "reboot"/)
    await house.stop()
  })
})
