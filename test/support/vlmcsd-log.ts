// Makes logs as vlmcsd writes them, of clients that come and go at random, and says what really happened.
import { createRandom, type Random } from './random.ts'
import { applications, knownProducts, refusals, statuses } from './vlmcsd-words.ts'

export interface Traffic {
  readonly seed: number
  readonly clients: number
  /** Milliseconds in which they come. */
  readonly spanMs: number
  /** One connection after the other, none overlapping. */
  readonly alone?: boolean
  /** Health checks, scanners and half-open connections besides. */
  readonly noise?: boolean
  /** Chance that a worker dies without a word, and with one. */
  readonly killed?: number
  readonly crashed?: number
  /** Chance of a second request on the same connection. */
  readonly second?: number
  readonly labels?: 'old' | 'new'
  readonly prefix?: 'none' | 'date' | 'syslog' | 'cri' | 'compose'
  readonly names?: 'log' | 'unknown'
  readonly short?: boolean
  /** Hang up at once instead of after half a minute. */
  readonly hangUp?: boolean
  readonly hostileNames?: boolean
  /** Minutes that the log's clock is ahead of UTC. */
  readonly offsetMinutes?: number
  readonly startAt?: number
}

export interface TrueRequest {
  /** `address:port` as the log has it. */
  readonly key: string
  readonly client: string
  readonly machine: string
  readonly workstation: string
  readonly skuId: string
  readonly statusCode: number
  readonly outcome: 'answered' | 'refused'
  readonly hresult?: string
  /** UTC ms of the second of its first line. */
  readonly at: number
}

export interface TrueProbe {
  readonly key: string
  readonly at: number
}

export interface VlmcsdLog {
  readonly text: string
  readonly requests: readonly TrueRequest[]
  /** Connections that asked nothing and were closed. */
  readonly probes: readonly TrueProbe[]
}

export function makeVlmcsdLog(traffic: Traffic): VlmcsdLog {
  const random = createRandom(traffic.seed)
  const world: World = { traffic, random, lines: [], requests: [], probes: [], nextPort: 1024, nextPid: 100 }
  const startAt = traffic.startAt ?? Date.UTC(2026, 4, 10, 11)
  let at = startAt
  for (let index = 0; index < traffic.clients; index++) {
    if (traffic.alone) at = connect(world, makeClient(world, index), at) + random.between(1, 5000)
    else connect(world, makeClient(world, index), startAt + random.between(0, traffic.spanMs))
  }
  if (traffic.noise) makeNoise(world, startAt, traffic.alone ? 0 : traffic.spanMs)
  world.lines.sort((a, b) => a.at - b.at || a.order - b.order)
  return {
    text: world.lines.map((line) => render(line, traffic)).join(''),
    requests: world.requests,
    probes: world.probes,
  }
}

interface World {
  readonly traffic: Traffic
  readonly random: Random
  readonly lines: RawLine[]
  readonly requests: TrueRequest[]
  readonly probes: TrueProbe[]
  nextPort: number
  nextPid: number
}

interface RawLine {
  readonly at: number
  readonly order: number
  readonly pid: number
  readonly text: string
}

interface Client {
  readonly family: 'IPv4' | 'IPv6'
  /** In the log, with brackets. */
  readonly address: string
  readonly plain: string
  readonly machine: string
  readonly workstation: string
  readonly products: readonly (typeof knownProducts)[number][]
  readonly statusCode: number
}

function makeClient(world: World, index: number): Client {
  const { random, traffic } = world
  const machine = makeGuid(random)
  const plainName = random.chance(0.05) ? '' : `PC-${index}.example.lan`
  const odd = ['<!channel>', 'büro-ü-電', ')-(', 'x: IPv4 connection accepted: 8.8.8.8:1', 'a'.repeat(63)]
  const workstation = traffic.hostileNames && random.chance(0.4) ? random.pick(odd) : plainName
  const first = random.pick(knownProducts)
  const v4 = `${random.pick([10, 172, 192, 203])}.${random.whole(0, 255)}.${random.whole(0, 255)}.${random.whole(1, 254)}`
  const forms = [
    { family: 'IPv4', address: v4, plain: v4 },
    { family: 'IPv4', address: v4, plain: v4 },
    { family: 'IPv6', address: `[2001:db8::${index.toString(16)}]`, plain: `2001:db8::${index.toString(16)}` },
    { family: 'IPv6', address: `[fe80::${index.toString(16)}%eth0]`, plain: `fe80::${index.toString(16)}%eth0` },
    { family: 'IPv6', address: `[::ffff:${v4}]`, plain: v4 },
  ] as const
  const products = random.chance(traffic.second ?? 0.1) ? [first, random.pick(knownProducts)] : [first]
  return { ...random.pick(forms), machine, workstation, products, statusCode: random.pick([0, 1, 1, 2, 5]) }
}

/** Writes all the lines of a client's connection; the time of the last one. */
function connect(world: World, client: Client, startAt: number): number {
  const { random, traffic } = world
  const worker = openWorker(world, client.family, client.address, startAt)
  worker.wait(random.between(3, 60))
  client.products.forEach((product, index) => {
    if (index > 0) worker.wait(random.between(50, 2000))
    ask(world, client, product, worker)
  })
  if (random.chance(traffic.killed ?? 0)) return worker.at
  const heldMs = traffic.hangUp ? 1 : 30_000 * random.between(0.97, 1.03)
  if (random.chance(traffic.crashed ?? 0)) worker.say('Warning: Child killed/crashed by Segmentation fault')
  else worker.close(heldMs)
  return worker.at
}

interface Worker {
  at: number
  readonly key: string
  say(text: string): void
  wait(ms: number): void
  close(afterMs: number): void
}

function openWorker(world: World, family: string, address: string, startAt: number): Worker {
  const key = `${address}:${world.nextPort++}`
  const pid = world.nextPid++
  const worker: Worker = {
    at: startAt,
    key,
    say: (text) => {
      worker.at += world.random.between(0.02, 0.2)
      world.lines.push({ at: worker.at, order: world.lines.length, pid, text })
    },
    wait: (ms) => {
      worker.at += ms
    },
    close: (afterMs) => {
      worker.at += afterMs
      worker.say(`${family} connection closed: ${key}.`)
    },
  }
  worker.say(`${family} connection accepted: ${key}.`)
  return worker
}

function ask(world: World, client: Client, product: (typeof knownProducts)[number], worker: Worker): void {
  const { random, traffic } = world
  const refused = random.chance(0.02) ? random.pick(refusals) : undefined
  const [skuId, name] = product
  const told = traffic.names === 'unknown' ? 'Unknown' : name
  if (traffic.short) worker.say(`KMS v${product[2]} request from ${client.workstation} for ${name}`)
  else sayRequest(world, client, product, worker, told)
  world.requests.push({
    key: worker.key,
    client: client.plain,
    machine: client.machine,
    workstation: client.workstation,
    skuId,
    statusCode: client.statusCode,
    outcome: refused ? 'refused' : 'answered',
    ...(refused ? { hresult: refused[1] } : {}),
    at: requestAt(world, worker),
  })
  if (refused) worker.say(`${refused[0]} (${refused[1]})`)
  else if (traffic.short) worker.say('Sending ePID (vlmcsd default): 03612-00206-479-326298-03-1058-14393.0000-0072017')
  else sayResponse(client, product, worker, clientTime(world, worker))
}

/** The second of the first line of the request that was written last. */
function requestAt(world: World, worker: Worker): number {
  const first = world.lines.findLast(({ text }) => text.startsWith('<<<') || text.startsWith('KMS v'))
  return Math.floor((first?.at ?? worker.at) / 1000) * 1000
}

function sayRequest(
  world: World,
  client: Client,
  product: (typeof knownProducts)[number],
  worker: Worker,
  told: string,
): void {
  const [skuId, , protocol, minimum, application] = product
  const [applicationId, applicationName] = applications[application]
  const old = world.traffic.labels === 'old'
  const label = (text: string, value: string): void => worker.say(`${text.padEnd(32)}: ${value}`)
  worker.say('<<< Incoming KMS request')
  label('Protocol version', protocol)
  label('Client is a virtual machine', 'No')
  label('Licensing status', `${client.statusCode} (${statuses[client.statusCode]})`)
  label('Remaining time (0 = forever)', '43200 minutes')
  label('Application ID', `${applicationId} (${told === 'Unknown' ? told : applicationName})`)
  label(old ? 'Activation ID (Product)' : 'SKU ID (aka Activation ID)', `${skuId} (${told})`)
  label(
    old ? 'Key Management Service ID' : 'KMS ID (aka KMS counted ID)',
    `58e2134f-8e11-4d17-9cb2-91069c151148 (${told})`,
  )
  label('Client machine ID', client.machine)
  label('Previous client machine ID', '00000000-0000-0000-0000-000000000000')
  label('Client request timestamp (UTC)', clientTime(world, worker))
  label('Workstation name', client.workstation)
  label('N count policy (minimum clients)', String(minimum))
}

function sayResponse(client: Client, product: (typeof knownProducts)[number], worker: Worker, time: string): void {
  const label = (text: string, value: string): void => worker.say(`${text.padEnd(32)}: ${value}`)
  worker.say('>>> Sending response, ePID source = randomized at program start')
  label('Protocol version', product[2])
  label('KMS host extended PID', '03612-00206-479-326298-03-1058-14393.0000-0072017')
  if (product[2] === '6.0') label('KMS host Hardware ID', '3A1C049600B60076')
  label('Client machine ID', client.machine)
  label('Client request timestamp (UTC)', time)
  label('KMS host current active clients', '50')
  label('Renewal interval policy', '10080')
  label('Activation interval policy', '120')
}

/** The same for a request and its response. */
function clientTime(world: World, worker: Worker): string {
  return new Date(requestAt(world, worker)).toISOString().slice(0, 19).replace('T', ' ')
}

function makeNoise(world: World, startAt: number, spanMs: number): void {
  const { random } = world
  const probe = (address: string, at: number, heldMs: number): void => {
    const worker = openWorker(world, 'IPv4', address, at)
    world.probes.push({ key: worker.key, at: Math.floor(worker.at / 1000) * 1000 })
    worker.close(heldMs)
  }
  for (let at = startAt; at < startAt + spanMs; at += 5000)
    probe('10.0.20.102', at + random.next(), random.between(0.2, 2))
  for (let at = startAt; at < startAt + spanMs; at += 30_000) probe('10.0.20.102', at, random.between(0.2, 2))
  for (let at = startAt; at < startAt + spanMs; at += 60_000) probe('10.10.7.7', at, random.between(0.2, 2))
  for (let count = random.whole(0, 5); count > 0; count--) probe('198.51.100.7', startAt + random.between(0, spanMs), 1)
  for (let count = random.whole(0, 2); count > 0; count--) {
    probe('198.51.100.8', startAt + random.between(0, spanMs), 30_000)
  }
}

function render(line: RawLine, traffic: Traffic): string {
  const at = Math.floor(line.at / 1000) * 1000
  const wall = new Date(at + (traffic.offsetMinutes ?? 0) * 60_000).toISOString()
  const dated = `${wall.slice(0, 10)} ${wall.slice(11, 19)}: ${line.text}`
  switch (traffic.prefix ?? 'date') {
    case 'none':
      return `${line.text}\n`
    case 'date':
      return `${dated}\n`
    case 'syslog': {
      const day = String(Number(wall.slice(8, 10))).padStart(2)
      const month = new Date(wall).toLocaleString('en-US', { month: 'short', timeZone: 'UTC' })
      return `${month} ${day} ${wall.slice(11, 19)} kmshost vlmcsd[${line.pid}]: ${line.text}\n`
    }
    case 'cri':
      return `${new Date(line.at).toISOString().replace('Z', '123456Z')} stdout F ${dated}\n`
    case 'compose':
      return `kms-1  | ${dated}\n`
  }
}

function makeGuid(random: Random): string {
  const hex = Array.from({ length: 32 }, () => random.whole(0, 15).toString(16)).join('')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
