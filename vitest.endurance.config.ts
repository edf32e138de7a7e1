import { defineConfig } from 'vitest/config'

const slowWorld = 'e2e/endurance/slow-world.endurance.ts'

export default defineConfig({
  resolve: { alias: { '@': import.meta.dirname } },
  test: {
    testTimeout: 600_000,
    hookTimeout: 180_000,
    maxWorkers: 2,
    projects: [
      // Alone: its purchases are answered half a second before their limit.
      { extends: true, test: { name: 'slow world', include: [slowWorld], sequence: { groupOrder: 0 } } },
      {
        extends: true,
        test: {
          name: 'endurance',
          include: ['e2e/endurance/*.endurance.ts'],
          exclude: [slowWorld],
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
})
