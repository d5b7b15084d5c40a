// What is read of a cluster's Redis, as it stands there; and which keys have to do with backups.
import { isPlanId } from './facts.ts'

export type Hash = ReadonlyMap<string, string>

export interface ClusterRows {
  /** Id of the node that leads. */
  readonly leader?: string
  /** By id. */
  readonly plans: ReadonlyMap<string, Hash>
  /** By id, without what is secret. */
  readonly destinations: ReadonlyMap<string, Hash>
  /** Node by module: those that exist. */
  readonly moduleNode: Hash
  readonly moduleUuid: Hash
  readonly modules: ReadonlyMap<string, ModuleRow>
  /** Era A: the plans of each module. */
  readonly memberships: ReadonlyMap<string, readonly string[]>
  readonly statuses: readonly StatusRow[]
}

export interface ModuleRow {
  readonly uiName?: string
  /** Such as ghcr.io/nethserver/mail:1.6. */
  readonly image?: string
  readonly noBackup: boolean
}

/** Era A: of one module; era B: of one node, with a field for each module. */
export interface StatusRow {
  readonly plan: string
  readonly of: 'module' | 'node'
  readonly id: string
  readonly hash: Hash
}

/** The keys of a cluster, sorted by what they hold. */
export interface BackupKeys {
  readonly plans: readonly string[]
  readonly memberships: readonly string[]
  readonly statuses: readonly { readonly plan: string; readonly of: 'module' | 'node'; readonly id: string }[]
}

/** One pattern for all of them, so that the key space is walked once. */
export const backupKeys = '*/backup*'

export function sortKeys(keys: Iterable<string>): BackupKeys {
  const plans: string[] = []
  const memberships: string[] = []
  const statuses: { plan: string; of: 'module' | 'node'; id: string }[] = []
  for (const key of keys) {
    const [first = '', id = '', kind = '', plan = '', ...more] = key.split('/')
    if (more.length > 0) continue
    if (first === 'cluster' && id === 'backup' && plan === '') {
      if (isPlanId(kind)) plans.push(kind)
    } else if (first === 'module' && kind === 'backups' && plan === '') memberships.push(id)
    else if ((first === 'module' || first === 'node') && kind === 'backup_status' && isPlanId(plan))
      statuses.push({ plan, of: first, id })
  }
  return { plans, memberships, statuses }
}
