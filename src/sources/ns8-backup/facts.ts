// What this source tells the watch beside it: the shapes of its facts, and the bounds of the foreign text in them.

/** `backup.plan`, key: the plan's id. */
export type PlanSnapshot = {
  /** gone: the cluster has no such plan; unreadable: Redis could not be asked. */
  readonly state: 'read' | 'gone' | 'unreadable'
  readonly problem?: string
  readonly plan?: Plan
  readonly destination?: Destination
  readonly modules: readonly PlanModule[]
  /** The nodes that its modules are on. */
  readonly nodes: { readonly [id: string]: { readonly zone?: string } }
  /** How the cluster keeps statuses: A up to core 3.19, B since 3.20. */
  readonly era: Era
}

export type Era = 'A' | 'B'

export type Plan = {
  readonly name: string
  readonly enabled: boolean
  /** OnCalendar of systemd, in the zone of each node. */
  readonly schedule: string
  readonly repository: string
  /** As it stands there: a number of snapshots, in old data also such as 7d. */
  readonly retention?: string
  readonly instances: readonly string[]
}

export type Destination = {
  readonly id: string
  readonly name: string
  readonly url: string
  readonly provider: string
}

export type PlanModule = {
  readonly id: string
  /** null: the module was removed from the cluster. */
  readonly node: string | null
  readonly uiName?: string
  /** The application, such as mail. */
  readonly app?: string
  readonly uuid?: string
  readonly noBackup?: true
  readonly status?: RunStatus | UnreadableStatus
}

/** Of one module's last run; `start` and `end` are seconds since 1970, as NethServer has them. */
export type RunStatus = {
  readonly start: number
  readonly end: number
  readonly errors: number
  readonly totalSize?: number
  readonly totalFiles?: number
  readonly snapshots?: number
  /** Where it ran; a module may have moved since. */
  readonly node: string
}

export type UnreadableStatus = { readonly raw: string }

/** `backup.alert`, key: the plan's id, empty when the alert names none. */
export type BackupAlert = {
  readonly alertname: string
  readonly status: 'firing' | 'resolved'
  readonly node?: string
  readonly planName?: string
  /** ISO 8601, UTC. */
  readonly startsAt: string
  readonly fingerprint?: string
  readonly summary?: string
  readonly description?: string
  /** Texts by the name of their annotation, such as summary_it. */
  readonly language?: { readonly [annotation: string]: string }
  readonly receiver?: string
  readonly how: 'webhook' | 'poll'
}

/** `backup.cluster`, key: cluster. */
export type ClusterState = {
  /** The node that leads. */
  readonly leader?: string
  /** Modules with data of their own that no plan backs up. */
  readonly unprotected: readonly { readonly module: string; readonly uiName?: string }[]
  readonly redis: 'ok' | 'refused'
  readonly problem?: string
  /** Since when Redis has been refusing; ISO 8601, UTC. */
  readonly since?: string
}

/** NethServer makes them of the name of an image and a number; nothing else ever reaches a command line. */
export function isModuleId(text: string): boolean {
  return text.length <= 64 && /^[a-z][a-z0-9-]*[0-9]+$/.test(text)
}

export function isPlanId(text: string): boolean {
  return /^[0-9]{1,15}$/.test(text)
}
