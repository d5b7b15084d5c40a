// Waits only so long for what may never answer, and asks it for nothing more until it has.

export interface Patience {
  /** Undefined: no answer in time, or still none to the question before. A failure is thrown. */
  ask<Answer>(key: string, work: () => Promise<Answer>): Promise<Answer | undefined>
  /** Questions without an answer. */
  readonly open: number
}

export function createPatience(deadlineMs: number): Patience {
  const open = new Set<string>()

  async function ask<Answer>(key: string, work: () => Promise<Answer>): Promise<Answer | undefined> {
    if (open.has(key)) return undefined
    open.add(key)
    const answer = work().finally(() => open.delete(key))
    // It may fail when nobody waits any more.
    answer.catch(() => {})
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(resolve, deadlineMs, undefined)
    })
    try {
      return await Promise.race([answer, late])
    } finally {
      clearTimeout(timer)
    }
  }

  return {
    ask,
    get open() {
      return open.size
    },
  }
}
