// Random calendar expressions of systemd's grammar, good ones for the most part, and damaged ones.
import fc from 'fast-check'

export const anyZone = fc.constantFrom(
  'Europe/Rome',
  'America/New_York',
  'Australia/Lord_Howe',
  'Asia/Kathmandu',
  'UTC',
)

/** Milliseconds; some at the edge of a second, of a minute or of the hours in which clocks are moved. */
export const anyBase = fc.oneof(
  fc.integer({ min: Date.UTC(1995, 0), max: Date.UTC(2110, 0) }),
  fc.integer({ min: Date.UTC(1995, 0) / 60_000, max: Date.UTC(2110, 0) / 60_000 }).map((minute) => minute * 60_000),
  fc
    .tuple(
      fc.integer({ min: 1996, max: 2100 }),
      fc.constantFrom(2, 3, 9, 10),
      fc.integer({ min: 1, max: 31 }),
      fc.nat(200),
    )
    .map(([year, month, day, part]) => Date.UTC(year, month, day, 0, part * 15)),
)

const pad = (value: number, padded: boolean) => (padded ? String(value).padStart(2, '0') : String(value))

/** One part of a list, such as 5, 5/2, 5..10, 5..10/3. */
function anyItem(first: number, last: number, write: (value: number) => string): fc.Arbitrary<string> {
  const value = fc.integer({ min: first, max: last })
  const pair = fc.tuple(value, value).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const)
  const step = fc.oneof({ weight: 4, arbitrary: fc.integer({ min: 1, max: 5 }) }, value)
  return fc.oneof(
    { weight: 6, arbitrary: value.map(write) },
    { weight: 2, arbitrary: fc.tuple(value, step).map(([from, by]) => `${write(from)}/${write(by)}`) },
    { weight: 2, arbitrary: pair.map(([from, to]) => `${write(from)}..${write(to)}`) },
    {
      weight: 2,
      arbitrary: fc.tuple(pair, step).map(([[from, to], by]) => `${write(from)}..${write(to)}/${write(by)}`),
    },
  )
}

function anyList(first: number, last: number, star: number, write?: (value: number) => string): fc.Arbitrary<string> {
  const list = fc
    .boolean()
    .chain((padded) =>
      fc
        .array(anyItem(first, last, write ?? ((value) => pad(value, padded))), { minLength: 1, maxLength: 3 })
        .map((items) => items.join(',')),
    )
  return fc.oneof({ weight: star, arbitrary: fc.constant('*') }, { weight: 10, arbitrary: list })
}

const anyDate = fc.oneof(
  fc.tuple(anyList(1, 12, 20), anyList(1, 31, 15)).map(([month, day]) => `${month}-${day}`),
  fc.tuple(anyList(1995, 2150, 60), anyList(1, 12, 20), anyList(1, 31, 15)).map((parts) => parts.join('-')),
  fc.tuple(anyList(1, 12, 20), anyList(1, 28, 2)).map(([month, day]) => `*-${month}~${day}`),
  fc.tuple(anyList(0, 99, 10), anyList(1, 12, 20), anyList(1, 31, 15)).map((parts) => parts.join('-')),
)

const thousandths = (value: number) => String(value / 1000)
const anyTime = fc.oneof(
  fc.tuple(anyList(0, 23, 8), anyList(0, 59, 5)).map((parts) => parts.join(':')),
  fc.tuple(anyList(0, 3, 2), anyList(0, 59, 5)).map((parts) => parts.join(':')),
  fc.tuple(anyList(0, 23, 8), anyList(0, 59, 5), anyList(0, 59, 5)).map((parts) => parts.join(':')),
  fc.tuple(anyList(0, 23, 8), anyList(0, 59, 5), anyList(1, 59_999, 1, thousandths)).map((parts) => parts.join(':')),
)

const weekdays = ['Mon', 'Tuesday', 'WED', 'thu', 'Fri', 'sAturday', 'Sun']
const anyWeekdayRange = fc
  .tuple(fc.nat(6), fc.nat(6), fc.constantFrom('..', '..', '-'))
  .map(([a, b, dots]) => `${weekdays[Math.min(a, b)]}${dots}${weekdays[Math.max(a, b)]}`)
const anyWeekdays = fc
  .tuple(
    fc.array(fc.oneof(fc.constantFrom(...weekdays), anyWeekdayRange), { minLength: 1, maxLength: 3 }),
    fc.boolean(),
  )
  .map(([parts, comma]) => `${parts.join(',')}${comma ? ', ' : ' '}`)

const shorthands = [
  'minutely',
  'Hourly',
  'daily',
  'weekly',
  'monthly',
  'quarterly',
  'semiannually',
  'yearly',
  'anually',
]

const anyLong = fc
  .tuple(
    fc.oneof({ weight: 2, arbitrary: fc.constant('') }, anyWeekdays),
    fc.oneof(
      { weight: 4, arbitrary: fc.tuple(anyDate, anyTime).map((parts) => parts.join(' ')) },
      { weight: 2, arbitrary: anyTime },
      { weight: 2, arbitrary: anyDate },
    ),
  )
  .map((parts) => parts.join(''))

const anyZoneBehind = fc.oneof(
  { weight: 6, arbitrary: fc.constant('') },
  fc.constantFrom(' UTC', ' utc', ' Europe/Rome', ' America/New_York', ' Asia/Calcutta'),
)

export const anyExpression = fc
  .tuple(fc.oneof({ weight: 20, arbitrary: anyLong }, fc.constantFrom(...shorthands)), anyZoneBehind)
  .map((parts) => parts.join(''))

const bits = '0;1;2;3;4;5;6;7;8;9;*;/;,;-;~;:;.; ;@;..;/0;00;T; UTC;Mon;~07/1;,5;..9;2026'.split(';')

/** One to three pieces put in, taken out or replaced; the letters of a zone's name keep their case. */
export function mutate(text: string, random: () => number): string {
  let damaged = text
  for (let left = 1 + (random() % 3); left > 0; left -= 1) {
    const at = random() % (damaged.length + 1)
    const bit = bits[random() % bits.length] ?? ''
    const gone = random() % 3
    damaged = `${damaged.slice(0, at)}${random() % 4 === 0 ? '' : bit}${damaged.slice(at + gone)}`
  }
  return damaged
}
