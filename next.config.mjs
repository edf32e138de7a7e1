const contentSecurityPolicy = [
  "default-src 'self'",
  "script-src 'self' 'unsafe-inline'", // Next streams page data in inline scripts
  "style-src 'self' 'unsafe-inline'", // chart and menu positions are style attributes
  "img-src 'self' data: blob:",
  "font-src 'self' data:",
  "object-src 'none'",
  "base-uri 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ')

const headers = [
  { key: 'Content-Security-Policy', value: contentSecurityPolicy },
  { key: 'Referrer-Policy', value: 'no-referrer' },
  { key: 'X-Content-Type-Options', value: 'nosniff' },
  { key: 'X-Frame-Options', value: 'DENY' },
  { key: 'Permissions-Policy', value: 'camera=(), geolocation=(), microphone=()' },
]

/** @type {import('next').NextConfig} */
const config = {
  poweredByHeader: false,
  reactStrictMode: true,
  serverExternalPackages: ['pg-boss', 'nodemailer'],
  turbopack: { resolveAlias: { 'use-intl/format-message': 'use-intl/format-message/format-only' } },
  // `npm test` checks types; checking them again would double the time of the first start.
  typescript: { ignoreBuildErrors: true },
  experimental: {
    // The first start builds once: a cache for the next build and maps nobody reads would cost it a third of its time.
    turbopackFileSystemCacheForBuild: false,
    turbopackSourceMaps: false,
    // A start that loads every page first answers seconds later.
    preloadEntriesOnStart: false,
  },
  headers: async () => [{ source: '/:path*', headers }],
}

export default config
