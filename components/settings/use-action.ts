'use client'

import { useQueryClient } from '@tanstack/react-query'
import { useTranslations } from 'use-intl'
import { errorText } from '../api'
import { toast } from '../ui/toast'

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
