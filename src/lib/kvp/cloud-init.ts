// Records as cloud-init writes them, byte for byte, wherever what it writes can be read again.
import { pythonFloat, quoteAscii } from './ascii-json.ts'
import { isoTime, type KvpEvent, type Writer } from './event.ts'
import { shorten, writeKey } from './key.ts'
import { mostKeyBytes, type Pair, valueBytes } from './record.ts'

export const generations = ['18.4', '22.4', '26.2'] as const
/** 18.4: the first; 22.4: with a uuid; 26.2: with a vm id and the duration. */
export type Generation = (typeof generations)[number]

export const cloudInitPrefix = 'CLOUD_INIT'

/** What it keeps free in each slice. */
const slack = 8
const longestName = { units: 100, bytes: 300 }

/** The uuid is not used by the first generation. */
export function encodeAsCloudInit(event: KvpEvent, writer: Writer, uuid: string, generation: Generation): Pair[] {
  // It would stop for ever at a name that is not well-formed; of a description it writes even that.
  const name = event.name.toWellFormed()
  const limit = generation === '18.4' ? valueBytes : 1024
  const head = headOf({ ...event, name }, generation)
  const escaped = quoteAscii(event.description)
  const whole = `${head},"msg":${escaped}}`
  const indexed = generation !== '18.4'
  if (whole.length <= limit) return [{ key: keyOf(event, name, writer, uuid, generation, 0), value: whole }]
  const text = escaped.slice(1, -1)
  // At a name that leaves no room it would never end.
  const values = sliceValues(head, text, limit) ?? sliceValues(headOf(shortened(event, name), generation), text, limit)
  if (values === undefined) throw new RangeError('its result leaves no room for what is said')
  const key = keyOf(event, name, writer, uuid, generation, indexed ? 1 + String(values.length - 1).length : 0)
  return values.map((value, index) => ({ key: indexed ? `${key}|${index}` : key, value }))
}

function keyOf(
  event: KvpEvent,
  name: string,
  writer: Writer,
  uuid: string,
  generation: Generation,
  spare: number,
): string {
  const type = event.type.toWellFormed()
  const parts = [writer.prefix, writer.incarnation, type, name]
  if (generation === '26.2') parts.push(writer.vmId)
  if (generation !== '18.4') parts.push(uuid)
  const key = parts.join('|')
  if (Buffer.byteLength(key) + spare <= mostKeyBytes) return key
  // It would cut off the uuid and the number of the slice.
  const used = {
    prefix: writer.prefix,
    incarnation: String(writer.incarnation),
    type,
    name,
    ...(generation === '26.2' ? { vmId: writer.vmId } : {}),
    ...(generation === '18.4' ? {} : { uuid }),
  }
  return writeKey(used, spare, { units: mostKeyBytes, bytes: mostKeyBytes })
}

function headOf(event: KvpEvent, generation: Generation): string {
  const { name, type, result, durationSeconds: duration } = event
  const suffix = generation === '26.2' ? '+00:00' : 'Z'
  const outcome = result === undefined ? '' : `,"result":${quoteAscii(result)}`
  const says = generation === '26.2' && result !== undefined && duration !== undefined && Number.isFinite(duration)
  const took = says ? `,"duration":${pythonFloat(duration)}` : ''
  return `{"name":${quoteAscii(name)},"type":${quoteAscii(type)},"ts":"${isoTime(event.at)}${suffix}"${outcome}${took}`
}

function shortened(event: KvpEvent, name: string): KvpEvent {
  const plain = (text: string): string => shorten(text.replace(/[^ -~]/gu, '?'), longestName)
  return { ...event, name: plain(name), type: plain(event.type) }
}

/** Cuts the escaped text wherever the room ends, inside of an escape as well. Undefined: there is no room. */
function sliceValues(head: string, escaped: string, limit: number): string[] | undefined {
  const values: string[] = []
  for (let at = 0; at < escaped.length;) {
    const before = `${head},"msg_i":${values.length},"msg":"`
    const room = limit - before.length - '"}'.length - slack
    if (room <= 0) return undefined
    values.push(`${before}${escaped.slice(at, at + room)}"}`)
    at += room
  }
  return values
}
