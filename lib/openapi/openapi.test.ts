import { describe, expect, it } from 'vitest'
import { routesOnDisk } from '@/lib/http/api-testing'
import { openApiDocument } from './document'
import * as operations from './operations'
import { documentPage } from './page'

// biome-ignore lint/suspicious/noExplicitAny: the test looks into the document member by member
type Json = { [member: string]: any }
const all = Object.values(operations)
const document = openApiDocument(all, { serverUrl: 'https://desk.example.com', version: '1.2.3' }) as Json
const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const

describe('the description', () => {
  it('tells of exactly the routes that exist', async () => {
    const onDisk = (await routesOnDisk())
      .filter(({ path }) => path !== '/[[...rest]]')
      .flatMap((route) => methods.filter((method) => route.methods[method]).map((method) => `${method} ${route.path}`))
    const described = all.map(({ method, path }) => `${method} ${path}`)
    expect(described.sort()).toEqual(onDisk.sort())
  })

  it('has every reference, parameter and answer in order', () => {
    expect(document.openapi).toBe('3.1.0')
    expect(all.filter(({ tag }) => !document.tags.some((known: Json) => known.name === tag))).toEqual([])
    const ids = new Set<string>()
    for (const [path, item] of Object.entries<Json>(document.paths)) {
      for (const operation of Object.values<Json>(item)) {
        expect(ids.has(operation.operationId), operation.operationId).toBe(false)
        ids.add(operation.operationId)
        const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
        const declared = operation.parameters.filter((one: Json) => one.in === 'path')
        expect(declared.map((one: Json) => one.name)).toEqual(inPath)
        expect(declared.every((one: Json) => one.required)).toBe(true)
        const statuses = Object.keys(operation.responses)
        expect(statuses.filter((status) => /^2\d\d$/.test(status))).toHaveLength(1)
        expect(statuses).toContain('default')
        for (const answer of Object.values<Json>(operation.responses))
          expect(answer.description).toEqual(expect.any(String))
      }
    }
    for (const reference of referencesIn(document)) {
      expect(reference).toMatch(/^#\/components\/schemas\//)
      expect(document.components.schemas).toHaveProperty([reference.split('/').at(-1) as string])
    }
    expect(JSON.stringify(document)).not.toContain('$defs')
  })

  it('holds schemas a validator can read', () => {
    const types = new Set(['string', 'number', 'integer', 'boolean', 'object', 'array', 'null'])
    const wrong: unknown[] = []
    visit(document.components.schemas, (schema) => {
      if (schema.type !== undefined && typeof schema.type === 'string' && !types.has(schema.type)) wrong.push(schema)
      const required: string[] = Array.isArray(schema.required) ? schema.required : []
      if (schema.properties && required.some((name) => !(name in schema.properties))) wrong.push(schema)
      if (schema.type === 'array' && !schema.items && !schema.prefixItems) wrong.push(schema)
    })
    expect(wrong).toEqual([])
  })

  it('says what a list may be asked and who may', () => {
    const list = document.paths['/messages'].get
    expect(list.parameters.map((one: Json) => one.name)).toEqual(
      expect.arrayContaining([
        'state',
        'activity',
        'resultCode',
        'productId',
        'q',
        'from',
        'to',
        'test',
        'limit',
        'cursor',
      ]),
    )
    expect(document.tags.map((tag: Json) => tag.name).slice(0, 3)).toEqual(['Messages', 'Calls', 'Bulk replays'])
    expect(Object.keys(document.paths)[0]).toBe('/messages')
    expect(list.description).toBe('Role: viewer.')
    expect(document.paths['/set-up'].post.security).toEqual([])
  })
})

describe('the page', () => {
  it('shows every operation and leads nowhere else', () => {
    const page = documentPage(document)
    for (const { path, summary } of all) {
      expect(page).toContain(`<code>${path}</code>`)
      expect(page).toContain(summary.replaceAll('"', '&quot;'))
    }
    const targets = [...page.matchAll(/href="#([^"]+)"/g)].map(([, target]) => target)
    expect(targets.length).toBeGreaterThan(50)
    for (const target of new Set(targets)) expect(page).toContain(`id="${target}"`)
    expect(page).not.toMatch(/<script|<link|src=|https?:\/\/(?!desk)/)
  })
})

function* referencesIn(part: unknown): Generator<string> {
  if (!(part instanceof Object)) return
  for (const [name, value] of Object.entries(part)) {
    if (name === '$ref') yield value
    else yield* referencesIn(value)
  }
}

function visit(part: unknown, look: (schema: Json) => void): void {
  if (!(part instanceof Object)) return
  if (!Array.isArray(part)) look(part)
  for (const value of Object.values(part)) visit(value, look)
}
