// On what was measured, in one line: figures without it say nothing.
import { readFile } from 'node:fs/promises'
import { cpus, loadavg, totalmem } from 'node:os'

export async function describeMachine(): Promise<string> {
  const [first] = cpus()
  const debian = (await readFile('/etc/debian_version', 'utf8').catch(() => '')).trim()
  const system = debian === '' ? process.platform : `Debian ${debian}`
  const load = loadavg()[0]?.toFixed(1)
  const memory = `${Math.round(totalmem() / 1e9)} GB`
  const processor = (first?.model ?? 'unknown processor').trim()
  const date = new Date().toISOString().slice(0, 10)
  return `${date}, ${cpus().length} cores (${processor}), ${memory}, ${system}, Node ${process.version}; load before: ${load}`
}
