// `sereno facts`: what sources saw, as lines that a replay takes: samples, states of guests, boots.
import { toRecordingLine } from '../hub/recording.ts'
import { readSince } from './since.ts'
import { withStore } from './store-file.ts'
import type { ExitCode, Terminal } from './terminal.ts'

export interface FactsOptions {
  readonly source?: string
  readonly since: string
  readonly data: string
}

const pageSize = 1000

/** Read from the store itself, also beside a running hub: there may be many of them. */
export async function facts({ source, since, data }: FactsOptions, terminal: Terminal): Promise<ExitCode> {
  const from = readSince(since, Date.now())
  await withStore(data, async (store) => {
    for (let afterSeq = 0; ;) {
      const page = await store.facts({ since: from, afterSeq, limit: pageSize })
      for (const fact of page) {
        if (source === undefined || fact.source === source) terminal.out(toRecordingLine(fact))
      }
      const last = page.at(-1)
      if (last === undefined || page.length < pageSize) return
      afterSeq = last.seq
    }
  })
  return 0
}
