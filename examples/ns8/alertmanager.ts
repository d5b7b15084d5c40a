// An Alertmanager that tells Sereno, and what Prometheus tells it.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort, type House, launch, type Program, until } from './programs.ts'

export async function startAlertmanager(house: House, hub: string, token?: string): Promise<Program> {
  const { folder } = house
  const port = await freePort()
  const access = token === undefined ? {} : { http_config: { authorization: { credentials: token } } }
  // As NethServer groups them, but with shorter waits.
  const route = { receiver: 'sereno', group_by: ['alertname', 'node'], group_wait: '1s', group_interval: '2s' }
  const webhook = { url: new URL('/alert', hub).href, send_resolved: true, ...access }
  const receivers = [{ name: 'sereno', webhook_configs: [webhook] }]
  const file = join(folder, 'alertmanager.yml')
  // What is JSON is YAML too.
  await writeFile(file, JSON.stringify({ route: { ...route, repeat_interval: '3h' }, receivers }))
  const where = [`--web.listen-address=127.0.0.1:${port}`, '--cluster.listen-address=']
  const args = [`--config.file=${file}`, `--storage.path=${join(folder, 'alertmanager')}`, ...where]
  const pid = await launch(house, 'prometheus-alertmanager', args)
  const url = `http://127.0.0.1:${port}`
  await until('prometheus-alertmanager', house, async () => {
    if (!(await fetch(`${url}/-/ready`)).ok) throw new Error('it is not ready yet')
  })
  return { url, port, pid }
}

/** As Prometheus does it, again and again; here the end is told beforehand. */
export async function post(
  { url }: Program,
  times: { readonly startsAt?: string; readonly endsAt: string },
): Promise<void> {
  const alert = {
    labels: {
      alertname: 'BackupFailed',
      id: '1',
      instance: '10.5.4.1:9100',
      job: 'providers',
      name: 'Nightly',
      node: '1',
      service: 'backup',
      severity: 'critical',
      target_type: 'node',
    },
    annotations: {
      summary_en: 'Backup job Nightly (ID: 1) has failed.',
      description_en: 'Backup job Nightly (ID: 1) has failed and requires attention.',
    },
    ...times,
  }
  const headers = { 'content-type': 'application/json' }
  const answer = await fetch(`${url}/api/v2/alerts`, {
    method: 'POST',
    headers,
    body: JSON.stringify([alert]),
  })
  if (!answer.ok) throw new Error(`Alertmanager answered ${answer.status}: ${await answer.text()}`)
}
