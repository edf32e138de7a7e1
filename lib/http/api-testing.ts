import { readdirSync } from 'node:fs'
import path from 'node:path'
import { newId } from '@/lib/db/ids'
import type { Method } from '@/lib/openapi/operation'
import { createToken } from '@/lib/users'
import { type Role, roles, systemContext } from '@/lib/users/context'

type Handler = (request: Request, route: { params: Promise<Record<string, string | string[]>> }) => Promise<Response>

const root = path.resolve('app/api/v1')

/** Every route of /api/v1 as its files say: path pattern with braces, and the methods it exports. */
export async function routesOnDisk(): Promise<{ path: string; methods: Partial<Record<Method, Handler>> }[]> {
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) => /(^|\/)route\.ts$/.test(file))
  return Promise.all(
    files.sort().map(async (file) => ({
      path: `/${path.dirname(file).replace(/\[(\w+)\]/g, '{$1}')}`,
      methods: (await import(path.join(root, file))) as Partial<Record<Method, Handler>>,
    })),
  )
}

type Asking = {
  token?: string
  headers?: Record<string, string>
  json?: unknown
  text?: string
}
// biome-ignore lint/suspicious/noExplicitAny: a test looks into answers member by member
type Answered = { status: number; type: string; body: any; headers: Headers }

/** Asks the handler whose file fits the address, as Next would. */
export async function ask(method: Method, address: string, asking: Asking = {}): Promise<Answered> {
  const { token, headers = {}, json, text } = asking
  const url = new URL(`/api/v1${address}`, 'http://desk.test')
  const parts = url.pathname.slice('/api/v1'.length)
  const [route] = (await routesOnDisk())
    .filter(({ path: pattern }) => patternOf(pattern).test(parts))
    .sort((a, b) => a.path.split('{').length - b.path.split('{').length)
  const handler = route?.methods[method]
  if (!route || !handler) throw new Error(`no route for ${method} ${address}`)
  const params = patternOf(route.path).exec(parts)?.groups ?? {}
  const request = new Request(url, {
    method,
    headers: { ...(token && { authorization: `Bearer ${token}` }), ...headers },
    ...(method !== 'GET' && { body: json === undefined ? text : JSON.stringify(json) }),
  })
  const decoded = Object.entries(params).map(([name, value]) => [name, decodeURIComponent(value)])
  const response = await handler(request, { params: Promise.resolve(Object.fromEntries(decoded)) })
  const answer = await response.text()
  const type = response.headers.get('content-type') ?? ''
  return {
    status: response.status,
    type,
    body: /json/.test(type) ? JSON.parse(answer) : answer,
    headers: response.headers,
  }
}

function patternOf(route: string): RegExp {
  return new RegExp(`^${route.replaceAll('.', '\\.').replace(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`)
}

/** The GET handler of another route below /api, such as `health`. */
export async function getterOf(name: string): Promise<(request: Request) => Promise<Response>> {
  const { GET } = (await import(path.resolve('app/api', name, 'route.ts'))) as {
    GET: (request: Request) => Promise<Response>
  }
  return GET
}

/** An API token of each role. */
export async function tokensOfRoles(): Promise<Record<Role, string>> {
  const made = await Promise.all(
    roles.map(async (role) => {
      const { token } = await createToken({ ctx: systemContext, input: { name: `${role} ${newId()}`, role } })
      return [role, token] as const
    }),
  )
  return Object.fromEntries(made) as Record<Role, string>
}
