// The fingerprint that Prometheus and Alertmanager give to a set of labels: 64-bit FNV-1a over the sorted pairs, in hex.
// https://github.com/prometheus/common/blob/main/model/signature.go

const basis = 0xcbf29ce484222325n
const prime = 0x100000001b3n
const mask = 0xffffffffffffffffn
/** No valid UTF-8 has this byte, so no value can pose as two. */
const separator = 0xff

export function fingerprintOf(labels: { readonly [name: string]: string }): string {
  let sum = basis
  const add = (byte: number): void => {
    sum = ((sum ^ BigInt(byte)) * prime) & mask
  }
  for (const name of Object.keys(labels).toSorted()) {
    for (const text of [name, labels[name] ?? '']) {
      for (const byte of Buffer.from(text)) add(byte)
      add(separator)
    }
  }
  return sum.toString(16).padStart(16, '0')
}
