// What the watchman answers to a person on a channel.
import type { EventType, MessageWords } from '../../event-type.ts'
import type { Asked, Graph, HubEvent, JsonObject } from '../../words.ts'

export default [
  {
    name: 'sereno.answer',
    about: 'The watchman answered a person, on the channel where it was asked; no rule needs to name it.',
    fields: {
      question: 'What was asked.',
      lines: 'The answer; the first line stands for the rest.',
      graphs: 'Curves shown beside it.',
      handle: 'What the service calls the post that asked.',
      account: 'Who asked.',
      visibility: "Who could see the question, in the service's own word.",
    },
    labels: [],
    severity: 'info',
    message({ data }: HubEvent): MessageWords {
      const [title = 'I have nothing to say.', ...lines] = texts(data['lines'])
      const graphs = objects(data['graphs']).flatMap(readGraph)
      const answers = readAsked(data)
      return {
        title,
        lines,
        ...(graphs.length === 0 ? {} : { graphs }),
        ...(answers === undefined ? {} : { answers }),
      }
    },
    sample: {
      type: 'sereno.answer',
      subject: '@ops@home.example',
      data: {
        question: 'status nas',
        lines: ['1 condition is open on nas.', 'warning: Disk at 91 %, for 2 h (1n5c0k3v2)'],
        graphs: [{ host: 'nas', metric: 'cpu_percent', from: 1_795_000_000_000, to: 1_795_086_400_000 }],
        handle: '1154',
        account: '@ops@home.example',
        visibility: 'direct',
      },
    },
  },
] satisfies EventType[]

function readAsked({ handle, account, visibility }: JsonObject): Asked | undefined {
  if (typeof handle !== 'string' || typeof account !== 'string' || typeof visibility !== 'string') return undefined
  return { handle, account, visibility }
}

function readGraph({ host, metric, from, to }: JsonObject): Graph[] {
  if (typeof host !== 'string' || typeof metric !== 'string') return []
  return typeof from === 'number' && typeof to === 'number' ? [{ host, metric, from, to }] : []
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : []
}

function objects(value: unknown): JsonObject[] {
  return Array.isArray(value) ? value.filter((one): one is JsonObject => typeof one === 'object' && one !== null) : []
}
