// Draws a metric of a host over a span of time from the store, for channels, the API and the page.
import type { Picture } from '../../channel.ts'
import type { Store } from '../../store/store.ts'
import type { Graph } from '../../words.ts'
import { createPainter } from './png.ts'
import { type Curve, drawGraph } from './svg.ts'
import { describeGraph } from './words.ts'

export interface GraphTools {
  readonly store: Pick<Store, 'history' | 'host'>
  now(): number
  /** IANA name: the zone of the people who look at it. */
  zone(): string
}

export interface Drawing {
  readonly svg: string
  readonly alt: string
  /** False: nothing is known of it in that span. */
  readonly known: boolean
}

export interface Grapher {
  draw(graph: Graph, limit?: Curve['limit']): Promise<Drawing>
  toPng(svg: string): Promise<Uint8Array>
  /** For channels; undefined: nothing is known. */
  picture(graph: Graph): Promise<Picture | undefined>
  stop(): Promise<void>
}

/** Fewer than it has dots, so that the band between the least and the most is seen as one. */
const points = 400
const shortestMs = 60_000
const longestMs = 10 * 366 * 86_400_000

export function createGrapher({ store, now, zone }: GraphTools): Grapher {
  const painter = createPainter()

  async function draw(asked: Graph, limit?: Curve['limit']): Promise<Drawing> {
    const to = Math.max(0, Math.floor(asked.to))
    const from = Math.max(0, Math.min(Math.max(Math.floor(asked.from), to - longestMs), to - shortestMs))
    const graph = { ...asked, from, to }
    const answer = await store.history({ ...graph, points })
    const host = await store.host(graph.host)
    const value = host?.sample.metrics[graph.metric]
    const at = host?.lastSeenAt ?? 0
    const words = describeGraph(graph, answer.points, {
      stepSeconds: answer.stepSeconds,
      now: now(),
      zone: zone(),
      ...(value === undefined || at < from || at > to ? {} : { latest: { at, value } }),
    })
    const svg = drawGraph({ ...graph, ...words, ...answer, zone: zone(), ...(limit === undefined ? {} : { limit }) })
    return { svg, alt: words.alt, known: answer.points.length > 0 }
  }

  return {
    draw,
    toPng: (svg) => painter.toPng(svg),
    async picture(graph) {
      const { svg, alt, known } = await draw(graph)
      return known ? { svg, alt, png: await painter.toPng(svg) } : undefined
    },
    stop: () => painter.stop(),
  }
}
