// Draws the course of a metric as SVG: a line for the average, a band from the least to the most, and gaps where nothing is known.
import { escapeHtml } from '../../page/html.ts'
import { toTimeTicks } from './time-axis.ts'
import { toValueAxis } from './value-axis.ts'

export interface Curve {
  /** A series; says the unit. */
  readonly metric: string
  readonly title: string
  /** Stands at the right of the title: `now 12 %`. */
  readonly note: string
  /** In one sentence, for who cannot see it. */
  readonly alt: string
  readonly from: number
  readonly to: number
  /** IANA name: the zone of the times. */
  readonly zone: string
  readonly stepSeconds: number
  readonly points: readonly CurvePoint[]
  readonly limit?: { readonly value: number; readonly label: string }
}

/** As the store answers; `at` is the beginning of its step. */
export type CurvePoint = readonly [at: number, count: number, sum: number, min: number, max: number]

/** `small`: two beside each other on a page, and one on a telephone. */
export type GraphSize = 'large' | 'small'
const sizes = { large: { width: 800, height: 300 }, small: { width: 480, height: 230 } } as const
/** Dots between two times. */
const apart = 74
/** Colours of a light card, with enough contrast to each other on a dark one; a page may set its own by class. */
const colours = {
  back: '#ffffff',
  text: '#1d2129',
  soft: '#5b6370',
  grid: '#e4e7eb',
  line: '#1d6fbf',
  limit: '#b3261e',
}
const font = 'font-family="Inter, system-ui, sans-serif"'

/** A document of its own, 800 × 300 or 480 × 230. Never throws for any numbers or texts. */
export function drawGraph(curve: Curve, size: GraphSize = 'large'): string {
  const points = curve.points.filter((point) => point.every(Number.isFinite) && point[1] > 0)
  const values = points
    .flatMap(([, , , min, max]) => [min, max])
    .concat(Number.isFinite(curve.limit?.value) ? (curve.limit?.value ?? []) : [])
  const [least, most] = values.reduce(
    ([low, high], value) => [Math.min(low, value), Math.max(high, value)],
    [Infinity, -Infinity],
  )
  const axis = values.length === 0 ? toValueAxis(curve.metric, 0, 1) : toValueAxis(curve.metric, least, most)
  const { width, height } = sizes[size]
  const plot: Plot = { left: 72, right: width - 16, top: 52, bottom: height - 36 }
  const scale = scaleOf(curve, plot, axis.low, axis.high)
  return `<svg xmlns="http://www.w3.org/2000/svg" class="graph" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">
<title>${escapeText(curve.alt)}</title>
<rect class="back" width="${width}" height="${height}" rx="8" fill="${colours.back}"/>
<text class="text" x="16" y="30" font-size="17" font-weight="600" ${font} fill="${colours.text}">${escapeText(shorten(curve.title, Math.round(width / 13)))}</text>
<text class="text" x="${plot.right}" y="30" text-anchor="end" font-size="15" ${font} fill="${colours.text}">${escapeText(shorten(curve.note, 30))}</text>
${valueLines(axis.ticks, scale)}${timeLines(curve, scale)}${drawGaps(curve, points, scale)}${drawCurve(curve, points, scale)}${limitLine(curve, scale)}${
    points.length === 0 ? emptyNote(plot) : ''
  }</svg>
`
}

function emptyNote({ left, right, top, bottom }: Plot): string {
  return `<text class="soft" x="${(left + right) / 2}" y="${(top + bottom) / 2 + 5}" text-anchor="middle" font-size="15" ${font} fill="${colours.soft}">nothing is known of this time</text>
`
}

interface Plot {
  readonly left: number
  readonly right: number
  readonly top: number
  readonly bottom: number
}

interface Scale {
  readonly plot: Plot
  x(at: number): number
  y(value: number): number
}

function scaleOf({ from, to }: Curve, plot: Plot, low: number, high: number): Scale {
  const span = Math.max(1, to - from)
  // Halves: the difference of the greatest numbers is none.
  const range = high / 2 - low / 2 || 1
  return {
    plot,
    x: (at) => plot.left + (Math.min(Math.max(at - from, 0), span) / span) * (plot.right - plot.left),
    y: (value) => {
      const share = (value / 2 - low / 2) / range
      return plot.bottom - Math.min(Math.max(share, 0), 1) * (plot.bottom - plot.top)
    },
  }
}

function valueLines(ticks: readonly { readonly value: number; readonly label: string }[], { plot, y }: Scale): string {
  const line = ({ value, label }: { readonly value: number; readonly label: string }): string => {
    const at = digits(y(value))
    return `<line class="grid" x1="${plot.left}" x2="${plot.right}" y1="${at}" y2="${at}" stroke="${colours.grid}"/>
<text class="soft" x="${plot.left - 8}" y="${digits(y(value) + 4)}" text-anchor="end" font-size="12" ${font} fill="${colours.soft}">${escapeText(shorten(label, 10))}</text>
`
  }
  return ticks.map(line).join('')
}

function timeLines({ from, to, zone }: Curve, { plot, x }: Scale): string {
  return toTimeTicks({ from, to }, zone, Math.floor((plot.right - plot.left) / apart))
    .map(({ at, label, strong }) => {
      const place = digits(x(at))
      // Half of a label must not stand outside.
      const anchor = x(at) > plot.right - 16 ? 'end' : 'middle'
      return `<line class="grid" x1="${place}" x2="${place}" y1="${plot.top}" y2="${plot.bottom + 5}" stroke="${colours.grid}"/>
<text class="${strong ? 'text' : 'soft'}" x="${place}" y="${plot.bottom + 21}" text-anchor="${anchor}" font-size="12"${strong ? ' font-weight="600"' : ''} ${font} fill="${strong ? colours.text : colours.soft}">${escapeText(label)}</text>
`
    })
    .join('')
}

/** Stretches of points without a gap between them. */
function runsOf({ stepSeconds }: Curve, points: readonly CurvePoint[]): CurvePoint[][] {
  const runs: CurvePoint[][] = []
  const most = gapMs(stepSeconds, points)
  for (const point of points) {
    const run = runs.at(-1)
    const last = run?.at(-1)
    if (run === undefined || last === undefined || point[0] - last[0] > most) runs.push([point])
    else run.push(point)
  }
  return runs
}

/** Samples may come more rarely than the steps are wide; two that are missing in a row are a gap. */
function gapMs(stepSeconds: number, points: readonly CurvePoint[]): number {
  const apart = points.slice(1).map(([at], index) => at - (points[index]?.[0] ?? 0))
  const usual = apart.toSorted((one, other) => one - other)[Math.floor(apart.length / 2)] ?? 0
  return Math.max(stepSeconds * 1000, usual) * 2.5
}

/** Between runs, and before and after them, the ground is shaded: nothing is known there. */
function drawGaps(curve: Curve, points: readonly CurvePoint[], { plot, x }: Scale): string {
  const stepMs = curve.stepSeconds * 1000
  const least = Math.max(gapMs(curve.stepSeconds, points), (curve.to - curve.from) / 200)
  let from = curve.from
  const edges = runsOf(curve, points).map((run) => [run[0]?.[0] ?? 0, (run.at(-1)?.[0] ?? 0) + stepMs] as const)
  return [...edges, [curve.to, curve.to] as const]
    .map(([begin, end]) => {
      const before = from
      from = end
      if (begin - before < least) return ''
      const [left, right] = [x(before), x(begin)]
      return `<rect class="gap" x="${digits(left)}" y="${plot.top}" width="${digits(right - left)}" height="${plot.bottom - plot.top}" fill="${colours.soft}" fill-opacity="0.08"/>
`
    })
    .join('')
}

function drawCurve(curve: Curve, points: readonly CurvePoint[], { x, y }: Scale): string {
  const half = curve.stepSeconds * 500
  const place = (at: number): number => x(Math.min(at + half, curve.to))
  const drawn = runsOf(curve, points).map((run) => {
    const line = run.map(([at, count, sum]) => `${digits(place(at))},${digits(y(sum / count))}`)
    const upper = run.map(([at, , , , max]) => `${digits(place(at))},${digits(y(max))}`)
    const lower = run.toReversed().map(([at, , , min]) => `${digits(place(at))},${digits(y(min))}`)
    if (run.length === 1) {
      const [at, count, sum, min, max] = run[0] as CurvePoint
      return `<line class="band" x1="${digits(place(at))}" x2="${digits(place(at))}" y1="${digits(y(min))}" y2="${digits(y(max))}" stroke="${colours.line}" stroke-opacity="0.25" stroke-width="3"/>
<circle class="dot" cx="${digits(place(at))}" cy="${digits(y(sum / count))}" r="2.5" fill="${colours.line}"/>
`
    }
    return `<polygon class="band" points="${upper.concat(lower).join(' ')}" fill="${colours.line}" fill-opacity="0.2"/>
<polyline class="line" points="${line.join(' ')}" fill="none" stroke="${colours.line}" stroke-width="1.8" stroke-linejoin="round" stroke-linecap="round"/>
`
  })
  const last = points.at(-1)
  const end =
    last === undefined
      ? ''
      : `<circle class="dot" cx="${digits(place(last[0]))}" cy="${digits(y(last[2] / last[1]))}" r="3.5" fill="${colours.line}"/>
`
  return drawn.join('') + end
}

function limitLine({ limit }: Curve, { plot, y }: Scale): string {
  if (limit === undefined || !Number.isFinite(limit.value)) return ''
  const at = y(limit.value)
  // Below the line where there is no room above it.
  const words = at < plot.top + 16 ? at + 14 : at - 5
  return `<line class="limit" x1="${plot.left}" x2="${plot.right}" y1="${digits(at)}" y2="${digits(at)}" stroke="${colours.limit}" stroke-width="1.5" stroke-dasharray="6 4"/>
<text class="limit-text" x="${plot.left + 6}" y="${digits(words)}" font-size="12" ${font} fill="${colours.limit}">${escapeText(shorten(limit.label, 60))}</text>
`
}

/** XML has no place for some characters that HTML bears, and the font none for the sign that stands for the others. */
function escapeText(text: string): string {
  return escapeHtml(text).replace(/[\ufffd\ufffe\uffff]/g, '?')
}

function shorten(text: string, most: number): string {
  const characters = Array.from(text)
  return characters.length <= most ? text : `${characters.slice(0, most - 1).join('')}…`
}

function digits(value: number): string {
  return String(Math.round(value * 10) / 10)
}
