// The grammar of vlmcsd's log lines: which form a line has and where its value begins. Works on bytes, makes no strings.
import { form, type Line } from './line.ts'

/** Sets `form` and `value` of a line whose prefixes are gone. */
export function classify(line: Line): void {
  // Lines mostly follow each other as the last time: that is tried first.
  const likely = followers[lastEntry]
  if (likely && likely.text[0] === line.bytes[line.start] && matches(line, likely)) {
    line.form = likely.form
    lastEntry = likely.index
    return
  }
  line.form = form.unknown
  const group = groups[line.bytes[line.start] ?? 0]
  if (!group) return
  const possible = group.entries[line.bytes[line.start + group.at] ?? 0]
  if (!possible) return
  for (const entry of possible) {
    if (!matches(line, entry)) continue
    line.form = entry.form
    followers[lastEntry] = entry
    lastEntry = entry.index
    return
  }
}

type Kind = 'label' | 'start' | 'whole' | 'coded'

interface Entry {
  readonly index: number
  readonly form: number
  readonly text: Uint8Array
  readonly kind: Kind
  readonly suffix?: Uint8Array
}

/** Entries with the same first byte, told apart by the byte at `at`. */
interface Group {
  readonly at: number
  readonly entries: readonly (readonly Entry[] | undefined)[]
}

function matches(line: Line, entry: Entry): boolean {
  const { bytes, start, end } = line
  const { text } = entry
  const after = start + text.length
  if (after > end) return false
  for (let index = 1; index < text.length; index++) if (bytes[start + index] !== text[index]) return false
  line.value = after
  if (entry.kind === 'label') return skipColon(line)
  if (entry.kind === 'whole') return after === end
  if (entry.kind === 'coded') return hasCode(line)
  return entry.suffix === undefined || endsWith(line, entry.suffix)
}

/** Labels are padded to 32 columns, but other paddings are fine. */
function skipColon(line: Line): boolean {
  const { bytes, end } = line
  let at = line.value
  while (at < end && bytes[at] === space) at++
  if (at >= end || bytes[at] !== colon) return false
  at++
  while (at < end && bytes[at] === space) at++
  line.value = at
  return true
}

/** A refusal ends with its HRESULT in brackets, as in (0xC004F042). */
function hasCode(line: Line): boolean {
  const { bytes, end } = line
  const open = end - 12
  if (open <= line.start || bytes[end - 1] !== 0x29 || bytes[open] !== 0x28) return false
  if (bytes[open + 1] !== 0x30 || bytes[open + 2] !== 0x78) return false
  for (let at = open + 3; at < end - 1; at++) if (!isHex(bytes[at] ?? 0)) return false
  line.value = open + 1
  return true
}

function endsWith(line: Line, suffix: Uint8Array): boolean {
  const from = line.end - suffix.length
  if (from < line.value) return false
  for (let index = 0; index < suffix.length; index++) if (line.bytes[from + index] !== suffix[index]) return false
  return true
}

function isHex(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x46) || (byte >= 0x61 && byte <= 0x66)
}

const space = 0x20
const colon = 0x3a
const encoder = new TextEncoder()
let entries = 0

function entry(kind: Kind, code: number, text: string, suffix?: string): Entry {
  const base = { index: entries++, form: code, kind, text: encoder.encode(text) }
  return suffix === undefined ? base : { ...base, suffix: encoder.encode(suffix) }
}

const table: readonly Entry[] = [
  entry('start', form.accepted, 'IPv4 connection accepted: ', '.'),
  entry('start', form.accepted, 'IPv6 connection accepted: ', '.'),
  entry('start', form.closed, 'IPv4 connection closed: ', '.'),
  entry('start', form.closed, 'IPv6 connection closed: ', '.'),
  entry('start', form.rpcAccepted, 'RPC connection accepted: '),
  entry('whole', form.request, '<<< Incoming KMS request'),
  entry('label', form.protocol, 'Protocol version'),
  entry('label', form.virtual, 'Client is a virtual machine'),
  entry('label', form.status, 'Licensing status'),
  entry('label', form.remaining, 'Remaining time (0 = forever)'),
  entry('label', form.application, 'Application ID'),
  entry('label', form.sku, 'SKU ID (aka Activation ID)'),
  entry('label', form.sku, 'Activation ID (Product)'),
  entry('label', form.counted, 'KMS ID (aka KMS counted ID)'),
  entry('label', form.counted, 'Key Management Service ID'),
  entry('label', form.machine, 'Client machine ID'),
  entry('label', form.previous, 'Previous client machine ID'),
  entry('label', form.clientTime, 'Client request timestamp (UTC)'),
  entry('label', form.workstation, 'Workstation name'),
  entry('label', form.minimum, 'N count policy (minimum clients)'),
  entry('start', form.response, '>>> Sending response'),
  entry('label', form.epid, 'KMS host extended PID'),
  entry('label', form.hardware, 'KMS host Hardware ID'),
  entry('label', form.active, 'KMS host current active clients'),
  entry('label', form.renewal, 'Renewal interval policy'),
  entry('label', form.retry, 'Activation interval policy'),
  entry('coded', form.refusal, 'Rejecting '),
  entry('coded', form.refusal, 'Refusing '),
  entry('coded', form.refusal, 'Client time differs '),
  entry('start', form.shortRequest, 'KMS v', ''),
  entry('start', form.shortResponse, 'Sending ePID ('),
  entry('whole', form.publicAddress, 'Client with public IP address rejected'),
  entry('start', form.unsupported, 'Fatal: KMSv', ' unsupported'),
  entry('start', form.crash, 'Warning: Child killed/crashed by '),
  entry('start', form.started, 'vlmcsd ', ' started successfully'),
  entry('start', form.stopped, 'vlmcsd ', ' was shutdown'),
  entry('start', form.chatter, 'Listening on '),
  entry('start', form.chatter, 'Read ini file '),
  entry('start', form.chatter, 'Read KMS data file '),
  entry('start', form.chatter, 'Using CSVLK '),
  entry('start', form.chatter, 'Cannot verify that client has a private IP address'),
  entry('start', form.chatter, 'Warning: '),
  entry('start', form.chatter, 'Fatal: '),
]

let lastEntry = 0
const followers: (Entry | undefined)[] = table.map(() => undefined)

const groups: readonly (Group | undefined)[] = makeGroups()

function makeGroups(): (Group | undefined)[] {
  const made: (Group | undefined)[] = Array(256).fill(undefined)
  for (const first of new Set(table.map(({ text }) => text[0] ?? 0))) {
    const all = table.filter(({ text }) => text[0] === first)
    const at = bestIndex(all)
    const byByte: Entry[][] = []
    for (const one of all) (byByte[one.text[at] ?? 0] ??= []).push(one)
    made[first] = { at, entries: Array.from({ length: 256 }, (_, byte) => byByte[byte]) }
  }
  return made
}

/** The place, within the shortest text, where the most entries differ. */
function bestIndex(entries: readonly Entry[]): number {
  const shortest = Math.min(...entries.map(({ text }) => text.length))
  let best = 0
  let most = 0
  for (let at = 0; at < shortest; at++) {
    const different = new Set(entries.map(({ text }) => text[at])).size
    if (different > most) [best, most] = [at, different]
  }
  return best
}
