import { expect, it } from 'vitest'
import { cn } from './cn'

it.each([
  ['h-8 px-3 text-sm', 'size-8 p-0', 'text-sm size-8 p-0'],
  ['px-2.5 h-8', 'pr-7', 'px-2.5 h-8 pr-7'],
  ['text-sm text-soft', 'text-xs', 'text-soft text-xs'],
  ['text-sm text-soft', 'text-bad', 'text-sm text-bad'],
  ['border border-line', 'border-bad-line', 'border border-bad-line'],
  ['border-b border-line', 'border-t', 'border-b border-line border-t'],
  ['rounded-md hover:bg-hover', 'hover:bg-accent-soft rounded-lg', 'hover:bg-accent-soft rounded-lg'],
  ['bg-surface hidden', 'lg:table-cell', 'bg-surface hidden lg:table-cell'],
  ['[&_svg]:size-4 [&_svg]:shrink-0', '[&_svg]:size-3', '[&_svg]:shrink-0 [&_svg]:size-3'],
  ['min-h-20 w-full', 'min-h-14', 'w-full min-h-14'],
  ['after:absolute after:-inset-1.5', 'absolute', 'after:absolute after:-inset-1.5 absolute'],
  ['divide-y divide-line border-separate', 'shadow-pop', 'divide-y divide-line border-separate shadow-pop'],
])('%s and %s', (base, more, both) => {
  expect(cn(base, more)).toBe(both)
})

it('leaves out what is not there', () => {
  expect(cn('a', false, null, undefined, ['b', 0 as never])).toBe('a b')
})
