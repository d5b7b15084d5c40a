// The curves of a message as pictures on a server: each with words for who cannot see it; one that fails is left out.
import type { ChannelTools } from '../../channel.ts'
import type { Api } from '../../lib/fediverse/api.ts'
import type { Image } from '../../lib/fediverse/form.ts'
import type { Graph } from '../../words.ts'

export type Upload = (api: Api, image: Image) => Promise<{ readonly id: string } | { readonly problem: string }>

/** The message itself still needs its time before the deadline. */
const picturesMs = 12_000

export async function uploadGraphs(
  graphs: readonly Graph[],
  upload: Upload,
  api: Api,
  { graph: draw, log, delivery }: Pick<ChannelTools, 'graph' | 'log' | 'delivery'>,
): Promise<string[]> {
  if (graphs.length === 0) return []
  const signal = AbortSignal.any([api.signal, AbortSignal.timeout(picturesMs)])
  const hurried: Api = { ...api, signal }
  const ids: string[] = []
  for (const [index, graph] of graphs.entries()) {
    try {
      const picture = await orLate(draw(graph), signal)
      if (picture === undefined) continue
      const result = await upload(hurried, { png: picture.png, alt: picture.alt, name: `graph-${index + 1}.png` })
      if ('id' in result) ids.push(result.id)
      else log.warn(`a picture is left out: ${result.problem}`, { delivery: delivery.id })
    } catch (error) {
      log.warn(`a picture is left out: ${error instanceof Error ? error.message : String(error)}`, {
        delivery: delivery.id,
      })
    }
  }
  return ids
}

/** Who draws knows no deadline. */
function orLate<Value>(work: Promise<Value>, signal: AbortSignal): Promise<Value> {
  const { promise, reject } = Promise.withResolvers<Value>()
  const late = (): void => reject(new Error('it was not drawn in time'))
  if (signal.aborted) late()
  signal.addEventListener('abort', late)
  return Promise.race([work, promise]).finally(() => signal.removeEventListener('abort', late))
}
