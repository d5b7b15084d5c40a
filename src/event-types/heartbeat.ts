// What is told of jobs that are to say that they run: one has not come, has failed, has come.
import type { EventType, MessageWords } from '../event-type.ts'
import { spanWords } from '../lib/duration.ts'
import { localTime } from '../lib/local-time.ts'
import { cleanText, cutText } from '../lib/text.ts'
import type { HubEvent, Json, MessageField } from '../words.ts'

export default [
  {
    name: 'heartbeat.missed',
    about: 'A job did not say in time that it ran; ends when it says that all went well.',
    fields: {
      reason:
        'silent: it did not come. never: it has not come since it is watched. not-started: its start did not come. not-finished: it started, and its end did not come.',
      expectedAt: 'When it was to come, or, of a run that has not finished, when that was to start.',
      startedAt: 'When the run started that has not finished.',
      graceSeconds: 'How late it may be.',
      maxRunSeconds: 'How long a run may take, if it says so.',
      everySeconds: 'How often it is to come.',
      schedule: 'When it is to come.',
      since: 'Since when it is watched.',
      lastAt: 'When it last said anything.',
      lastState: 'What it said then: start, ok, fail or log.',
      lastExitCode: 'The exit code of then.',
      lastMessage: 'Its words of then, or the last line of its log.',
      lastOkAt: 'When it last said that all went well.',
      missedRuns: 'How often it was to come and did not; absent when the hub was not running for part of the time.',
      absences: 'How often the hub was not running since it last came, so that something it said may have been lost.',
      silentSeconds: 'Of the end: how long nothing had come.',
      timezone: 'In which times are shown.',
    },
    labels: ['reason'],
    severity: 'error',
    message: missed,
    sample: {
      type: 'heartbeat.missed',
      time: Date.UTC(2026, 10, 21, 2, 30),
      host: 'nas',
      subject: 'nightly-backup',
      severity: 'error',
      data: {
        reason: 'silent',
        expectedAt: '2026-11-21T01:30:00.000Z',
        graceSeconds: 3600,
        schedule: '30 2 * * *',
        since: '2026-11-01T08:00:00.000Z',
        lastAt: '2026-11-20T01:42:10.000Z',
        lastState: 'ok',
        lastMessage: '1.2 GiB added',
        lastOkAt: '2026-11-20T01:42:10.000Z',
        missedRuns: 1,
        timezone: 'Europe/Rome',
      },
      condition: { key: 'missed', state: 'firing' },
    },
  },
  {
    name: 'heartbeat.failed',
    about: 'A job said that it failed; ends when it says that all went well.',
    fields: {
      failures: 'In a row.',
      exitCode: 'If it said one.',
      durationSeconds: 'How long it took, by its own word or counted from its start.',
      message: 'Its own words.',
      log: 'The end of its log, at most 10 kB.',
      runId: 'Its own id of the run.',
      remote: 'The address it came from.',
      lastOkAt: 'When it last said that all went well.',
      timezone: 'In which times are shown.',
    },
    labels: [],
    severity: 'error',
    message: failed,
    sample: {
      type: 'heartbeat.failed',
      time: Date.UTC(2026, 10, 21, 1, 42),
      host: 'nas',
      subject: 'nightly-backup',
      severity: 'error',
      data: {
        failures: 1,
        exitCode: 11,
        durationSeconds: 42,
        log: 'Failed to create/acquire the lock',
        lastOkAt: '2026-11-20T01:42:10.000Z',
        timezone: 'Europe/Rome',
      },
      text: 'Failed to create/acquire the lock',
      condition: { key: 'failed', state: 'firing' },
    },
  },
  {
    name: 'heartbeat.ok',
    about: 'A job said that all went well.',
    fields: {
      durationSeconds: 'How long it took, by its own word or counted from its start.',
      exitCode: 'If it said one.',
      message: 'Its own words.',
      runId: 'Its own id of the run.',
      remote: 'The address it came from.',
      lastOkAt: 'When it said so before.',
    },
    labels: [],
    severity: 'info',
    message: ({ subject = 'A job', host, data }: HubEvent): MessageWords => ({
      title: `${subject} reports that all is well`,
      icon: 'white_check_mark',
      fields: [...hostOf(host), ...took(data['durationSeconds'])],
      lines: linesOf(data['message']),
    }),
    sample: {
      type: 'heartbeat.ok',
      time: Date.UTC(2026, 10, 20, 1, 42, 10),
      subject: 'nightly-backup',
      data: { durationSeconds: 730, exitCode: 0, message: '1.2 GiB added' },
    },
  },
] satisfies EventType[]

function missed({ subject = 'A job', host, data, condition }: HubEvent): MessageWords {
  const reason = textOf(data['reason']) ?? ''
  const title = titleOf(reason, subject)
  if (condition?.state === 'resolved') return { title, icon: 'white_check_mark', fields: hostOf(host) }
  const time = timeOf(data)
  const grace = data['graceSeconds']
  const note =
    typeof grace === 'number' && reason !== 'not-finished' ? { note: `${spanWords(grace * 1000)} of grace` } : {}
  const runs = data['missedRuns']
  return {
    title,
    icon: 'hourglass',
    fields: [
      ...hostOf(host),
      ...field('Started', time('startedAt')),
      ...field('Expected', reason === 'not-finished' ? undefined : time('expectedAt')).map((one) => ({
        ...one,
        ...note,
      })),
      ...(typeof runs === 'number' && runs > 1 ? [{ name: 'Missed', value: `${runs} runs` }] : []),
      ...field('Last success', time('lastOkAt') ?? 'never'),
      ...lastSaid(data, time),
    ],
    lines: [advice(reason, subject, data, time), ...absenceWords(data['absences'])],
  }
}

function titleOf(reason: string, name: string): string {
  switch (reason) {
    case 'never':
      return `${name} has never reported`
    case 'not-started':
      return `${name} has not started`
    case 'not-finished':
      return `${name} has started and not finished`
    default:
      return `No sign of life from ${name}`
  }
}

function lastSaid(data: HubEvent['data'], time: (name: string) => string | undefined): MessageField[] {
  const at = time('lastAt')
  if (at === undefined) return []
  const exit = typeof data['lastExitCode'] === 'number' ? `, exit code ${data['lastExitCode']}` : ''
  const word = said.get(textOf(data['lastState']) ?? '') ?? 'something'
  const message = textOf(data['lastMessage'])
  return [
    { name: 'Last heard', value: `${word}${exit}, ${at}` },
    ...(message === undefined ? [] : [{ name: 'It said', value: cutText(cleanText(message), 300), code: true }]),
  ]
}

const said: ReadonlyMap<string, string> = new Map([
  ['ok', 'ok'],
  ['fail', 'failed'],
  ['start', 'started'],
  ['log', 'a log'],
])

function advice(
  reason: string,
  name: string,
  data: HubEvent['data'],
  time: (name: string) => string | undefined,
): string {
  switch (reason) {
    case 'never': {
      const since = time('since')
      const from = since === undefined ? '' : ` since it is watched, ${since}`
      return `Nothing has come${from}. See that the job runs at all, and that it calls /api/v1/heartbeat/${name} with a token that is right.`
    }
    case 'not-started':
      return 'See whether its timer or cron still has it, whether its machine is up, and whether the run before still holds a lock.'
    case 'not-finished': {
      const most = data['maxRunSeconds']
      const span = typeof most === 'number' ? ` A run may take ${spanWords(most * 1000)}.` : ''
      return `See whether it hangs, or died without a word.${span}`
    }
    default:
      return 'See whether its machine is up, whether it ran, and whether it can reach this hub.'
  }
}

function absenceWords(absences: Json | undefined): string[] {
  if (typeof absences !== 'number') return []
  const times = absences === 1 ? 'once' : `${absences} times`
  return [
    `I was not running ${times} since it last came, so what it said then may be lost: let it try again for a while, as curl does with --retry 10 --retry-connrefused.`,
  ]
}

function failed({ subject = 'A job', host, data, text, condition }: HubEvent): MessageWords {
  const title = `${subject} failed`
  const ran = took(data['durationSeconds'])
  if (condition?.state === 'resolved') return { title, icon: 'white_check_mark', fields: [...hostOf(host), ...ran] }
  const { failures, exitCode } = data
  return {
    title,
    icon: 'x',
    fields: [
      ...hostOf(host),
      ...(typeof exitCode === 'number' ? [{ name: 'Exit code', value: String(exitCode), code: true }] : []),
      ...(typeof failures === 'number' && failures > 1 ? [{ name: 'Failures in a row', value: String(failures) }] : []),
      ...ran,
      ...field('Last success', timeOf(data)('lastOkAt') ?? 'never'),
    ],
    lines: [...linesOf(data['message']), ...linesOf(text)],
  }
}

function timeOf(data: HubEvent['data']): (name: string) => string | undefined {
  const zone = textOf(data['timezone'])
  return (name) => {
    const at = Date.parse(textOf(data[name]) ?? '')
    return Number.isNaN(at) ? undefined : timeIn(at, zone)
  }
}

/** Whoever makes up an event may make up a zone. */
function timeIn(at: number, zone = 'UTC'): string {
  try {
    return localTime(at, zone).slice(0, 16)
  } catch {
    return `${localTime(at, 'UTC').slice(0, 16)} UTC`
  }
}

function took(seconds: Json | undefined): MessageField[] {
  return typeof seconds === 'number' ? [{ name: 'Took', value: spanWords(seconds * 1000) }] : []
}

function hostOf(host: string | undefined): MessageField[] {
  return host === undefined ? [] : [{ name: 'Host', value: host, code: true }]
}

function field(name: string, value: string | undefined): MessageField[] {
  return value === undefined ? [] : [{ name, value }]
}

function linesOf(text: Json | undefined): string[] {
  return typeof text === 'string' && text.trim() !== '' ? [cleanText(text).trim()] : []
}

function textOf(value: Json | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
