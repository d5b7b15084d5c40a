// `sereno hosts enrol|revoke|restore`: lets a host report to the hub, and takes that back.
import { join } from 'node:path'
import { isLoopbackAddress } from '../http/auth.ts'
import { readDuration, writeDuration } from '../lib/duration.ts'
import { localTime, machineZone } from '../lib/local-time.ts'
import type { HubOptions } from './hub-client.ts'
import { withHub } from './hub-client.ts'
import { Refusal, type ExitCode, type Terminal } from './terminal.ts'

export interface EnrolOptions extends HubOptions {
  readonly expires: string
  readonly json?: boolean
}

interface Invitation {
  readonly name: string
  readonly code: string
  readonly expiresAt: string
  /** Absent: no hub runs, and its configuration names no address. */
  readonly hub?: string
}

export async function enrolHost(name: string, options: EnrolOptions, terminal: Terminal): Promise<ExitCode> {
  const lifeMs = readDuration(options.expires)
  if (lifeMs === undefined || lifeMs < 60_000) {
    throw new Refusal(`--expires ${options.expires} is no time from 1m, such as 1h or 7d`, 2)
  }
  const made = await withHub(
    options,
    async (hub) => {
      const query = new URLSearchParams({ expires: writeDuration(lifeMs) })
      return (await hub.post(`/api/v1/agents/${encodeURIComponent(name)}/enrol?${query.toString()}`)) as Invitation
    },
    () => inviteHere(name, lifeMs, options.data),
  )
  if (options.json === true) terminal.out(JSON.stringify(made))
  else print(made, terminal)
  return 0
}

export function revokeHost(name: string, options: HubOptions, terminal: Terminal): Promise<ExitCode> {
  return change('revoke', name, options, terminal)
}

export function restoreHost(name: string, options: HubOptions, terminal: Terminal): Promise<ExitCode> {
  return change('restore', name, options, terminal)
}

async function change(
  what: 'revoke' | 'restore',
  name: string,
  options: HubOptions,
  terminal: Terminal,
): Promise<ExitCode> {
  const message = await withHub(
    options,
    async (hub) => {
      const answer = await hub.post(`/api/v1/agents/${encodeURIComponent(name)}/${what}`)
      return (answer as { readonly message: string }).message
    },
    async () => {
      const enrolments = await openHere(options.data)
      if (!(await enrolments[what](name))) throw new Refusal(`There is no agent ${name} to ${what}.`)
      return what === 'revoke' ? `Agent ${name} is turned away from now on.` : `Agent ${name} is let in again.`
    },
  )
  terminal.out(message)
  return 0
}

/** Without a hub the file itself is written: the next start reads it. */
async function inviteHere(name: string, lifeMs: number, folder: string): Promise<Invitation> {
  const { nameProblem } = await import('../hub/agents/enrolments.ts')
  const { hub } = await readHubConfig()
  const taken = ['first', ...(hub?.tokens ?? []).map((token) => token.name)]
  const problem = nameProblem(name, taken)
  if (problem !== undefined) throw new Refusal(problem)
  const { code, expiresAt } = await (await openHere(folder)).invite(name, lifeMs)
  return {
    name,
    code,
    expiresAt: new Date(expiresAt).toISOString(),
    ...(hub?.url === undefined ? {} : { hub: hub.url }),
  }
}

async function readHubConfig() {
  const { loadFor } = await import('./configuration.ts')
  const read = await loadFor(undefined, 'may-be-missing').catch(() => undefined)
  return { hub: read?.config?.hub }
}

async function openHere(folder: string) {
  const { enrolmentFile, openEnrolments } = await import('../hub/agents/enrolments.ts')
  return openEnrolments({
    folder,
    now: Date.now,
    changed: () => {},
    damaged: (aside) => {
      throw new Refusal(`${join(folder, enrolmentFile)} could not be read; it was kept as ${aside}. Try again.`)
    },
  })
}

function print({ name, code, expiresAt, hub }: Invitation, terminal: Terminal): void {
  const until = localTime(Date.parse(expiresAt), machineZone())
  const address = hub ?? 'https://ADDRESS-OF-THIS-HUB'
  terminal.out(`To make a host the agent ${name}, paste this there by ${until}; the code works once:

  sereno agent --hub ${address} --enrol ${code}

On a host too small for Node.js, with agent/sereno-agent.sh copied there:

  sh sereno-agent.sh --hub ${address} --enrol ${code}`)
  const known = URL.parse(address)?.hostname
  if (known === undefined || !(known === 'localhost' || isLoopbackAddress(known))) return
  terminal.error(`Other hosts do not reach ${address}: put the address they know in hub.url.`)
}
