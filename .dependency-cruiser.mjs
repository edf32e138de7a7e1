/** Who may import whom; ARCHITECTURE.md draws the same picture. */
const tests = '\\.test\\.tsx?$|/test-[a-z-]+\\.ts$'
const plumbing = '(db|http|i18n|jobs|marketplace|openapi)'

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    {
      name: 'no-circles',
      severity: 'error',
      from: { pathNot: '^lib/generated/' },
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'the-wire-is-pure',
      comment: 'lib/marketplace knows neither database nor environment nor anything else of ours',
      severity: 'error',
      from: { path: '^lib/marketplace/', pathNot: tests },
      to: { path: '^(app|components|e2e|bench|lib|prisma|sandbox|scripts|server)', pathNot: '^lib/marketplace/' },
    },
    {
      name: 'the-wire-brings-little',
      severity: 'error',
      from: { path: '^lib/marketplace/', pathNot: tests },
      to: { dependencyTypes: ['npm'], pathNot: 'node_modules/zod/' },
    },
    {
      name: 'lib-knows-no-face',
      severity: 'error',
      from: { path: '^lib/', pathNot: tests },
      to: { path: '^(app|components|e2e|bench|sandbox|scripts|server)' },
    },
    {
      name: 'components-stay-in-the-browser',
      comment: 'what a component needs of lib are types, words and checks, never the server',
      severity: 'error',
      from: { path: '^components/', pathNot: tests },
      to: {
        path: '^(app|e2e|bench|sandbox|scripts|server|lib/)',
        pathNot: '^lib/([^/]+/types\\.ts|i18n/)',
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'domains-meet-at-their-face',
      comment: "another domain's index.ts, types.ts or context.ts",
      severity: 'error',
      from: { path: `^lib/(?!${plumbing}/)([^/]+)/`, pathNot: tests },
      to: {
        path: '^lib/[^/]+/',
        pathNot: ['^lib/$1/', '^lib/[^/]+/(index|types|context)\\.ts$', `^lib/(${plumbing.slice(1, -1)}|generated)/`],
      },
    },
    {
      name: 'prisma-stays-in-the-domains',
      severity: 'error',
      from: {
        path: '^(app|components|sandbox|scripts|server|e2e|bench|lib/(http|i18n|marketplace|openapi)/)',
        pathNot: `${tests}|^scripts/schema-engine`,
      },
      to: { path: '^(lib/generated/|node_modules/@prisma/)' },
    },
    {
      name: 'the-stand-in-knows-only-the-wire',
      severity: 'error',
      from: { path: '^sandbox/', pathNot: tests },
      to: { path: '^(app|components|e2e|bench|lib|prisma|scripts|server)', pathNot: '^lib/marketplace/' },
    },
    {
      name: 'toasts-are-said-through-ours',
      comment: 'components/ui/toast.ts fetches what shows them; without it nothing would',
      severity: 'error',
      from: { path: '^(app|components)/', pathNot: '^components/ui/toast-sink' },
      to: { path: 'node_modules/sonner/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'nothing-unresolved',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'no-test-packages-in-the-desk',
      severity: 'error',
      from: { path: '^(app|components|lib|server|instrumentation|proxy)', pathNot: `${tests}|^lib/db/testing` },
      to: { dependencyTypes: ['npm-dev'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(\\.next|\\.build|\\.data)/' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
}
