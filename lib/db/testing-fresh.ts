import { vi } from 'vitest'

// The test files of one worker share its process and the packages it has loaded. The desk's own modules, what they keep
// in the process, the environment and the clock begin anew with each file.
const shared = globalThis as { __deskOnce?: unknown; __givenEnv?: NodeJS.ProcessEnv }

vi.resetModules()
vi.useRealTimers()
delete shared.__deskOnce
shared.__givenEnv ??= { ...process.env }
for (const name of Object.keys(process.env)) if (!(name in shared.__givenEnv)) delete process.env[name]
Object.assign(process.env, shared.__givenEnv)
