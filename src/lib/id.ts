// Short sortable names for positions: Crockford's base 32 in lower case, nine digits.

const digits = '0123456789abcdefghjkmnpqrstvwxyz'
const width = 9

export function toId(position: number): string {
  let rest = position
  let id = ''
  while (rest > 0 || id.length < width) {
    id = digits[rest % 32] + id
    rest = Math.floor(rest / 32)
  }
  return id
}

/** Reads what people type: upper case, and the letters that look like digits. Not an id: undefined. */
export function fromId(id: string): number | undefined {
  const text = id.trim().toLowerCase().replaceAll(/[il]/g, '1').replaceAll('o', '0')
  if (text.length === 0 || text.length > 10) return undefined
  let position = 0
  for (const character of text) {
    const digit = digits.indexOf(character)
    if (digit < 0) return undefined
    position = position * 32 + digit
  }
  return Number.isSafeInteger(position) ? position : undefined
}

/**
 * Where a new order of positions begins: 1 024 for each second since 1970. A store that is begun anew after a loss
 * goes on above its predecessor unless that took more than 1 024 inputs a second for its whole life.
 */
export function firstPosition(now: number): number {
  return Math.floor(now / 1000) * 1024
}
