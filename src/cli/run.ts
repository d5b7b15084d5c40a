// `sereno run`: the hub as a process: it stops on SIGTERM and SIGINT, and reads its configuration again on SIGHUP.
import { detailOf, Refusal, type ExitCode, type Terminal } from './terminal.ts'

/** After the start, when what it read has been dropped; code goes only when it has not run for some ten seconds. */
const settledMs = 16_000

export interface RunOptions {
  readonly config?: string
  readonly data?: string
  readonly listen?: string
}

/** What this command needs of src/hub.ts. */
interface RunningHub {
  /** Mistakes go to the log; the configuration before stays in force. */
  reload(): Promise<unknown>
  stop(): Promise<void>
}

export async function run(options: RunOptions, terminal: Terminal): Promise<ExitCode> {
  // What a hub keeps is for its owner alone, also in a folder that others made and may look into.
  process.umask(0o077)
  let hub: RunningHub | undefined
  const onHangUp = (): void => {
    hub?.reload().catch((error: unknown) => {
      terminal.error(`The configuration could not be put into force: ${detailOf(error)}. Send SIGHUP again later.`)
    })
  }
  // Before the start, so that a signal meanwhile does not end the process in the middle of it.
  process.on('SIGHUP', onHangUp)
  const asked = new Promise<void>((resolve) => {
    process.once('SIGTERM', () => resolve())
    process.once('SIGINT', () => resolve())
  })
  hub = await start(options, terminal)
  setTimeout(giveBackMemory, settledMs).unref()
  await asked
  await hub.stop()
  process.off('SIGHUP', onHangUp)
  return 0
}

/** What only the start needed would stay in memory for days where little happens: about a tenth of the process. */
function giveBackMemory(): void {
  // Only there with --expose-gc, as bin/sereno starts it. Takes some 60 ms in which nothing else happens.
  globalThis.gc?.({ type: 'major', flavor: 'last-resort', execution: 'sync' })
}

/** The one place that knows how the hub is started. A person's mistake comes as an error with a sentence. */
async function start(options: RunOptions, terminal: Terminal): Promise<RunningHub> {
  const { startHub } = await import('../hub.ts')
  try {
    return await startHub({ ...options, print: (line: string) => terminal.out(line) })
  } catch (error) {
    throw new Refusal(detailOf(error), 1, { cause: error })
  }
}
