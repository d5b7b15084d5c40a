// Points in time as people of one zone read them: 2026-05-10 13:12:17.

const formats = new Map<string, Intl.DateTimeFormat>()

/** `zone` is an IANA name; whole seconds, no zone said. */
export function localTime(at: number, zone: string): string {
  const parts = new Map(
    format(zone)
      .formatToParts(at)
      .map((part) => [part.type, part.value]),
  )
  const pick = (type: Intl.DateTimeFormatPartTypes): string => parts.get(type) ?? ''
  const year = pick('year').padStart(4, '0')
  return `${year}-${pick('month')}-${pick('day')} ${pick('hour')}:${pick('minute')}:${pick('second')}`
}

/** Without the date when it is that of `beside`. */
export function localTimeBeside(at: number, beside: number, zone: string): string {
  const text = localTime(at, zone)
  return text.slice(0, 10) === localTime(beside, zone).slice(0, 10) ? text.slice(11) : text
}

export function machineZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone
}

function format(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone)
  if (known !== undefined) return known
  const made = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  })
  formats.set(zone, made)
  return made
}
