// What is told of backups: how a run ended, that none was made, a repository in trouble, and the regular report.
import type { EventType } from '../../event-type.ts'
import { tellDigest } from './digest.ts'
import { tellReport } from './report.ts'
import { tellRepository } from './repository.ts'
import { digestSample, missedSample, reportSample, repositorySample } from './samples.ts'

const planFields = {
  plan: 'Number of the plan.',
  planName: 'What people call it.',
}

const reportFields = {
  ...planFields,
  outcome:
    'SUCCESS, DEGRADED (data saved, a later step failed), PARTIAL, FAILED, REPO_FAILURE (no repository can be used), MISSED, ' +
    'INCONSISTENT (an alert says otherwise), UNKNOWN, UNKNOWN_PLAN, EMPTY_PLAN or DISABLED.',
  provisional: 'Whether the run is still on, so that the outcome may get better or worse.',
  notice:
    'Of what neither begins nor ends: DISABLED, EMPTY_PLAN, BAD_SCHEDULE, UNKNOWN_PLAN, CONTRADICTION, SIZE_DROP, SIZE_JUMP, ZERO or DURATION.',
  destination: 'Where it is saved: id, name, url.',
  due: 'When the run was due.',
  startedByHand: 'When it was started out of turn.',
  deadline: 'When it counts as missed.',
  ended: 'When its last application was done.',
  modules:
    'Of each application: id, uiName, app, node, verdict (OK, DEGRADED, FAILED, PENDING, STALE, NEVER_RUN, UNREADABLE), start, end, ' +
    'durationSeconds, sizeBytes, sizeChange (0.5 is half as much again), savedAt, lastGoodAt, repository (name, state, message, since, holder, advice, newestAt, checkedAt).',
  failed: 'How many applications are not backed up.',
  total: 'Of how many.',
  reasons: 'What the verdicts do not say by themselves.',
  alerts: 'Alerts that speak about the run, in their own words: alertname, startsAt, node, text.',
  nextDueAt: 'When the next run is due.',
  incidentSince: 'When the first run was due that did not end well.',
  failedRuns: 'How many there have been in a row.',
  advice: 'Commands that help, when no backup is running.',
  module: 'Of a notice about one application: its id.',
  now: 'Of such a notice: bytes, files or seconds.',
  usual: 'The median of the last good runs.',
  change: 'Of the median: -0.5 is half of it.',
}

export default [
  {
    name: 'backup.report',
    about: 'A run of a backup plan has ended, well or not; or something about the plan is worth a word.',
    fields: reportFields,
    labels: ['plan', 'planName', 'outcome'],
    severity: 'info',
    message: tellReport,
    sample: reportSample,
  },
  {
    name: 'backup.missed',
    about: 'A backup plan was due and nothing ran; what follows in this incident is told as this type too.',
    fields: reportFields,
    labels: ['plan', 'planName', 'outcome'],
    severity: 'critical',
    message: tellReport,
    sample: missedSample,
  },
  {
    name: 'backup.repository',
    about: 'The regular look into an application’s backup repository found it in trouble, or well again.',
    fields: {
      ...planFields,
      module: 'The application.',
      uiName: 'What people call it.',
      node: 'Number of its node.',
      name: 'Of the repository, within the destination.',
      state:
        'OK, STALE, UNREACHABLE, LOCKED, LOCKED_STALE, WRONG_PASSWORD, AUTH_FAILED, NOT_FOUND, CORRUPTED, NO_SPACE, UNCONFIGURED, TOOL_ERROR or ERROR.',
      message: 'What was found.',
      since: 'When a lock was last refreshed.',
      holder: 'Who holds it.',
      newestAt: 'Time of the newest snapshot.',
      checkedAt: 'When it was looked at.',
      advice: 'The command that helps, when no backup is running.',
    },
    labels: ['plan', 'planName', 'module', 'state'],
    severity: 'warning',
    message: tellRepository,
    sample: repositorySample,
  },
  {
    name: 'backup.digest',
    about: 'The regular report over all backup plans.',
    fields: {
      plans:
        'Of each plan: id, name, enabled, destination, outcome of its last run, since, endedAt, lastGoodAt, nextDueAt, and modules with id, uiName, node, verdict, lastGoodAt, sizeBytes, sizeChange, repository (state, checkedAt).',
      failing: 'How many plans are not well.',
      total: 'Of how many.',
      troubled: 'Repositories in trouble: application and state.',
      disabled: 'Plans that will not run.',
      unprotected: 'Applications with data that no plan saves.',
      warnings: 'What was odd since the last report: at, text.',
      unreadableSince: 'Present while NethServer’s Redis cannot be read.',
    },
    labels: [],
    severity: 'info',
    message: tellDigest,
    sample: digestSample,
  },
] satisfies readonly EventType[]
