import { ask, buy, goods, register, troubleMarketplace, unique } from './support/shop'
import { expect, expectAccessible, test } from './support/test'

test.afterEach(() => troubleMarketplace([]))

test('an order is looked up, refreshed and shown with what changed', async ({ page }) => {
  const product = goods('template')
  const { orderId, instanceId, buyer } = await buy(product)
  await page.goto('/orders')
  await page.getByLabel('Order or order line id').fill('not an id!')
  await page.getByRole('button', { name: 'Look up' }).click()
  await expect(page.getByText('Letters, digits, dots')).toBeVisible()
  await page.getByLabel('Order or order line id').fill(orderId)
  await page.getByRole('button', { name: 'Look up' }).click()
  await expect(page.getByRole('heading', { level: 1 })).toContainText(orderId)
  const main = page.getByRole('main')
  for (const text of ['2980.00', '1 year', product.productId, buyer.customerName, 'The delivery']) {
    await expect(main).toContainText(text)
  }
  await expect(main).not.toContainText(buyer.mobilePhone ?? 'no phone')
  await expect(page.getByRole('link', { name: 'New purchase' })).toBeVisible()

  await register(product, { orderId, quantity: 25, amount: '7450.00' })
  await page.getByRole('button', { name: 'Refresh from the marketplace' }).click()
  const answers = page.getByRole('list', { name: 'What the marketplace said over time' })
  await expect(answers).toContainText('2980.00')
  await expect(answers).toContainText('7450.00')
  await expect(answers).toContainText(`${orderId}-000001 · Product 1 · Quantity`)
  await expect(page.getByRole('list', { name: 'Look-ups' })).toContainText('Told something new')
  await expect(main).toContainText('Fields differ')
  await expectAccessible(page)

  await page.getByRole('button', { name: 'Take over from the order' }).click()
  const dialog = page.getByRole('dialog', { name: 'Take these fields over from the order?' })
  await dialog.getByRole('button', { name: 'Take over from the order' }).click()
  await expect(dialog).toBeHidden()
  await expect(page.getByText('Fields differ')).toHaveCount(0)
  await page.goto(`/instances/${instanceId}`)
  await expect(page.getByText('Everything agrees')).toBeVisible()
  await expect(page.getByRole('list', { name: 'Timeline' })).toContainText('Taken over from the order')
  expect(await ask('GET', `/instances/${instanceId}`)).toMatchObject({ quantity: { amount: 25 } })
})

test('a mock order is offered, and what the marketplace refuses is put in words', async ({ page }) => {
  await page.goto('/orders')
  await page.getByRole('button', { name: 'Mock orders' }).first().click()
  await page.getByRole('menuitem', { name: /Renewal/ }).click()
  await expect(page.getByRole('heading', { level: 1 })).toContainText('MOCKMONTYRENEW')
  await expect(page.getByRole('main')).toContainText('Mock order')
  await troubleMarketplace([{ answer: 'APIGW.0303' }])
  await page.getByRole('button', { name: 'Refresh from the marketplace' }).click()
  await expect(page.getByRole('list', { name: 'Look-ups' })).toContainText('The clock of this machine is wrong')
  await troubleMarketplace([])
  await page.goto(`/orders/${unique('CS')}`)
  await expect(page.getByText('The marketplace does not show this order to this seller', { exact: true })).toBeVisible()
  await expect(page.getByText('MKT.0150').first()).toBeVisible()
  await page.getByLabel('Order or order line id').fill('MOCKONDEMAND-000001')
  await page.getByRole('button', { name: 'Look up' }).click()
  await expect(page.getByRole('heading', { level: 1 })).toContainText('MOCKONDEMAND')
  await expect(page.getByRole('main')).toContainText('Pay-per-use')
})

test('an order without a call is drift until it is handled', async ({ page }) => {
  const orderId = await register(goods('template'))
  await page.goto(`/orders/${orderId}`)
  await expect(page.getByText('The marketplace has this order, but never called about it.')).toBeVisible()
  await page.goto(`/orders?view=drift&q=${orderId}`)
  const row = page.getByRole('row').filter({ hasText: orderId })
  await expect(row).toContainText('No call')
  await row.getByRole('button', { name: 'Handled elsewhere' }).click()
  const dialog = page.getByRole('dialog', { name: 'Handled outside the desk?' })
  await dialog.getByRole('button', { name: 'Handled elsewhere' }).click()
  await expect(dialog.getByText('Say where it is handled')).toBeVisible()
  await dialog.getByLabel('Where and by whom').fill('opened by hand, ticket 4711')
  await dialog.getByRole('button', { name: 'Handled elsewhere' }).click()
  await expect(dialog).toBeHidden()
  await page.getByRole('button', { name: 'Elsewhere', exact: true }).click()
  await expect(page.getByRole('row').filter({ hasText: orderId })).toContainText('ticket 4711')
})

test('service supervision is noted by staff', async ({ page }) => {
  const { orderId } = await buy(goods('template'))
  await page.goto(`/orders/${orderId}`)
  await page.getByRole('button', { name: 'Note', exact: true }).click()
  const dialog = page.getByRole('dialog', { name: 'Service supervision' })
  await dialog.getByLabel('State').selectOption({ label: 'Buyer accepts' })
  await dialog.getByLabel('Note (optional)').fill('proof uploaded on Friday')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await expect(dialog).toBeHidden()
  await expect(page.getByRole('main')).toContainText('proof uploaded on Friday')
  await expect(page.getByRole('list', { name: 'Still to come' })).toContainText('Service supervision')
})

for (const [locale, words] of [
  [
    'en-US',
    {
      tab: 'Imported files',
      import: 'Import and match',
      differs: 'Differs',
      unknown: 'Unknown order',
      file: 'Choose a file',
      noColumn: '别的.csv has no column 订单号 (Order ID); its columns are 甲, 乙.',
    },
  ],
  [
    'zh-CN',
    {
      tab: '导入的文件',
      import: '导入并核对',
      differs: '有差异',
      unknown: '未知订单',
      file: '选择文件',
      noColumn: '别的.csv 缺少列 订单号 (Order ID)；现有的列：甲, 乙。',
    },
  ],
] as const) {
  test.describe(locale, () => {
    test.use({ locale })

    test(`a file of the console is imported, with its differences (${locale})`, async ({ page }) => {
      const { orderId } = await buy(goods('template'))
      const stranger = unique('CS')
      const text = `商品,订单金额(元),备注,订单号,客户账号\r\n=SUM(A1),"2,981.00",x,${orderId},某公司\r\n某商品,1,x,${stranger},某公司\r\n`
      await page.goto('/orders')
      await page.getByRole('button', { name: words.tab }).click()
      await page
        .getByLabel(words.file)
        .setInputFiles({ name: '别的.csv', mimeType: 'text/csv', buffer: Buffer.from('甲,乙\r\n1,2\r\n') })
      await page.getByRole('button', { name: words.import }).click()
      await expect(page.getByRole('alert').filter({ hasText: words.noColumn })).toBeVisible()
      await page
        .locator('input[type=file]')
        .setInputFiles({ name: '交易明细.csv', mimeType: 'text/csv', buffer: Buffer.from(text) })
      await page.getByRole('button', { name: words.import }).click()
      await expect(page).toHaveURL(/\/orders\/imports\//)
      const row = page.getByRole('row').filter({ hasText: orderId })
      await expect(row).toContainText(words.differs)
      await expect(row).toContainText('2981.00')
      await expect(row).toContainText('2980.00')
      await expect(page.getByRole('row').filter({ hasText: stranger })).toContainText(words.unknown)
      await expectAccessible(page)
      const id = page.url().split('/').at(-1)
      const csv = await page.request.get(`/api/v1/order-imports/${id}/rows.csv`)
      expect(await csv.text()).toContain("'=SUM(A1)")
    })
  })
}

test('a view chosen in the first moment of the page is shown', async ({ page }) => {
  await page.addInitScript(() => {
    const { replaceState } = History.prototype
    // Next writes the address when it has drawn the page, and does not listen yet.
    History.prototype.replaceState = function (...args) {
      History.prototype.replaceState = replaceState
      replaceState.apply(this, args)
      const tab = [...document.querySelectorAll('button')].find((button) => button.textContent === 'Imported files')
      queueMicrotask(() => tab?.click())
    }
  })
  await page.goto('/orders')
  await expect(page.getByLabel('Choose a file')).toBeAttached()
  await expect(page).toHaveURL(/view=imports/)
})

test.describe('an administrator', () => {
  test.use({ role: 'admin' })

  test('reveals the contact of a buyer and chooses the time zone of orders', async ({ page }) => {
    const { orderId, buyer } = await buy(goods('template'))
    await page.goto(`/orders/${orderId}`)
    await page.getByRole('button', { name: 'Reveal' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Reveal' }).click()
    await expect(page.getByText(buyer.mobilePhone ?? 'no phone')).toBeVisible()
    await page.goto('/settings/orders')
    await page.getByLabel('Time zone of order times').selectOption('Asia/Shanghai')
    await page.getByRole('button', { name: 'Save' }).click()
    await expect(page.getByText('Saved')).toBeVisible()
    const before = Date.parse((await ask<{ createdAt: string }>('GET', `/orders/${orderId}`)).createdAt)
    await ask('PUT', '/order-settings', { timeZone: null })
    const after = Date.parse((await ask<{ createdAt: string }>('GET', `/orders/${orderId}`)).createdAt)
    expect(after - before).toBe(8 * 3_600_000)
  })
})
