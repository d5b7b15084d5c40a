// What /healthz and /readyz answer: "ok", or 503 with what is wrong, a line each.
import type { Answer } from './answers.ts'
import type { Health } from './door.ts'

/** `detailed`: who asks may know more than the names of what is wrong. */
export function healthAnswer(health: Health, question: 'live' | 'ready', detailed: boolean): Answer {
  if (health[question]) return { status: 200, body: 'ok\n' }
  const wrong = health.checks.filter((check) => !check.ok)
  const lines = wrong.map(({ name, detail }) => (detailed ? `${name}: ${detail}` : name))
  return { status: 503, body: `${lines.join('\n') || `not ${question}`}\n` }
}
