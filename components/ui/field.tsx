'use client'

import { CircleAlert } from 'lucide-react'
import { type ComponentProps, type ReactNode, useId } from 'react'
import { cn } from './cn'

const box =
  'w-full rounded-md border border-control/70 bg-surface text-sm text-ink shadow-xs transition-colors hover:border-control disabled:cursor-not-allowed disabled:bg-sunken disabled:text-faint aria-invalid:border-bad'

export function Input({ className, ...rest }: ComponentProps<'input'>) {
  return <input className={cn(box, 'h-8 px-2.5', className)} {...rest} />
}

export function Textarea({ className, ...rest }: ComponentProps<'textarea'>) {
  return <textarea className={cn(box, 'min-h-20 resize-y px-2.5 py-1.5', className)} {...rest} />
}

type SelectProps = ComponentProps<'select'> & { options: { value: string; label: string; disabled?: boolean }[] }

export function Select({ className, options, ...rest }: SelectProps) {
  return (
    <select className={cn(box, 'select-arrow h-8 appearance-none pr-7 pl-2.5', className)} {...rest}>
      {options.map((option) => (
        <option key={option.value} value={option.value} disabled={option.disabled}>
          {option.label}
        </option>
      ))}
    </select>
  )
}

export type FieldControl = { id: string; 'aria-describedby': string | undefined; 'aria-invalid': true | undefined }

type FieldProps = {
  label: ReactNode
  hint?: ReactNode
  /** what is wrong with what was typed */
  error?: string | null | undefined
  className?: string
  children: (control: FieldControl) => ReactNode
}

/** Label, control and help of one input, or what is wrong with it in place of the help. */
export function Field({ label, hint, error, className, children }: FieldProps) {
  const id = useId()
  const described = error ? `${id}-error` : hint ? `${id}-hint` : undefined
  return (
    <div className={cn('flex flex-col gap-1', className)}>
      <label htmlFor={id} className="font-medium text-sm">
        {label}
      </label>
      {children({ id, 'aria-describedby': described, 'aria-invalid': error ? true : undefined })}
      {hint && !error ? (
        <p id={`${id}-hint`} className="text-faint text-xs">
          {hint}
        </p>
      ) : null}
      {error ? (
        <p id={`${id}-error`} role="alert" className="flex items-start gap-1 text-bad text-xs">
          <CircleAlert className="mt-0.5 size-3.5 shrink-0" aria-hidden />
          {error}
        </p>
      ) : null}
    </div>
  )
}
