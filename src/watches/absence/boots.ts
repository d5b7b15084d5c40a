// Tells a new boot of a host from late news of an old one, and from a second machine that uses the same name.

/** One boot that was heard of; times are the samples' own. */
export type Boot = {
  readonly id: string
  readonly machine?: string
  readonly firstAt: number
  readonly lastAt: number
  /** It has been the host's boot, whether or not a word was said of that. */
  readonly counted?: true
}

/** What is known of a host's boots, the last one counted in front. */
export type Boots = {
  readonly list: readonly Boot[]
  /** The latest sample of all, and the boot it was of. */
  readonly heard: { readonly id: string; readonly at: number }
  /** How often a boot that was heard before spoke after another one. */
  readonly swings?: number
  /** When two machines were last seen to use the name, once that was said. */
  readonly conflictAt?: number
}

export interface Sign {
  readonly bootId: string
  readonly machineId?: string | undefined
  readonly at: number
}

export interface Heard {
  readonly boots: Boots
  /** The boot before, when this sample is the first one of a new boot. */
  readonly before?: Boot
  /** The boots that speak in turns. */
  readonly rivals?: readonly [Boot, Boot]
}

const bootsKept = 8
/** Two machines that still use one name are told of again after a day without. */
const conflictAgainMs = 86_400_000

/**
 * `quietMs`: after so long without a sample the machine that was heard may be another one by now.
 *
 * Of one machine, boots follow each other: a sample older than the first one of the boot that is known is late news.
 * What changes to and fro between two boots that are both known is no reboot but two machines.
 */
export function hear(boots: Boots | undefined, sign: Sign, quietMs: number): Heard {
  const heard = { id: sign.bootId, at: sign.at }
  if (boots === undefined) return { boots: { list: [{ ...toBoot(sign), counted: true }], heard } }
  const known = boots.list.find(({ id }) => id === sign.bootId)
  return known === undefined ? newcomer(boots, sign, quietMs) : familiar(boots, known, sign, quietMs)
}

/** As it is known once the clock was set back to `now`. */
export function notAfter(boots: Boots, now: number): Boots {
  const { list, heard } = boots
  return {
    ...boots,
    list: list.map((one) => ({
      ...one,
      firstAt: Math.min(one.firstAt, now),
      lastAt: Math.min(one.lastAt, now),
    })),
    heard: { ...heard, at: Math.min(heard.at, now) },
  }
}

function newcomer(boots: Boots, sign: Sign, quietMs: number): Heard {
  const [current] = boots.list
  const boot = toBoot(sign)
  if (current === undefined) return { boots: { ...boots, list: [boot] } }
  const isOld = sign.at < current.firstAt
  if (isOld || isRival(current, boot, sign.at, quietMs)) {
    return { boots: { ...boots, list: kept([current, boot, ...boots.list.slice(1)]), ...later(boots, sign) } }
  }
  return counted(boots, boot, current, sign)
}

function familiar(boots: Boots, known: Boot, sign: Sign, quietMs: number): Heard {
  const [current] = boots.list
  const boot = { ...known, lastAt: Math.max(known.lastAt, sign.at) }
  const swung = swing(boots, boot, sign)
  const next = { ...swung.boots, list: boots.list.map((one) => (one === known ? boot : one)), ...later(boots, sign) }
  if (current === undefined || current === known || sign.at <= current.lastAt) return { ...swung, boots: next }
  if (isRival(current, boot, sign.at, quietMs)) return { ...swung, boots: next }
  // A clock that was wrong at the start of the boot is right by now, or the other machine is gone.
  if (known.counted !== true && swung.rivals === undefined && next.conflictAt === undefined)
    return counted(next, { ...boot, firstAt: sign.at }, current, sign)
  return { ...swung, boots: sign.at > current.lastAt + quietMs ? inFront(next, { ...boot, counted: true }) : next }
}

function counted(boots: Boots, boot: Boot, before: Boot, sign: Sign): Heard {
  const { swings: _swings, ...rest } = boots
  return { boots: { ...inFront(rest, { ...boot, counted: true }), ...later(boots, sign) }, before }
}

/** Another machine by its own word, while the one that is known still speaks. */
function isRival(current: Boot, { machine }: Boot, at: number, quietMs: number): boolean {
  if (machine === undefined || current.machine === undefined || machine === current.machine) return false
  return at <= current.lastAt + quietMs
}

/** One change back says enough of machines that differ by their ids; of others it takes two, since clocks may be wrong. */
function swing(boots: Boots, boot: Boot, { at }: Sign): Heard {
  const other = boots.list.find(({ id }) => id === boots.heard.id)
  if (other === undefined || other.id === boot.id || at <= boots.heard.at) return { boots }
  const swings = (boots.swings ?? 0) + 1
  const differ = other.machine !== undefined && boot.machine !== undefined && other.machine !== boot.machine
  if (swings < (differ ? 1 : 2)) return { boots: { ...boots, swings } }
  const isSaid = boots.conflictAt !== undefined && at - boots.conflictAt < conflictAgainMs
  const next = { ...boots, swings, conflictAt: at }
  return isSaid ? { boots: next } : { boots: next, rivals: [other, boot] }
}

function later({ heard }: Boots, { bootId, at }: Sign): Pick<Boots, 'heard'> {
  return { heard: at >= heard.at ? { id: bootId, at } : heard }
}

function inFront(boots: Boots, boot: Boot): Boots {
  return { ...boots, list: kept([boot, ...boots.list.filter(({ id }) => id !== boot.id)]) }
}

function kept(list: readonly Boot[]): readonly Boot[] {
  return list.slice(0, bootsKept)
}

function toBoot({ bootId, machineId, at }: Sign): Boot {
  return { id: bootId, ...(machineId === undefined ? {} : { machine: machineId }), firstAt: at, lastAt: at }
}
