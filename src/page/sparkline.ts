// A small curve beside a figure: the last day of a percentage, without axes.
import { html, type Html } from './html.ts'

/** The place in the span, 0 to 1, and the value; by time upwards. */
export type SparkPoint = readonly [place: number, percent: number]

const width = 96
const height = 26
/** Of the span; longer without a point is a gap. */
const gap = 0.03

export function sparkline(points: readonly SparkPoint[], about: string): Html | undefined {
  const known = points.filter(([place, percent]) => Number.isFinite(place) && Number.isFinite(percent))
  if (known.length === 0) return undefined
  let last = -1
  const path = known
    .map(([place, percent]) => {
      const x = Math.min(Math.max(place, 0), 1) * (width - 4) + 2
      const y = height - 2 - (Math.min(Math.max(percent, 0), 100) / 100) * (height - 4)
      const command = last < 0 || place - last > gap ? 'M' : 'L'
      last = place
      // A place to which no line leads is a dot by its round ends.
      return command === 'M' ? `M${x.toFixed(1)} ${y.toFixed(1)}h.01` : `L${x.toFixed(1)} ${y.toFixed(1)}`
    })
    .join('')
  return html`<svg class="spark" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
    <title>${about}</title>
    <path d="${path}" />
  </svg>`
}
