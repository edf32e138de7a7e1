/** Where one can go by name: `label` is a word of the shell, or `settings.` and a tab; `key` follows a g. */
export const places: { path: string; label: string; key?: string }[] = [
  { path: '/', label: 'overview', key: 'o' },
  { path: '/calls', label: 'calls', key: 'c' },
  { path: '/instances', label: 'instances', key: 'i' },
  { path: '/orders', label: 'orders', key: 'd' },
  { path: '/licenses', label: 'licenses', key: 'l' },
  { path: '/tenants', label: 'tenants', key: 't' },
  { path: '/usage', label: 'usage', key: 'u' },
  { path: '/rehearsals', label: 'rehearsals', key: 'r' },
  { path: '/settings/products', label: 'settings', key: 's' },
  ...['products', 'credentials', 'staff', 'tokens', 'alerts', 'retention', 'audit'].map((tab) => ({
    path: `/settings/${tab}`,
    label: `settings.${tab}`,
  })),
]
