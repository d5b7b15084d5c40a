// The words of a repository in trouble: what was found, and the command that helps.
import type { MessageWords } from '../../event-type.ts'
import type { HubEvent } from '../../words.ts'
import { minute, textOf, timeOf } from './read.ts'
import { adviceLines, repositoryLine } from './report.ts'

export function tellRepository(event: HubEvent): MessageWords {
  const { data } = event
  const module = textOf(data, 'module') || '?'
  const isWell = event.condition?.state === 'resolved'
  const [message, advice] = [textOf(data, 'message'), textOf(data, 'advice')]
  const newest = timeOf(data, 'newestAt')
  const line = textOf(data, 'state') === '' ? '' : repositoryLine(module, data)
  const lines = [
    line,
    line.includes(message) ? '' : message,
    newest === undefined ? '' : `Newest snapshot ${minute(newest)} UTC.`,
    isWell || advice === '' ? '' : adviceLines([advice]),
  ]
  return {
    title: event.title ?? `The repository of ${module}: ${textOf(data, 'state') || 'nothing was found'}`,
    icon: isWell ? 'white_check_mark' : 'warning',
    lines: lines.filter((text) => text !== ''),
  }
}
