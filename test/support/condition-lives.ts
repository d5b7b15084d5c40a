// What may happen in the life of conditions, and lives in which it once went wrong.

export interface Said {
  readonly source: string
  /** Two keys of each of three types. */
  readonly key: number
  readonly state: 'firing' | 'changed' | 'resolved'
  readonly severity: number
  readonly title: number
  /** A sender that repeats itself does so under the same identity. */
  readonly isKnown: boolean
  readonly lastsS: number
  /** Older than its source's news may be. */
  readonly isOld: boolean
  readonly ends: 'endsAt' | 'expireAfter' | 'never'
}

export type Action =
  | { readonly do: 'say'; readonly said: readonly Said[]; readonly during: number }
  | { readonly do: 'wait'; readonly seconds: number }
  | { readonly do: 'outage'; readonly channel: number; readonly outcome: number }
  | { readonly do: 'slow'; readonly seconds: number }
  | { readonly do: 'close'; readonly key: number }
  | { readonly do: 'behind'; readonly yes: boolean }
  | { readonly do: 'silence'; readonly type: number; readonly seconds: number }
  | { readonly do: 'ack'; readonly key: number }
  | { readonly do: 'retry' | 'restart' | 'unsilence' }
  | { readonly do: 'reload'; readonly config: number }

/** An end that was put into a message as that left, and is none by the time that it has arrived. */
const leaving: readonly Action[] = [
  { do: 'outage', channel: 1, outcome: 3 },
  { do: 'wait', seconds: 0 },
  { do: 'say', said: [says(1, 'firing'), says(0, 'firing', true)], during: 0 },
  { do: 'retry' },
  { do: 'say', said: [says(1, 'resolved'), says(1, 'firing'), says(0, 'firing')], during: 10 },
]

/** One recipient has heard of a change by another message than the other, whose own dies with its channel. */
const apart: readonly Action[] = [
  { do: 'say', said: [says(0, 'firing')], during: 300 },
  { do: 'say', said: [{ ...says(0, 'firing'), severity: 2 }], during: 0 },
  { do: 'say', said: [says(0, 'firing')], during: 0 },
  { do: 'restart' },
  { do: 'say', said: [{ ...says(0, 'firing'), title: 1 }, says(0, 'firing')], during: 0 },
  { do: 'reload', config: 2 },
]

/** What was put into a message as it left is given up with that. */
const givenUp: readonly Action[] = [
  { do: 'outage', channel: 0, outcome: 2 },
  { do: 'wait', seconds: 0 },
  { do: 'say', said: [{ ...says(3, 'firing', true), severity: 2 }], during: 0 },
  { do: 'say', said: [says(0, 'resolved'), says(3, 'firing')], during: 10 },
  { do: 'say', said: [says(0, 'firing')], during: 0 },
  { do: 'wait', seconds: 4000 },
]

/** Its end was put into a reminder that could not be sent. */
const reminded: readonly Action[] = [
  { do: 'say', said: [says(4, 'firing'), says(0, 'firing')], during: 0 },
  { do: 'outage', channel: 0, outcome: 1 },
  { do: 'wait', seconds: 4000 },
  { do: 'say', said: [says(4, 'resolved')], during: 300 },
  { do: 'wait', seconds: 4000 },
  { do: 'reload', config: 0 },
  { do: 'reload', config: 0 },
]

/** It was put into a message as that left, and is over before it has arrived. */
const backAgain: readonly Action[] = [
  { do: 'slow', seconds: 20 },
  { do: 'say', said: [says(3, 'firing'), says(0, 'resolved')], during: 0 },
  { do: 'slow', seconds: 3 },
  { do: 'say', said: [says(0, 'resolved')], during: 10 },
  { do: 'say', said: [says(1, 'firing'), says(0, 'firing')], during: 0 },
  { do: 'silence', type: 1, seconds: 20 },
  { do: 'say', said: [says(0, 'firing'), says(1, 'resolved'), says(0, 'firing')], during: 10 },
  { do: 'say', said: [says(1, 'firing')], during: 0 },
  { do: 'silence', type: 0, seconds: 20 },
]

/** What was put into a message as that left, and then into the one behind it. */
const twice: readonly Action[] = [
  { do: 'say', said: [says(0, 'firing')], during: 10 },
  { do: 'say', said: [says(1, 'firing', true), says(0, 'firing')], during: 0 },
  { do: 'slow', seconds: 20 },
  { do: 'say', said: [says(0, 'firing'), { ...says(1, 'firing'), title: 1 }, says(1, 'firing')], during: 10 },
  { do: 'say', said: [says(1, 'changed')], during: 0 },
  { do: 'say', said: [says(0, 'firing')], during: 0 },
  { do: 'say', said: [says(0, 'firing')], during: 0 },
]

/** It is back by the time that its fallback hears of it, in place of somebody who was to be told that it is over. */
const backForFallback: readonly Action[] = [
  { do: 'reload', config: 1 },
  { do: 'say', said: [{ ...says(1, 'firing'), severity: 3 }], during: 0 },
  { do: 'outage', channel: 1, outcome: 3 },
  { do: 'say', said: [says(1, 'resolved'), { ...says(1, 'firing'), ends: 'expireAfter' }], during: 0 },
  { do: 'say', said: [says(0, 'firing')], during: 0 },
  { do: 'wait', seconds: 1 },
]

/** The same of an end that waited for long. */
const backAfterLong: readonly Action[] = [
  { do: 'silence', type: 0, seconds: 300 },
  { do: 'say', said: [says(3, 'firing'), { ...says(1, 'firing'), ends: 'expireAfter' }], during: 0 },
  { do: 'reload', config: 1 },
  { do: 'outage', channel: 0, outcome: 1 },
  { do: 'wait', seconds: 4000 },
  { do: 'say', said: [says(3, 'resolved')], during: 0 },
  { do: 'say', said: [{ ...says(3, 'firing'), ends: 'endsAt' }, says(0, 'firing')], during: 0 },
  { do: 'outage', channel: 0, outcome: 0 },
]

/** Its end is sent again by hand, and then its beginning. */
const both: readonly Action[] = [
  { do: 'outage', channel: 0, outcome: 2 },
  { do: 'say', said: [{ ...says(0, 'firing', true), severity: 2, ends: 'expireAfter' }, says(3, 'firing')], during: 0 },
  { do: 'wait', seconds: 4000 },
  { do: 'retry' },
  { do: 'outage', channel: 0, outcome: 0 },
  { do: 'say', said: [says(0, 'firing')], during: 0 },
]

/** What could not be told is sent again when it has begun anew: once in vain, so that the fallback hears of it, once not. */
function anew(inVain: boolean): Action[] {
  return [
    { do: 'outage', channel: 0, outcome: 3 },
    { do: 'outage', channel: 2, outcome: 3 },
    { do: 'say', said: [says(1, 'firing')], during: 0 },
    { do: 'wait', seconds: 40 },
    { do: 'say', said: [says(1, 'resolved')], during: 0 },
    { do: 'wait', seconds: 700 },
    { do: 'outage', channel: inVain ? 2 : 0, outcome: 0 },
    { do: 'say', said: [says(1, 'firing')], during: 0 },
    { do: 'wait', seconds: 40 },
    { do: 'retry' },
    { do: 'wait', seconds: 40 },
  ]
}

function says(key: number, state: Said['state'], isOld = false): Said {
  return { source: 's', key, state, severity: 1, title: 0, isKnown: false, lastsS: 60, isOld, ends: 'never' }
}

export const lives: readonly (readonly Action[])[] = [
  leaving,
  apart,
  both,
  twice,
  backForFallback,
  backAfterLong,
  givenUp,
  reminded,
  backAgain,
  anew(false),
  anew(true),
]
