// The network interfaces of this machine as the kernel has them in /sys/class/net.
import { access, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { globMatches } from '../../lib/glob.ts'
import type { Thing } from '../../source-boot.ts'

/** By name, those that count. */
export async function readInterfaces(
  root: string,
  patterns: readonly string[] | undefined,
): Promise<ReadonlyMap<string, Thing>> {
  const folder = join(root, '/sys/class/net')
  const names = (await readdir(folder).catch(() => [])).slice(0, most)
  const found = await Promise.all(
    names.map(async (name): Promise<[string, Thing] | undefined> => {
      const at = join(folder, name)
      const counts =
        patterns === undefined ? await isOfHardware(folder, name) : patterns.some((one) => globMatches(one, name))
      return counts ? [name, toThing(await read(join(at, 'operstate')), await read(join(at, 'carrier')))] : undefined
    }),
  )
  return new Map(found.filter((one) => one !== undefined))
}

/** A machine with thousands of guests has as many. */
const most = 1000

/** Guests come and go with theirs; what has a wire or an antenna stays. */
async function isOfHardware(folder: string, name: string): Promise<boolean> {
  const at = join(folder, name)
  if (await exists(join(at, 'device'))) return true
  const parts = await readdir(join(at, 'brif')).catch(async () =>
    ((await read(join(at, 'bonding/slaves'))) ?? '').split(' ').filter((part) => part !== ''),
  )
  for (const part of parts) {
    if (await exists(join(folder, part, 'device'))) return true
    if (await exists(join(folder, part, 'bonding'))) return true
  }
  return false
}

/** https://www.kernel.org/doc/Documentation/networking/operstates.rst; some drivers know no state but a carrier. */
export function toThing(operstate: string | undefined, carrier: string | undefined): Thing {
  const state = operstate ?? 'unknown'
  const ok = state === 'up' || (state === 'unknown' && carrier === '1')
  return { ok, state }
}

/** Undefined for what cannot be read: the carrier of an interface that is switched off. */
async function read(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').then(
    (text) => text.trim(),
    () => undefined,
  )
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
