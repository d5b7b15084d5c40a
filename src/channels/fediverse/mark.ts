// Marks the post of a beginning when it is over: who looks at that alone sees it.
import type { ChannelTools } from '../../channel.ts'
import type { Api } from '../../lib/fediverse/api.ts'
import { overMark } from './fit.ts'
import type { Sending } from './send-status.ts'

const editMs = 6000

/** The end has been told, whatever becomes of this. `put` sets a mark before a post of ours, in the words of its server. */
export async function markBeginning(
  { options, api }: Pick<Sending, 'options' | 'api'>,
  { delivery, log }: Pick<ChannelTools, 'delivery' | 'log'>,
  put: (api: Api, id: string, mark: string) => Promise<boolean>,
): Promise<void> {
  const { first } = delivery.thread
  if (delivery.kind !== 'end' || !options.edits || first === undefined) return
  try {
    const signal = AbortSignal.any([api.signal, AbortSignal.timeout(editMs)])
    await put({ ...api, signal }, first, overMark)
  } catch (error) {
    log.warn(`the post of a beginning could not be marked as over: ${String(error)}`, { delivery: delivery.id })
  }
}
