'use client'

import { cloneElement, type ReactElement, type ReactNode, useState } from 'react'
import type { MenuChoiceProps, MenuItemProps, MenuProps } from './menu-parts'

type Parts = typeof import('./menu-parts')

let parts: Parts | null = null
const load = async () => {
  if (parts) return
  const loaded = await import('./menu-parts')
  parts = {
    OpenedMenu: loaded.OpenedMenu,
    MenuItem: loaded.MenuItem,
    MenuLabel: loaded.MenuLabel,
    MenuSeparator: loaded.MenuSeparator,
    MenuChoice: loaded.MenuChoice,
  }
}

type Clicked = { onClick?: () => void; onPointerEnter?: () => void; onFocus?: () => void }

/** Actions behind a button. What draws them is fetched when somebody is about to click; a menu never opened costs nothing. */
export function Menu({ trigger, ...rest }: MenuProps) {
  const [opened, setOpened] = useState(false)
  if (opened && parts) return <parts.OpenedMenu trigger={trigger} {...rest} />
  const closed: Clicked & object = {
    onPointerEnter: () => void load(),
    onFocus: () => void load(),
    onClick: () => void load().then(() => setOpened(true)),
    ...{ 'aria-haspopup': 'menu', 'aria-expanded': false },
  }
  return cloneElement(trigger as ReactElement<object>, closed)
}

// These stand in a menu that is open, so that their parts are there.
export function MenuItem(props: MenuItemProps) {
  return parts ? <parts.MenuItem {...props} /> : null
}

export function MenuLabel({ children }: { children: ReactNode }) {
  return parts ? <parts.MenuLabel>{children}</parts.MenuLabel> : null
}

export function MenuSeparator() {
  return parts ? <parts.MenuSeparator /> : null
}

export function MenuChoice(props: MenuChoiceProps) {
  return parts ? <parts.MenuChoice {...props} /> : null
}
