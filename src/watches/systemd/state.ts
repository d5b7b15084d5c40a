// What is kept of a host: its units and interfaces that are not well, and whether its packages are being upgraded.

export type Sort = 'unit' | 'network'

export type Wrong = {
  /** Since when it is seen to be so. */
  readonly since: number
  readonly state?: string
  readonly reason?: string
  /** The condition has begun. */
  readonly told?: true
}

export type State = {
  readonly v: 1
  /** By sort and name, such as `unit nginx.service`. */
  readonly wrong: { readonly [thing: string]: Wrong }
  /** Since when packages are upgraded, or until when they were. */
  readonly upgrade?: { readonly since: number; readonly endedAt?: number }
}

/** More than a machine can have at once and anybody would read. */
export const mostWrong = 300
export const nothing: State = { v: 1, wrong: {} }
