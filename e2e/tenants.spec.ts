import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Enterprise, startEnterprise } from './support/enterprise'
import { ask } from './support/shop'
import { expect, expectAccessible, expectLoaded, test } from './support/test'
import { deskUrl } from './support/world'

test.use({ role: 'admin' })

let enterprise: Enterprise
let shop: Server
let shopUrl: string

test.beforeAll(async () => {
  enterprise = await startEnterprise()
  shop = createServer((request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/html' }).end(`<h1>Shop</h1><code>${request.url}</code>`)
  })
  await new Promise<void>((resolve) => shop.listen(0, '127.0.0.1', resolve))
  shopUrl = `http://127.0.0.1:${(shop.address() as AddressInfo).port}/signed-in`
})
test.afterAll(async () => {
  await enterprise.identity.stop()
  await new Promise((resolve) => shop.close(resolve))
})

test('an enterprise is bound, its members are authorised and revoked', async ({ page }) => {
  const { tenantId, instanceId, users } = enterprise
  await enterprise.bind()
  await page.goto(`/tenants?q=${tenantId}`)
  await page.getByRole('link', { name: '云上科技有限公司' }).click()
  await expect(page.getByRole('heading', { level: 1 })).toContainText('Bound')
  await expect(page.getByRole('table', { name: 'Bound instances' })).toContainText(instanceId.slice(0, 10))
  await expect(page.getByRole('table', { name: 'Apps' })).toContainText(`Opened with ${enterprise.keyName}`)

  await enterprise.authorise(users)
  await page.getByRole('tab', { name: /^Members/ }).click()
  const members = page.getByRole('table', { name: 'Members' })
  const first = members.getByRole('row').filter({ hasText: 'user0001' })
  await expect(first).toContainText('Authorised', { timeout: 30_000 })
  await expect(first).toContainText('138••••00')
  await expect(page.getByText('13800000000')).toHaveCount(0)
  await first.getByRole('button', { name: /^Reveal the contact data/ }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Reveal' }).click()
  await expect(page.getByRole('dialog')).toContainText('13800000000')
  await page.getByRole('dialog').getByRole('button', { name: 'Done' }).click()

  await enterprise.authorise([{ userName: 'user0001' }], 3)
  await page.reload()
  await expect(first).toContainText('Revoked')
  await page.getByRole('tab', { name: 'Sync history' }).click()
  const syncs = page.getByRole('table', { name: 'Sync history' })
  await expect(syncs.getByRole('row').nth(1)).toContainText('Member user0001: Authorised → Revoked')
  await expectAccessible(page)
})

test('the tree of departments is walked with the keyboard, and searched', async ({ page }) => {
  const id = await enterprise.find()
  await page.goto(`/tenants/${id}?tab=departments`)
  const tree = page.getByRole('tree', { name: 'Departments' })
  const top = tree.getByRole('treeitem').first()
  await expect(tree.getByRole('treeitem')).toHaveCount(13)
  await expect(top).toHaveAttribute('aria-expanded', 'true')
  await top.focus()
  await page.keyboard.press('ArrowRight')
  await expect(tree.getByRole('treeitem').nth(1)).toBeFocused()
  await page.keyboard.press('ArrowRight')
  await expect(tree.getByRole('treeitem')).toHaveCount(25)
  await expectAccessible(page)
  await page.keyboard.press('ArrowLeft')
  await page.keyboard.press('ArrowLeft')
  await expect(top).toBeFocused()
  await page.getByRole('searchbox', { name: /Search departments/ }).fill('D00025')
  await expect(tree.getByRole('treeitem')).toHaveCount(1)
  await expect(tree).toContainText('总部 / ')
})

test('ten thousand departments unfold where one looks', async ({ page }) => {
  const large = await startEnterprise({ departments: 10_000 })
  await large.bind('万部集团')
  await page.goto(`/tenants/${await large.find()}?tab=departments`)
  await expect(page.getByText('10,000 departments', { exact: true })).toBeVisible()
  const tree = page.getByRole('tree', { name: 'Departments' })
  await expect(tree.getByRole('treeitem')).toHaveCount(13)
  await page.getByRole('searchbox', { name: /Search departments/ }).fill('D09999')
  await expect(tree.getByRole('treeitem')).toHaveCount(1)
  await large.identity.stop()
})

for (const [locale, signIn] of [
  ['en-US', 'Sign-in did not work'],
  ['zh-CN', '无法登录'],
] as const) {
  test.describe(locale, () => {
    test.use({ role: null, locale })

    test('a user of the enterprise signs in through the desk to the seller', async ({ page, context }) => {
      const { appId, tenantId, identity, users } = enterprise
      await enterprise.authorise(users.slice(1))
      await ask('PUT', `/login-apps/${appId}`, { name: 'Shop', returnUrls: [shopUrl], loginUrl: identity.loginUrl })
      const start = new URLSearchParams({ tenant: tenantId, app: appId, returnTo: shopUrl, state: 'of-the-shop' })
      await page.goto(`${deskUrl}/api/v1/tenant-logins/start?${start}`)
      await expect(page.getByRole('heading', { name: 'Unified sign-in' })).toBeVisible()
      await page.getByRole('button', { name: users[1]?.name }).first().click()
      await expect(page.getByRole('heading', { name: 'Shop' })).toBeVisible()
      const back = new URL(page.url())
      expect(back.searchParams.get('state')).toBe('of-the-shop')
      const token = back.searchParams.get('token')
      const session = await ask<{ user: { userName: string } }>('POST', '/tenant-logins/verify', { token })
      expect(session.user.userName).toMatch(/^user000/)
      expect((await context.cookies()).filter(({ name }) => name === 'desk-tenant-login')).toEqual([])

      // A link that somebody else made leads nowhere.
      await page.goto(`${deskUrl}/api/v1/tenant-logins/callback?code=stolen&tenant=${tenantId}`)
      await expect(page.getByRole('heading', { name: signIn })).toBeVisible()
      await page.goto(`${deskUrl}/api/v1/tenant-logins/start?app=${appId}&returnTo=https://evil.example.com/`)
      await expect(page.getByRole('heading', { name: signIn })).toBeVisible()
    })
  })
}

test('sign-ins are seen at their enterprise, and apps are registered in the settings', async ({ page }) => {
  await page.goto(`/tenants/${await enterprise.find()}?tab=logins`)
  await expect(page.getByRole('table', { name: 'Sign-ins' })).toContainText('Signed in')
  await page.goto('/settings/logins')
  await expectLoaded(page)
  await page.getByRole('button', { name: 'Add app' }).first().click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await expect(dialog.getByText('Needed').first()).toBeVisible()
  await dialog.getByLabel('App id').fill('app-by-hand')
  await dialog.getByLabel('Name').fill('By hand')
  await dialog.getByLabel('Return addresses').fill('https://shop.example.com/in')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await expect(page.getByRole('table', { name: 'Sign-in apps' })).toContainText('https://shop.example.com/in')
  await expectAccessible(page)
})
