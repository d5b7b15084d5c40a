// Takes in what the command line wrote to the spool while no hub answered; each line once, by its CloudEvent's identity.
import { jsonDepth } from '../lib/json-depth.ts'
import { type SpooledLine, takeFromSpool } from '../lib/spool.ts'
import type { Log, RouteHandler } from '../source.ts'

export interface SpoolTools {
  readonly folder: string
  /** The route that takes CloudEvents in. */
  readonly handler: RouteHandler | undefined
  readonly log: Log
}

/** Less than the endpoint takes, so that no line makes it refuse its neighbours. */
const mostDepth = 60

export async function takeSpool({ folder, handler, log }: SpoolTools): Promise<void> {
  if (handler === undefined) return
  const take = async (lines: readonly SpooledLine[]): Promise<void> => {
    const { status, body } = await handler({
      method: 'POST',
      path: '/api/v1/events',
      headers: { 'content-type': 'application/cloudevents-batch+json' },
      query: new URLSearchParams(),
      body: Buffer.from(`[${lines.map(toElement).join(',')}]`),
      remote: 'spool',
    })
    const invalid = (body as { readonly invalid?: readonly object[] }).invalid
    if (invalid === undefined) throw new Error(`the hub answered ${status}: ${JSON.stringify(body)}`)
    if (invalid.length === 0) return
    log.warn(`${invalid.length} spooled lines are no events; they are kept as sereno.rejected`, { invalid })
  }
  try {
    const taken = await takeFromSpool(folder, take, Date.now())
    if (taken.lines > 0) log.info(`took in ${taken.lines} spooled events`)
    for (const { file, message } of taken.unreadable) log.warn(`the spooled file ${file} cannot be read`, { message })
  } catch (error) {
    log.error('taking in the spool failed; the rest stays for the next start', { error: String(error) })
  }
}

/** What is no JSON goes in as a text: that is no event either, and is kept with what is wrong with it. */
function toElement({ line }: SpooledLine): string {
  try {
    JSON.parse(line)
    return jsonDepth(Buffer.from(line)) > mostDepth ? JSON.stringify(line) : line
  } catch {
    return JSON.stringify(line)
  }
}
