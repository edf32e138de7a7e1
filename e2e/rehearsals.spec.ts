import { ask, goods, unique } from './support/shop'
import { expect, expectAccessible, test } from './support/test'

test('a call is fired at the desk itself, and its answer is shown with the call', async ({ page }) => {
  await page.goto('/rehearsals')
  await page.getByRole('button', { name: 'Fire a call' }).click()
  const form = page.getByRole('dialog', { name: 'Fire a call' })
  await form.getByLabel('Product').selectOption({ label: goods('template').name })
  await form.getByLabel('Members that differ').fill('no equals sign')
  await expect(form.getByText('Each line must be name=value')).toBeVisible()
  await form.getByLabel('Members that differ').fill(`orderId=${unique('CS')}`)
  await form.getByRole('button', { name: 'Fire', exact: true }).click()
  const run = page.getByRole('dialog').filter({ hasText: 'Passed' })
  await expect(run).toContainText('000000')
  await expect(run).toContainText(' ms')
  await expectAccessible(page)
  await run.getByRole('link', { name: 'See the call' }).click()
  await expect(page).toHaveURL(/\/calls\/[0-9a-f-]{36}/)
  await expect(page.getByRole('main')).toContainText('Rehearsal')
})

test('what would fail at the marketplace fails here, with its reason', async ({ page }) => {
  await page.goto('/rehearsals')
  await page.getByRole('button', { name: 'Fire a call' }).click()
  const form = page.getByRole('dialog', { name: 'Fire a call' })
  await form.getByLabel('Version').selectOption({ label: 'SaaS V1.0' })
  await form.getByLabel('Activity').selectOption('queryInstance')
  await form.getByLabel('Members that differ').fill('instanceId=nobody')
  await form.getByRole('button', { name: 'Fire', exact: true }).click()
  const run = page.getByRole('dialog').filter({ hasText: 'Failed' })
  await expect(run).toContainText('000003')
  await expect(run).toContainText('Verifies')
})

for (const [locale, words] of [
  [
    'en-US',
    { usual: 'Usual cases', add: 'Add them', product: 'Product', fire: 'Fire', passed: 'Passed', history: 'History' },
  ],
  ['zh-CN', { usual: '常用用例', add: '添加', product: '商品', fire: '发起', passed: '通过', history: '执行记录' }],
] as const) {
  test.describe(locale, () => {
    test.use({ locale })

    test(`the usual cases of a product are kept and run (${locale})`, async ({ page }) => {
      const { items } = await ask<{ items: { id: string }[] }>('GET', '/rehearsal-cases')
      for (const { id } of items) await ask('DELETE', `/rehearsal-cases/${id}`)
      const { name } = goods('template')
      await page.goto('/rehearsals')
      await page.getByRole('button', { name: words.usual }).first().click()
      const form = page.getByRole('dialog', { name: words.usual })
      await form.getByLabel(words.product).selectOption({ label: name })
      await form.getByRole('button', { name: words.add, exact: true }).click()
      // The query asks about what the purchase opened.
      for (const activity of ['newInstance', 'queryInstance']) {
        const row = page.getByRole('row').filter({ hasText: `${name} · v2 · ${activity}` })
        await row.first().getByRole('button', { name: words.fire, exact: true }).click()
        await expect(page.getByRole('dialog').filter({ hasText: words.passed })).toBeVisible()
        await page.keyboard.press('Escape')
      }
      await expect(page.getByRole('region', { name: words.history })).toContainText(`${name} · v2 · queryInstance`)
      await expectAccessible(page)
      await page.setViewportSize({ width: 390, height: 844 })
      await expectAccessible(page)
    })
  })
}

test.describe('an administrator', () => {
  test.use({ role: 'admin' })

  test('changes when the cases run', async ({ page }) => {
    await page.goto('/rehearsals')
    await expect(page.getByText('Every day at 07:30, 15:30 Beijing time')).toBeVisible()
    await page.getByRole('button', { name: 'Change', exact: true }).click()
    const form = page.getByRole('dialog', { name: 'Schedule' })
    await form.getByLabel('Times').fill('25:00')
    await expect(form.getByText('Times such as 07:30, 15:30')).toBeVisible()
    await form.getByLabel('Times').fill('07:00, 15:00')
    await form.getByRole('button', { name: 'Save' }).click()
    await expect(page.getByText('Every day at 07:00, 15:00 Beijing time')).toBeVisible()
    await ask('PUT', '/rehearsal-schedule', { enabled: true, times: ['07:30', '15:30'] })
  })
})
