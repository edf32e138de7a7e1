import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { createTranslator } from 'use-intl/core'
import en from '@/messages/en.json' with { type: 'json' }
import zh from '@/messages/zh-CN.json' with { type: 'json' }
import { addProduct, ask, buyByUse, troubleUsage, unique } from './support/shop'
import { expect, expectAccessible, test } from './support/test'

// They mostly wait, and come last: both workers take of them.
test.describe.configure({ mode: 'parallel' })

/** A second of use, so many seconds after the instance was opened. */
function usedAt(openedAt: Date, second: number): string {
  return new Date((Math.floor(openedAt.getTime() / 1000) + second) * 1000).toISOString().replace('.000', '')
}

/** Usage of the future is refused. */
async function secondOver(openedAt: Date, second: number): Promise<void> {
  await sleep(Math.max(0, Date.parse(usedAt(openedAt, second)) - Date.now()))
}

for (const [locale, messages] of [
  ['zh-CN', zh],
  ['en-US', en],
] as const) {
  test.describe(locale, () => {
    test.use({ locale })

    test('a file with errors is mended, imported, pushed, partly rejected, corrected and settled', async ({ page }) => {
      const t = createTranslator({ locale: 'en', messages: messages as typeof en, namespace: 'usage' })
      const product = await addProduct({ type: 'template', frontEndUrl: 'https://use.example.com/{instanceId}' })
      const { instanceId, openedAt } = await buyByUse(product)
      const [one, two] = [unique('sn-'), unique('sn-')]
      const file = (second: string, stranger: string) => ({
        name: 'usage.csv',
        mimeType: 'text/csv',
        buffer: Buffer.from(
          `话单唯一标识,实例ID,开始时间,结束时间,用量\r\n${one},${instanceId},${usedAt(openedAt, 1)},${usedAt(openedAt, 2)},1.5\r\n` +
            `${two},${stranger},${usedAt(openedAt, 2)},${usedAt(openedAt, 3)},${second}\r\n`,
        ),
      })

      await page.goto('/usage')
      await page.getByRole('button', { name: t('import'), exact: true }).click()
      const dialog = page.getByRole('dialog')
      await secondOver(openedAt, 3)
      await dialog.locator('input[type=file]').setInputFiles(file('-2', 'nobody'))
      await expect(dialog).toContainText(t('plan', { total: 2, created: 1, unchanged: 0, refused: 1 }))
      await expect(dialog).toContainText(t('rule.value-positive', { came: '-2' }))
      await expectAccessible(page)
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        dialog.getByRole('button', { name: t('errorFile') }).click(),
      ])
      expect(download.suggestedFilename()).toBe('usage-errors.csv')
      await dialog.locator('input[type=file]').setInputFiles(file('2', instanceId))
      await dialog.getByRole('button', { name: t('importNow', { count: 2 }) }).click()
      await expect(page.getByText(t('imported', { count: 2 }))).toBeVisible()

      await troubleUsage([{ answer: 'half', code: '003', times: 1 }])
      const card = page
        .locator('section')
        .filter({ has: page.getByRole('heading', { name: product.name, exact: true }) })
      const push = async (count: number) => {
        await card.getByRole('button', { name: t('pushMonth') }).click()
        await page.getByRole('button', { name: t('pushConfirm', { count }) }).click()
        await expect(page.getByText(t('pushStarted')).first()).toBeVisible()
      }
      const pushed = async (accepted: number, rejected: number) => {
        await page.goto('/usage?view=pushes')
        const row = page.locator('[data-row]').filter({ hasText: product.name })
        await expect(row.first()).toContainText(t('progressText', { accepted, rejected, left: 0 }))
      }
      await push(2)
      await pushed(1, 1)
      await page.goto(`/usage?view=records&state=rejected&q=${instanceId}`)
      await expect(page.getByText(t('codes.003'))).toBeVisible()
      await expect(page.getByText(t('fixes.003'))).toBeVisible()
      await page.getByRole('button', { name: t('mend'), exact: true }).click()
      await dialog.getByLabel(t('value'), { exact: true }).fill('2.12345')
      await dialog.getByRole('button', { name: t('requeue') }).click()
      await expect(dialog).toContainText(t('rule.value-decimals', { came: '2.12345', allowed: '4' }))
      await dialog.getByLabel(t('value'), { exact: true }).fill('2.25')
      await dialog.getByRole('button', { name: t('requeue') }).click()
      await expect(page.getByText(t('mended'))).toBeVisible()

      await page.goto('/usage')
      await push(1)
      await pushed(1, 0)
      await page.goto(`/usage?view=records&state=accepted&q=${instanceId}`)
      await expect(page.locator('[data-row]')).toHaveCount(2)
      await page.goto('/usage')
      await card.getByRole('button', { name: t('settle'), exact: true }).click()
      await dialog.getByRole('button', { name: t('settle'), exact: true }).click()
      await expect(page.getByText(t('settledToast'), { exact: true })).toBeVisible()
      await expect(card.getByText(t('settled', { who: 'ops@shop.example.com' }))).toBeVisible()
    })
  })
}

test('a push under way shows how far it is and is stopped; the list of pushes is had as a file', async ({ page }) => {
  const product = await addProduct({ type: 'template', frontEndUrl: 'https://use.example.com/{instanceId}' })
  const { instanceId, openedAt } = await buyByUse(product)
  await secondOver(openedAt, 3)
  const records = [1, 2].map((second) => ({
    ...{ meteringSn: unique('sn-'), instanceId, value: '1' },
    ...{ beginAt: usedAt(openedAt, second), endAt: usedAt(openedAt, second + 1) },
  }))
  const { results } = await ask<{ results: { status: string }[] }>('POST', '/usage-records', { records })
  expect(results.map(({ status }) => status)).toEqual(['created', 'created'])
  await troubleUsage([{ answer: '500-before', delayMs: 3000, times: 2 }])
  await page.goto('/usage')
  const card = page.locator('section').filter({ has: page.getByRole('heading', { name: product.name, exact: true }) })
  await card.getByRole('button', { name: 'Review and push' }).click()
  await page.getByRole('button', { name: 'Push 2' }).click()
  await page.goto('/usage?view=pushes')
  const row = page.locator('[data-row]').filter({ hasText: product.name })
  await expect(row).toContainText('Pushing')
  await expect(row).toContainText('0 accepted · 0 rejected · 2 left')
  await row.getByRole('button', { name: 'Stop' }).click()
  const dialog = page.getByRole('dialog', { name: 'Stop the push' })
  await expect(dialog).toContainText('records not sent yet wait again')
  await dialog.getByRole('button', { name: 'Stop' }).click()
  await expect(page.getByText('The push was stopped')).toBeVisible()
  // The request under way comes to its end first.
  await expect(row).toContainText('Stopped', { timeout: 60_000 })
  await expect(row).toContainText('2 accepted · 0 rejected · 0 left')
  await expect(row.getByRole('button', { name: 'Stop' })).toHaveCount(0)
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('link', { name: 'Export CSV' }).click(),
  ])
  const line = (await readFile(await file.path(), 'utf8')).split('\r\n').find((each) => each.includes(product.name))
  expect(line).toContain('cancelled')
})
