'use client'

import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { errorText } from './api'
import { toast } from './ui/toast'

/** Runs a change, reads the lists at `paths` again and says how it went; false when it failed. */
export function useAction(...paths: string[]) {
  const client = useQueryClient()
  const t = useTranslations('errors')
  return async (change: () => Promise<unknown>, done?: string): Promise<boolean> => {
    try {
      await change()
      if (done) toast.success(done)
      return true
    } catch (fault) {
      toast.error(errorText(fault, t))
      return false
    } finally {
      await Promise.all(paths.map((path) => client.invalidateQueries({ queryKey: [path] })))
    }
  }
}

/**
 * Sends a form, reads the lists at `paths` again and goes on with `onDone`; what went wrong stays for the form to show,
 * until the next try or `clear`.
 */
export function useSubmit(paths: string[], onDone: () => void = () => {}) {
  const client = useQueryClient()
  const [error, setError] = useState<unknown>(null)
  const [busy, setBusy] = useState(false)
  const submit = async (change: () => Promise<unknown>, done?: string) => {
    setBusy(true)
    setError(null)
    try {
      await change()
      await Promise.all(paths.map((path) => client.invalidateQueries({ queryKey: [path] })))
      if (done) toast.success(done)
      onDone()
    } catch (fault) {
      setError(fault)
    }
    setBusy(false)
  }
  return { submit, error, busy, clear: () => setError(null) }
}
