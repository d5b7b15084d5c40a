// Lines of the server itself: it started, stopped, lost a worker, or turned a connection away.
import { createBlock } from './block.ts'
import { form, type Line } from './line.ts'
import type { Session } from './session.ts'
import { decode } from './values.ts'

export function takeRejection(session: Session, line: Line): void {
  const { attribution, make } = session
  const block = createBlock(session.lineId, line, true)
  attribution.open(block, line.pid >= 0 && !session.isThreaded)
  const answer = attribution.reject(block)
  const [client] = answer.candidates
  if (client) session.table.tell(client, line.at)
  if (!answer.exact) session.counts.ambiguous++
  const words = decode(line.bytes, line.value, line.end)
  if (line.form === form.publicAddress) session.emit(make.rejected(block, answer, 'public-ip'))
  else session.emit(make.rejected(block, answer, 'unsupported-protocol', words.replace(/ unsupported$/, '')))
  session.release(block)
}

/** The only line that speaks of the end of a worker that died; which one, only a pid can say. */
export function takeCrash(session: Session, line: Line): void {
  const { table } = session
  const byPid = line.pid >= 0 && !session.isThreaded
  const client = byPid ? table.byPid(line.pid) : table.size === 1 ? table.oldest : undefined
  const signal = decode(line.bytes, line.value, line.end).slice(0, 64)
  if (client) session.lose(client, line.at)
  session.emit(session.make.anomaly('worker-crash', { at: line.at, host: line.host, client: client?.key }, { signal }))
}

/** Whoever was connected to the server before is lost to us; by SIGHUP its workers live on, so late words are no error. */
export function takeStart(session: Session, line: Line): void {
  for (const block of session.blocks.all()) session.finish(block, 'lost')
  for (const one of session.table) {
    one.lost = true
    session.table.change(one)
  }
  session.isThreaded = false
  session.sawLine = true
  session.emit(session.make.server('kms.server-started', line, versionOf(line, ' started successfully')))
}

export function takeStop(session: Session, line: Line): void {
  session.emit(session.make.server('kms.server-stopped', line, versionOf(line, ' was shutdown')))
}

function versionOf(line: Line, suffix: string): string {
  return decode(line.bytes, line.value, line.end - suffix.length).slice(0, 64)
}
