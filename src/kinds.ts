// The folders of kinds as a table of lazy imports; made by tools/kinds.ts, which runs in every build.

export const sources = {
  alertmanager: () => import('./sources/alertmanager/index.ts'),
  cloudevents: () => import('./sources/cloudevents/index.ts'),
  heartbeat: () => import('./sources/heartbeat/index.ts'),
  log: () => import('./sources/log/index.ts'),
  message: () => import('./sources/message.ts'),
  'ns8-backup': () => import('./sources/ns8-backup/index.ts'),
  vlmcsd: () => import('./sources/vlmcsd/index.ts'),
} as const

export const watches = {
  heartbeat: () => import('./watches/heartbeat/index.ts'),
  'ns8-backup': () => import('./watches/ns8-backup/index.ts'),
} as const

export const channels = {
  console: () => import('./channels/console.ts'),
  email: () => import('./channels/email/index.ts'),
  slack: () => import('./channels/slack.ts'),
  webhook: () => import('./channels/webhook.ts'),
} as const

export const eventTypes = {
  alert: () => import('./event-types/alert.ts'),
  backup: () => import('./event-types/backup/index.ts'),
  heartbeat: () => import('./event-types/heartbeat.ts'),
  kms: () => import('./event-types/kms.ts'),
  log: () => import('./event-types/log.ts'),
  message: () => import('./event-types/message.ts'),
  sereno: () => import('./event-types/sereno.ts'),
} as const
