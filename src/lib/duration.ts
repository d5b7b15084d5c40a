// Durations as people write them: 90s, 5m, 1h30m, 7d, 2y.

const units: { readonly [unit: string]: number } = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  /** Of 365 days. */
  y: 31_536_000_000,
}
const order = Object.keys(units).reverse()

/** Milliseconds; undefined for what is no duration. Each unit stands at most once, the longest first. */
export function readDuration(text: string): number | undefined {
  if (text === '0') return 0
  let ms = 0
  let last = -1
  let rest = text
  while (rest !== '') {
    const part = /^(\d{1,12})(ms|[smhdwy])/.exec(rest)
    const [whole = '', digits = '', unit = ''] = part ?? []
    const place = order.indexOf(unit)
    if (place <= last) return undefined
    last = place
    ms += Number(digits) * (units[unit] ?? 0)
    rest = rest.slice(whole.length)
  }
  return last < 0 || !Number.isSafeInteger(ms) ? undefined : ms
}

/** The shortest way to write it: 5400000 is 1h30m. */
export function writeDuration(ms: number): string {
  let rest = Math.max(0, Math.round(ms))
  let text = ''
  for (const unit of order) {
    if (unit === 'w' || unit === 'y') continue
    const size = units[unit] ?? 1
    const count = Math.floor(rest / size)
    if (count > 0) text += `${count}${unit}`
    rest -= count * size
  }
  return text === '' ? '0s' : text
}

/** As people say it, in at most two units: 7380000 is "2 h 3 min". */
export function spanWords(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000))
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 60) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  if (hours < 24) return `${hours} h${minutes % 60 === 0 ? '' : ` ${minutes % 60} min`}`
  const days = Math.floor(hours / 24)
  return `${days} d${hours % 24 === 0 ? '' : ` ${hours % 24} h`}`
}
