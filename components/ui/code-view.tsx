'use client'

import { ChevronRight } from 'lucide-react'
import { type ReactNode, useState } from 'react'
import { useTranslations } from 'use-intl'
import { cn } from './cn'
import { CopyButton } from './copy'

type Json = string | number | boolean | null | Json[] | { [key: string]: Json }

export function parseJson(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json
  } catch {
    return undefined
  }
}

const frame = 'relative overflow-auto rounded-md border border-line bg-sunken font-mono text-xs leading-5'

type CodeViewProps = { text: string; label: string; className?: string; wrap?: boolean }

/** Text exactly as it was on the wire. */
export function CodeView({ text, label, className, wrap = true }: CodeViewProps) {
  return (
    <div className={cn(frame, 'max-h-[32rem]', className)}>
      <CopyButton text={text} className="sticky top-1.5 right-1.5 float-right mr-1.5 bg-sunken" />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling area must be reachable by keyboard */}
      <section tabIndex={0} aria-label={label} className="p-3 outline-offset-[-2px]">
        <pre className={cn('font-mono', wrap && 'whitespace-pre-wrap break-all')}>{text}</pre>
      </section>
    </div>
  )
}

/** JSON as a tree that folds; anything else as it is. */
export function JsonView({ text, label }: { text: string; label: string }) {
  const t = useTranslations('common')
  const [raw, setRaw] = useState(false)
  const value = parseJson(text)
  if (text.trim() === '') return <p className="text-faint text-sm">{t('emptyBody')}</p>
  if (value === undefined || value === null || typeof value !== 'object') return <CodeView text={text} label={label} />
  return (
    <div>
      <div className="mb-1.5 flex justify-end">
        <button
          type="button"
          className="rounded-sm text-soft text-xs hover:text-ink"
          aria-pressed={raw}
          onClick={() => setRaw(!raw)}
        >
          {raw ? t('showTree') : t('showRaw')}
        </button>
      </div>
      {raw ? (
        <CodeView text={text} label={label} />
      ) : (
        <div className={cn(frame, 'max-h-[32rem] p-3')}>
          <CopyButton text={JSON.stringify(value, null, 2)} className="sticky top-0 float-right bg-sunken" />
          <JsonTree value={value} />
        </div>
      )}
    </div>
  )
}

export function JsonTree({ value }: { value: Json }) {
  return (
    <div className="break-all">
      <Node value={value} depth={0} />
    </div>
  )
}

function Node({ name, value, depth }: { name?: string; value: Json; depth: number }) {
  const [open, setOpen] = useState(depth < 4)
  const label: ReactNode = name === undefined ? null : <span className="text-info">{name}: </span>
  if (value === null || typeof value !== 'object') {
    return (
      <div className="pl-4">
        {label}
        <Leaf value={value} />
      </div>
    )
  }
  const entries: [string, Json][] = Object.entries(value)
  const list = Array.isArray(value)
  if (entries.length === 0) {
    return (
      <div className="pl-4">
        {label}
        <span className="text-faint">{list ? '[]' : '{}'}</span>
      </div>
    )
  }
  return (
    <div>
      <button
        type="button"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
        className="inline-flex items-center rounded-sm text-left"
      >
        <ChevronRight
          className={cn('mr-0.5 size-3.5 text-faint transition-transform', open && 'rotate-90')}
          aria-hidden
        />
        {label}
        <span className="text-faint">
          {open ? (list ? '[' : '{') : list ? `[ ${entries.length} ]` : `{ ${entries.length} }`}
        </span>
      </button>
      {open ? (
        <>
          <div className="ml-1.5 border-line border-l pl-1.5">
            {entries.map(([key, child]) => (
              <Node key={key} name={key} value={child} depth={depth + 1} />
            ))}
          </div>
          <div className="pl-4 text-faint">{list ? ']' : '}'}</div>
        </>
      ) : null}
    </div>
  )
}

function Leaf({ value }: { value: string | number | boolean | null }) {
  if (typeof value === 'string') return <span className="text-ok">{JSON.stringify(value)}</span>
  if (value === null) return <span className="text-faint">null</span>
  return <span className="text-warn">{String(value)}</span>
}

/** Names and values, such as headers or query parameters. */
export function PairTable({ pairs, label }: { pairs: [string, string][]; label: string }) {
  const t = useTranslations('common')
  if (pairs.length === 0) return <p className="text-faint text-sm">{t('none')}</p>
  return (
    <table
      aria-label={label}
      className="w-full table-fixed border-separate border-spacing-0 overflow-hidden rounded-md border border-line text-xs"
    >
      <tbody>
        {pairs.map(([name, value], index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: names may repeat and never move
          <tr key={index} className="align-top [&:not(:last-child)>*]:border-b [&>*]:border-line">
            <th
              scope="row"
              className="w-2/5 break-all bg-sunken px-3 py-1.5 text-left font-mono font-normal text-soft sm:w-56"
            >
              {name}
            </th>
            <td className="break-all px-3 py-1.5 font-mono">{value}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
