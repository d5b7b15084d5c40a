// What a KMS server's log tells: who activated what, who was refused, who only knocked.
import type { EventCounter, EventType, MessageWords } from '../event-type.ts'
import type { HubEvent, MessageField } from '../words.ts'

const clientFields = {
  client: 'Address of the client, without brackets or port; the best guess when the attribution is ambiguous.',
  port: 'Port of the client.',
  zone: 'Name of the range the address is in, `external` when it is in none.',
}

const attributionFields = {
  attribution: 'exact: proved by the log. ambiguous: several connections may have been the one.',
  candidates: 'When ambiguous: the connections it may have been, as address:port, best first.',
}

const requestFields = {
  ...clientFields,
  application: 'Windows, Office 2010 or Office 2013+.',
  product: "The product's name: the log's own, else that of the SKU id, else the SKU id itself.",
  skuId: 'SKU id (activation id) of the product, a GUID.',
  workstation: 'Name that the client gives itself.',
  status: 'Licensing status before the request, in words.',
  statusCode: 'The same as a number: 0 unlicensed, 1 licensed, 2 to 6 grace, non-genuine or notification.',
  machine: 'What the machine is known by: its client machine id, else its name, else its address.',
  clientMachineId: 'Client machine id, a GUID that Windows makes at installation.',
  previousClientMachineId: 'The id before that; all zeros when it never changed.',
  protocol: 'KMS protocol: 4.0, 5.0 or 6.0.',
  isVirtualMachine: 'Whether the client says that it is a virtual machine.',
  remainingSeconds: 'Time left of the licence before the request; 0 for ever.',
  minimumClients: 'Clients that the product wants the server to have seen (N count policy).',
  outcome: 'answered, refused, unknown (the log does not say) or lost (the server went away).',
  hresult: 'Code of a refusal, as in 0xC004F042.',
  reason: 'Words of a refusal.',
  activeClients: 'Clients that the server says it counts.',
  clockSkewSeconds: "How far the client's clock is ahead of the server's.",
  ...attributionFields,
}

const requestData = {
  client: '192.168.1.230',
  port: 53140,
  zone: 'external',
  application: 'Windows',
  product: 'Windows 10 Professional',
  skuId: '2de67392-b7a7-462a-b1ca-108dd189f588',
  workstation: 'WIN10-32.example.lan',
  status: 'Notification',
  statusCode: 5,
  machine: 'c0ece1f0-ea45-4568-a519-a680cd960f29',
  clientMachineId: 'c0ece1f0-ea45-4568-a519-a680cd960f29',
  previousClientMachineId: '00000000-0000-0000-0000-000000000000',
  protocol: '6.0',
  isVirtualMachine: true,
  remainingSeconds: 0,
  minimumClients: 25,
  outcome: 'answered',
  activeClients: 50,
  clockSkewSeconds: 1,
  attribution: 'exact',
}

const time = Date.UTC(2026, 4, 10, 13, 12, 17)

/** Another program's metric names, which dashboards rely on. */
const tellingCounters: readonly EventCounter[] = [
  {
    name: 'kms_activations_total',
    help: 'KMS activations and renewals seen in the log.',
    on: 'event',
    labels: { product: 'product', status: 'status' },
  },
  {
    name: 'kms_activations_dedup_skipped_total',
    help: 'KMS activations and renewals that were merged into an earlier message.',
    on: 'merged',
    labels: { product: 'product' },
  },
  {
    name: 'kms_last_activation_timestamp_seconds',
    help: 'Time of the last KMS activation or renewal.',
    on: 'last',
    labels: {},
  },
]

const activation: EventType = {
  name: 'kms.activation',
  about: 'A machine asked a KMS server for a licence that it did not have.',
  fields: requestFields,
  labels: ['zone', 'product'],
  severity: 'info',
  message: tellRequest,
  sample: { type: 'kms.activation', time, host: 'kms', subject: '192.168.1.230', data: requestData },
  counters: tellingCounters,
}

const renewal: EventType = {
  name: 'kms.renewal',
  about: 'A licensed machine renewed its licence, as it does every seven days.',
  fields: requestFields,
  labels: ['zone', 'product'],
  severity: 'info',
  message: tellRequest,
  sample: {
    type: 'kms.renewal',
    time,
    host: 'kms',
    subject: '192.168.1.230',
    data: { ...requestData, status: 'Licensed', statusCode: 1 },
  },
  counters: tellingCounters,
}

const refused: EventType = {
  name: 'kms.refused',
  about: 'The KMS server refused a request.',
  fields: requestFields,
  labels: ['zone', 'product'],
  severity: 'warning',
  message: (event) => ({
    title: 'KMS request refused',
    icon: 'no_entry',
    fields: [...whoFields(event), { name: 'Reason', value: refusalOf(event) }],
  }),
  sample: {
    type: 'kms.refused',
    time,
    host: 'kms',
    subject: '192.168.1.230',
    data: { ...requestData, outcome: 'refused', hresult: '0xC004F042', reason: 'Refusing unknown product' },
  },
}

const probe: EventType = {
  name: 'kms.probe',
  about: 'A connection to the KMS server that asked nothing: a health check or a port scan.',
  fields: { ...clientFields, durationSeconds: 'How long it stayed open.' },
  labels: ['zone'],
  severity: 'info',
  message: (event) => ({ title: 'KMS probe', icon: 'mag', fields: [clientField(event)] }),
  sample: {
    type: 'kms.probe',
    time,
    host: 'kms',
    subject: '10.10.107.224',
    data: { client: '10.10.107.224', port: 54321, zone: 'internal_pod', durationSeconds: 0 },
  },
  counters: [
    {
      name: 'kms_connection_probes_total',
      help: 'Connections to the KMS server that asked nothing, by zone.',
      on: 'event',
      labels: { source: 'zone' },
    },
  ],
}

const rejected: EventType = {
  name: 'kms.rejected',
  about: 'The KMS server turned a connection away before it could ask.',
  fields: {
    ...clientFields,
    reason: 'public-ip or unsupported-protocol.',
    protocol: 'The KMS protocol that is not supported.',
    ...attributionFields,
  },
  labels: ['zone', 'reason'],
  severity: 'warning',
  message: (event) => ({
    title: 'KMS connection rejected',
    icon: 'no_entry',
    fields: [clientField(event), { name: 'Reason', value: rejectionOf(event) }],
  }),
  sample: {
    type: 'kms.rejected',
    time,
    host: 'kms',
    subject: '203.0.113.9',
    data: { client: '203.0.113.9', port: 1111, zone: 'external', reason: 'public-ip', attribution: 'exact' },
  },
}

const started: EventType = {
  name: 'kms.server-started',
  about: 'The KMS server started.',
  fields: { version: 'Version of vlmcsd.' },
  labels: [],
  severity: 'info',
  message: (event) => tellServer(event, 'KMS server started'),
  sample: { type: 'kms.server-started', time, host: 'kms', data: { version: 'svn1113' } },
}

const stopped: EventType = {
  name: 'kms.server-stopped',
  about: 'The KMS server was shut down.',
  fields: { version: 'Version of vlmcsd.' },
  labels: [],
  severity: 'info',
  message: (event) => tellServer(event, 'KMS server stopped'),
  sample: { type: 'kms.server-stopped', time, host: 'kms', data: { version: 'svn1113' } },
}

const anomaly: EventType = {
  name: 'kms.anomaly',
  about: 'Something in the log of the KMS server is not as it should be.',
  fields: {
    kind: 'worker-crash, log-injection (a workstation name that forges lines) or incomplete (a request without content).',
    ...clientFields,
    signal: 'Of a crash: what killed the worker.',
    line: 'Of a log injection: the forged line, at most 256 characters.',
  },
  labels: ['kind'],
  severity: 'warning',
  message: tellAnomaly,
  sample: {
    type: 'kms.anomaly',
    time,
    host: 'kms',
    subject: '203.0.113.9',
    data: { kind: 'worker-crash', client: '203.0.113.9', port: 1111, zone: 'external', signal: 'Segmentation fault' },
  },
}

export default [activation, renewal, refused, probe, rejected, started, stopped, anomaly] satisfies readonly EventType[]

function tellRequest(event: HubEvent): MessageWords {
  return {
    title: 'KMS activation',
    icon: 'computer',
    fields: [...whoFields(event), { name: 'Status before', value: textOf(event, 'status') || 'unknown' }],
  }
}

function whoFields(event: HubEvent): MessageField[] {
  return [
    clientField(event),
    { name: 'Workstation', value: textOf(event, 'workstation') || '?', code: true },
    { name: 'Product', value: textOf(event, 'product') || 'unknown', code: true },
  ]
}

function clientField(event: HubEvent): MessageField {
  const note = [event.labels['zone'] ?? textOf(event, 'zone'), ...othersThan(event)]
    .filter((part) => part !== '')
    .join(', ')
  const field = { name: 'Client', value: textOf(event, 'client') || '?', code: true }
  return note === '' ? field : { ...field, note }
}

/** A guess must look like one: the connections that it may have been as well. */
function othersThan(event: HubEvent): string[] {
  const { candidates } = event.data
  if (event.data['attribution'] !== 'ambiguous' || !Array.isArray(candidates)) return []
  const others = candidates.slice(1).filter((one) => typeof one === 'string')
  if (others.length === 0) return ['not certain']
  const more = others.length > 2 ? ` or ${others.length - 2} more` : ''
  return [`not certain, or ${others.slice(0, 2).join(' or ')}${more}`]
}

function refusalOf(event: HubEvent): string {
  const words = textOf(event, 'reason') || 'refused'
  const code = textOf(event, 'hresult')
  return code === '' ? words : `${words} (${code})`
}

function rejectionOf(event: HubEvent): string {
  const reason = textOf(event, 'reason')
  if (reason === 'public-ip') return 'the server takes no clients with a public address'
  if (reason === 'unsupported-protocol')
    return `the server does not speak KMS protocol ${textOf(event, 'protocol') || '?'}`
  return reason || 'not said'
}

function tellServer(event: HubEvent, title: string): MessageWords {
  return { title, icon: 'computer', fields: [{ name: 'Version', value: textOf(event, 'version') || '?', code: true }] }
}

function tellAnomaly(event: HubEvent): MessageWords {
  const kind = textOf(event, 'kind')
  const titles: { readonly [kind: string]: string } = {
    'worker-crash': 'KMS server: a worker crashed',
    'log-injection': 'KMS server: a client tried to forge log lines',
    incomplete: 'KMS server: a request was cut short',
  }
  const fields: MessageField[] = textOf(event, 'client') === '' ? [] : [clientField(event)]
  if (textOf(event, 'signal') !== '') fields.push({ name: 'Signal', value: textOf(event, 'signal'), code: true })
  if (textOf(event, 'line') !== '') fields.push({ name: 'Line', value: textOf(event, 'line'), code: true })
  return { title: titles[kind] ?? 'KMS server: anomaly', icon: 'warning', fields }
}

function textOf(event: HubEvent, field: string): string {
  const value = event.data[field]
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}
