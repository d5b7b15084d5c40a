// What a stage of work says of itself: it has started, it has finished, and how.
import type { EventType, MessageWords } from '../event-type.ts'
import { spanWords } from '../lib/duration.ts'
import type { HubEvent, JsonObject, MessageField, MessageStage } from '../words.ts'

const common = {
  name: 'Of the stage, with those of its parents before it: boot/network.',
  description: 'What it does; of its end, what became of it.',
  origin: 'Which program it is a part of.',
}

export default [
  {
    name: 'report.start',
    about: 'A stage of work has started, such as a boot, an update or a part of one.',
    fields: common,
    labels: ['origin'],
    severity: 'info',
    message: (event: HubEvent): MessageWords => {
      const stage = readStage(event, 'start')
      return {
        title: `${stage.name} has started`,
        icon: 'arrow_forward',
        fields: commonFields(event, stage),
        lines: linesOf(stage),
        stage,
      }
    },
    sample: {
      type: 'report.start',
      time: Date.UTC(2026, 10, 26, 3, 0),
      host: 'guest-1',
      subject: 'boot/network',
      data: { name: 'boot/network', description: 'bringing up the network', origin: 'provision' },
    },
  },
  {
    name: 'report.finish',
    about: 'A stage of work has finished; its result is the worst of its own and of all its parts.',
    fields: {
      ...common,
      result: 'SUCCESS, WARN or FAIL.',
      durationSeconds: 'How long it took.',
      exitCode: 'Of the command that it was.',
      children: 'Its parts: name, result and durationSeconds of each.',
      files: 'Attached: path, content in base64 (null when it was no file that could be read), and whether it was cut.',
    },
    labels: ['origin', 'result'],
    severity: 'info',
    message: (event: HubEvent): MessageWords => {
      const stage = readStage(event, 'finish')
      const took = stage.durationSeconds
      return {
        title: `${stage.name} ${endWords[stage.result ?? 'SUCCESS']}`,
        icon: endIcons[stage.result ?? 'SUCCESS'],
        fields: [
          ...commonFields(event, stage),
          ...(took === undefined ? [] : [{ name: 'Took', value: spanWords(took * 1000) }]),
          ...exitField(event.data['exitCode']),
          ...childrenField(event.data['children']),
          ...(stage.files ?? []).slice(0, 8).map(fileField),
        ],
        lines: linesOf(stage),
        stage,
      }
    },
    sample: {
      type: 'report.finish',
      time: Date.UTC(2026, 10, 26, 3, 0, 12),
      host: 'guest-1',
      subject: 'boot/network',
      severity: 'warning',
      data: {
        name: 'boot/network',
        description: 'eth1 has no address',
        origin: 'provision',
        result: 'WARN',
        durationSeconds: 12.25,
        children: [{ name: 'boot/network/eth1', result: 'WARN', durationSeconds: 10 }],
      },
    },
  },
] satisfies EventType[]

const endWords = { SUCCESS: 'has finished', WARN: 'has finished with a warning', FAIL: 'has failed' } as const
const endIcons = { SUCCESS: 'white_check_mark', WARN: 'warning', FAIL: 'x' } as const
const namedChildren = 10

/** Lenient: scripts post these by themselves. */
function readStage({ data, subject, text }: HubEvent, type: 'start' | 'finish'): MessageStage {
  const { name, description, origin, durationSeconds, files } = data
  const result = Object.keys(endWords).find((known) => known === data['result']) as MessageStage['result']
  return {
    type,
    name: typeof name === 'string' && name !== '' ? name : (subject ?? 'A stage'),
    description: typeof description === 'string' ? description : (text ?? ''),
    ...(typeof origin === 'string' ? { origin } : {}),
    ...(type === 'finish' ? { result: result ?? 'SUCCESS' } : {}),
    ...(type === 'finish' && typeof durationSeconds === 'number' ? { durationSeconds } : {}),
    ...(Array.isArray(files) && files.length > 0 ? { files: files.filter(isObject) } : {}),
  }
}

function commonFields({ host }: HubEvent, { origin }: MessageStage): MessageField[] {
  return [
    ...(host === undefined ? [] : [{ name: 'Host', value: host, code: true }]),
    ...(origin === undefined ? [] : [{ name: 'Origin', value: origin }]),
  ]
}

function exitField(code: unknown): MessageField[] {
  return typeof code === 'number' && code !== 0 ? [{ name: 'Exit code', value: String(code) }] : []
}

/** Those that did not end well; of the rest nobody need read. */
function childrenField(children: unknown): MessageField[] {
  if (!Array.isArray(children)) return []
  const bad = children.filter(isObject).filter(({ result }) => result === 'FAIL' || result === 'WARN')
  if (bad.length === 0) return []
  const named = bad.slice(0, namedChildren).map(({ name, result }) => `${textOf(name)} (${textOf(result)})`)
  const more = bad.length > named.length ? [`and ${bad.length - named.length} more`] : []
  return [{ name: 'Parts', value: [...named, ...more].join(', ') }]
}

function fileField({ path, content, cut }: JsonObject): MessageField {
  const note = typeof content !== 'string' ? 'not read' : cut === true ? 'attached, its end' : 'attached'
  return { name: 'File', value: textOf(path), code: true, note }
}

function linesOf({ description }: MessageStage): string[] {
  return description === '' ? [] : [description]
}

function textOf(value: unknown): string {
  return typeof value === 'string' && value !== '' ? value : '?'
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
