// What an agent's request says of the boot of its machine, handed to those who watch for boots.
import type { Input } from '../../engine/input.ts'
import { bootFacts, toBootFact } from '../../source-boot.ts'
import { sampleFact } from '../../source-sample.ts'
import type { NewFact } from '../../words.ts'
import type { AgentFacts } from './agent.ts'
import type { PostFrame } from './read-post.ts'

/** The machine that the request came from, and how long it was up then. */
export interface Machine {
  readonly host: string
  readonly bootId: string | undefined
  readonly uptimeSeconds: number | undefined
  readonly receivedAt: number
}

/** A sample of the machine itself that does not say in which boot it was taken. What is older than this boot is of another. */
export function withBoot(fact: NewFact, { host, bootId, uptimeSeconds, receivedAt }: Machine): NewFact {
  const { name, key, time = receivedAt, data } = fact
  if (bootId === undefined || uptimeSeconds === undefined || name !== sampleFact || key !== host) return fact
  const upAt = uptimeSeconds - Math.max(0, receivedAt - time) / 1000
  return data['bootId'] !== undefined || upAt < 0 ? fact : { ...fact, data: { ...data, bootId, uptimeSeconds: upAt } }
}

/**
 * A boot that was not known. Only of who names no host, and so speaks for the one that its token is called by: what an agent of
 * ours says of its machine stands in its samples, under the name that its configuration gives it.
 */
export function bootInputs(name: string, post: PostFrame, before: AgentFacts, receivedAt: number): Input[] {
  const { host, bootId, uptimeSeconds } = post
  if (host !== undefined || bootId === undefined || uptimeSeconds === undefined || before.bootId === bootId) return []
  const fact = toBootFact(bootFacts.boot, name, name, { bootId, uptimeSeconds }, receivedAt)
  return [{ kind: 'fact', source: `${name}/agent`, fact, receivedAt }]
}
