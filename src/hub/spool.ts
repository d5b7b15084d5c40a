// Takes in what the command line wrote to the spool while no hub answered; each line once, by its CloudEvent's identity.
import { type SpooledLine, takeFromSpool } from '../lib/spool.ts'
import type { Log, RouteHandler } from '../source.ts'

export interface SpoolTools {
  readonly folder: string
  /** The route that takes CloudEvents in. */
  readonly handler: RouteHandler | undefined
  readonly log: Log
}

export async function takeSpool({ folder, handler, log }: SpoolTools): Promise<void> {
  if (handler === undefined) return
  const take = async (lines: readonly SpooledLine[]): Promise<void> => {
    const { status } = await handler({
      method: 'POST',
      path: '/api/v1/events',
      headers: { 'content-type': 'application/cloudevents-batch+json' },
      query: new URLSearchParams(),
      body: Buffer.from(`[${lines.map(({ line }) => line).join(',')}]`),
      remote: 'spool',
    })
    if (status >= 500) throw new Error(`the hub answered ${status}`)
    if (status >= 400) log.warn('some spooled events were refused; they are kept as sereno.rejected', { status })
  }
  try {
    const taken = await takeFromSpool(folder, take, Date.now())
    if (taken.lines > 0) log.info(`took in ${taken.lines} spooled events`)
    for (const { file, message } of taken.unreadable) log.warn(`the spooled file ${file} cannot be read`, { message })
  } catch (error) {
    log.error('taking in the spool failed; the rest stays for the next start', { error: String(error) })
  }
}
