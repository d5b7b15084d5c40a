// Amounts of bytes in the short form of the Janitor's reports: counted in 1024s, called KB, MB, GB, at most two decimals.

const units = ['B', 'KB', 'MB', 'GB', 'TB', 'PB'] as const

/** `622.86 MB`, `1 KB`, `123 B`. What is just below the next unit stays in its own: `1024 KB`. */
export function humanSize(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit += 1
  }
  return `${twoDecimals(value).replace(/\.?0+$/, '')} ${units[unit] ?? 'B'}`
}

/** As C and Python print `%.2f`: what lies exactly between two goes to the even one, where JavaScript goes up. */
function twoDecimals(value: number): string {
  const eighths = value * 8
  const isEvenBelow = Number.isSafeInteger(eighths) && Math.abs(eighths) % 4 === 1
  return isEvenBelow ? (value - Math.sign(value) * 0.005).toFixed(2) : value.toFixed(2)
}
