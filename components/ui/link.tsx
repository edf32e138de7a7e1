import NextLink from 'next/link'
import type { ComponentProps } from 'react'

/**
 * A link within the desk. What it leads to is asked for by the click: fetched ahead, the dozen links of every page would
 * each be a request to the thread that answers the marketplace, and the click would ask again all the same.
 */
export function Link(props: ComponentProps<typeof NextLink>) {
  return <NextLink prefetch={false} {...props} />
}
