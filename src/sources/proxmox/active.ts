// Which tasks run on the node just now: those that its list calls running and whose process is there.
import { join } from 'node:path'
import { readText } from './files.ts'
import { readActiveLine, type Upid } from './upid.ts'

/** A node keeps the last 25 or so of ended ones in it. */
const longestList = 1024 * 1024

export interface Processes {
  /** When a process started, in ticks since the boot; undefined: there is none of that number. */
  startOf(pid: number): Promise<number | undefined>
}

/** Undefined: the list cannot be read. After a crash, rows of tasks stay in it that nobody works on any more. */
export async function readActive(
  folder: string,
  node: string,
  processes: Processes,
): Promise<readonly Upid[] | undefined> {
  const file = await readText(join(folder, 'active'), longestList)
  if ('problem' in file) return undefined
  const listed = file.text.split('\n').flatMap((line) => readActiveLine(line) ?? [])
  const running: Upid[] = []
  for (const upid of listed) {
    // Processes of other nodes cannot be seen from here.
    if (upid.node !== node) continue
    if ((await processes.startOf(upid.pid)) === upid.processStart) running.push(upid)
  }
  return running
}
