// The axis of times: round times of the reader's zone, and how they are written.
import { createZone } from '../../lib/zone.ts'

export interface TimeTick {
  readonly at: number
  readonly label: string
  /** A day begins. */
  readonly strong: boolean
}

interface Span {
  readonly from: number
  readonly to: number
}

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs
const stepsMs = [1, 2, 5, 10, 15, 30, 60, 120, 180, 240, 360, 720].map((minutes) => minutes * minuteMs)
const days = [1, 2, 7, 14]
const months = [1, 2, 3, 6, 12, 24, 60, 120]
const names = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** At most so many and one, by time upwards. */
export function toTimeTicks({ from, to }: Span, zoneName: string, mostTicks: number): TimeTick[] {
  const zone = createZone(zoneName)
  const wallOf = (at: number): number => at + zone.offsetAt(at)
  const [first, last] = [wallOf(from), wallOf(to)]
  const found = stepsMs.concat(days.map((count) => count * dayMs)).find((ms) => (last - first) / ms <= mostTicks)
  const walls = found === undefined ? monthWalls(first, last, mostTicks) : stepWalls(first, last, found)
  const byDay = found === undefined || found >= dayMs
  return (
    walls
      // An hour that the clock leaves out has no place.
      .map((wall) => ({
        wall,
        at: zone.toUtc(wall),
        label: labelOf(wall, found),
        strong: !byDay && wall % dayMs === 0,
      }))
      .filter(({ at, wall }) => at >= from && at <= to && wallOf(at) === wall)
      .map(({ at, label, strong }) => ({ at, label, strong }))
  )
}

function stepWalls(first: number, last: number, step: number): number[] {
  // 1970 began on a Thursday; weeks are counted from Mondays.
  const shift = step % (7 * dayMs) === 0 ? 4 * dayMs : 0
  const walls: number[] = []
  for (let wall = Math.ceil((first - shift) / step) * step + shift; wall <= last; wall += step) walls.push(wall)
  return walls
}

function monthWalls(first: number, last: number, mostTicks: number): number[] {
  const monthOf = (wall: number): number => new Date(wall).getUTCFullYear() * 12 + new Date(wall).getUTCMonth()
  const [from, to] = [monthOf(first), monthOf(last)]
  const step = months.find((count) => (to - from) / count <= mostTicks) ?? 1200
  const walls: number[] = []
  for (let month = Math.ceil(from / step) * step; month <= to; month += step) {
    walls.push(Date.UTC(Math.floor(month / 12), month % 12, 1))
  }
  return walls.filter((wall) => wall >= first && wall <= last)
}

/** The time of day, the day where one begins, or the month. */
function labelOf(wall: number, step: number | undefined): string {
  const date = new Date(wall)
  const month = names[date.getUTCMonth()] ?? ''
  if (step === undefined) return `${month} ${date.getUTCFullYear()}`
  return step >= dayMs || wall % dayMs === 0 ? `${date.getUTCDate()} ${month}` : date.toISOString().slice(11, 16)
}
