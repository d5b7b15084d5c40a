// Events as pairs for the pool: values that the host gets whole, and slices of which each is JSON by itself.
import { escapedWidth, quoteAscii } from './ascii-json.ts'
import { isoTime, type KvpEvent, type Writer } from './event.ts'
import { shorten, writeKey } from './key.ts'
import { mostKeyBytes, mostKeyUnits, mostValueBytes, mostValueUnits, type Pair } from './record.ts'

/** A slice carries at least so much of the description, or the name in the value is shortened. */
const leastRoom = 64
const shortName = { units: 100, bytes: 300 }

/** Throws for an event that cannot be said at all, such as one of the year 20,000. */
export function encodeEvent(event: KvpEvent, writer: Writer, uuid: string): Pair[] {
  const name = event.name.toWellFormed()
  const type = event.type.toWellFormed()
  const description = event.description.toWellFormed()
  const head = headOf(event, name, type)
  const keyParts = { ...writer, incarnation: String(writer.incarnation), type, name, uuid }
  // Escaped it is never shorter.
  const whole = description.length < mostValueUnits ? `${head},"msg":${quoteAscii(description)}}` : undefined
  if (whole !== undefined && whole.length <= mostValueUnits) return [{ key: writeKey(keyParts, 0), value: whole }]
  const sliced = (text: string): string[] | undefined => sliceValues(text, description)
  const values =
    sliced(head) ??
    sliced(headOf(event, shorten(name, shortName), shorten(type, shortName))) ??
    sliced(headOf(event, quoteSafe(name), quoteSafe(type)))
  if (values === undefined) throw new RangeError('the name leaves no room for what is said')
  const key = writeKey(keyParts, 1 + String(values.length - 1).length)
  return values.map((value, index) => ({ key: values.length === 1 ? key : `${key}|${index}`, value }))
}

/** A pair as it is, cut after a whole character to what the host gets. */
export function encodePair(key: string, value: string): Pair {
  return {
    key: cutTo(key.toWellFormed(), mostKeyUnits, mostKeyBytes),
    value: cutTo(value.toWellFormed(), mostValueUnits, mostValueBytes),
  }
}

function headOf(event: KvpEvent, name: string, type: string): string {
  const { result, durationSeconds: duration } = event
  const outcome = result === undefined ? '' : `,"result":${quoteAscii(result)}`
  // NaN and Infinity are no JSON.
  const took = duration === undefined || !Number.isFinite(duration) ? '' : `,"duration":${duration}`
  return `{"name":${quoteAscii(name)},"type":${quoteAscii(type)},"ts":"${isoTime(event.at)}+00:00"${outcome}${took}`
}

/** Undefined: too little room. The count stands in each, so that a lost last slice is noticed. */
function sliceValues(head: string, description: string): string[] | undefined {
  for (let digits = 1; ; digits++) {
    const room = mostValueUnits - head.length - ',"msg_i":,"msg_n":,"msg":""}'.length - digits
    if (room - digits < leastRoom) return undefined
    const texts = cutEscaped(description, (index) => room - String(index).length)
    if (String(texts.length).length > digits) continue
    return texts.length === 1
      ? [`${head},"msg":${quoteAscii(texts[0] ?? '')}}`]
      : texts.map((text, index) => `${head},"msg_i":${index},"msg_n":${texts.length},"msg":${quoteAscii(text)}}`)
  }
}

/** Cuts between characters so that each piece, escaped, has the room of its number. */
function cutEscaped(text: string, roomOf: (index: number) => number): string[] {
  const pieces: string[] = []
  let start = 0
  let used = 0
  let room = roomOf(0)
  for (let at = 0; at < text.length;) {
    const unit = text.charCodeAt(at)
    const pair = unit >= 0xd800 && unit < 0xdc00
    const width = pair ? 12 : escapedWidth(unit)
    if (used + width > room) {
      pieces.push(text.slice(start, at))
      start = at
      used = 0
      room = roomOf(pieces.length)
    }
    used += width
    at += pair ? 2 : 1
  }
  pieces.push(text.slice(start))
  return pieces
}

/** Short however it is escaped. */
function quoteSafe(name: string): string {
  return shorten(name.replace(/[^\u0020-\u007e]|["\\]/gu, '?'), shortName)
}

function cutTo(text: string, units: number, bytes: number): string {
  if (text.length <= units && Buffer.byteLength(text) <= bytes) return text
  let length = 0
  let size = 0
  for (const character of text) {
    size += Buffer.byteLength(character)
    if (length + character.length > units || size > bytes) break
    length += character.length
  }
  return text.slice(0, length)
}
