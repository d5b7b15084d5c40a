// Amounts and spans as Proxmox writes them in tables and logs of backups; pure.

const powers: { readonly [unit: string]: number } = { '': 0, k: 1, m: 2, g: 3, t: 4, p: 5 }

/** `12.3 GiB`, `8.50GB`, `0 B`; in bytes. Proxmox counts in 1024s, whichever way it writes the unit. */
export function readSizeWords(text: string): number | undefined {
  const [, number, unit = ''] = /^\s*(\d{1,15}(?:\.\d{1,6})?)\s*([KMGTP]?)i?B?\s*$/i.exec(text) ?? []
  const power = powers[unit.toLowerCase()]
  return number === undefined || power === undefined ? undefined : Math.round(Number(number) * 1024 ** power)
}

/** `00:01:23`, `1:42`; in seconds. */
export function readColonTime(text: string): number | undefined {
  if (!/^\d{1,6}(?::\d\d){1,2}$/.test(text)) return undefined
  return text.split(':').reduce((seconds, part) => seconds * 60 + Number(part), 0)
}

/** `4m 21s`, `1h 2m 3s`, `3s`, `00:01:23`; in seconds. */
export function readSpanWords(text: string): number | undefined {
  const trimmed = text.trim()
  const colons = readColonTime(trimmed)
  if (colons !== undefined) return colons
  const [whole = '', days, hours, minutes, seconds] =
    /^(?:(\d{1,6})d ?)?(?:(\d{1,6})h ?)?(?:(\d{1,6})m(?:in)? ?)?(?:(\d{1,9})(?:\.\d+)?s)?$/.exec(trimmed) ?? []
  if (whole === '') return undefined
  return [days, hours, minutes, seconds].reduce(
    (sum, part, index) => sum + Number(part ?? 0) * ([86_400, 3600, 60, 1][index] ?? 0),
    0,
  )
}
