// The folders of kinds as a table of lazy imports; made by tools/kinds.ts, which runs in every build.

export const sources = {
  alertmanager: () => import('./sources/alertmanager/index.ts'),
  cloudevents: () => import('./sources/cloudevents/index.ts'),
  fediverse: () => import('./sources/fediverse/index.ts'),
  heartbeat: () => import('./sources/heartbeat/index.ts'),
  host: () => import('./sources/host/index.ts'),
  'hyperv-kvp': () => import('./sources/hyperv-kvp/index.ts'),
  log: () => import('./sources/log/index.ts'),
  message: () => import('./sources/message.ts'),
  'node-exporter': () => import('./sources/node-exporter/index.ts'),
  'ns8-backup': () => import('./sources/ns8-backup/index.ts'),
  sysinfo: () => import('./sources/sysinfo.ts'),
  vlmcsd: () => import('./sources/vlmcsd/index.ts'),
} as const

export const watches = {
  absence: () => import('./watches/absence/index.ts'),
  boot: () => import('./watches/boot/index.ts'),
  heartbeat: () => import('./watches/heartbeat/index.ts'),
  'ns8-backup': () => import('./watches/ns8-backup/index.ts'),
  schedule: () => import('./watches/schedule/index.ts'),
  thresholds: () => import('./watches/thresholds/index.ts'),
} as const

export const channels = {
  console: () => import('./channels/console.ts'),
  email: () => import('./channels/email/index.ts'),
  fediverse: () => import('./channels/fediverse/index.ts'),
  'hyperv-kvp': () => import('./channels/hyperv-kvp/index.ts'),
  slack: () => import('./channels/slack.ts'),
  webhook: () => import('./channels/webhook.ts'),
} as const

export const eventTypes = {
  alert: () => import('./event-types/alert.ts'),
  backup: () => import('./event-types/backup/index.ts'),
  heartbeat: () => import('./event-types/heartbeat.ts'),
  'host-presence': () => import('./event-types/host-presence.ts'),
  'host-report': () => import('./event-types/host-report.ts'),
  'host-startup': () => import('./event-types/host-startup.ts'),
  'host-threshold': () => import('./event-types/host-threshold.ts'),
  kms: () => import('./event-types/kms.ts'),
  kvp: () => import('./event-types/kvp.ts'),
  log: () => import('./event-types/log.ts'),
  message: () => import('./event-types/message.ts'),
  report: () => import('./event-types/report.ts'),
  sereno: () => import('./event-types/sereno/index.ts'),
} as const

/** Watches that stand beside the source of their name, known without loading any. */
export const besideSources: readonly string[] = ['ns8-backup']
