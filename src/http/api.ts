// The hub's own API: one table of routes, served, checked and described from the same schemas.
import { setTimeout as wait } from 'node:timers/promises'
import { Hono, type Context } from 'hono'
import type { z } from 'zod'
import {
  listDeliveries,
  listEvents,
  lookUpDelivery,
  lookUpEvent,
  type DeliveryPage,
  type LookStore,
} from '../engine/look.ts'
import { findCondition, listConditions } from '../engine/look-conditions.ts'
import { fromId, toId } from '../lib/id.ts'
import { finalDeliveries, type Json } from '../words.ts'
import { agentRoutes } from './api-agents.ts'
import { conflict, doneOrConflict, notFound, ok } from './api-answers.ts'
import type { ApiDoor } from './api-door.ts'
import { waysIn } from './api-in.ts'
import { hostRoutes } from './api-hosts.ts'
import { peopleRoutes } from './api-people.ts'
import { inOneSentence, missing, readBody, type Route, wrong } from './api-route.ts'
import * as shapes from './api-shapes.ts'
import { describeApi } from './openapi.ts'

/** How long a test message is waited for before the answer says that it is still on its way. */
const testWaitMs = 30_000

const routes: readonly Route[] = [
  {
    method: 'get',
    path: '/api/v1/events',
    name: 'listEvents',
    summary: 'Events with what became of them, newest first.',
    query: shapes.eventsQuery,
    answers: { 200: { about: 'A page of events.', shape: shapes.eventList }, 400: wrong },
    run: async (door, { before, since, limit, ...same }: z.output<typeof shapes.eventsQuery>) => {
      const query = { ...defined(same), ...beforeSeq(before), limit }
      return ok(await listEvents(door.store, since === undefined ? query : { ...query, since: Date.parse(since) }))
    },
  },
  {
    method: 'get',
    path: '/api/v1/events/{id}',
    name: 'getEvent',
    summary: 'One event with its verdicts, messages, attempts, and why each rule told or stayed silent.',
    params: shapes.idPath,
    answers: { 200: { about: 'The event.', shape: shapes.eventPage }, 400: wrong, 404: missing },
    run: async (door, { id }: z.output<typeof shapes.idPath>) => {
      const page = await lookUpEvent(door.store, id, { rules: door.rules(), zone: door.zone })
      return page === undefined ? notFound(`There is no event ${id}, or it is no longer kept.`) : ok(page)
    },
  },
  {
    method: 'get',
    path: '/api/v1/deliveries',
    name: 'listDeliveries',
    summary: 'Messages to channels, newest first.',
    query: shapes.deliveriesQuery,
    answers: { 200: { about: 'A page of deliveries.', shape: shapes.deliveryList }, 400: wrong },
    run: async (door, { before, state, event, channel, limit }: z.output<typeof shapes.deliveriesQuery>) => {
      const states = state === undefined ? {} : { states: [state] }
      const named = event === undefined ? {} : { event: fromId(event) ?? 0 }
      const query = { ...defined({ channel }), ...states, ...named, ...beforeSeq(before), limit }
      return ok(await listDeliveries(door.store, query))
    },
  },
  {
    method: 'get',
    path: '/api/v1/deliveries/{id}',
    name: 'getDelivery',
    summary: 'One message with its attempts and the texts as they were sent.',
    params: shapes.idPath,
    answers: { 200: { about: 'The delivery.', shape: shapes.deliveryPage }, 400: wrong, 404: missing },
    run: async (door, { id }: z.output<typeof shapes.idPath>) => {
      const page = await lookUpDelivery(door.store, id)
      return page === undefined ? notFound(`There is no delivery ${id}, or it is no longer kept.`) : ok(page)
    },
  },
  {
    method: 'post',
    path: '/api/v1/deliveries/{id}/retry',
    name: 'retryDelivery',
    summary: 'Send a message that was given up again.',
    params: shapes.idPath,
    answers: {
      200: { about: 'It is queued again.', shape: shapes.done },
      400: wrong,
      404: missing,
      409: { about: 'It was delivered, or is on its way already.', shape: shapes.refusal },
    },
    run: async (door, { id }: z.output<typeof shapes.idPath>) => {
      const page = await lookUpDelivery(door.store, id)
      if (page === undefined) return notFound(`There is no delivery ${id}, or it is no longer kept.`)
      return doneOrConflict(await door.retryDelivery(page.id))
    },
  },
  {
    method: 'get',
    path: '/api/v1/conditions',
    name: 'listConditions',
    summary: 'What has begun and not ended, the latest first, and who was told.',
    query: shapes.conditionsQuery,
    answers: { 200: { about: 'Conditions.', shape: shapes.conditionList }, 400: wrong },
    run: async (door, { source, ...query }: z.output<typeof shapes.conditionsQuery>) =>
      ok(await listConditions(door.store, source === undefined ? query : { ...query, source })),
  },
  {
    method: 'post',
    path: '/api/v1/conditions/{id}/close',
    name: 'closeCondition',
    summary: 'End a condition by hand; who was told that it began is told.',
    params: shapes.idPath,
    answers: {
      200: { about: 'It has ended.', shape: shapes.done },
      400: wrong,
      404: missing,
      409: { about: 'It had ended already.', shape: shapes.refusal },
    },
    run: async (door, { id }: z.output<typeof shapes.idPath>) => {
      const found = await findCondition(door.store, toId(fromId(id) ?? 0))
      if (found === undefined) return notFound(`There is no condition ${id}, or it is no longer kept.`)
      if (!found.isOpen) return conflict(`Condition ${id} has ended already: ${found.title}.`)
      await door.closeCondition(found.key)
      return ok({ message: `Condition ${id} is closed: ${found.title}.` })
    },
  },
  ...hostRoutes,
  ...peopleRoutes,
  {
    method: 'post',
    path: '/api/v1/channels/{name}/test',
    name: 'testChannel',
    summary: 'Send a real test message to one channel and wait for its outcome.',
    params: shapes.namePath,
    answers: {
      200: { about: 'What became of it; after 30 s, what became of it so far.', shape: shapes.deliveryPage },
      404: missing,
      409: { about: 'It could not be queued.', shape: shapes.refusal },
    },
    run: async (door, { name }: z.output<typeof shapes.namePath>) => {
      const { channels } = door.status()
      if (!channels.includes(name)) return notFound(noChannel(name, channels))
      const tested = await door.testChannel(name)
      return tested.ok ? ok(await outcomeOf(door.store, tested.delivery)) : conflict(tested.message)
    },
  },
  {
    method: 'post',
    path: '/api/v1/schedules/{name}/run',
    name: 'runSchedule',
    summary: 'Have a schedule do its work now; its next time stays as it is.',
    params: shapes.schedulePath,
    answers: { 200: { about: 'It has run.', shape: shapes.done }, 404: missing },
    run: async (door, { name }: z.output<typeof shapes.schedulePath>) => {
      const done = await door.runSchedule(name)
      return done.ok ? ok({ message: done.message }) : notFound(done.message)
    },
  },
  {
    method: 'post',
    path: '/api/v1/reload',
    name: 'reload',
    summary: 'Read the configuration again: checked first, then put into force whole or not at all.',
    answers: {
      200: { about: 'It is in force.', shape: shapes.done },
      409: { about: 'There is nothing to reload.', shape: shapes.refusal },
      422: { about: 'It has mistakes; the one before stays in force.', shape: shapes.issueList },
    },
    run: async (door) => {
      const reloaded = await door.reload()
      if (!('issues' in reloaded)) return doneOrConflict(reloaded)
      const { issues } = reloaded
      const error = `The configuration has ${issues.length} mistake${issues.length === 1 ? '' : 's'}; the one before stays in force.`
      return { status: 422, body: { error, issues } }
    },
  },
  {
    method: 'get',
    path: '/api/v1/status',
    name: 'getStatus',
    summary: 'How the hub is and what it holds.',
    answers: { 200: { about: 'The status.', shape: shapes.status } },
    run: async (door) => {
      const { startedAt, ...same } = door.status()
      const { deliveries, ...totals } = await door.store.totals()
      const rules = door.rules().map((rule) => rule.name)
      const stored = { ...totals, deliveries: deliveries.map((row) => ({ ...row, oldestAt: iso(row.oldestAt) })) }
      return ok({ ...same, startedAt: iso(startedAt), rules, stored })
    },
  },
  ...agentRoutes,
]

/** To be mounted at `/`, behind the door that checks tokens. */
export function apiRoutes(door: ApiDoor): Hono {
  const app = new Hono()
  for (const route of routes) {
    app.on(route.method.toUpperCase(), route.path.replaceAll(/\{(\w+)\}/g, ':$1'), (context) =>
      answerBy(route, door, context),
    )
  }
  const document = openApiDocument(door.status().version)
  app.get('/api/v1/openapi.json', (context) => context.json(document))
  return app
}

export function openApiDocument(version: string): object {
  return describeApi([...routes, ...waysIn], {
    title: 'Sereno',
    version,
    description:
      'The own API of a Sereno hub, and the ways in that its sources answer. Events come in as CloudEvents at POST /api/v1/events.',
  })
}

async function answerBy(route: Route, door: ApiDoor, context: Context): Promise<Response> {
  const params = route.params?.safeParse(context.req.param())
  if (params?.success === false) return context.json({ error: inOneSentence(params.error) }, 400)
  const query = (route.query ?? nothing).safeParse(context.req.query())
  if (!query.success) return context.json({ error: inOneSentence(query.error) }, 400)
  const body = route.body === undefined ? undefined : await readBody(context.req.raw, route.body)
  if (body?.ok === false) return context.json({ error: body.error }, 400)
  const answered = await route.run(door, { ...params?.data, ...query.data, ...body?.value } as never)
  if (!('content' in answered)) return context.json(answered.body, answered.status)
  // A picture opened by itself is a document, in which nothing shall run.
  const headers = { 'content-type': answered.type, 'content-security-policy': "default-src 'none'" }
  return context.body(answered.content, answered.status, headers)
}

const nothing: z.ZodObject = shapes.noQuery

/** The first outcome of a message, or what is known when the wait is over. */
async function outcomeOf(store: LookStore, id: string): Promise<DeliveryPage> {
  const deadline = performance.now() + testWaitMs
  for (;;) {
    const page = await lookUpDelivery(store, id)
    if (page === undefined) throw new Error(`a test message was queued as ${id} and is not in the store`)
    if (page.tried.length > 0 || finalDeliveries.includes(page.state) || performance.now() > deadline) return page
    await wait(50)
  }
}

function noChannel(name: string, channels: readonly string[]): string {
  return `There is no channel "${name}"; there ${channels.length === 0 ? 'are none' : `are ${channels.join(', ')}`}.`
}

function beforeSeq(id: string | undefined): { beforeSeq?: number } {
  const seq = id === undefined ? undefined : fromId(id)
  return seq === undefined ? {} : { beforeSeq: seq }
}

function defined<Values extends { readonly [key: string]: Json | undefined }>(
  values: Values,
): { [Key in keyof Values]?: Exclude<Values[Key], undefined> } {
  const kept = Object.entries(values).filter(([, value]) => value !== undefined)
  return Object.fromEntries(kept) as { [Key in keyof Values]?: Exclude<Values[Key], undefined> }
}

function iso(at: number): string {
  return new Date(at).toISOString()
}
