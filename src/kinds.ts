// The folders of kinds as a table of lazy imports; made by tools/kinds.ts, which runs in every build.

export const sources = {
  log: () => import('./sources/log/index.ts'),
} as const

export const watches = {} as const

export const channels = {} as const

export const eventTypes = {
  log: () => import('./event-types/log.ts'),
} as const
