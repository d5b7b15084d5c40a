// Routes for what people do: silences, looking after a condition, asking the watchman.
import { z } from 'zod'
import { listSilences } from '../engine/look-silences.ts'
import { readDuration } from '../lib/duration.ts'
import { conflict, doneOrConflict, notFound, ok } from './api-answers.ts'
import { missing, type Route, wrong } from './api-route.ts'
import * as shapes from './api-shapes.ts'

const time = z.iso.datetime({ offset: true, error: 'is no time; give one such as 2026-05-10T13:00:00Z' })
const by = z.string().max(100).default('api').describe('Who does it, as it shall stand in the record.')

const silencesQuery = z.strictObject({
  state: z
    .enum(['active', 'all'], { error: 'is no state; there are active, all' })
    .default('active')
    .describe('Those that go on or are to come, or also those that were over within the last days.'),
})
const silenceId = z.strictObject({ id: z.string().max(40).describe('Of a silence, six letters and digits.') })
const silenceBody = z
  .strictObject({
    matchers: z
      .union([z.string(), z.array(z.string()).min(1)])
      .describe('As in Alertmanager, all of which must hold: host="nas", type=~"backup.*".'),
    for: z
      .string()
      .refine((text) => (readDuration(text) ?? 0) > 0, 'is no span; give one such as 2h')
      .optional()
      .describe('How long; else give `until`.'),
    from: time.optional().describe('When it begins. Default: now.'),
    until: time.optional(),
    by,
    comment: z.string().max(500).default('').describe('Why.'),
  })
  .refine((given) => (given.for === undefined) !== (given.until === undefined), 'needs either for or until')
const silence = z.strictObject({
  id: z.string(),
  state: z.enum(['active', 'pending', 'ended']),
  matchers: z.string(),
  from: z.string(),
  until: z.string(),
  by: z.string(),
  comment: z.string(),
})
const ackBody = z.strictObject({ by })
const question = z.strictObject({ text: z.string().min(1).max(500).describe('Such as `status nas`.'), by })

export const peopleRoutes: readonly Route[] = [
  {
    method: 'get',
    path: '/api/v1/silences',
    name: 'listSilences',
    summary: 'Silences, the one that ends first on top.',
    query: silencesQuery,
    answers: {
      200: { about: 'Silences.', shape: z.strictObject({ silences: z.array(silence) }) },
      400: wrong,
    },
    run: async (door, { state }: z.output<typeof silencesQuery>) =>
      ok({ silences: await listSilences(door.store, Date.now(), state) }),
  },
  {
    method: 'post',
    path: '/api/v1/silences',
    name: 'addSilence',
    summary: 'Tell nothing of what meets all matchers: one-shots never, conditions that are still open when it ends.',
    body: silenceBody,
    answers: {
      200: { about: 'It holds.', shape: z.strictObject({ id: z.string(), message: z.string() }) },
      400: wrong,
      409: { about: 'It cannot be.', shape: shapes.refusal },
    },
    run: async (door, given: z.output<typeof silenceBody>) => {
      const from = given.from === undefined ? Date.now() : Date.parse(given.from)
      const until = given.until === undefined ? from + (readDuration(given.for ?? '') ?? 0) : Date.parse(given.until)
      const { matchers, comment } = given
      const done = await door.silence({ matchers, from, until, by: given.by, comment })
      return done.ok ? ok({ id: done.id, message: done.message }) : conflict(done.message)
    },
  },
  {
    method: 'post',
    path: '/api/v1/silences/{id}/end',
    name: 'endSilence',
    summary: 'End a silence now.',
    params: silenceId,
    answers: {
      200: { about: 'It is over.', shape: shapes.done },
      409: { about: 'There is none, or it was over already.', shape: shapes.refusal },
    },
    run: async (door, { id }: z.output<typeof silenceId>) => doneOrConflict(await door.endSilence(id)),
  },
  {
    method: 'post',
    path: '/api/v1/conditions/{id}/ack',
    name: 'ackCondition',
    summary: 'Somebody looks after a condition: it is not said again, unless it gets worse.',
    params: shapes.idPath,
    body: ackBody,
    answers: {
      200: { about: 'It is noted.', shape: shapes.done },
      400: wrong,
      404: missing,
      409: { about: 'It had ended already.', shape: shapes.refusal },
    },
    run: async (door, given: z.output<typeof shapes.idPath> & z.output<typeof ackBody>) => {
      const done = await door.ack(given.id, given.by)
      if (done === undefined) return notFound(`There is no condition ${given.id}, or it is no longer kept.`)
      return doneOrConflict(done)
    },
  },
  {
    method: 'post',
    path: '/api/v1/ask',
    name: 'askWatchman',
    summary: 'Ask the watchman in words, as one does on a channel.',
    body: question,
    answers: {
      200: {
        about: 'What it says; `ok` is false where it did not understand or there is no such thing.',
        shape: z.strictObject({ ok: z.boolean(), lines: z.array(z.string()) }),
      },
      400: wrong,
    },
    run: async (door, { text, by: who }: z.output<typeof question>) => {
      const said = await door.ask(text, who)
      return ok({ ok: said.ok, lines: said.lines })
    },
  },
]
