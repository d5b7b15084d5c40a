// Makes an OpenAPI 3.1 document from a table of routes and their zod schemas.
import { z } from 'zod'

export interface DescribedRoute {
  readonly method: 'get' | 'post' | 'delete'
  /** With parameters as `{name}`. */
  readonly path: string
  readonly name: string
  readonly summary: string
  readonly params?: z.ZodObject
  readonly query?: z.ZodObject
  readonly body?: z.ZodType
  /** By media type, where there is more than JSON. */
  readonly bodies?: { readonly [type: string]: z.ZodType }
  readonly answers: {
    readonly [status: number]: { readonly about: string } & (
      | { readonly shape: z.ZodType }
      /** No JSON: its media type. */
      | { readonly type: string }
    )
  }
}

export function describeApi(
  routes: readonly DescribedRoute[],
  info: { readonly title: string; readonly version: string; readonly description: string },
): object {
  const paths: Record<string, Record<string, object>> = {}
  for (const route of routes) {
    const operations = (paths[route.path] ??= {})
    operations[route.method] = describeRoute(route)
  }
  return {
    openapi: '3.1.0',
    info,
    paths,
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer' },
        basic: { type: 'http', scheme: 'basic', description: 'The token as password, any user name.' },
      },
    },
    security: [{ bearer: [] }, { basic: [] }],
  }
}

function describeRoute(route: DescribedRoute): object {
  const parameters = [...parametersOf(route.params, 'path'), ...parametersOf(route.query, 'query')]
  return {
    operationId: route.name,
    summary: route.summary,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...bodyOf(route),
    responses: Object.fromEntries(
      Object.entries(route.answers).map(([status, answer]) => [
        status,
        {
          description: answer.about,
          content: 'shape' in answer ? json(answer.shape, 'output') : { [answer.type]: {} },
        },
      ]),
    ),
  }
}

function bodyOf({ body, bodies }: DescribedRoute): object {
  if (body !== undefined) return { requestBody: { required: true, content: json(body, 'input') } }
  if (bodies === undefined) return {}
  const content = Object.entries(bodies).map(([type, shape]) => [type, { schema: toSchema(shape, 'input') }])
  return { requestBody: { required: true, content: Object.fromEntries(content) } }
}

function parametersOf(shape: z.ZodObject | undefined, place: 'path' | 'query'): object[] {
  if (shape === undefined) return []
  const whole = toSchema(shape, 'input') as {
    properties: Record<string, { description?: string }>
    required?: string[]
  }
  return Object.entries(whole.properties).map(([name, { description, ...schema }]) => ({
    name,
    in: place,
    required: place === 'path' || (whole.required ?? []).includes(name),
    ...(description === undefined ? {} : { description }),
    schema,
  }))
}

function json(shape: z.ZodType, io: 'input' | 'output'): object {
  return { 'application/json': { schema: toSchema(shape, io) } }
}

function toSchema(shape: z.ZodType, io: 'input' | 'output'): object {
  const { $schema: _, ...schema } = z.toJSONSchema(shape, { io, reused: 'inline' })
  return schema
}
