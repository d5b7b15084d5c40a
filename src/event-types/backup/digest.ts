// The words of the regular report: a paragraph for each plan, then what is odd, unprotected or switched off. Times are in UTC.
import type { MessageWords } from '../../event-type.ts'
import { writeSize } from '../../lib/size.ts'
import type { HubEvent, JsonObject } from '../../words.ts'
import { align, minute, numberOf, objectOf, objectsOf, percent, textOf, textsOf, timeOf } from './read.ts'

export function tellDigest(event: HubEvent): MessageWords {
  const { data } = event
  const unreadable = timeOf(data, 'unreadableSince')
  const paragraphs = [
    unreadable === undefined ? '' : `The state of NethServer 8 cannot be read since ${minute(unreadable)} UTC.`,
    ...objectsOf(data, 'plans').map(planParagraph),
    listed('Repositories in trouble:', textsOf(data, 'troubled')),
    listed('Odd since the last report:', objectsOf(data, 'warnings').map(warningLine)),
    listed('In no plan, so backed up by nobody:', textsOf(data, 'unprotected')),
    listed('Disabled plans:', textsOf(data, 'disabled')),
  ]
  return {
    title: event.title ?? titleOf(data),
    icon: troublesOf(data).length === 0 ? 'white_check_mark' : 'warning',
    lines: paragraphs.filter((paragraph) => paragraph !== ''),
  }
}

function titleOf(data: JsonObject): string {
  const [failing = 0, total = 0] = [numberOf(data, 'failing'), numberOf(data, 'total')]
  const disabled = textsOf(data, 'disabled').length
  const plans = `${counted(total, 'plan', 'plans')}${disabled === 0 ? '' : ` (${disabled} disabled)`}`
  const troubles = troublesOf(data)
  const head = total === 0 ? 'there is no plan' : failing === 0 ? plans : `${failing} of ${plans} not well`
  const isAllWell = troubles.length === 0 && total > 0
  return `Backups: ${[head, ...(isAllWell ? ['nothing wrong'] : troubles.filter((text) => text !== ''))].join(', ')}`
}

/** Each thing that is not as it should be; the plans, whose number stands at the head, without words. */
function troublesOf(data: JsonObject): string[] {
  const [repositories, apps, odd] = [
    textsOf(data, 'troubled').length,
    textsOf(data, 'unprotected').length,
    objectsOf(data, 'warnings').length,
  ]
  return [
    ...((numberOf(data, 'failing') ?? 0) === 0 ? [] : ['']),
    ...(timeOf(data, 'unreadableSince') === undefined ? [] : ['NethServer cannot be read']),
    ...(repositories === 0 ? [] : [`${counted(repositories, 'repository', 'repositories')} in trouble`]),
    ...(apps === 0 ? [] : [`${counted(apps, 'application', 'applications')} unprotected`]),
    ...(odd === 0 ? [] : [`${counted(odd, 'thing', 'things')} odd`]),
  ]
}

function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`
}

function planParagraph(plan: JsonObject): string {
  const [last, next] = [timeOf(plan, 'lastGoodAt'), timeOf(plan, 'nextDueAt')]
  const destination = textOf(plan, 'destination')
  const head = [
    `${textOf(plan, 'name') || '?'} (${textOf(plan, 'id')})${destination === '' ? '' : ` -> ${destination}`}`,
    plan['enabled'] === false ? disabledWords(plan) : textOf(plan, 'outcome') || 'no run seen yet',
    ...(last === undefined ? [] : [`last good ${minute(last)} UTC`]),
    ...(next === undefined ? [] : [`next ${minute(next)} UTC`]),
  ]
  const rows = objectsOf(plan, 'modules').map(moduleRow)
  return `${head.join(', ')}${rows.length === 0 ? '' : `\n${align(rows)}`}`
}

function disabledWords(plan: JsonObject): string {
  const outcome = textOf(plan, 'outcome')
  return outcome === '' || outcome === 'SUCCESS' ? 'DISABLED' : `DISABLED (its last run: ${outcome})`
}

function moduleRow(module: JsonObject): string[] {
  const last = timeOf(module, 'lastGoodAt')
  const [size, change] = [numberOf(module, 'sizeBytes'), numberOf(module, 'sizeChange')]
  const repository = objectOf(module, 'repository')
  const checked = timeOf(repository, 'checkedAt')
  return [
    textOf(module, 'verdict') || '?',
    `${textOf(module, 'id')}${textOf(module, 'uiName') === '' ? '' : ` (${textOf(module, 'uiName').slice(0, 30)})`}`,
    `node ${textOf(module, 'node') || '?'}`,
    `last good: ${last === undefined ? 'not known' : minute(last)}`,
    size === undefined ? '' : `${writeSize(size)}${change === undefined ? '' : ` (${percent(change)})`}`,
    checked === undefined
      ? 'repository never looked at'
      : `repository ${textOf(repository, 'state')} ${minute(checked)}`,
  ]
}

function warningLine(warning: JsonObject): string {
  const at = timeOf(warning, 'at')
  return `${at === undefined ? '' : `${minute(at)} `}${textOf(warning, 'text')}`
}

function listed(head: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : [head, ...lines].join('\n')
}
