import type { Page } from '@playwright/test'
import { buy, failOften, goods, messageOf, unique } from './support/shop'
import { expect, test } from './support/test'

/** What the page itself would be answered if it tried all the same. */
function ask(page: Page, method: string, path: string, body: object = {}, csrf = '1'): Promise<number> {
  const init = {
    method,
    headers: { 'content-type': 'application/json', 'x-desk-csrf': csrf },
    body: JSON.stringify(body),
  }
  return page.evaluate(async ([address, given]) => (await fetch(`/api/v1${address}`, given)).status, [
    path,
    init,
  ] as const)
}

async function expectBlocked(page: Page, name: string, reason: string): Promise<void> {
  const button = page.getByRole('button', { name, exact: true })
  await expect(button).toHaveAttribute('aria-disabled', 'true')
  await button.focus()
  await expect(page.getByRole('tooltip')).toHaveText(reason)
  await button.blur()
}

test.describe('a viewer', () => {
  test.use({ role: 'viewer' })

  test('reads everything and changes nothing', async ({ page }) => {
    const reason = 'Needs the role Operator'
    const instanceId = unique('viewer-')
    await failOften(instanceId, 1)
    const message = await messageOf(`${instanceId}-001`)
    await page.goto(`/calls?q=${instanceId}`)
    await expectBlocked(page, 'Replay everything failed since…', reason)
    await page.getByRole('checkbox', { name: /^Select Release/ }).click()
    await expect(page.getByRole('toolbar').getByRole('button', { name: 'Replay' })).toBeDisabled()

    await page.goto(`/calls/messages/${message}`)
    for (const name of ['Replay', 'Resolve', 'Notify partner']) await expectBlocked(page, name, reason)
    await expectBlocked(page, 'Reveal secrets', 'Needs the role Administrator')
    await page.getByRole('button', { name: 'Replay', exact: true }).click({ force: true })
    await expect(page.getByRole('dialog')).toHaveCount(0)
    await page.getByRole('button', { name: 'More actions' }).click()
    await expect(page.getByRole('menuitem', { name: 'Edit and replay…' })).toBeDisabled()
    await expect(page.getByRole('menuitem', { name: 'Copy as curl' })).toBeEnabled()
    await page.keyboard.press('Escape')

    const bought = await buy(goods('manual'))
    await page.goto(`/instances/${bought.instanceId}`)
    for (const name of ['Enter app info', 'Deliver again']) await expectBlocked(page, name, reason)

    const appInfo = { frontEndUrl: 'https://erp.example.com' }
    const refused = [
      await ask(page, 'POST', `/messages/${message}/replay`),
      await ask(page, 'POST', `/messages/${message}/resolve`, { note: 'x' }),
      await ask(page, 'POST', `/messages/${message}/notices`, { to: '', subject: '', zh: '', en: '', send: true }),
      await ask(page, 'POST', '/bulk-replays', { filter: {} }),
      await ask(page, 'PATCH', `/instances/${bought.instanceId}`, { appInfo }),
      await ask(page, 'POST', `/instances/${bought.instanceId}/deliver`),
      await ask(page, 'POST', `/instances/${bought.instanceId}/reveal`),
    ]
    expect(refused).toEqual(refused.map(() => 403))
  })
})

test.describe('an operator', () => {
  test.use({ role: 'operator' })

  test('acts on calls and instances, and leaves the settings alone', async ({ page }) => {
    await page.goto('/settings')
    await expect(page).toHaveURL(/\/settings\/products$/)
    await expectBlocked(page, 'Add a product', 'Needs the role Administrator')
    await page.getByRole('button', { name: `Actions for ${goods('webhook').name}` }).click()
    for (const name of ['Edit', 'Test the webhook', 'Delete']) {
      await expect(page.getByRole('menuitem', { name })).toBeDisabled()
    }
    await page.keyboard.press('Escape')
    await expect(page.getByRole('button', { name: `Fill the pool of ${goods('pool').name}` })).toBeEnabled()
    for (const tab of ['Credentials', 'Staff', 'API tokens', 'Audit log']) {
      await page.getByRole('navigation', { name: 'Settings' }).getByRole('link', { name: tab }).click()
      await expect(page.getByText('For administrators only')).toBeVisible()
    }
    const nobody = '00000000-0000-7000-8000-000000000000'
    const refused = [
      await ask(page, 'POST', '/products', {}),
      await ask(page, 'DELETE', `/products/${nobody}`),
      await ask(page, 'POST', '/credentials', { name: 'x', kind: 'base', secret: 'x' }),
      await ask(page, 'PATCH', `/credentials/${nobody}`, { active: false }),
      await ask(page, 'POST', '/users', { email: 'x@example.com', role: 'admin', password: 'long enough' }),
      await ask(page, 'POST', '/tokens', { name: 'x', role: 'admin' }),
      await ask(page, 'POST', `/calls/${nobody}/reveal`),
    ]
    expect(refused).toEqual(refused.map(() => 403))
    const unread = ['/credentials', '/users', '/tokens', '/audit'].map((path) =>
      page.evaluate(async (address) => (await fetch(address)).status, `/api/v1${path}`),
    )
    expect(await Promise.all(unread)).toEqual([403, 403, 403, 403])
  })

  test('cannot be made to act by another page', async ({ page }) => {
    const instanceId = unique('csrf-')
    await failOften(instanceId, 1)
    const message = await messageOf(`${instanceId}-001`)
    await page.goto('/')
    expect(await ask(page, 'POST', `/messages/${message}/resolve`, { note: 'x' }, '0')).toBe(403)
    expect(await ask(page, 'POST', `/messages/${message}/resolve`, { note: 'x' })).toBe(200)
  })
})
