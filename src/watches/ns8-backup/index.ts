// Watches the backup plans of a NethServer 8 cluster: what became of each run, which runs are missing, and what is odd about the good ones.
import type { WatchKind } from '../../watch.ts'
import { stepCluster } from './cluster-row.ts'
import type { ClusterState } from './cluster-state.ts'
import { options, type Options } from './options.ts'
import { leavePlan, stepPlan } from './plan-row.ts'
import type { PlanState } from './state.ts'

const cluster = 'cluster'

type State = PlanState | ClusterState

export default {
  about:
    'Judges the backup plans of a NethServer 8 cluster: failed, missed, odd and repaired runs, and a regular report.',
  options,
  example: {},
  beside: true,
  facts: ['backup.plan', 'backup.alert', 'backup.repository', 'backup.cluster'],
  events: ['backup.report', 'backup.missed', 'backup.repository'],

  keys(options, input) {
    if (input.kind === 'event') return [cluster]
    const { name, key } = input.fact
    if (name === 'backup.cluster') return [cluster]
    const plan = key.split('/', 1)[0] ?? ''
    if (name === 'backup.alert' && plan === '') return [cluster]
    if (!isPlan(plan) || options.plans?.includes(plan) === false) return []
    return name === 'backup.alert' ? [plan] : [plan, cluster]
  },

  step(options, state, input, now, place) {
    if (input.key === cluster) return stepCluster(options, state as ClusterState | undefined, input, now, place)
    const plan = state as PlanState | undefined
    if (options.plans?.includes(input.key) === false) return leavePlan(options, plan, input.key, now, place)
    return stepPlan(options, plan, input, now, place)
  },

  begin: () => [cluster],
} satisfies WatchKind<Options, State>

/** NethServer counts its plans. */
function isPlan(key: string): boolean {
  return /^[0-9]{1,15}$/.test(key)
}
