import module from 'node:module'
import path from 'node:path'
import process from 'node:process'
import { prepare } from './prepare.mjs'
import { root, run } from './run.mjs'

process.chdir(root)
process.env.NODE_ENV = 'production'
process.env.NEXT_TELEMETRY_DISABLED = '1'
module.enableCompileCache?.(path.join(root, '.build', 'compiled')) // Node 22 and later: starts sooner
await prepare()
await run('server.ts')
