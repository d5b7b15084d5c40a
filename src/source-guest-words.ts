// How guests and storages are called, and how the ends of what was told of them read; shared by watches and event types.
import { cleanLine, cutText } from './lib/text.ts'
import type { Json, JsonObject } from './words.ts'

const longestName = 100

/** `web (100)`; of one without a name `VM 100` or `CT 200`. */
export function guestName({ id, guest, name }: JsonObject): string {
  const number = typeof id === 'number' ? String(id) : '?'
  const called = nameOf(name)
  if (called !== undefined) return `${called} (${number})`
  return `${guest === 'ct' ? 'CT' : 'VM'} ${number}`
}

/** Before a title: on which host it is. */
export function onHost(host: string | undefined, title: string): string {
  return host === undefined ? title : `${host}: ${title}`
}

/** What is so now, when a condition of this type has ended. */
export function guestEnd(type: string, data: JsonObject): string {
  const who = guestName(data)
  const { end } = data
  if (type === 'guest.died' && end === 'runs') return `${who} runs again`
  if (type === 'guest.died' && end === 'task') return `${who} was stopped by a task after all`
  if (type === 'guest.start-failed' && end === 'runs') return `${who} runs`
  if (type === 'guest.backup' && end === undefined) return `${who} is backed up`
  return end === 'forgotten' ? `${who} is forgotten with its host` : `${who} is no longer there`
}

export function storageEnd(type: string, data: JsonObject): string {
  const name = `storage ${nameOf(data['storage']) ?? '?'}`
  const { end, usedPercent } = data
  if (end === 'available') return `${name} is available again`
  if (end === 'cleared')
    return `${name} has room again${typeof usedPercent === 'number' ? `, ${usedPercent} % used` : ''}`
  if (end === 'gone') return `${name} is no longer there`
  return type === 'storage.full' ? `${name} is no longer watched for room` : `${name} is no longer watched`
}

function nameOf(name: Json | undefined): string | undefined {
  return typeof name === 'string' && name !== '' ? cutText(cleanLine(name), longestName) : undefined
}
