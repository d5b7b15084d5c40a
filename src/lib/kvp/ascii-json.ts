// JSON in ASCII alone, letter for letter as Python's `json.dumps` writes it, so that bytes, characters and UTF-16 units are one number.

const beyondAscii = /[\u007f-\uffff]/
const allBeyondAscii = /[\u007f-\uffff]/g

/** With its quotes. */
export function quoteAscii(text: string): string {
  const quoted = JSON.stringify(text)
  return beyondAscii.test(quoted) ? quoted.replace(allBeyondAscii, escapeUnit) : quoted
}

/** Characters that the code unit at this place takes, escaped; a pair of surrogates is two. */
export function escapedWidth(unit: number): number {
  if (unit > 0x7e) return 6
  if (unit > 0x1f) return unit === 0x22 || unit === 0x5c ? 2 : 1
  return unit === 8 || unit === 9 || unit === 10 || unit === 12 || unit === 13 ? 2 : 6
}

/** As Python's `repr` has floats: `3.0`, `1e+16`, `1e-05`. The digits are the same, being the fewest that say the number. */
export function pythonFloat(value: number): string {
  const sign = value < 0 || Object.is(value, -0) ? '-' : ''
  const [mantissa = '0', power = '0'] = Math.abs(value).toExponential().split('e')
  const digits = mantissa.replace('.', '')
  const point = Number(power)
  if (value !== 0 && (point < -4 || point >= 16)) {
    const width = String(Math.abs(point)).padStart(2, '0')
    return `${sign}${mantissa}e${point < 0 ? '-' : '+'}${width}`
  }
  if (point < 0) return `${sign}0.${'0'.repeat(-point - 1)}${digits}`
  const whole = digits.slice(0, point + 1).padEnd(point + 1, '0')
  return `${sign}${whole}.${digits.slice(point + 1) || '0'}`
}

const escapes: string[] = []

function escapeUnit(character: string): string {
  const unit = character.charCodeAt(0)
  return (escapes[unit] ??= `\\u${unit.toString(16).padStart(4, '0')}`)
}
