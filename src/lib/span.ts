// Lengths of time as people read them: 42 s, 7 min, 24 h, 3 d; with two units where one would be too coarse.

/** One unit: seconds below a minute, minutes below an hour, hours below two days; rounded down. */
export function toSpan(ms: number): string {
  const { days, hours, minutes, seconds } = partsOf(ms)
  if (days >= 2) return `${days} d`
  if (hours + 24 * days >= 1) return `${hours + 24 * days} h`
  return minutes >= 1 ? `${minutes} min` : `${seconds} s`
}

/** The same with hours beside days and minutes beside hours: 3 d 4 h, 1 h 0 min. */
export function toFineSpan(ms: number): string {
  const { days, hours, minutes } = partsOf(ms)
  if (days >= 2) return `${days} d ${hours} h`
  return hours + 24 * days >= 1 ? `${hours + 24 * days} h ${minutes} min` : toSpan(ms)
}

function partsOf(ms: number): { days: number; hours: number; minutes: number; seconds: number } {
  const seconds = Number.isFinite(ms) ? Math.max(0, Math.floor(ms / 1000)) : 0
  return {
    days: Math.floor(seconds / 86_400),
    hours: Math.floor(seconds / 3600) % 24,
    minutes: Math.floor(seconds / 60) % 60,
    seconds: seconds % 60,
  }
}
