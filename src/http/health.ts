// What /healthz and /readyz answer: "ok", or 503 with what is wrong, a line each.
import type { Answer } from './answers.ts'
import type { Health } from './door.ts'

export function healthAnswer(health: Health, question: 'live' | 'ready'): Answer {
  if (health[question]) return { status: 200, body: 'ok\n' }
  return { status: 503, body: `${problemsOf(health).join('\n') || `not ${question}`}\n` }
}

export function problemsOf({ checks }: Health): readonly string[] {
  return checks.filter((check) => !check.ok).map((check) => check.detail)
}
