#!/usr/bin/env node
// The command line of the desk: `npm run desk -- <command>`. Prepares what is missing, then runs scripts/desk.ts.
import { prepare } from './prepare.mjs'

await prepare(['packages', 'client'])
// Standard output belongs to the command; the log of the server is not part of it.
process.env.LOG_LEVEL = 'silent'
const { run } = await import('./run.mjs')
await run('scripts/desk.ts', process.argv.slice(2))
