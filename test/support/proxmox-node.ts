// A node as a proxmox source sees it from within: a folder of tasks, guest configurations, commands, and a machine.
import { appendFile, chmod, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Machine } from '../../src/sources/proxmox/looks.ts'

export interface TaskGiven {
  readonly type: string
  readonly id?: string | number
  readonly startedAt: number
  readonly pid?: number
  readonly user?: string
}

/** Laid out as Proxmox does: `index` and `active`, and logs in folders by the last digit of their task's time. */
export class ProxmoxNode implements AsyncDisposable {
  readonly folder: string
  /** Processes that are there: number and start in ticks. */
  readonly processes = new Map<number, number>()
  boot = 'boot-1'
  upMs: number | undefined = 30 * 86_400_000
  isStopping = false

  static async make(): Promise<ProxmoxNode> {
    const node = new ProxmoxNode(await mkdtemp(join(tmpdir(), 'sereno-pve-')))
    for (const name of ['tasks', 'pve/qemu-server', 'pve/lxc', 'bin'])
      await mkdir(join(node.folder, name), { recursive: true })
    await node.active()
    await node.list({})
    return node
  }

  private constructor(folder: string) {
    this.folder = folder
  }

  get tasks(): string {
    return join(this.folder, 'tasks')
  }

  get options(): { readonly [name: string]: unknown } {
    const command = (name: string): string[] => [join(this.folder, 'bin', name), 'list']
    const commands = { vms: command('qm'), containers: command('pct'), storages: command('pvesm') }
    return { node: 'pve1', tasks: this.tasks, config: join(this.folder, 'pve'), commands }
  }

  get machine(): Machine {
    return {
      bootId: async () => this.boot,
      uptime: async () => this.upMs,
      isStopping: async () => this.isStopping,
      processes: { startOf: async (pid) => this.processes.get(pid) },
    }
  }

  name({ type, id = '', startedAt, pid = 0xabcd, user = 'root@pam' }: TaskGiven): string {
    return `UPID:pve1:${hex(pid)}:0123ABCD:${hex(startedAt / 1000)}:${type}:${id}:${user}:`
  }

  /** A task has ended: its log first, then its line. */
  async end(
    given: TaskGiven & { readonly endedAt?: number; readonly status?: string; readonly log?: string },
  ): Promise<string> {
    const { startedAt, endedAt = startedAt + 2000, status = 'OK', log } = given
    const name = this.name(given)
    if (log !== undefined) {
      const folder = join(this.tasks, hex(startedAt / 1000).slice(-1))
      await mkdir(folder, { recursive: true })
      await writeFile(join(folder, name), log)
    }
    await appendFile(join(this.tasks, 'index'), `${name} ${hex(endedAt / 1000)} ${status}\n`)
    return name
  }

  /** What the list of active tasks holds, such as a name with `0` behind it. */
  async active(...lines: readonly string[]): Promise<void> {
    await writeFile(join(this.tasks, 'active'), lines.map((line) => `${line}\n`).join(''))
  }

  /** When its list of ended tasks is long, Proxmox begins a new one. */
  async rotate(): Promise<void> {
    await rename(join(this.tasks, 'index'), join(this.tasks, 'index.1'))
  }

  async configure(kind: 'qemu-server' | 'lxc', id: number, text: string): Promise<void> {
    await writeFile(join(this.folder, 'pve', kind, `${id}.conf`), text)
  }

  /** What the commands print: state by guest, and by storage its line behind the type; undefined: the command fails. */
  async list(lists: {
    readonly vms?: { readonly [id: number]: string } | undefined
    readonly containers?: { readonly [id: number]: string }
    readonly storages?: { readonly [name: string]: string }
    readonly fails?: string
  }): Promise<void> {
    const { vms = {}, containers = {}, storages = {}, fails } = lists
    const rows = (given: object, row: (key: string, value: string) => string): string =>
      Object.entries(given as { readonly [key: string]: string })
        .map(([key, value]) => row(key, value))
        .join('\n')
    const qm = rows(vms, (id, state) => `${id.padStart(10)} vm${id.padEnd(18)} ${state.padEnd(10)} 2048 32.00 0`)
    const pct = rows(containers, (id, state) => `${id.padEnd(10)} ${state.padEnd(23)} ct${id}`)
    const pvesm = rows(storages, (name, line) => `${name.padEnd(16)} dir ${line}`)
    await this.#print('qm', `      VMID NAME                 STATUS     MEM(MB)    BOOTDISK(GB) PID\n${qm}`, fails)
    await this.#print('pct', pct === '' ? '' : `VMID       Status     Lock         Name\n${pct}`, fails)
    await this.#print(
      'pvesm',
      `Name             Type     Status           Total            Used       Available        %\n${pvesm}`,
      fails,
    )
  }

  async #print(name: string, text: string, fails: string | undefined): Promise<void> {
    const path = join(this.folder, 'bin', name)
    const script = fails === undefined ? `cat <<'END'\n${text}\nEND\n` : `echo '${fails}' >&2; exit 255\n`
    // As a new file each time: one that is being run cannot be written to.
    await writeFile(`${path}.new`, `#!/bin/sh\n${script}`)
    await chmod(`${path}.new`, 0o755)
    await rename(`${path}.new`, path)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true })
  }
}

function hex(number: number): string {
  return Math.floor(number).toString(16).toUpperCase().padStart(8, '0')
}
