// `sereno restore FILE`: puts a backup in the place of the store.
import { storePathOf } from '../store/place.ts'
import { detailOf, Refusal, type ExitCode, type Terminal } from './terminal.ts'

export interface RestoreOptions {
  readonly data: string
}

export async function restore(file: string, options: RestoreOptions, terminal: Terminal): Promise<ExitCode> {
  const { restoreSqlite } = await import('../store/restore.ts')
  try {
    const { events, setAside } = restoreSqlite(file, storePathOf(options.data), Date.now())
    terminal.out(`${options.data}: restored from ${file}, with ${events} event${events === 1 ? '' : 's'}.`)
    if (setAside !== undefined) terminal.out(`The store that was there is kept as ${setAside}.`)
    return 0
  } catch (error) {
    if (error instanceof Error && !('code' in error)) throw new Refusal(error.message, 1, { cause: error })
    throw new Refusal(`The store in ${options.data} cannot be replaced: ${detailOf(error)}.`, 1, { cause: error })
  }
}
