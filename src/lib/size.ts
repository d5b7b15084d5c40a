// Amounts of bytes as people write them: 10MB, 64KiB, 512.

const units: { readonly [unit: string]: number } = {
  b: 1,
  kb: 1000,
  mb: 1000 ** 2,
  gb: 1000 ** 3,
  tb: 1000 ** 4,
  kib: 1024,
  mib: 1024 ** 2,
  gib: 1024 ** 3,
  tib: 1024 ** 4,
}

/** Bytes; undefined for what is no size. KB counts in thousands, KiB in 1024s; case does not matter. */
export function readSize(text: string): number | undefined {
  const [, digits, unit = 'b'] = /^(\d{1,15}(?:\.\d{1,6})?) ?([kmgt]i?b|b)?$/i.exec(text) ?? []
  if (digits === undefined) return undefined
  const bytes = Number(digits) * (units[unit.toLowerCase()] ?? 1)
  return Number.isSafeInteger(bytes) ? bytes : undefined
}
