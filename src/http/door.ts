// What the http room needs of a running hub; the API's part of it is in api.ts.
import type { Registry } from '../lib/metrics.ts'
import type { Log, RouteHandler } from '../source.ts'
import type { HubEvent } from '../words.ts'
import type { ApiDoor } from './api-door.ts'

export interface HubDoor extends ApiDoor {
  /** In force now; looked at anew for each request. */
  readonly routes: readonly MountedRoute[]
  readonly registry: Registry
  /** Address ranges from which /metrics needs no token; the same array while a config is in force. */
  metricsOpen(): readonly string[]
  readonly log: Log
  health(): Health
  /** What an event is called in one line; absent: its own title, else its type and subject. */
  titleOf?(event: HubEvent): string
}

/** A source's own way in. */
export interface MountedRoute {
  readonly source: string
  readonly method: 'GET' | 'POST' | 'PUT'
  /** Compared as it is, without parameters. */
  readonly path: string
  /** Address ranges from which it needs no token; the same array for as long as it is mounted. */
  readonly open: readonly string[]
  /** The hub's own ways in: for agents, whose sources are called `<token>/<source>`, and for hosts that become one. */
  readonly for?: 'agents' | 'enrolment'
  readonly handler: RouteHandler
}

export interface Health {
  /** False: something is stuck and a restart may help; said by /healthz. */
  readonly live: boolean
  /** False: it runs, but cannot do its work; said by /readyz. */
  readonly ready: boolean
  readonly checks: readonly HealthCheck[]
}

export interface HealthCheck {
  readonly name: string
  readonly ok: boolean
  /** One sentence. */
  readonly detail: string
}
