// The configuration that is in force when there is no file: enough to try the hub on this machine.

/** Stands for the file's name in messages. */
export const defaultName = 'built-in'

export const defaultText = `# Answers on this machine only. From here, /metrics, messages and samples of hosts need no token.
hub:
  open: { metrics: [127.0.0.0/8, '::1/128'] }

sources:
  message: { kind: message, open: [127.0.0.0/8, '::1/128'] }
  # How this machine fares, once a minute; scripts here may say the same of other hosts.
  this: { kind: host }
  sysinfo: { kind: sysinfo, open: [127.0.0.0/8, '::1/128'] }

watches:
  # Usual limits of processor, memory, disks and temperature; hosts that fall silent; boots, each with one report.
  limits: { kind: thresholds }
  presence: { kind: absence }
  boots: { kind: boot }

channels:
  console: { kind: console }

rules:
  # Not every event: a program that reports each of its steps as CloudEvents would flood the terminal. What is sent as a
  # message was meant for a person; all else is kept, can be seen on the page, and waits for a rule.
  - { name: messages, on: message, to: console }
  - { name: hosts, on: 'host.*', remind: 6h, to: console }
  # What the hub says of itself, except that it started and similar news.
  - { name: trouble, on: 'sereno.*', where: severity!="info", to: console }
`
