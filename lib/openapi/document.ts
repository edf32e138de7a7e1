import { z } from 'zod'
import { problemKinds } from '@/lib/http/problem'
import type { Operation } from './operation'

type Json = { [member: string]: unknown }

export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    field: z.string().optional().describe('the member of the request at fault'),
    details: z.record(z.string(), z.unknown()).optional(),
    instance: z.string().optional().describe('the number of an unforeseen error in the log'),
  })
  .meta({ id: 'Problem', description: 'RFC 9457' })

const intro = `Every request carries \`Authorization: Bearer desk_…\`. Lists answer the newest first, by pages: pass \`nextCursor\` as
\`cursor\`, with the same filter. Times are ISO 8601 in UTC. Errors are problem documents (RFC 9457). The role a request needs
stands with it: viewer < operator < admin.`

const tags = [
  ...['Messages', 'Calls', 'Bulk replays', 'Causes', 'Instances', 'Licences', 'Tenants'],
  ...['Tenant sign-ins', 'Orders', 'Usage', 'Rehearsals', 'Products', 'Credentials'],
  ...['Alerts', 'Saved views', 'Staff', 'API tokens', 'Audit', 'Retention', 'Desk'],
]
const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']

function byPlace(a: Operation, b: Operation): number {
  const path = a.path < b.path ? -1 : a.path > b.path ? 1 : 0
  return tags.indexOf(a.tag) - tags.indexOf(b.tag) || path || methods.indexOf(a.method) - methods.indexOf(b.method)
}

/** The OpenAPI 3.1 document of these operations, made of the schemas their handlers parse with. */
export function openApiDocument(
  given: Operation[],
  about: { serverUrl: string; version: string },
): Json & { openapi: string } {
  const operations = given.toSorted(byPlace)
  const components: Json = {}
  const paths: Record<string, Json> = {}
  const schemaOf = (schema: z.ZodType, io: 'input' | 'output') => hoist(schema, io, components)
  schemaOf(problemSchema, 'output')
  for (const operation of operations) {
    paths[operation.path] ??= {}
    ;(paths[operation.path] as Json)[operation.method.toLowerCase()] = describe(operation, schemaOf)
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'KooGallery Seller Desk',
      version: about.version,
      description: intro,
      license: { name: 'Apache-2.0' },
    },
    servers: [{ url: `${about.serverUrl}/api/v1` }],
    security: [{ token: [] }],
    tags: tags.map((name) => ({ name })),
    paths,
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer', bearerFormat: 'desk_…' } },
      schemas: Object.fromEntries(Object.entries(components).sort(([a], [b]) => (a < b ? -1 : 1))),
    },
  }
}

type SchemaOf = (schema: z.ZodType, io: 'input' | 'output') => Json

function describe(operation: Operation, schemaOf: SchemaOf): Json {
  const { method, path, tag, summary, description, role, failures = [] } = operation
  const needs = role === 'public' ? 'Public.' : `Role: ${role}.`
  const problems = [
    400,
    ...(role === 'public' ? [] : [401, 403]),
    ...failures,
    ...(operation.body && !failures.includes(413) ? [413] : []),
  ].sort()
  return {
    operationId: operationId(method, path),
    tags: [tag],
    summary,
    description: [description, needs].filter(Boolean).join(' '),
    ...(role === 'public' && { security: [] }),
    parameters: [
      ...parametersOf('path', operation.params, schemaOf),
      ...parametersOf('query', operation.query, schemaOf),
    ],
    ...requestBody(operation, schemaOf),
    responses: {
      [operation.status ?? 200]: answerOf(operation, schemaOf),
      ...Object.fromEntries(problems.map((status) => [status, problemAnswer(status)])),
      default: problemAnswer(500),
    },
  }
}

/** A name that stays the same as long as method and path do: `get /calls/{id}` is `getCallsById`. */
function operationId(method: string, path: string): string {
  const words = path.split(/[/\-.]/).filter(Boolean)
  const named = words.map((word) => (word.startsWith('{') ? `By${capital(word.slice(1, -1))}` : capital(word)))
  return method.toLowerCase() + named.join('')
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1)
}

function parametersOf(place: 'path' | 'query', schema: z.ZodType | undefined, schemaOf: SchemaOf): Json[] {
  if (!schema) return []
  const { properties = {}, required = [] } = schemaOf(schema, 'input') as {
    properties?: Record<string, Json>
    required?: string[]
  }
  return Object.entries(properties).map(([name, { description, ...property }]) => ({
    name,
    in: place,
    required: place === 'path' || (required.includes(name) && property.default === undefined),
    ...(description !== undefined && { description }),
    schema: property,
  }))
}

function requestBody(operation: Operation, schemaOf: SchemaOf): Json {
  if (operation.textBody) {
    return { requestBody: { required: true, content: { [operation.textBody.type]: { schema: { type: 'string' } } } } }
  }
  if (operation.fileBody) {
    const schema = { type: 'string', format: 'binary' }
    return { requestBody: { required: true, content: { 'application/octet-stream': { schema } } } }
  }
  if (!operation.body) return {}
  const schema = schemaOf(operation.body, 'input')
  const required = !operation.body.safeParse({}).success
  const content = { 'application/json': { schema }, ...(operation.formFile && formContent) }
  return { requestBody: { required, content } }
}

const formContent = {
  'multipart/form-data': {
    schema: { type: 'object', properties: { file: { type: 'string', format: 'binary' } }, required: ['file'] },
  },
}

function answerOf(operation: Operation, schemaOf: SchemaOf): Json {
  if (operation.answerType) {
    return { description: operation.summary, content: { [operation.answerType]: { schema: { type: 'string' } } } }
  }
  if (!operation.answer) return { description: operation.summary }
  const schema = schemaOf(operation.answer, 'output')
  return { description: operation.summary, content: { 'application/json': { schema } } }
}

function problemAnswer(status: number): Json {
  const known = problemKinds.find((kind) => kind.status === status)
  return {
    description: known?.title ?? 'Something went wrong',
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
  }
}

// Zod writes a named schema below `$defs` of whatever uses it; in an OpenAPI document they stand in one place.
function hoist(schema: z.ZodType, io: 'input' | 'output', components: Json): Json {
  const written = z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
    override: ({ jsonSchema }) => tidy(jsonSchema, io),
  })
  const { $schema: _, $defs = {}, ...own } = written as Json
  for (const [name, definition] of Object.entries($defs as Json)) components[name] ??= relink(definition)
  return relink(own) as Json
}

/** Leaves out what a reader has no use for, and what would forbid answers to grow. */
function tidy(schema: Json, io: 'input' | 'output'): void {
  if (schema.format !== undefined) delete schema.pattern
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum
  if (io === 'output' && schema.additionalProperties === false) delete schema.additionalProperties
}

function relink(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(relink)
  if (!(part instanceof Object)) return part
  const entries = Object.entries(part).map(([name, value]) => {
    const isLink = name === '$ref' && typeof value === 'string'
    return [name, isLink ? value.replace('#/$defs/', '#/components/schemas/') : relink(value)]
  })
  return Object.fromEntries(entries)
}
