// What a boot came to, as the data of one event: what was to start and did, what failed, what is still missing, what is wrong.
import type { Json, NewEvent, Severity } from '../../words.ts'
import type { GuestState, OpenCondition, State } from './state.ts'

/** Of each sort; the rest is counted. */
const mostNamed = 100

/** `cutShort`: it stops or has booted again before its grace was over. */
export function reportOf(host: string, state: State, now: number, cutShort: boolean): NewEvent {
  const guests = Object.entries(state.guests).toSorted(([one], [other]) => Number(one) - Number(other))
  const started = guests.filter(
    ([, guest]) => guest.running && (guest.startedAt !== undefined || guest.onboot === true),
  )
  const failed = guests.filter(([, guest]) => guest.failed !== undefined && !guest.running)
  const pending = guests.filter(
    ([, { running, failed: why, onboot }]) => onboot === true && !running && why === undefined,
  )
  const unknown = guests.filter(
    ([, { running, failed: why, onboot }]) => onboot === undefined && !running && why === undefined,
  )
  const disabled = guests.filter(([, { running, onboot }]) => onboot === false && !running)
  const wrong = (kind: string): { readonly name: string; readonly reason: string }[] =>
    Object.entries(state.wrong)
      .filter(([thing]) => thing.startsWith(`${kind} `))
      .slice(0, mostNamed)
      .map(([thing, reason]) => ({ name: thing.slice(kind.length + 1), reason }))
  const [services, storages, network] = [wrong('unit'), wrong('storage'), wrong('network')]
  const said = new Set([
    ...[...failed, ...pending].flatMap(([id, { name }]) => (name === undefined ? [id] : [id, name])),
    ...[...services, ...storages, ...network].map(({ name }) => name),
  ])
  const others = state.open.filter(
    (one) => !/^(guest|service|storage|network)\./.test(one.type) || !speaksOf(one, said),
  )
  const isWrong =
    failed.length + pending.length + services.length + storages.length + network.length + others.length > 0
  const severity: Severity =
    failed.length > 0 && state.previousClean === false ? 'critical' : isWrong ? 'warning' : 'info'
  const lastUpAt = Math.max(...started.map(([, guest]) => guest.startedAt ?? -Infinity))
  return {
    type: 'host.startup-report',
    host,
    subject: host,
    severity: state.previousClean === false && severity === 'info' ? 'warning' : severity,
    data: {
      bootId: state.bootId,
      bootedAt: new Date(state.bootedAt).toISOString(),
      ...(state.previousClean === undefined ? {} : { previousClean: state.previousClean }),
      ...(state.downMs === undefined ? {} : { downSeconds: Math.round(state.downMs / 1000) }),
      ...(Number.isFinite(lastUpAt)
        ? { bootSeconds: Math.max(0, Math.round((lastUpAt - state.bootedAt) / 1000)) }
        : {}),
      afterSeconds: Math.max(0, Math.round((now - state.bootedAt) / 1000)),
      ...(cutShort ? { cutShort } : {}),
      started: named(started),
      startedCount: started.length,
      failed: named(failed),
      failedCount: failed.length,
      pending: named(pending),
      pendingCount: pending.length,
      disabledCount: disabled.length,
      ...(unknown.length === 0 ? {} : { unknown: named(unknown), unknownCount: unknown.length }),
      services,
      storages,
      network,
      late: Object.entries(state.late)
        .filter(([thing]) => state.wrong[thing] === undefined)
        .slice(0, mostNamed)
        .map(([thing, ms]) => ({ name: thing.slice(thing.indexOf(' ') + 1), afterSeconds: Math.round(ms / 1000) })),
      others: others.slice(0, mostNamed).map(({ title, severity: worst }) => ({ title, severity: worst })),
      notes: Object.entries(state.notes ?? {}).map(([title, count]) => ({ title, count })),
    },
  }
}

/** Whether it is about one of these: by its subject, or by a word of its key or title. */
function speaksOf({ subject, key, title }: OpenCondition, names: ReadonlySet<string>): boolean {
  if (subject !== undefined && names.has(subject)) return true
  return `${key} ${title}`.split(/[^\w.@-]+/).some((word) => names.has(word))
}

function named(guests: readonly (readonly [id: string, guest: GuestState])[]): Json[] {
  return guests.slice(0, mostNamed).map(([id, { name, guest, failed }]) => ({
    id: Number(id),
    name: name ?? `ID ${id}`,
    guest,
    ...(failed === undefined ? {} : { reason: failed }),
  }))
}
