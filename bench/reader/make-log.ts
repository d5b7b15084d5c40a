// Writes the log that the readers are measured on: activations, health checks, and connections that stay open all the while.
import { closeSync, openSync, writeSync } from 'node:fs'
import { createRandom } from '../../test/support/random.ts'

export interface BenchLog {
  readonly path: string
  readonly lines: number
  /** Connections that are open from the first lines to the last. */
  readonly open: number
}

/** The same lines whatever `open` is, but for how long the quiet connections last. */
export function writeBenchLog({ path, lines, open }: BenchLog): void {
  const out = createOutput(path)
  const random = createRandom(7)
  const quiet = Math.floor(lines / 10)
  const held = Array.from({ length: open }, (_, index) => address(11, index))
  for (const key of held) out.say(`IPv4 connection accepted: ${key}.`)
  out.wait(60)
  const waiting: { readonly key: string; readonly at: number }[] = []
  const rest = lines - open
  for (let index = 0, probes = open; out.lines < rest; index++) {
    for (; waiting[0] && waiting[0].at + 30 < out.second; waiting.shift())
      out.say(`IPv4 connection closed: ${waiting[0].key}.`)
    const key = address(10, index)
    out.say(`IPv4 connection accepted: ${key}.`)
    if (random.chance(0.3)) probe(out, address(12, index))
    sayRequest(out, random, index)
    waiting.push({ key, at: out.second })
    const due = Math.min(quiet, Math.floor((out.lines / rest) * quiet))
    for (; probes < due; probes++) probe(out, address(13, probes))
  }
  for (const key of held) out.say(`IPv4 connection closed: ${key}.`)
  out.close()
}

const products = [
  ['2de67392-b7a7-462a-b1ca-108dd189f588', 'Windows 10 Professional'],
  ['73111121-5638-40f6-bc11-f1d7b0d64300', 'Windows 10 Enterprise'],
  ['34e1ae55-27f8-4950-8877-7a03be5fb181', 'Windows Server 2019 Datacenter'],
  ['d450596f-894d-49e0-966a-fd39ed4c4c64', 'Office Professional Plus 2016'],
] as const

const start = Date.UTC(2026, 4, 10, 11)

/** Lines of one second of the log. */
const perSecond = 400

interface Output {
  readonly lines: number
  readonly second: number
  say(text: string): void
  /** Lets seconds pass. */
  wait(seconds: number): void
  close(): void
}

function probe(out: Output, key: string): void {
  out.say(`IPv4 connection accepted: ${key}.`)
  out.say(`IPv4 connection closed: ${key}.`)
}

function sayRequest(out: Output, random: ReturnType<typeof createRandom>, index: number): void {
  const [sku, name] = random.pick(products)
  const machine = `${(index % 20_000).toString(16).padStart(8, '0')}-0000-4000-8000-000000000000`
  const time = stampOf(out.second - (index % 3))
  out.say('<<< Incoming KMS request')
  out.say('Protocol version                : 6.0')
  out.say('Client is a virtual machine     : No')
  out.say(`Licensing status                : ${random.chance(0.7) ? '1 (Licensed)' : '5 (Notification)'}`)
  out.say('Remaining time (0 = forever)    : 43200 minutes')
  out.say('Application ID                  : 55c92734-d682-4d71-983e-d6ec3f16059f (Windows)')
  out.say(`SKU ID (aka Activation ID)      : ${sku} (${name})`)
  out.say('KMS ID (aka KMS counted ID)     : 58e2134f-8e11-4d17-9cb2-91069c151148 (Windows 10 2015 (Volume))')
  out.say(`Client machine ID               : ${machine}`)
  out.say('Previous client machine ID      : 00000000-0000-0000-0000-000000000000')
  out.say(`Client request timestamp (UTC)  : ${time}`)
  out.say(`Workstation name                : PC-${index % 20_000}.example.lan`)
  out.say('N count policy (minimum clients): 25')
  if (random.chance(0.02)) return out.say('Refusing unknown product (0xC004F042)')
  out.say('>>> Sending response, ePID source = randomized at program start')
  out.say('Protocol version                : 6.0')
  out.say('KMS host extended PID           : 03612-00206-479-326298-03-1058-14393.0000-0072017')
  out.say('KMS host Hardware ID            : 3A1C049600B60076')
  out.say(`Client machine ID               : ${machine}`)
  out.say(`Client request timestamp (UTC)  : ${time}`)
  out.say('KMS host current active clients : 50')
  out.say('Renewal interval policy         : 10080')
  out.say('Activation interval policy      : 120')
}

function address(first: number, index: number): string {
  return `${first}.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}:${1024 + (index % 60_000)}`
}

function stampOf(second: number): string {
  return new Date(start + second * 1000).toISOString().slice(0, 19).replace('T', ' ')
}

function createOutput(path: string): Output {
  const file = openSync(path, 'w')
  let lines = 0
  let waited = 0
  let shown = -1
  let stamp = ''
  let kept: string[] = []
  const second = (): number => Math.floor(lines / perSecond) + waited
  function flush(): void {
    writeSync(file, kept.join(''))
    kept = []
  }
  return {
    get lines() {
      return lines
    },
    get second() {
      return second()
    },
    say(text) {
      if (second() !== shown) {
        shown = second()
        stamp = stampOf(shown)
      }
      kept.push(`${stamp}: ${text}\n`)
      lines++
      if (kept.length >= 10_000) flush()
    },
    wait(seconds) {
      waited += seconds
    },
    close() {
      flush()
      closeSync(file)
    },
  }
}
