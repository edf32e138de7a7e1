'use client'

import { later } from '@/components/ui/later'

// The way out of a fault comes along with every page; what it looks like only with the fault.
const ErrorState = later(() => import('@/components/ui/feedback').then((module) => module.ErrorState))

export default function PageError({ error, reset }: { error: Error; reset: () => void }) {
  return (
    <main className="flex min-h-dvh items-center justify-center">
      <ErrorState error={error} onRetry={reset} />
    </main>
  )
}
