'use client'

import dynamic from 'next/dynamic'

// The way out of a fault comes along with every page; what it looks like only with the fault.
const ErrorState = dynamic(() => import('@/components/ui/feedback').then((module) => module.ErrorState), { ssr: false })

export default function PageError({ error, reset }: { error: Error; reset: () => void }) {
  return (
    <main className="flex min-h-dvh items-center justify-center">
      <ErrorState error={error} onRetry={reset} />
    </main>
  )
}
