import { readFileSync } from 'node:fs'
import { test as base, expect, type Page, request } from '@playwright/test'
import { SHOP } from '../../sandbox/shop'
import { deskUrl } from './world'

export { expect }

export type Role = (typeof SHOP.users)[number]['role']

type State = Awaited<ReturnType<Awaited<ReturnType<typeof request.newContext>>['storageState']>>
const signedIn = new Map<Role, Promise<State>>()

/** Signs in once per role and run: sign-in is rate-limited. */
function stateOf(role: Role): Promise<State> {
  const known = signedIn.get(role) ?? signIn(role)
  signedIn.set(role, known)
  return known
}

async function signIn(role: Role): Promise<State> {
  const { email } = SHOP.users.find((user) => user.role === role) as (typeof SHOP.users)[number]
  const context = await request.newContext({ baseURL: deskUrl })
  const { csrfToken } = await (await context.get('/api/auth/csrf')).json()
  const form = { csrfToken, email, password: SHOP.password, json: 'true' }
  const answer = await context.post('/api/auth/callback/credentials', { form })
  expect(answer.ok(), `sign-in as ${role}`).toBe(true)
  const state = await context.storageState()
  await context.dispose()
  return state
}

/** Tests run as an operator; `test.use({ role: 'admin' })` changes that, `role: null` is a stranger. */
export const test = base.extend<{ role: Role | null }>({
  role: ['operator', { option: true }],
  storageState: async ({ role }, use) => use(role ? await stateOf(role) : { cookies: [], origins: [] }),
  // Whatever a test looks at: nothing on its way there may throw.
  page: async ({ page }, use) => {
    const errors: string[] = []
    page.on('pageerror', (error) => errors.push(`${page.url()}: ${error.message}`))
    await use(page)
    expect(errors).toEqual([])
  },
})

// Half as long as what the package gives by its name: every page has to read it.
const axeSource = readFileSync('node_modules/axe-core/axe.min.js', 'utf8')
const standards = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

/** Nothing on the page is still on its way. */
export async function expectLoaded(page: Page): Promise<void> {
  const unseen = page.locator('[data-unseen]')
  await expect(async () => {
    // What is drawn only once it is seen is looked at.
    if (await unseen.count()) {
      await unseen.evaluateAll(([first]) => first?.scrollIntoView())
      // The page may have put another in its place meanwhile: the next round looks at that one.
      await expect(unseen).toHaveCount(0, { timeout: 1_000 })
      await page.evaluate(() => window.scrollTo(0, 0))
    }
    expect(await page.locator('.animate-shimmer, [aria-busy="true"]').count()).toBe(0)
  }).toPass({ timeout: 15_000, intervals: [50, 100, 100, 200] })
}

/** No fault that axe knows of, in the page as it stands. */
export async function expectAccessible(page: Page): Promise<void> {
  await expectLoaded(page)
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axeSource)
  const violations = await page.evaluate(async (tags) => {
    const { axe } = window as unknown as { axe: typeof import('axe-core') }
    // What passed is not asked for: to describe it takes longer than to look at it.
    return (await axe.run(document, { runOnly: tags, resultTypes: ['violations'] })).violations
  }, standards)
  const found = violations.map(
    ({ id, help, nodes }) => `${id}: ${help}\n  ${nodes.map((node) => node.html).join('\n  ')}`,
  )
  expect(found).toEqual([])
}
