'use client'

import { cva, type VariantProps } from 'class-variance-authority'
import { LoaderCircle } from 'lucide-react'
import { type ComponentProps, cloneElement, type ReactElement, type ReactNode } from 'react'
import { cn } from './cn'
import { Tooltip } from './tooltip'

const look = cva(
  'inline-flex shrink-0 items-center justify-center gap-1.5 whitespace-nowrap rounded-md font-medium transition-colors select-none disabled:cursor-not-allowed disabled:opacity-55 aria-disabled:cursor-not-allowed aria-disabled:opacity-55 [&_svg]:size-4 [&_svg]:shrink-0',
  {
    variants: {
      variant: {
        primary: 'bg-accent-solid text-on-solid shadow-xs hover:bg-accent-solid-hover',
        secondary: 'border border-line-strong bg-surface text-ink shadow-xs hover:bg-hover',
        ghost: 'text-soft hover:bg-hover hover:text-ink',
        danger: 'bg-bad-solid text-on-solid shadow-xs hover:opacity-90',
        'danger-ghost': 'text-bad hover:bg-bad-soft',
        link: 'text-accent underline-offset-2 hover:underline',
      },
      size: { sm: 'h-7 px-2 text-xs', md: 'h-8 px-3 text-sm', lg: 'h-10 px-4 text-base', inline: 'h-auto p-0 text-sm' },
    },
    defaultVariants: { variant: 'secondary', size: 'md' },
  },
)

type ButtonProps = ComponentProps<'button'> &
  VariantProps<typeof look> & {
    /** renders the child (a link) with the look of a button */
    asChild?: boolean
    loading?: boolean
    /** why it cannot be used now; the button stays reachable and says so */
    blocked?: string | null | false
  }

export function Button({
  asChild,
  variant,
  size,
  className,
  loading,
  blocked,
  disabled,
  children,
  ...rest
}: ButtonProps) {
  const classes = cn(look({ variant, size }), className)
  if (asChild) {
    const child = children as ReactElement<{ className?: string }>
    return cloneElement(child, { ...rest, className: cn(classes, child.props.className) })
  }
  if (blocked) {
    return (
      <Tooltip text={blocked}>
        <button {...rest} type="button" aria-disabled className={classes} onClick={(event) => event.preventDefault()}>
          {children}
        </button>
      </Tooltip>
    )
  }
  return (
    <button type="button" className={classes} disabled={disabled || loading} aria-busy={loading || undefined} {...rest}>
      {loading ? <LoaderCircle className="animate-spin" aria-hidden /> : null}
      {children}
    </button>
  )
}

type IconButtonProps = Omit<ButtonProps, 'children' | 'asChild'> & {
  label: string
  children: ReactNode
  quiet?: boolean
}

/** A button of one icon; its label is read out and shown on hover. */
export function IconButton({
  label,
  children,
  className,
  quiet,
  size = 'md',
  variant = 'ghost',
  ...rest
}: IconButtonProps) {
  const square = size === 'sm' ? 'size-7 p-0' : size === 'lg' ? 'size-10 p-0' : 'size-8 p-0'
  const button = (
    <Button aria-label={label} variant={variant} size={size} className={cn(square, className)} {...rest}>
      {children}
    </Button>
  )
  return quiet || rest.blocked ? button : <Tooltip text={label}>{button}</Tooltip>
}
