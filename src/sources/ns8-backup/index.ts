// The ns8-backup source: backups of a NethServer 8 cluster, from its Redis, its Alertmanager and its restic repositories.
import type { SourceKind } from '../../source.ts'
import { type Ns8Options, ns8Options } from './options.ts'
import { runSource } from './source.ts'

export default {
  about:
    'Follows the backups of a NethServer 8 cluster: statuses and schedules from its Redis, alerts at POST /alert or /api/v1/webhook/<name of the source> and from its Alertmanager, and the state of each restic repository.',
  options: ns8Options,
  example: {
    redis: 'redis://127.0.0.1:6379',
    alertmanager: 'http://127.0.0.1:9093',
    zones: { '2': 'Europe/Rome' },
    open: ['127.0.0.0/8'],
  },
  start: runSource,
} satisfies SourceKind<Ns8Options>
