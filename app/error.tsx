'use client'

import { ErrorState } from '@/components/ui/feedback'

export default function PageError({ error, reset }: { error: Error; reset: () => void }) {
  return (
    <main className="flex min-h-dvh items-center justify-center">
      <ErrorState error={error} onRetry={reset} />
    </main>
  )
}
