/** How every chart draws its axes and what it says under the pointer. */
export const axisLook = { tick: { fill: 'var(--color-faint)', fontSize: 11 }, tickLine: false, axisLine: false }

export const tooltipLook = {
  cursor: { fill: 'var(--color-hover)' },
  contentStyle: {
    background: 'var(--color-raised)',
    border: '1px solid var(--color-line)',
    borderRadius: 6,
    color: 'var(--color-ink)',
    fontSize: 12,
  },
}
