import process from 'node:process'
import { prepare } from './prepare.mjs'
import { root, run } from './run.mjs'

process.chdir(root)
process.env.NODE_ENV = 'production'
process.env.NEXT_TELEMETRY_DISABLED = '1'
await prepare()
await run('server.ts')
