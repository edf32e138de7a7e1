import { accessOf, ask, buy, call, goods, setSeller, tried } from './support/shop'
import { expect, expectAccessible, test } from './support/test'

test.afterEach(() => setSeller('ok'))

test('the list narrows by state, product, delivery and text, and says so in the URL', async ({ page }) => {
  const manual = goods('manual')
  const waiting = await buy(manual)
  const active = await buy(goods('template'))
  await page.goto('/instances')
  await page.getByLabel('Search by id or customer').fill(waiting.orderId)
  await expect(page.getByText('1 instance', { exact: true })).toBeVisible()
  await page.getByRole('button', { name: 'Delivery' }).click()
  await page.getByRole('option', { name: 'Waiting', exact: true }).click()
  await page.getByRole('button', { name: 'Product' }).click()
  await page.getByRole('option', { name: manual.name }).click()
  await page.getByRole('button', { name: 'State' }).click()
  await page.getByRole('option', { name: 'Pending' }).click()
  await expect(page).toHaveURL(/state=pending/)
  await page.reload()
  const row = page.getByRole('row').filter({ hasText: waiting.orderId })
  await expect(row).toContainText('Pending')
  await expect(row).toContainText(manual.name)
  await expect(row).toContainText('Waiting')

  await page.getByLabel('Search by id or customer').fill(active.instanceId)
  await expect(page.getByText('No instance matches')).toBeVisible()
  await page.getByRole('button', { name: 'Clear filters' }).click()
  await expect(page).toHaveURL(/\/instances$/)
  await page.getByLabel('Search by id or customer').fill(active.instanceId)
  const found = page.getByRole('row').filter({ hasText: active.orderId })
  await expect(found).toContainText('Active')
  await found.getByRole('link').click()
  await expect(page).toHaveURL(new RegExp(`/instances/${active.instanceId}`))
})

test('a test purchase is kept apart', async ({ page }) => {
  const { instanceId } = await buy(goods('template'), { testFlag: '1' })
  await page.goto(`/instances?q=${instanceId}`)
  await expect(page.getByText('No instance matches')).toBeVisible()
  await page.getByRole('button', { name: 'Test', exact: true }).click()
  await expect(page.getByRole('row').nth(1)).toContainText('Test')
})

test('app info entered by hand finishes a delivery, and the marketplace finds it with its next query', async ({
  page,
}) => {
  const { answer, instanceId, buyer } = await buy(goods('manual'))
  expect(answer.resultCode).toBe('000004')
  const poll = () => call('queryInstance', { instanceId })
  expect((await poll()).resultCode).toBe('000004')

  await page.goto(`/instances/${instanceId}`)
  await expect(page.getByRole('heading', { name: buyer.customerName })).toContainText('Pending')
  await expect(page.getByText('Waiting for its delivery')).toBeVisible()
  await page.getByRole('button', { name: 'Enter app info' }).click()
  const dialog = page.getByRole('dialog', { name: 'Enter app info' })
  await dialog.getByLabel('Front-end address').fill('erp.example.com')
  await dialog.getByRole('button', { name: 'Finish delivery' }).click()
  await expect(dialog.getByText('Must start with http:// or https://')).toBeVisible()
  await expectAccessible(page)
  await dialog.getByLabel('Front-end address').fill('https://erp.example.com/projects/7')
  await dialog.getByLabel('User name (optional)').fill('project-owner')
  await dialog.getByLabel('Password (optional)').fill('Erp-2026-secret')
  await dialog.getByLabel('Memo (optional)').fill('项目经理会在一个工作日内联系您')
  await dialog.getByRole('button', { name: 'Finish delivery' }).click()
  await expect(dialog).toBeHidden()
  await expect(page.getByRole('heading', { name: buyer.customerName })).toContainText('Active')
  const timeline = page.getByRole('list', { name: 'Timeline' })
  for (const entry of ['Purchased', 'Delivered', 'Entered app info', 'New purchase', 'Query']) {
    await expect(timeline.getByText(entry, { exact: true }).first()).toBeVisible()
  }
  await expect(page.getByRole('main')).not.toContainText('Erp-2026-secret')

  const found = await poll()
  expect(found.resultCode).toBe('000000')
  expect(found.appInfo).toMatchObject({
    frontEndUrl: 'https://erp.example.com/projects/7',
    userName: 'project-owner',
    password: 'Erp-2026-secret',
  })
})

test('a delivery that failed is started again once its cause is gone', async ({ page }) => {
  await setSeller('refuse')
  const { instanceId, answer } = await buy(goods('webhook'))
  expect(answer.resultCode).toBe('000100')
  await page.goto(`/instances/${instanceId}`)
  await expect(page.getByText('邮箱资源池已满').first()).toBeVisible()
  await tried(instanceId, 2)
  await setSeller('ok')
  await page.getByRole('button', { name: 'Deliver again' }).click()
  const dialog = page.getByRole('dialog', { name: 'Deliver this instance again?' })
  await expect(dialog).toContainText('Webhook')
  await dialog.getByRole('button', { name: 'Deliver again' }).click()
  await expect
    .poll(async () => (await ask<{ deliveryState: string }>('GET', `/instances/${instanceId}`)).deliveryState)
    .toBe('delivered')
  await page.reload()
  await expect(page.getByRole('link', { name: `https://mail.example.com/${instanceId}` })).toBeVisible()
  await expect(page.getByRole('list', { name: 'Timeline' })).toContainText('Delivered again')
})

test('the timeline tells a life in order, with what came too late left unapplied', async ({ page }) => {
  const { instanceId, orderId } = await buy(goods('template'))
  const renew = (order: string, expireTime: string) =>
    call('refreshInstance', { instanceId, orderId: `${orderId}${order}`, scene: 'RENEWAL', expireTime })
  expect((await renew('R2', '20320228155959')).resultCode).toBe('000000')
  expect((await renew('R1', '20310228155959')).resultCode).toBe('000000')
  expect((await call('updateInstanceStatus', { instanceId, status: 'FREEZE' })).resultCode).toBe('000000')

  await page.goto(`/instances/${instanceId}`)
  await expect(page.getByRole('heading', { level: 1 })).toContainText('Frozen')
  const main = page.getByRole('main')
  await expect(main).toContainText('Feb 2032')
  await page.getByRole('button', { name: 'States' }).click()
  await expect(page).toHaveURL(/show=event/)
  const entries = page.getByRole('list', { name: 'Timeline' }).getByRole('listitem')
  await expect(entries.first()).toContainText('Frozen')
  await expect(entries.filter({ hasText: 'Renewed' })).toHaveCount(2)
  await expect(entries.filter({ hasText: 'Not applied' })).toHaveCount(1)
  await expect(entries.last()).toContainText('Purchased')
  await expectAccessible(page)
})

test.describe('an administrator', () => {
  test.use({ role: 'admin' })

  test('reveals the password of an instance, which leaves a trace', async ({ page }) => {
    const { instanceId } = await buy(goods('template'))
    const password = (await accessOf(instanceId))?.password as string
    await page.goto(`/instances/${instanceId}`)
    await expect(page.getByRole('img', { name: 'Password hidden' })).toBeVisible()
    await expect(page.getByRole('main')).not.toContainText(password)
    await page.getByRole('button', { name: 'Reveal' }).click()
    await page.getByRole('dialog', { name: 'Reveal the password?' }).getByRole('button', { name: 'Reveal' }).click()
    await expect(page.getByText(password)).toBeVisible()
    await page.goto(`/settings/audit?q=${instanceId}`)
    await expect(page.getByRole('row').nth(1)).toContainText(/admin@shop.example.com.*Revealed app info/)
  })
})
