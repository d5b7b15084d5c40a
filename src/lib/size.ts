// Amounts of bytes as people write them, 10MB, 64KiB, 512, and as they read them, 45.0 GiB.

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

const binary = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const

/** As people read it: 45.0 GiB, 870.4 MiB, 12 B. */
export function writeSize(bytes: number): string {
  let value = Math.max(0, bytes)
  let unit = 0
  // What would be shown as 1024.0 is one of the next unit.
  while (value >= 1023.95 && unit < binary.length - 1) {
    value /= 1024
    unit += 1
  }
  return `${unit === 0 ? Math.round(value) : value.toFixed(1)} ${binary[unit] ?? 'B'}`
}
