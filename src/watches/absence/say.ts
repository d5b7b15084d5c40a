// The events of the watch over hosts: one is silent, back, has booted; none is heard; two use one name.
import { spanWords } from '../../lib/duration.ts'
import type { NewEvent } from '../../words.ts'
import type { Boot } from './boots.ts'
import type { AllState, HostState, HostWord, Setting } from './state.ts'

/** More names than these are counted. */
const namesShown = 12

export function silent(host: string, { seenAt, everyMs, stopAt }: HostState, setting: Setting): NewEvent {
  const { options, place, now } = setting
  const heardAt = Math.min(seenAt, now)
  return {
    type: 'host.silent',
    host,
    severity: options.severity,
    data: {
      lastHeardAt: iso(heardAt),
      everySeconds: everyMs / 1000,
      ...(stopAt === undefined ? {} : { stoppedAt: iso(stopAt) }),
      timezone: place.zone,
    },
    condition: { key: host, state: 'firing', since: heardAt },
  }
}

export function back(host: string, before: HostState, setting: Setting): NewEvent {
  return end(host, before, setting, (span) => `${host} is back after ${span}`)
}

export function forgotten(host: string, before: HostState, setting: Setting): NewEvent {
  return end(host, before, setting, (span) => `${host} was forgotten; it had been silent for ${span}`)
}

export function notExpected(host: string, before: HostState, setting: Setting): NewEvent {
  return end(host, before, setting, () => `${host} is no longer expected to be heard always`)
}

function end(host: string, { seenAt }: HostState, { place, now }: Setting, title: (span: string) => string): NewEvent {
  const silentMs = Math.max(0, now - seenAt)
  return {
    type: 'host.silent',
    host,
    severity: 'info',
    title: title(spanWords(silentMs)),
    data: { silentSeconds: silentMs / 1000, lastHeardAt: iso(seenAt), timezone: place.zone },
    condition: { key: host, state: 'resolved' },
  }
}

/** Key of the condition that no host is heard; no host is called so. */
export const everyHost = '*'

export function blind({ lastHeardAt }: AllState, hosts: readonly string[], setting: Setting): NewEvent {
  const { options, place, now } = setting
  const since = Math.min(lastHeardAt ?? now, now)
  return {
    type: 'host.silent',
    severity: options.severity,
    data: {
      lastHeardAt: iso(since),
      hosts: hosts.slice(0, namesShown),
      hostCount: hosts.length,
      timezone: place.zone,
    },
    condition: { key: everyHost, state: 'firing', since },
  }
}

/** `host` is the first that is heard; undefined: none is expected any more. */
export function seeing({ lastHeardAt }: AllState, host: string | undefined, { place, now }: Setting): NewEvent {
  const silentMs = Math.max(0, now - (lastHeardAt ?? now))
  const title =
    host === undefined
      ? 'No host is expected to be heard any more'
      : `I hear hosts again after ${spanWords(silentMs)}: the first is ${host}`
  return {
    type: 'host.silent',
    severity: 'info',
    title,
    data: {
      silentSeconds: silentMs / 1000,
      ...(host === undefined ? {} : { firstHost: host }),
      timezone: place.zone,
    },
    condition: { key: everyHost, state: 'resolved' },
  }
}

/** `clean`: whether it had said that it stops; undefined: that may have been lost. */
export function booted(
  host: string,
  word: Extract<HostWord, { readonly booted: unknown }>,
  clean: boolean | undefined,
): NewEvent {
  return {
    type: 'host.booted',
    host,
    time: word.at,
    severity: clean === false ? 'warning' : 'info',
    data: { ...word.booted, ...(clean === undefined ? {} : { clean }) },
  }
}

export function rivals(host: string, [one, other]: readonly [Boot, Boot], at: number): NewEvent {
  const machines = [one.machine, other.machine].filter((id) => id !== undefined)
  return {
    type: 'host.conflict',
    host,
    time: at,
    data: { bootIds: [one.id, other.id], ...(machines.length === 2 ? { machineIds: machines } : {}) },
  }
}

function iso(at: number): string {
  return new Date(at).toISOString()
}
