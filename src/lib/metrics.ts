// A registry of counters, gauges and histograms in Prometheus' text format 0.0.4; label sets are bounded and say so.

export type MetricType = 'counter' | 'gauge' | 'histogram'
export type Labels = { readonly [name: string]: string }

export interface Metric {
  /** Adds to a counter or gauge. */
  add(by?: number, labels?: Labels): void
  /** Sets a gauge. */
  set(value: number, labels?: Labels): void
  /** Counts a histogram's observation. */
  observe(value: number, labels?: Labels): void
  /** Forgets all series that have these labels: what they told of is gone. */
  clear(labels?: Labels): void
}

export interface Registry {
  /** The same name again gives the same metric. Names are `[a-z_:][a-z0-9_:]*`; anything else throws. */
  metric(type: MetricType, name: string, help: string, buckets?: readonly number[]): Metric
  /** Called before each exposition, to set gauges of what is only known then. */
  beforeText(action: () => void | Promise<void>): void
  text(): Promise<string>
}

/** Label sets of one metric beyond this are counted under `other`: a label from outside must not fill the memory. */
const mostSeries = 200
const longestValue = 256
const longestGiven = 1024

interface Series {
  readonly labels: string
  value: number
  counts: number[]
  sum: number
}

interface Family {
  readonly type: MetricType
  readonly name: string
  readonly help: string
  readonly buckets: readonly number[]
  readonly series: Map<string, Series>
  /** By the labels as they were given: to sort and escape them is most of the work, and the same ones come again. */
  readonly given: Map<string, Series>
}

export function createRegistry(): Registry {
  const families = new Map<string, Family & { metric: Metric }>()
  const before: (() => void | Promise<void>)[] = []
  return {
    metric(type, name, help, buckets = []) {
      const known = families.get(name)
      if (known !== undefined) return known.metric
      if (!/^[a-z_:][a-z0-9_:]*$/.test(name)) throw new Error(`no name for a metric: ${name}`)
      const family: Family = { type, name, help, buckets, series: new Map(), given: new Map() }
      const metric = createMetric(family)
      families.set(name, { ...family, metric })
      return metric
    },
    beforeText: (action) => void before.push(action),
    async text() {
      for (const action of before) await action()
      return [...families.values()].map(expose).join('')
    },
  }
}

function createMetric(family: Family): Metric {
  return {
    add(by = 1, labels = {}) {
      seriesOf(family, labels).value += by
    },
    set(value, labels = {}) {
      seriesOf(family, labels).value = value
    },
    observe(value, labels = {}) {
      const series = seriesOf(family, labels)
      const bucket = family.buckets.findIndex((bound) => value <= bound)
      if (bucket >= 0) series.counts[bucket] = (series.counts[bucket] ?? 0) + 1
      series.value += 1
      series.sum += value
    },
    clear(labels = {}) {
      family.given.clear()
      const wanted = Object.entries(labels).map(([name, value]) => `,${write({ [name]: value })},`)
      for (const key of family.series.keys()) {
        // Quotation marks inside of values are escaped, so nothing but a whole label can look like one.
        if (wanted.every((label) => `,${key},`.includes(label))) family.series.delete(key)
      }
    },
  }
}

function seriesOf(family: Family, labels: Labels): Series {
  let given = ''
  for (const name in labels) given += `${name}=${labels[name]?.length}:${labels[name]};`
  const known = family.given.get(given)
  if (known !== undefined) return known
  const series = findSeries(family, labels)
  if (given.length <= longestGiven && family.given.size < mostSeries) family.given.set(given, series)
  return series
}

function findSeries(family: Family, labels: Labels): Series {
  const key = write(labels)
  const known = family.series.get(key)
  if (known !== undefined) return known
  if (family.series.size < mostSeries || key === '') return begin(family, key)
  const other = write(Object.fromEntries(Object.keys(labels).map((name) => [name, 'other'])))
  return family.series.get(other) ?? begin(family, other)
}

function begin(family: Family, labels: string): Series {
  const series = { labels, value: 0, counts: family.buckets.map(() => 0), sum: 0 }
  family.series.set(labels, series)
  return series
}

function write(labels: Labels): string {
  const names = Object.keys(labels).toSorted()
  return names.map((name) => `${name}="${escapeValue(labels[name] ?? '')}"`).join(',')
}

function escapeValue(value: string): string {
  // Controls are allowed in the format, but they fool terminals and tools that read lines.
  const shown = value.slice(0, longestValue).replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, '\ufffd')
  return shown.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}

function expose(family: Family): string {
  const { name, help, type } = family
  const head = `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n# TYPE ${name} ${type}\n`
  const all = [...family.series.values()].toSorted((one, other) => (one.labels < other.labels ? -1 : 1))
  return (
    head +
    all
      .map((series) => (type === 'histogram' ? buckets(family, series) : line(name, series.labels, series.value)))
      .join('')
  )
}

function buckets({ name, buckets: bounds }: Family, { labels, counts, value, sum }: Series): string {
  const join = (more: string): string => (labels === '' ? more : `${labels},${more}`)
  let total = 0
  const lines = bounds.map((bound, index) => {
    total += counts[index] ?? 0
    return line(`${name}_bucket`, join(`le="${bound}"`), total)
  })
  return [
    ...lines,
    line(`${name}_bucket`, join('le="+Inf"'), value),
    line(`${name}_sum`, labels, sum),
    line(`${name}_count`, labels, value),
  ].join('')
}

function line(name: string, labels: string, value: number): string {
  const text = Number.isFinite(value) ? String(value) : value > 0 ? '+Inf' : value < 0 ? '-Inf' : 'NaN'
  return `${name}${labels === '' ? '' : `{${labels}}`} ${text}\n`
}
