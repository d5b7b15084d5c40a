// The commented file that `sereno init` writes: it works as it is, and shows what comes next.

export function initFile(): string {
  return text
}

const text = `# The configuration of Sereno. 'sereno check' tells every mistake in it; a running hub reads it again on SIGHUP.
# All options: docs/reference.md. Anywhere in a text, \${env:NAME} stands for an environment variable and
# \${file:/path} for the content of a file. Durations: 90s 5m 1h 7d. Sizes: 64KiB 10MB.

hub:
  # Where the hub answers. Beyond this machine it needs tls, or insecure: true behind a proxy that does TLS.
  listen: 127.0.0.1:8723
  # How people reach it; messages then have links.
  # url: https://sereno.example.org
  # The folder for all that it keeps.
  data: ./sereno-data
  # The zone in which people read times. Default: that of this machine.
  # timezone: Europe/Rome
  # From here no token is needed to read /metrics.
  open: { metrics: [127.0.0.0/8, '::1/128'] }
  # The channel that hears what another one could not be told.
  fallback: console

# What is listened to.
sources:
  # Scripts post to /message:
  #   curl -d "hostname=$(hostname)" -d "message=The backup is done" http://127.0.0.1:8723/message
  message:
    kind: message
    # From here no token is needed.
    open: [127.0.0.0/8, '::1/128']

  # This machine: processor, memory, disks, temperatures and more, once a minute.
  this: { kind: host }

  # Other hosts may post theirs to /sysinfo, as the Janitor's remotes do; from here they need no token.
  sysinfo: { kind: sysinfo, open: [127.0.0.0/8, '::1/128'] }

  # Others have a node_exporter, which is asked.
  # servers: { kind: node-exporter, url: ['http://nas.example.org:9100'] }

  # A KMS server: who activated, renewed or was refused.
  # kms:
  #   kind: vlmcsd
  #   path: /var/log/vlmcsd/vlmcsd.log
  #   zones: { internal_pod: [10.10.0.0/16], cluster_node: [10.0.20.0/24] }

  # Any other log: lines that match are events (log.line). Patterns are RE2.
  # app:
  #   kind: log
  #   path: /var/log/app.log
  #   match: { pattern: 'ERROR (?<message>.*)', name: error, severity: error }

# What is judged over time: usual limits of processor, memory, disks and temperature, hosts that fall silent, and boots.
watches:
  limits: { kind: thresholds }
  presence: { kind: absence }
  boots: { kind: boot }

# Where people read.
channels:
  # The output of the hub itself.
  console: { kind: console }

  # team:
  #   kind: slack
  #   url: \${env:SLACK_WEBHOOK_URL}

# Which events matter, and to whom. Read from the top; every rule that matches applies, until one says stop: true.
rules:
  - name: messages
    on: message
    to: [console]

  - name: hosts
    on: [host.*]
    remind: 6h
    to: [console]

  # What the hub says of itself, except that it started and similar news.
  - name: trouble
    on: sereno.*
    where: severity!="info"
    to: [console]

  # One message per machine and product in an hour; the next one says how many were held.
  # - on: [kms.activation, kms.renewal]
  #   dedupe: { by: [machine, skuId], for: 1h }
  #   to: [team]

  # - on: log.line
  #   where: severity=~"error|critical"
  #   throttle: { max: 10, per: 5m }
  #   to: [team]
`
