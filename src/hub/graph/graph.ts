// Draws a metric of a host over a span of time from the store, for channels, the API and the page.
import type { Picture } from '../../channel.ts'
import type { Log } from '../../source.ts'
import type { Store } from '../../store/store.ts'
import type { Graph } from '../../words.ts'
import { createPainter } from './png.ts'
import type { Curve, GraphSize } from './svg.ts'

export interface GraphTools {
  readonly store: Pick<Store, 'history' | 'host'>
  now(): number
  /** IANA name: the zone of the people who look at it. */
  zone(): string
  readonly log: Log
}

export interface Drawing {
  readonly svg: string
  readonly alt: string
  /** False: nothing is known of it in that span. */
  readonly known: boolean
}

export interface GraphStyle {
  readonly size?: GraphSize
  /** In place of one that says the host and the span. */
  readonly title?: string
  readonly limit?: NonNullable<Curve['limit']>
}

export interface Grapher {
  draw(graph: Graph, how?: GraphStyle): Promise<Drawing>
  toPng(svg: string): Promise<Uint8Array>
  /** For channels; undefined: nothing is known, or it could not be drawn. */
  picture(graph: Graph): Promise<Picture | undefined>
  stop(): void
}

/** Fewer than it has dots, so that the band between the least and the most is seen as one. */
const points = 400
const shortestMs = 60_000
/** The end of the year 9999. */
const latestMs = 253_402_300_799_000
const longestMs = 10 * 366 * 86_400_000

export function createGrapher({ store, now, zone, log }: GraphTools): Grapher {
  const painter = createPainter()

  async function draw(asked: Graph, how: GraphStyle = {}): Promise<Drawing> {
    const [{ drawGraph }, { describeGraph, limitWords }] = await Promise.all([import('./svg.ts'), import('./words.ts')])
    const to = clampTime(asked.to, now())
    const from = Math.max(0, Math.min(Math.max(clampTime(asked.from, 0), to - longestMs), to - shortestMs))
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
    const { limit: most, ...span } = graph
    const own = most === undefined ? undefined : { value: most, label: limitWords(graph.metric, most) }
    const { size, title = words.title, limit = own } = how
    const curve = { ...span, ...words, ...answer, title, zone: zone(), ...(limit === undefined ? {} : { limit }) }
    return { svg: drawGraph(curve, size), alt: words.alt, known: answer.points.length > 0 }
  }

  return {
    draw,
    toPng: (svg) => painter.toPng(svg),
    async picture(graph) {
      try {
        const { svg, alt, known } = await draw(graph)
        return known ? { svg, alt, png: await painter.toPng(svg) } : undefined
      } catch (error) {
        // A message without its picture is better than none.
        log.warn('a graph could not be drawn', { host: graph.host, metric: graph.metric, error: String(error) })
        return undefined
      }
    },
    stop: () => painter.stop(),
  }
}

/** A time that has a date. */
function clampTime(at: number, otherwise: number): number {
  return Number.isNaN(at) ? otherwise : Math.min(Math.max(0, Math.floor(at)), latestMs)
}
