import { cn } from './cn'

/** The looks of tabs, for those that are links or change the address. */
export const tabStripClass = 'flex gap-4 overflow-x-auto border-line border-b [scrollbar-width:none]'

export function tabClass(current: boolean): string {
  return cn(
    '-mb-px shrink-0 border-b-2 py-2 text-sm transition-colors outline-offset-[-2px]',
    current ? 'border-accent-solid font-medium text-ink' : 'border-transparent text-soft hover:text-ink',
  )
}
