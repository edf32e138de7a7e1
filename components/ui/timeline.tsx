import type { LucideIcon } from 'lucide-react'
import type { ReactNode } from 'react'
import type { Tone } from './badge'
import { cn } from './cn'

export type TimelineItem = {
  key: string
  icon: LucideIcon
  tone: Tone
  title: ReactNode
  aside?: ReactNode
  body?: ReactNode
  /** makes the whole entry a button */
  onSelect?: () => void
  selected?: boolean
}

const tones: Record<Tone, string> = {
  ok: 'bg-ok-soft text-ok',
  warn: 'bg-warn-soft text-warn',
  bad: 'bg-bad-soft text-bad',
  info: 'bg-info-soft text-info',
  idle: 'bg-idle-soft text-soft',
  accent: 'bg-accent-soft text-accent',
}

/** What happened, newest first, on one line of time. */
export function Timeline({ items, label }: { items: TimelineItem[]; label: string }) {
  return (
    <ol aria-label={label} className="relative">
      {items.map((item, index) => {
        const Icon = item.icon
        const content = (
          <>
            <span
              className={cn(
                'relative z-1 flex size-6 shrink-0 items-center justify-center rounded-full',
                tones[item.tone],
              )}
            >
              <Icon className="size-3.5" aria-hidden />
            </span>
            <span className="min-w-0 grow text-left text-sm">
              <span className="flex flex-wrap items-baseline justify-between gap-x-3">
                <span className="min-w-0 break-words">{item.title}</span>
                {item.aside ? <span className="shrink-0 text-faint text-xs">{item.aside}</span> : null}
              </span>
              {item.body ? <span className="mt-0.5 block break-words text-soft text-xs">{item.body}</span> : null}
            </span>
          </>
        )
        return (
          <li key={item.key} className="relative">
            {index < items.length - 1 ? (
              <span className="absolute top-5 bottom-[-0.5rem] left-[1.2rem] w-px bg-line" aria-hidden />
            ) : null}
            {item.onSelect ? (
              <button
                type="button"
                aria-pressed={item.selected ?? false}
                onClick={item.onSelect}
                className={cn(
                  'flex w-full items-start gap-2.5 rounded-md px-2 py-1.5 transition-colors hover:bg-hover',
                  item.selected && 'bg-accent-soft hover:bg-accent-soft',
                )}
              >
                {content}
              </button>
            ) : (
              <div className="flex items-start gap-2.5 px-2 py-1.5">{content}</div>
            )}
          </li>
        )
      })}
    </ol>
  )
}
