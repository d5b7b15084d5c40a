// Reads Prometheus' text format, 0.0.4 and what OpenMetrics adds to it: of a page, the samples that are wanted.
// https://prometheus.io/docs/instrumenting/exposition_formats/

export interface ExposedSample {
  readonly name: string
  readonly labels: { readonly [name: string]: string }
  /** May be NaN or infinite. */
  readonly value: number
}

export interface Exposition {
  readonly samples: readonly ExposedSample[]
  /** Lines that are no samples, comments or empty, whether wanted or not. */
  readonly odd: number
}

/** Lines of other names are looked at no further than their name. */
export function readExposition(text: string, isWanted: (name: string) => boolean): Exposition {
  const samples: ExposedSample[] = []
  let odd = 0
  for (let from = 0; from < text.length;) {
    const feed = text.indexOf('\n', from)
    const end = feed < 0 ? text.length : feed
    const line = text.slice(from, end)
    from = end + 1
    if (line.startsWith('#') || line.trim() === '') continue
    const name = namePattern.exec(line)?.[1]
    if (name === undefined) odd += 1
    else if (isWanted(name)) {
      const sample = readSample(line, name)
      if (sample === undefined) odd += 1
      else samples.push(sample)
    }
  }
  return { samples, odd }
}

const namePattern = /^[ \t]*([a-zA-Z_:][a-zA-Z0-9_:]*)/
const labelPattern = /[ \t]*([a-zA-Z_][a-zA-Z0-9_]*)[ \t]*=[ \t]*"((?:[^"\\]|\\.)*)"[ \t]*(,?)/y
// A time may follow, and in OpenMetrics an exemplar.
const valuePattern = /^[ \t]*(\S+)(?:[ \t]+-?[\d.]+)?[ \t]*(?:# .*)?\r?$/

function readSample(line: string, name: string): ExposedSample | undefined {
  let at = line.indexOf(name) + name.length
  while (line[at] === ' ' || line[at] === '\t') at += 1
  if (line[at] !== '{') return toSample(name, {}, line.slice(at))
  const labels: [string, string][] = []
  at += 1
  for (let isMore = true; isMore;) {
    labelPattern.lastIndex = at
    const [whole, label = '', value = '', comma] = labelPattern.exec(line) ?? []
    if (whole === undefined) break
    labels.push([label, unescape(value)])
    at += whole.length
    isMore = comma === ','
  }
  while (line[at] === ' ' || line[at] === '\t') at += 1
  return line[at] === '}' ? toSample(name, Object.fromEntries(labels), line.slice(at + 1)) : undefined
}

function toSample(name: string, labels: ExposedSample['labels'], rest: string): ExposedSample | undefined {
  const word = valuePattern.exec(rest)?.[1]
  const value = word === undefined ? undefined : readValue(word)
  return value === undefined ? undefined : { name, labels, value }
}

function readValue(word: string): number | undefined {
  // Without the dot no second run of digits: two in a row could share a long one in as many ways as it has digits.
  if (/^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i.test(word)) return Number(word)
  if (/^nan$/i.test(word)) return Number.NaN
  const [, sign] = /^([+-]?)inf(?:inity)?$/i.exec(word) ?? []
  if (sign === undefined) return undefined
  return sign === '-' ? -Infinity : Infinity
}

/** Anything else after a backslash stays as it is. */
function unescape(text: string): string {
  return text.includes('\\') ? text.replaceAll(/\\(["\\n])/g, (_, char: string) => (char === 'n' ? '\n' : char)) : text
}
