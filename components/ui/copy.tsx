'use client'

import { Check, Copy } from 'lucide-react'
import { useRef, useState } from 'react'
import { useTranslations } from 'use-intl'
import { IconButton } from './button'
import { cn } from './cn'
import { toast } from './toast'

/** Puts text on the clipboard, also where the page is not served over https. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    const area = document.createElement('textarea')
    area.value = text
    area.style.position = 'fixed'
    area.style.opacity = '0'
    ;(document.querySelector('[role="dialog"]') ?? document.body).append(area)
    area.select()
    const copied = document.execCommand('copy')
    area.remove()
    return copied
  }
}

export function CopyButton({ text, label, className }: { text: string; label?: string; className?: string }) {
  const t = useTranslations('common')
  const [copied, setCopied] = useState(false)
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  const copy = async () => {
    if (!(await copyText(text))) return toast.error(t('copyFailed'))
    clearTimeout(timer.current)
    setCopied(true)
    timer.current = setTimeout(() => setCopied(false), 1500)
  }
  return (
    <IconButton
      label={copied ? t('copied') : (label ?? t('copy'))}
      size="sm"
      quiet
      className={cn('size-6', className)}
      onClick={copy}
    >
      {copied ? <Check className="size-3.5! text-ok" aria-hidden /> : <Copy className="size-3.5!" aria-hidden />}
    </IconButton>
  )
}

/** An id: monospaced, wrapped anywhere, with a button that copies it. */
export function Id({ value, children }: { value: string | null | undefined; children?: React.ReactNode }) {
  if (!value) return <span className="text-faint">–</span>
  return (
    <span className="group/id inline-flex max-w-full items-start gap-0.5">
      <span className="break-all font-mono text-[0.92em]">{children ?? value}</span>
      <CopyButton
        text={value}
        className="-my-0.5 opacity-60 transition-opacity hover:opacity-100 focus-visible:opacity-100"
      />
    </span>
  )
}

/** A long id with its middle left out; whole in the hint. */
export function ShortId({ value, keep = 18 }: { value: string | null | undefined; keep?: number }) {
  if (!value) return <span className="text-faint">–</span>
  const tail = 6
  const shown = value.length > keep ? `${value.slice(0, keep - tail - 1)}…${value.slice(-tail)}` : value
  return (
    <span title={value} className="whitespace-nowrap font-mono text-[0.92em]">
      {shown}
    </span>
  )
}
