'use client'

import { onlineManager } from '@tanstack/react-query'
import {
  Building2,
  ChevronsUpDown,
  CloudCog,
  FlaskConical,
  Gauge,
  KeyRound,
  LayoutDashboard,
  LogOut,
  type LucideIcon,
  Menu as MenuIcon,
  Monitor,
  Moon,
  PackageOpen,
  ReceiptText,
  Search,
  Settings,
  Sun,
  TestTubeDiagonal,
  Webhook,
  WifiOff,
} from 'lucide-react'
import { usePathname } from 'next/navigation'
import { type ReactNode, useState, useSyncExternalStore } from 'react'
import { useLocale, useTranslations } from 'use-intl'
import { isLocale, type Theme, themes } from '@/lib/i18n/locales'
import { usePreferences } from '../preferences'
import { IconButton } from '../ui/button'
import { cn } from '../ui/cn'
import { later } from '../ui/later'
import { Link } from '../ui/link'
import { useCount } from '../ui/list'
import { Menu, MenuChoice, MenuItem, MenuLabel, MenuSeparator } from '../ui/menu'
import { useCommandKey } from './command-key'
import { useDesk } from './desk'
import { Keys, openPalette } from './keys'
import { type ShellUser, UserProvider, useUser } from './user'

const Drawer = later(() => import('./drawer').then((module) => module.Drawer))

type ShellProps = {
  user: ShellUser
  theme: Theme
  /** the stand-in's address, when the marketplace is not the real one */
  sandboxHost: string | null
  children: ReactNode
}

/** Navigation, environment and user around every page of the desk. */
export function Shell({ user, theme, sandboxHost, children }: ShellProps) {
  const t = useTranslations('shell')
  const [open, setOpen] = useState(false)
  return (
    <UserProvider user={user}>
      <a
        href="#content"
        className="fixed top-2 left-2 z-70 -translate-y-16 rounded-md bg-accent-solid px-3 py-1.5 text-on-solid text-sm focus:translate-y-0"
      >
        {t('skip')}
      </a>
      <div className="lg:grid lg:grid-cols-[13.5rem_minmax(0,1fr)]">
        <aside className="sticky top-0 hidden h-dvh flex-col border-line border-r lg:flex">
          <SideBar theme={theme} />
        </aside>
        <div className="flex min-h-dvh min-w-0 flex-col">
          <header className="sticky top-0 z-20 flex h-12 items-center gap-2 border-line border-b bg-canvas px-3 lg:hidden">
            <IconButton
              label={t('openMenu')}
              quiet
              aria-haspopup="dialog"
              aria-expanded={open}
              onClick={() => setOpen(true)}
            >
              <MenuIcon aria-hidden />
            </IconButton>
            {open ? (
              <Drawer onClose={() => setOpen(false)}>
                <SideBar theme={theme} onGo={() => setOpen(false)} />
              </Drawer>
            ) : null}
            <Brand />
            <IconButton
              label={t('find')}
              quiet
              className="ml-auto"
              onClick={() => window.dispatchEvent(new Event(openPalette))}
            >
              <Search aria-hidden />
            </IconButton>
          </header>
          <Keys />
          <Offline />
          {sandboxHost ? <Sandbox host={sandboxHost} /> : null}
          <main
            id="content"
            tabIndex={-1}
            className="mx-auto w-full max-w-[110rem] grow px-4 py-5 outline-none sm:px-6 lg:px-8 lg:py-6"
          >
            {children}
          </main>
        </div>
      </div>
    </UserProvider>
  )
}

function Brand() {
  const t = useTranslations('common')
  return (
    <Link href="/" className="flex items-center gap-2 rounded-md font-semibold text-sm">
      {/* biome-ignore lint/performance/noImgElement: a small drawing needs no optimiser */}
      <img src="/icon.svg" alt="" width={22} height={22} />
      {t('product')}
    </Link>
  )
}

type Place = { href: string; label: string; icon: LucideIcon; count?: number; countLabel?: string }

function SideBar({ theme, onGo }: { theme: Theme; onGo?: () => void }) {
  const t = useTranslations('shell')
  const desk = useDesk()
  const commandKey = useCommandKey()
  const open = desk.data?.counts.openMessages ?? 0
  const waiting = desk.data?.counts.waitingDeliveries ?? 0
  const licenses = desk.data?.counts.waitingLicenses ?? 0
  const places: Place[] = [
    { href: '/', label: t('overview'), icon: LayoutDashboard },
    { href: '/calls', label: t('calls'), icon: Webhook, count: open, countLabel: t('openMessages', { count: open }) },
    {
      href: '/instances',
      label: t('instances'),
      icon: PackageOpen,
      count: waiting,
      countLabel: t('waitingDeliveries', { count: waiting }),
    },
    { href: '/orders', label: t('orders'), icon: ReceiptText },
    {
      href: '/licenses',
      label: t('licenses'),
      icon: KeyRound,
      count: licenses,
      countLabel: t('waitingLicenses', { count: licenses }),
    },
    { href: '/tenants', label: t('tenants'), icon: Building2 },
    { href: '/usage', label: t('usage'), icon: Gauge },
    { href: '/rehearsals', label: t('rehearsals'), icon: TestTubeDiagonal },
    { href: '/settings', label: t('settings'), icon: Settings },
  ]
  return (
    <>
      <div className="flex h-14 items-center px-4">
        <Brand />
      </div>
      <div className="px-2.5 pb-1">
        <button
          type="button"
          aria-keyshortcuts="Meta+K Control+K"
          onClick={() => {
            onGo?.()
            window.dispatchEvent(new Event(openPalette))
          }}
          className="flex h-8 w-full items-center gap-2.5 rounded-md border border-line bg-surface px-2.5 text-faint text-sm hover:border-line-strong"
        >
          <Search className="size-4" aria-hidden />
          {t('find')}
          <kbd aria-hidden className="ml-auto font-mono text-xs">
            {commandKey} K
          </kbd>
        </button>
      </div>
      <nav aria-label={t('menu')} className="flex grow flex-col gap-0.5 px-2.5 py-1">
        {places.map((place) => (
          <NavLink key={place.href} {...place} onGo={onGo} />
        ))}
      </nav>
      <div className="p-2.5">
        <UserMenu theme={theme} />
      </div>
    </>
  )
}

function NavLink({ href, label, icon: Icon, count, countLabel, onGo }: Place & { onGo: (() => void) | undefined }) {
  const path = usePathname()
  const shown = useCount()
  const current = href === '/' ? path === '/' : path === href || path.startsWith(`${href}/`)
  return (
    <Link
      href={href}
      onClick={onGo}
      aria-current={current ? 'page' : undefined}
      className={cn(
        'flex h-9 items-center gap-2.5 rounded-md px-2.5 text-sm text-soft transition-colors hover:bg-hover hover:text-ink lg:h-8',
        current && 'bg-idle-soft font-medium text-ink hover:bg-idle-soft',
      )}
    >
      <Icon className={cn('size-4 shrink-0', current ? 'text-accent' : 'text-faint')} aria-hidden />
      {label}
      {count ? (
        <span
          title={countLabel}
          className={cn(
            'ml-auto rounded-full px-1.5 font-medium text-xs',
            href === '/calls' ? 'bg-bad-soft text-bad' : 'bg-warn-soft text-warn',
          )}
        >
          {shown(count)}
          <span className="sr-only"> {countLabel}</span>
        </span>
      ) : null}
    </Link>
  )
}

function UserMenu({ theme }: { theme: Theme }) {
  const t = useTranslations('shell')
  const words = useTranslations('words')
  const user = useUser()
  const locale = useLocale()
  const { setLocale, setTheme } = usePreferences()
  const icons = { system: <Monitor aria-hidden />, light: <Sun aria-hidden />, dark: <Moon aria-hidden /> }
  const leave = async () => {
    const { signOut } = await import('next-auth/react')
    await signOut({ callbackUrl: '/sign-in' })
  }
  return (
    <Menu
      align="start"
      className="w-56"
      trigger={
        <button
          type="button"
          className="flex w-full items-center gap-2.5 rounded-md px-2 py-1.5 text-left hover:bg-hover"
        >
          <span
            className="flex size-7 shrink-0 items-center justify-center rounded-full bg-accent-soft font-semibold text-accent text-xs uppercase"
            aria-hidden
          >
            {user.email.slice(0, 1)}
          </span>
          <span className="min-w-0 grow">
            <span className="block truncate text-sm">{user.email}</span>
            <span className="block text-faint text-xs">{words(`role.${user.role}`)}</span>
          </span>
          <ChevronsUpDown className="size-4 shrink-0 text-faint" aria-hidden />
        </button>
      }
    >
      <MenuLabel>{t('language')}</MenuLabel>
      <MenuChoice
        value={locale}
        onChange={(value) => isLocale(value) && setLocale(value)}
        options={[
          { value: 'zh-CN', label: <span lang="zh-CN">{t('chinese')}</span> },
          { value: 'en', label: <span lang="en">{t('english')}</span> },
        ]}
      />
      <MenuSeparator />
      <MenuLabel>{t('theme')}</MenuLabel>
      <MenuChoice
        value={theme}
        onChange={(value) => {
          const wanted = themes.find((each) => each === value)
          if (wanted) setTheme(wanted)
        }}
        options={themes.map((each) => ({ value: each, label: t(`themes.${each}`), icon: icons[each] }))}
      />
      <MenuSeparator />
      <MenuItem onSelect={leave}>
        <LogOut aria-hidden />
        {t('signOut')}
      </MenuItem>
    </Menu>
  )
}

function Sandbox({ host }: { host: string }) {
  const t = useTranslations('shell')
  return (
    <aside
      aria-label={t('sandbox')}
      className="flex items-center gap-2 border-warn-line border-b bg-warn-soft px-4 py-1.5 text-warn text-xs sm:px-6 lg:px-8"
    >
      <FlaskConical className="size-3.5 shrink-0" aria-hidden />
      <p className="min-w-0 break-words">
        <strong className="font-semibold">{t('sandbox')}</strong> {t('sandboxHint', { host })}
      </p>
    </aside>
  )
}

function Offline() {
  const t = useTranslations('shell')
  const desk = useDesk()
  const online = useSyncExternalStore(
    (changed) => onlineManager.subscribe(changed),
    () => onlineManager.isOnline(),
    () => true,
  )
  if (online && !(desk.isError && desk.failureCount > 0)) return null
  const Icon = online ? CloudCog : WifiOff
  return (
    <div
      role="status"
      className="sticky top-12 z-20 flex items-center gap-2 bg-bad-solid px-4 py-1.5 text-on-solid text-xs sm:px-6 lg:top-0 lg:px-8"
    >
      <Icon className="size-3.5 shrink-0" aria-hidden />
      {online ? t('unreachable') : t('offline')}
    </div>
  )
}
