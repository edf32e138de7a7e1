import { defineConfig } from 'vitest/config'

export default defineConfig({
  resolve: { alias: { '@': import.meta.dirname } },
  test: {
    include: ['**/*.test.ts', '**/*.test.tsx'],
    exclude: ['node_modules/**', '.next/**', '.build/**', '.data/**', 'e2e/**'],
    globalSetup: ['lib/db/testing-setup.ts'],
    setupFiles: ['lib/db/testing-fresh.ts'],
    isolate: false,
    env: { LOG_LEVEL: 'silent' },
    testTimeout: 60_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
  },
})
