#!/usr/bin/env node
// Prisma's CLI drives a native `schema-engine` that it downloads from its own host. This executable speaks the same
// arguments and JSON-RPC over stdio, served by the WASM build of that engine from npm over @prisma/adapter-pg.
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import readline from 'node:readline'
import { PrismaPg } from '@prisma/adapter-pg'
import { bindMigrationAwareSqlAdapterFactory, ColumnTypeEnum } from '@prisma/driver-adapter-utils'
import pg from 'pg'

const argv = process.argv.slice(2)
const datasource = JSON.parse(option('--datasource') ?? '{}')
const url = datasource.url ?? process.env.DATABASE_URL

if (argv.includes('--version') || argv.includes('-V')) {
  console.log('schema-engine-cli wasm')
} else if (argv.includes('cli')) {
  await runDatabaseCommand(argv[argv.indexOf('cli') + 1])
} else {
  await serve()
  process.exit(0)
}

function option(name) {
  const at = argv.indexOf(name)
  return at < 0 ? undefined : argv[at + 1]
}

// Discrete fields: the adapter's shadow connection overrides only `database`, and pg would let a connection string win.
function connectionFields(text) {
  const parsed = new URL(text)
  return {
    host: parsed.searchParams.get('host') ?? parsed.hostname,
    port: Number(parsed.port || 5432),
    user: decodeURIComponent(parsed.username),
    password: decodeURIComponent(parsed.password),
    database: decodeURIComponent(parsed.pathname.slice(1)),
    ssl: parsed.searchParams.get('sslmode') === 'require' ? { rejectUnauthorized: false } : undefined,
    options: '-c timezone=UTC',
    connectionTimeoutMillis: 5000,
  }
}

async function runSql(fields, sql) {
  const client = new pg.Client(fields)
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}

const quoted = (name) => `"${name.replaceAll('"', '""')}"`

function runMaintenanceSql(makeSql) {
  const fields = connectionFields(url)
  return runSql({ ...fields, database: 'postgres' }, makeSql(quoted(fields.database)))
}

async function runDatabaseCommand(command) {
  try {
    if (command === 'can-connect-to-database') await runSql(connectionFields(url), 'SELECT 1')
    else if (command === 'create-database') await runMaintenanceSql((name) => `CREATE DATABASE ${name}`)
    else if (command === 'drop-database') await runMaintenanceSql((name) => `DROP DATABASE IF EXISTS ${name}`)
    else reportFailure('P1000', `Unknown command ${command}`)
  } catch (error) {
    const { database, host, port } = connectionFields(url)
    if (error.code === '3D000') {
      reportFailure('P1003', `Database ${database} does not exist`, { database_name: database })
    } else if (error.code === '28P01') reportFailure('P1000', error.message)
    else if (error.code === '42P04') reportFailure('P1009', error.message)
    else {
      const location = `${host}:${port}`
      reportFailure('P1001', `Can't reach database server at ${location}: ${error.message}`, {
        database_location: location,
      })
    }
  }
}

// The CLI throws the first line of stderr away and reads the error from the second.
function reportFailure(code, message, meta = {}) {
  const fields = { message, is_panic: false, error_code: code, meta }
  const lines = [
    { level: 'INFO', fields: { message: 'schema-engine' }, target: 'schema_engine' },
    { timestamp: new Date().toISOString(), level: 'ERROR', fields, target: 'schema_engine::logger' },
  ]
  process.stderr.write(lines.map((line) => JSON.stringify(line)).join('\n'))
  process.exitCode = 1
}

// The catalogue queries return "char", char[] and name[] columns, which the adapter refuses; show them as text or char.
function acceptCatalogueTypes(queryable) {
  const oidOfChar = 18
  const readableAs = { 18: 25, 22: 1005, 30: 1028, 1002: 1009, 1003: 1009 }
  const performIO = queryable.performIO.bind(queryable)
  const queryRaw = queryable.queryRaw.bind(queryable)
  let charColumns = []
  queryable.performIO = async (query) => {
    const result = await performIO(query)
    charColumns = []
    for (const [index, field] of (result.fields ?? []).entries()) {
      if (field.dataTypeID === oidOfChar) charColumns.push(index)
      field.dataTypeID = readableAs[field.dataTypeID] ?? field.dataTypeID
    }
    return result
  }
  queryable.queryRaw = async (query) => {
    const result = await queryRaw(query)
    for (const index of charColumns) result.columnTypes[index] = ColumnTypeEnum.Character
    return result
  }
  if (queryable.startTransaction) {
    const startTransaction = queryable.startTransaction.bind(queryable)
    queryable.startTransaction = async (level) => acceptCatalogueTypes(await startTransaction(level))
  }
  return queryable
}

async function connectToShadowDatabase() {
  if (datasource.shadowDatabaseUrl) {
    const shadow = acceptCatalogueTypes(await new PrismaPg(connectionFields(datasource.shadowDatabaseUrl)).connect())
    await shadow.executeScript('DROP SCHEMA IF EXISTS "public" CASCADE; CREATE SCHEMA "public"')
    return shadow
  }
  // The adapter's own shadow database is dropped before its connection is closed, which PostgreSQL refuses.
  const database = `prisma_migrate_shadow_db_${randomUUID()}`
  const fields = connectionFields(url)
  await runSql(fields, `CREATE DATABASE ${quoted(database)}`)
  const shadow = acceptCatalogueTypes(await new PrismaPg({ ...fields, database }).connect())
  const dispose = shadow.dispose.bind(shadow)
  shadow.dispose = async () => {
    await dispose()
    await runSql(fields, `DROP DATABASE IF EXISTS ${quoted(database)} WITH (FORCE)`)
  }
  return shadow
}

// Comparing two schema files needs no server, yet the engine first asks one for its version: answered from here.
function answerVersionOffline(queryable) {
  const queryRaw = queryable.queryRaw.bind(queryable)
  queryable.queryRaw = async (query) => {
    if (!query.sql.includes('server_version_num')) return queryRaw(query)
    return {
      columnNames: ['exists', 'version', 'numeric_version'],
      columnTypes: [ColumnTypeEnum.Boolean, ColumnTypeEnum.Text, ColumnTypeEnum.Int32],
      rows: [[true, 'PostgreSQL 18.0', 180000]],
    }
  }
  return queryable
}

async function loadEngine(offline) {
  const bindings = await import('@prisma/schema-engine-wasm/schema_engine_bg')
  const file = createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm/schema_engine_bg')
  const wasm = readFileSync(file.replace(/\.js$/, '.wasm'))
  const { instance } = await WebAssembly.instantiate(wasm, { './schema_engine_bg.js': bindings })
  bindings.__wbg_set_wasm(instance.exports)
  instance.exports.__wbindgen_start()

  const schema = url ? (new URL(url).searchParams.get('schema') ?? undefined) : undefined
  const adapter = new PrismaPg(url ? connectionFields(url) : {}, schema ? { schema } : undefined)
  const factory = bindMigrationAwareSqlAdapterFactory({
    provider: adapter.provider,
    adapterName: adapter.adapterName,
    connect: async () => (offline ? answerVersionOffline : acceptCatalogueTypes)(await adapter.connect()),
    connectToShadowDb: connectToShadowDatabase,
  })
  const datamodels = argv
    .flatMap((name, at) => (name === '--datamodels' || name === '--datamodel' ? [argv[at + 1]] : []))
    .map((path) => [path, readFileSync(path, 'utf8')])
  const log = (line) => process.env.DEBUG && process.stderr.write(`${line}\n`)
  return bindings.SchemaEngine.new({ datamodels: datamodels.length > 0 ? datamodels : undefined }, log, factory)
}

async function serve() {
  let engine
  let printId = 1_000_000
  const send = (message) => process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)

  async function call(method, params) {
    const needsNoServer = (side) => side.tag === 'empty' || side.tag === 'schemaDatamodel'
    engine ??= await loadEngine(method === 'diff' && needsNoServer(params.from) && needsNoServer(params.to))
    if (method === 'getDatabaseVersion') return engine.version(params)
    if (method === 'createDatabase') {
      await runMaintenanceSql((name) => `CREATE DATABASE ${name}`)
      return { databaseName: connectionFields(url).database }
    }
    return engine[method](params)
  }

  for await (const line of readline.createInterface({ input: process.stdin })) {
    if (!line.trim()) continue
    const { id, method, params } = JSON.parse(line)
    if (!method) continue // an answer to our own `print`
    try {
      const result = await call(method, params)
      if (method === 'diff' && result?.stdout != null) {
        send({ id: printId++, method: 'print', params: { content: result.stdout } })
      }
      send({ id, result: result ?? null })
    } catch (error) {
      const data = {
        is_panic: false,
        message: error.message ?? String(error),
        meta: error.meta ?? null,
        error_code: error.code ?? null,
      }
      send({ id, error: { code: 4466, message: 'An error happened. Check the data field for details.', data } })
    }
  }
}
