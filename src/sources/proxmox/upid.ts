// Reads the names that Proxmox gives its tasks, and the lines of its lists of tasks; pure.
// https://pve.proxmox.com/pve-docs/chapter-pve-admin.html (tasks are named UPID:node:pid:pstart:starttime:type:id:user:)

export interface Upid {
  readonly text: string
  readonly node: string
  readonly pid: number
  /** When the process started, in clock ticks since the boot. */
  readonly processStart: number
  /** In milliseconds. */
  readonly startedAt: number
  readonly type: string
  /** Of what it works on, such as a guest's number; may be empty. */
  readonly id: string
  readonly user: string
}

export interface EndedTask {
  readonly upid: Upid
  readonly endedAt: number
  /** `OK`, `WARNINGS: 2`, or what went wrong. */
  readonly status: string
}

const longestUpid = 500
const pattern =
  /^UPID:([a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?):([0-9A-Fa-f]{8}):([0-9A-Fa-f]{8,9}):([0-9A-Fa-f]{8}):([^:\s/]+):([^:\s/]*):([^:\s/]+):$/

/** Undefined for what is none: none that could name a file elsewhere passes. */
export function readUpid(text: string): Upid | undefined {
  if (text.length > longestUpid) return undefined
  const [, node, pid, processStart, startedAt, type, id, user] = pattern.exec(text) ?? []
  if (node === undefined || type === undefined || user === undefined) return undefined
  return {
    text,
    node,
    pid: parseInt(pid ?? '', 16),
    processStart: parseInt(processStart ?? '', 16),
    startedAt: parseInt(startedAt ?? '', 16) * 1000,
    type,
    id: id ?? '',
    user,
  }
}

/** A line of `index`: the task, when it ended, how. */
export function readIndexLine(line: string): EndedTask | undefined {
  const [, name = '', end = '', status = ''] = /^(\S+) ([0-9A-Fa-f]{8}|[0-9]{10})(?: (.*))?$/.exec(line.trim()) ?? []
  const upid = readUpid(name)
  // Its logs are where its time says; a task that ended before it began is none.
  const endedAt = end.length === 10 ? Number(end) * 1000 : parseInt(end, 16) * 1000
  return upid === undefined || endedAt < upid.startedAt ? undefined : { upid, endedAt, status: status.trim() }
}

/** A line of `active`: with more than two words it has ended, whatever its place in the list. */
export function readActiveLine(line: string): Upid | undefined {
  const words = line.trim().split(/\s+/)
  return words.length > 2 ? undefined : readUpid(words[0] ?? '')
}

/** Where the log of a task lies within the folder of tasks. */
export function logOf({ text, startedAt }: Upid): string {
  const last = Math.floor(startedAt / 1000) % 16
  return `${last.toString(16).toUpperCase()}/${text}`
}
