// The body of a webhook, version 4: the alerts of one group. https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
import { readJson, showJson } from '../../lib/read-json.ts'
import { type Group, isObject, optional, textOf, urlLength } from './alert.ts'

export interface Post {
  readonly alerts: readonly unknown[]
  readonly group: Group
  /** Alerts that the sender left out, as `max_alerts` has it. */
  readonly truncated: number
}

export interface Refusal {
  readonly status: 400 | 413
  readonly error: string
}

const mostAlerts = 10_000
const nameLength = 256
const keyLength = 1024

/** Group fields beside these are ignored, above all `status`: each alert has its own. */
export function readPost(body: Uint8Array): Post | Refusal {
  const read = readJson(body, 'The body')
  if ('error' in read) return { status: 400, error: read.error }
  const post = read.value
  if (!isObject(post)) {
    return {
      status: 400,
      error: 'The body is no JSON object; send {"alerts": […]}, as Alertmanager does to a webhook_config.',
    }
  }
  const { alerts, truncatedAlerts: truncated } = post
  if (!Array.isArray(alerts)) {
    const error = `alerts must be a list of alerts, not ${showJson(alerts)}; send what Alertmanager sends to a webhook_config.`
    return { status: 400, error }
  }
  if (alerts.length > mostAlerts) {
    const error = `A post may have ${mostAlerts} alerts, this one has ${alerts.length}; set max_alerts in the webhook_config.`
    return { status: 413, error }
  }
  return {
    alerts: alerts as readonly unknown[],
    group: {
      ...optional('receiver', textOf(post['receiver'], nameLength)),
      ...optional('groupKey', textOf(post['groupKey'], keyLength)),
      ...optional('externalUrl', textOf(post['externalURL'], urlLength)),
    },
    truncated: Number.isSafeInteger(truncated) && Number(truncated) > 0 ? Number(truncated) : 0,
  }
}
