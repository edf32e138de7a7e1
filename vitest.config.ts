import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Runs these files first, in this order. */
function startingWith(...names: string[]) {
  const rank = ({ moduleId }: TestSpecification) => {
    const at = names.findIndex((name) => moduleId.includes(`/${name}.`))
    return at < 0 ? names.length : at
  }
  return class extends BaseSequencer {
    override async sort(files: TestSpecification[]) {
      return (await super.sort(files)).sort((one, other) => rank(one) - rank(other))
    }
  }
}

// Those that take longest, for their waits and the processes they start: no worker ends alone with one of them.
const longest = ['usage/killed', 'scripts/desk', 'jobs/jobs', 'db/embedded', 'usage/usage', 'http/api', 'http/front']

export default defineConfig({
  resolve: { alias: { '@': import.meta.dirname } },
  test: {
    include: ['**/*.test.ts', '**/*.test.tsx'],
    exclude: ['node_modules/**', '.next/**', '.build/**', '.data/**', 'e2e/**'],
    globalSetup: ['lib/db/testing-setup.ts'],
    setupFiles: ['lib/db/testing-fresh.ts'],
    isolate: false,
    sequence: { sequencer: startingWith(...longest) },
    env: { LOG_LEVEL: 'silent' },
    testTimeout: 60_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
  },
})
