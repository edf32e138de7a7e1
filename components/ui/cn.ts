import { type ClassValue, clsx } from 'clsx'
import { createTailwindMerge } from 'tailwind-merge'

const any = () => true
const sizes = ['xs', 'sm', 'base', 'lg', 'xl', '2xl']

// Only what is ever overridden here: the whole of Tailwind would be the heaviest thing on a page.
const merge = createTailwindMerge(() => ({
  cacheSize: 500,
  theme: {},
  classGroups: {
    display: ['block', 'inline-block', 'inline', 'flex', 'inline-flex', 'grid', 'contents', 'hidden'],
    position: ['static', 'fixed', 'absolute', 'relative', 'sticky'],
    size: [{ size: [any] }],
    w: [{ w: [any] }],
    h: [{ h: [any] }],
    'min-w': [{ 'min-w': [any] }],
    'min-h': [{ 'min-h': [any] }],
    'max-w': [{ 'max-w': [any] }],
    'max-h': [{ 'max-h': [any] }],
    p: [{ p: [any] }],
    px: [{ px: [any] }],
    py: [{ py: [any] }],
    pt: [{ pt: [any] }],
    pr: [{ pr: [any] }],
    pb: [{ pb: [any] }],
    pl: [{ pl: [any] }],
    m: [{ m: [any] }],
    mx: [{ mx: [any] }],
    my: [{ my: [any] }],
    mt: [{ mt: [any] }],
    mr: [{ mr: [any] }],
    mb: [{ mb: [any] }],
    ml: [{ ml: [any] }],
    gap: [{ gap: [any] }],
    grow: ['grow', 'grow-0'],
    rounded: [{ rounded: ['', 'none', 'sm', 'md', 'lg', 'xl', 'full'] }],
    'border-w': [{ border: ['', '0', '2'] }],
    'border-color': [{ border: [(value: string) => !/^([xytrbl]|dashed|separate|collapse|spacing)(-|$)/.test(value)] }],
    'bg-color': [{ bg: [any] }],
    'font-size': [{ text: sizes }],
    'text-align': [{ text: ['left', 'center', 'right'] }],
    'text-color': [{ text: [any] }],
    'font-weight': [{ font: ['normal', 'medium', 'semibold', 'bold'] }],
    leading: [{ leading: [any] }],
    opacity: [{ opacity: [any] }],
    justify: [{ justify: [any] }],
    items: [{ items: [any] }],
    whitespace: [{ whitespace: [any] }],
    break: [{ break: [any] }],
    shadow: [{ shadow: [any] }],
    'pointer-events': [{ 'pointer-events': [any] }],
    z: [{ z: [any] }],
  },
  conflictingClassGroups: {
    size: ['w', 'h'],
    p: ['px', 'py', 'pt', 'pr', 'pb', 'pl'],
    px: ['pr', 'pl'],
    py: ['pt', 'pb'],
    m: ['mx', 'my', 'mt', 'mr', 'mb', 'ml'],
    mx: ['mr', 'ml'],
    my: ['mt', 'mb'],
    'font-size': ['leading'],
  },
  conflictingClassGroupModifiers: {},
  orderSensitiveModifiers: [
    'before',
    'after',
    'placeholder',
    'file',
    'marker',
    'selection',
    'first-line',
    'first-letter',
  ],
}))

/** Class names as one; where two say something of the same property the later one counts. */
export function cn(...inputs: ClassValue[]): string {
  return merge(clsx(inputs))
}
