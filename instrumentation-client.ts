import { noteLeaving } from './components/leaving'

// Next calls this whenever a link or the router sets out for an address.
export function onRouterTransitionStart(url: string): void {
  noteLeaving(url)
}
