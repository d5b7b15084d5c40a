// How buckets lie on disk: columns of small differences, compressed; one series can be read without the others.
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { createBuckets, type Buckets, type SeriesBuckets } from './history-buckets.ts'

const version = 1
/** Better packing takes half as long again for a thousandth less. */
const level = 1
/** Less is not worth compressing, as of the pieces that a few minutes leave. */
const fewestBytes = 256
/** Decimal digits behind the point that are kept as whole numbers; what has more is kept as it is in memory. */
const mostDigits = 9
const raw = 255
/** A chunk is never so large; what claims to be is damaged. */
const mostBytes = 64 * 1024 * 1024

export function packChunk(series: SeriesBuckets): Uint8Array {
  const head = new Writer()
  const bodies: Uint8Array[] = []
  head.int(series.size)
  for (const [name, buckets] of series) {
    const body = new Writer()
    writeBuckets(body, buckets)
    const packed = press(body.bytes())
    head.text(name)
    head.int(packed.length)
    bodies.push(packed)
  }
  const first = new Writer()
  const packed = press(head.bytes())
  first.byte(version)
  first.int(packed.length)
  return Buffer.concat([first.bytes(), packed, ...bodies])
}

/** All of its series, or only the one named. Throws for a damaged one. */
export function unpackChunk(data: Uint8Array, only?: string): SeriesBuckets {
  const whole = new Reader(Buffer.from(data.buffer, data.byteOffset, data.byteLength))
  const found = whole.byte()
  if (found !== version) throw new Error(`a damaged row: history of version ${found}`)
  const head = unpress(whole.slice(whole.int()))
  const series: SeriesBuckets = new Map()
  for (let left = head.int(); left > 0; left -= 1) {
    const name = head.text()
    const body = whole.slice(head.int())
    if (only === undefined || only === name) series.set(name, readBuckets(unpress(body)))
  }
  return series
}

/** The first byte says whether the rest is compressed. */
function press(content: Buffer): Uint8Array {
  return content.length < fewestBytes
    ? Buffer.concat([Uint8Array.of(0), content])
    : Buffer.concat([Uint8Array.of(1), deflateRawSync(content, { level })])
}

function unpress(packed: Buffer): Reader {
  const rest = packed.subarray(1)
  return new Reader(packed[0] === 1 ? inflateRawSync(rest, { maxOutputLength: mostBytes }) : rest)
}

function writeBuckets(writer: Writer, { at, count, sum, min, max }: Buckets): void {
  writer.int(at.length)
  let last = 0
  for (const bucket of at) {
    writer.int(bucket - last)
    last = bucket
  }
  // Mostly one sample a minute: one column says it all.
  const single = count.every((value) => value === 1)
  writer.byte(single ? 1 : 0)
  writeColumn(writer, min)
  if (single) return
  for (const value of count) writer.int(value)
  writeColumn(writer, max)
  writeColumn(writer, sum.map(tidy))
}

function readBuckets(reader: Reader): Buckets {
  const buckets = createBuckets()
  const length = reader.int()
  let last = 0
  for (let index = 0; index < length; index += 1) {
    last += reader.int()
    buckets.at.push(last)
  }
  const single = reader.byte() === 1
  const min = readColumn(reader, length)
  if (single) return { at: buckets.at, count: min.map(() => 1), sum: [...min], min, max: [...min] }
  const count = Array.from({ length }, () => reader.int())
  const max = readColumn(reader, length)
  return { at: buckets.at, count, sum: readColumn(reader, length), min, max }
}

/** 0.1 and 0.2 add up to 0.30000000000000004, which takes eight bytes where 0.3 takes one. */
function tidy(sum: number): number {
  return Number.isInteger(sum) ? sum : Number(sum.toPrecision(13))
}

/** As whole numbers of a decimal digit or of a power of two where they all are, each as its difference to the one before. */
function writeColumn(writer: Writer, values: readonly number[]): void {
  const digits = digitsOf(values)
  const whole = digits === undefined ? undefined : scale(values, digits)
  if (digits === undefined || whole === undefined) {
    writer.byte(raw)
    for (const value of values) writer.double(value)
    return
  }
  let step = digits > 0 ? 1 : 2 ** 20
  for (const value of whole) while (value % step !== 0) step /= 2
  writer.byte(digits)
  writer.int(step)
  let last = 0
  for (const value of whole) {
    const next = value / step
    writer.signed(next - last)
    last = next
  }
}

function readColumn(reader: Reader, length: number): number[] {
  const digits = reader.byte()
  if (digits === raw) return Array.from({ length }, () => reader.double())
  const step = reader.int()
  const divisor = 10 ** digits
  let last = 0
  return Array.from({ length }, () => {
    last += reader.signed()
    return (last * step) / divisor
  })
}

/** Enough for all of them, as far as a first look says. */
function digitsOf(values: readonly number[]): number | undefined {
  let digits = 0
  for (const value of values) {
    while (!Number.isInteger(toWhole(value, digits))) if ((digits += 1) > mostDigits) return undefined
  }
  return digits
}

function scale(values: readonly number[], digits: number): number[] | undefined {
  const divisor = 10 ** digits
  const whole: number[] = []
  for (const value of values) {
    const next = Math.round(value * divisor)
    // Beyond, differences are no longer exact.
    if (!(Math.abs(next) < 2 ** 51) || next / divisor !== value) return undefined
    whole.push(next)
  }
  return whole
}

/** The whole number of so many digits behind the point that reads back as the value; else no whole number. */
function toWhole(value: number, digits: number): number {
  const divisor = 10 ** digits
  const next = Math.round(value * divisor)
  return next / divisor === value ? next : 0.5
}

class Writer {
  #bytes = Buffer.allocUnsafe(512)
  length = 0

  bytes(): Buffer {
    return this.#bytes.subarray(0, this.length)
  }

  byte(value: number): void {
    this.#room(1)
    this.#bytes[this.length++] = value
  }

  /** Not below zero; seven bits a byte, the low ones first. */
  int(value: number): void {
    this.#room(8)
    let rest = value
    while (rest >= 128) {
      this.#bytes[this.length++] = (rest % 128) + 128
      rest = Math.floor(rest / 128)
    }
    this.#bytes[this.length++] = rest
  }

  signed(value: number): void {
    this.int(value < 0 ? -2 * value - 1 : 2 * value)
  }

  double(value: number): void {
    this.#room(8)
    this.#bytes.writeDoubleLE(value, this.length)
    this.length += 8
  }

  text(value: string): void {
    const length = Buffer.byteLength(value)
    this.int(length)
    this.#room(length)
    this.#bytes.write(value, this.length)
    this.length += length
  }

  #room(bytes: number): void {
    if (this.length + bytes <= this.#bytes.length) return
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.length + bytes))
    this.#bytes.copy(larger)
    this.#bytes = larger
  }
}

class Reader {
  readonly #bytes: Buffer
  #place = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  slice(bytes: number): Buffer {
    const from = this.#place
    this.#place += bytes
    if (this.#place > this.#bytes.length) throw new Error('a damaged row: history ends early')
    return this.#bytes.subarray(from, this.#place)
  }

  byte(): number {
    const value = this.#bytes[this.#place++]
    if (value === undefined) throw new Error('a damaged row: history ends early')
    return value
  }

  int(): number {
    let value = 0
    let scale = 1
    for (;;) {
      const next = this.byte()
      value += (next % 128) * scale
      if (next < 128) return value
      scale *= 128
    }
  }

  signed(): number {
    const value = this.int()
    return value % 2 === 1 ? -(value + 1) / 2 : value / 2
  }

  double(): number {
    if (this.#place + 8 > this.#bytes.length) throw new Error('a damaged row: history ends early')
    const value = this.#bytes.readDoubleLE(this.#place)
    this.#place += 8
    return value
  }

  text(): string {
    const length = this.int()
    const value = this.#bytes.toString('utf8', this.#place, this.#place + length)
    this.#place += length
    return value
  }
}
