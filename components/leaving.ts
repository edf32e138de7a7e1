let going: { from: string; to: string } | null = null

/** The router has set out for another page. */
export function noteLeaving(to: string): void {
  going = { from: location.href, to: new URL(to, location.href).href }
}

/** Whether it is still on its way there. */
export function isLeaving(): boolean {
  return going !== null && going.to !== going.from && location.href === going.from
}
