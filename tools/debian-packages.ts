// Installs what the tests borrow from Debian. Where it may not, it says what is missing and what will not be tested.
import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'

interface Borrowed {
  readonly package: string
  /** A program of the package; found on PATH, nothing is installed. */
  readonly program: string
  readonly for: 'test' | 'bench'
  readonly reason: string
}

export const borrowed: readonly Borrowed[] = [
  { package: 'prometheus', program: 'promtool', for: 'test', reason: 'judges the page of metrics' },
  { package: 'redis-server', program: 'redis-server', for: 'test', reason: 'needs a Redis to read from' },
  {
    package: 'prometheus-alertmanager',
    program: 'prometheus-alertmanager',
    for: 'test',
    reason: 'posts alerts to a hub and is asked for them',
  },
  {
    package: 'prometheus-node-exporter',
    program: 'prometheus-node-exporter',
    for: 'test',
    reason: 'looks at the same machine in the same second, and is scraped',
  },
  { package: 'restic', program: 'restic', for: 'test', reason: 'makes the repositories that are probed' },
  {
    package: 'systemd',
    program: 'systemd-analyze',
    for: 'test',
    reason: 'reckons calendar expressions, to compare',
  },
  {
    package: 'systemd-journal-remote',
    program: 'systemd-journal-remote',
    for: 'test',
    reason: 'writes the journals that are read',
  },
  { package: 'iputils-ping', program: 'ping', for: 'test', reason: 'pings a gateway' },
  {
    package: 'cloud-init',
    program: 'cloud-init',
    for: 'test',
    reason: 'writes and reads pools of Hyper-V, to compare',
  },
  { package: 'curl', program: 'curl', for: 'test', reason: 'calls the hub as jobs do' },
  { package: 'dash', program: 'dash', for: 'test', reason: 'runs the agent for small hosts' },
  { package: 'busybox', program: 'busybox', for: 'test', reason: 'runs the agent for the smallest hosts' },
  { package: 'wget', program: 'wget', for: 'test', reason: 'sends what the agent for small hosts saw' },
  { package: 'shellcheck', program: 'shellcheck', for: 'test', reason: 'reads the agent for small hosts' },
  { package: 'faketime', program: 'faketime', for: 'test', reason: 'sets the clock of an agent wrong' },
  { package: 'mtail', program: 'mtail', for: 'bench', reason: 'reads the same log, to compare speed' },
  { package: 'sec', program: 'sec', for: 'bench', reason: 'reads the same log, to compare speed' },
]

/** Packages whose program is not on PATH; a bench needs what the tests need as well. */
export function findMissing(
  purpose: 'test' | 'bench',
  path = `${process.env['PATH'] ?? ''}:/usr/bin:/usr/sbin:/usr/lib/systemd`,
): readonly Borrowed[] {
  return borrowed.filter((entry) => (entry.for === 'test' || purpose === 'bench') && !isOnPath(entry.program, path))
}

/** One line for each package that is missing. */
export function explain(missing: readonly Borrowed[]): string {
  return missing
    .map(({ package: name, reason }) => `sereno: Debian's package '${name}' is missing; left out: what ${reason}.`)
    .concat(`sereno: to have all, run as root: apt-get install ${missing.map((entry) => entry.package).join(' ')}`)
    .join('\n')
}

function isOnPath(program: string, path: string): boolean {
  return path.split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

function install(packages: readonly string[]): void {
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return
  console.error(`sereno: installing from Debian: ${packages.join(' ')}`)
  withoutServices(() => {
    if (apt(['install', ...packages])) return
    // The lists may be old or absent, as in a fresh container.
    apt(['update'])
    apt(['install', ...packages])
  })
}

function apt(args: readonly string[]): boolean {
  // Another installation may be under way: wait for it.
  const waiting = ['-o', 'DPkg::Lock::Timeout=300', '-o', 'Acquire::Retries=3']
  const { status } = spawnSync('apt-get', ['-qq', '-y', '--no-install-recommends', ...waiting, ...args], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  return status === 0
}

/** Debian asks this script before a package starts its service; 101 means no. */
function withoutServices(work: () => void): void {
  const policy = '/usr/sbin/policy-rc.d'
  const ours = !existsSync(policy)
  if (ours) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  try {
    work()
  } finally {
    if (ours) rmSync(policy, { force: true })
  }
}

if (import.meta.main) {
  const purpose = process.argv[2] === 'bench' ? 'bench' : 'test'
  const wanted = findMissing(purpose)
  if (wanted.length > 0) install(wanted.map((entry) => entry.package))
  const missing = findMissing(purpose)
  if (missing.length > 0) console.error(explain(missing))
  if (missing.length > 0 && process.env['CI'] === 'true') process.exitCode = 1
}
