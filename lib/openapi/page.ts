import { problemKinds } from '@/lib/http/problem'

type Json = { [member: string]: unknown }
type Parameter = { name: string; in: string; required: boolean; description?: string; schema: Json }
type Described = {
  tags: string[]
  summary: string
  description: string
  operationId: string
  parameters: Parameter[]
  requestBody?: { content: Record<string, { schema: Json }> }
  responses: Record<string, { description: string; content?: Record<string, { schema: Json }> }>
}

/** An OpenAPI document as one page of HTML that loads nothing else. */
export function documentPage(document: Json): string {
  const { info, paths, tags, components } = document as {
    info: { title: string; description: string }
    paths: Record<string, Record<string, Described>>
    tags: { name: string }[]
    components: { schemas: Record<string, Json> }
  }
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), ...operation })),
  )
  const groups = tags.map(({ name }) => ({ name, members: operations.filter(({ tags: [tag] }) => tag === name) }))
  const nav = groups.map(
    ({ name, members }) =>
      `<b>${html(name)}</b>${members.map((one) => `<a href="#${one.operationId}"><i>${one.method}</i> ${html(one.path)}</a>`).join('')}`,
  )
  const sections = groups.map(
    ({ name, members }) => `<h2>${html(name)}</h2>${members.map((one) => operationHtml(one)).join('')}`,
  )
  const shapes = Object.entries(components.schemas).map(
    ([name, schema]) =>
      `<section id="schema-${name}"><h3>${html(name)}</h3>${paragraph(schema.description)}<pre>${typeOf(schema)}</pre></section>`,
  )
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${html(info.title)} API</title><style>${style}</style></head>
<body><nav aria-label="Operations"><a href="#top"><b>${html(info.title)}</b></a><a href="/api/v1/openapi.json">openapi.json</a>${nav.join('')}<b>Shapes</b>${Object.keys(
    components.schemas,
  )
    .map((name) => `<a href="#schema-${name}">${html(name)}</a>`)
    .join('')}</nav>
<main id="top"><h1>${html(info.title)} API</h1>${paragraph(info.description)}
<h2>Errors</h2><table><thead><tr><th>Status</th><th>Type</th><th>Means</th></tr></thead><tbody>${problemKinds
    .map(
      ({ status, code, title }) => `<tr id="${code}"><td>${status}</td><td>#${code}</td><td>${html(title)}</td></tr>`,
    )
    .join('')}<tr id="unforeseen"><td>500</td><td>#unforeseen</td><td>The log has the reason</td></tr></tbody></table>
${sections.join('')}<h2>Shapes</h2>${shapes.join('')}</main></body></html>`
}

function operationHtml(operation: Described & { path: string; method: string }): string {
  const { operationId, method, path, summary, description, parameters, requestBody, responses } = operation
  const rows = parameters.map(
    ({ name, in: place, required, description: about, schema }) =>
      `<tr><td><code>${html(name)}</code></td><td>${place}${required ? ', required' : ''}</td><td><code>${typeOf(schema)}</code></td><td>${prose(about ?? '')}</td></tr>`,
  )
  const table = rows.length
    ? `<table><thead><tr><th>Parameter</th><th>In</th><th>Type</th><th>Means</th></tr></thead><tbody>${rows.join('')}</tbody></table>`
    : ''
  const body = Object.entries(requestBody?.content ?? {}).map(
    ([type, { schema }]) => `<h4>Body <small>${html(type)}</small></h4><pre>${typeOf(schema)}</pre>`,
  )
  const answers = Object.entries(responses)
    .filter(([status]) => status.startsWith('2'))
    .flatMap(([status, { content = {} }]) =>
      Object.entries(content).map(
        ([type, { schema }]) => `<h4>${status} <small>${html(type)}</small></h4><pre>${typeOf(schema)}</pre>`,
      ),
    )
  const failures = Object.keys(responses).filter((status) => /^[45]/.test(status))
  return `<section id="${operationId}"><h3><i>${method}</i> <code>${html(path)}</code></h3><p><b>${html(summary)}.</b> ${prose(description)}</p>
${table}${body.join('')}${answers.join('')}<p><small>Errors: ${failures.join(', ')}</small></p></section>`
}

/** A JSON schema in the manner of a type, as HTML. */
function typeOf(schema: Json, indent = ''): string {
  const {
    $ref,
    type,
    enum: values,
    properties,
    items,
    anyOf,
    oneOf,
    additionalProperties,
  } = schema as {
    $ref?: string
    type?: string | string[]
    enum?: unknown[]
    const?: unknown
    properties?: Record<string, Json>
    items?: Json
    anyOf?: Json[]
    oneOf?: Json[]
    additionalProperties?: Json | boolean
  }
  if ($ref) {
    const name = $ref.split('/').at(-1) ?? ''
    return `<a href="#schema-${name}">${html(name)}</a>`
  }
  if (schema.const !== undefined) return html(JSON.stringify(schema.const))
  if (values) return values.map((value) => html(JSON.stringify(value))).join(' | ')
  const either = anyOf ?? oneOf
  if (either) return either.map((one) => typeOf(one, indent)).join(' | ')
  if (type === 'array') return `${typeOf(items ?? {}, indent)}[]`
  if (properties) {
    const required = (schema.required as string[] | undefined) ?? []
    const members = Object.entries(properties).map(([name, member]) => {
      const about = typeof member.description === 'string' ? `  <em>${prose(member.description)}</em>` : ''
      return `${indent}  ${html(name)}${required.includes(name) ? '' : '?'}: ${typeOf(member, `${indent}  `)}${about}`
    })
    return `{\n${members.join('\n')}\n${indent}}`
  }
  if (type === 'object' && additionalProperties instanceof Object) {
    return `{ [name]: ${typeOf(additionalProperties, indent)} }`
  }
  const name = Array.isArray(type) ? type.join(' | ') : (type ?? 'any')
  return html(typeof schema.format === 'string' ? `${name} (${schema.format})` : name)
}

function paragraph(text: unknown): string {
  return typeof text === 'string' ? `<p>${prose(text)}</p>` : ''
}

function prose(text: string): string {
  return html(text).replace(/`([^`]*)`/g, '<code>$1</code>')
}

function html(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}

const style = `
:root{color-scheme:light dark;--line:light-dark(#e4e4e7,#2e2e33);--soft:light-dark(#f6f6f7,#1b1b1f);--dim:light-dark(#5b5b66,#a3a3ad);--link:light-dark(#1d4ed8,#8ab4ff)}
*{box-sizing:border-box}body{margin:0;display:grid;grid-template-columns:20rem minmax(0,1fr);font:15px/1.55 system-ui,"PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif;background:light-dark(#fff,#111114);color:light-dark(#18181b,#ececf1)}
a{color:var(--link);text-decoration:none}a:hover{text-decoration:underline}a:focus-visible{outline:2px solid var(--link);outline-offset:2px}
nav{position:sticky;top:0;height:100vh;overflow:auto;padding:1.5rem;border-right:1px solid var(--line);font-size:13px}nav a{display:block;padding:.15rem 0;overflow-wrap:anywhere}nav>b{display:block;margin:1rem 0 .25rem}
main{padding:2rem 3rem 6rem;max-width:70rem}h1{font-size:1.6rem;margin:0 0 1rem}h2{margin:3rem 0 1rem;padding-bottom:.3rem;border-bottom:1px solid var(--line)}h3{margin:2rem 0 .5rem;font-size:1.05rem}h4{margin:1rem 0 .3rem}
section{scroll-margin-top:1rem}i{font-style:normal;font-weight:600;color:var(--dim);font-size:.85em}small,em{color:var(--dim);font-style:normal;font-weight:400}
code,pre{font:13px/1.5 ui-monospace,SFMono-Regular,Menlo,monospace}pre{background:var(--soft);border:1px solid var(--line);border-radius:8px;padding:.8rem 1rem;overflow:auto}
table{border-collapse:collapse;width:100%;font-size:14px}th,td{text-align:left;vertical-align:top;padding:.4rem .8rem .4rem 0;border-bottom:1px solid var(--line)}th{color:var(--dim);font-weight:500}
@media(max-width:800px){body{display:block}nav{position:static;height:auto;max-height:40vh;border-right:0;border-bottom:1px solid var(--line)}main{padding:1.5rem}}`
