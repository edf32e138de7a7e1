import { ask, buy, goods, setSeller, tried } from './support/shop'
import { expect, expectAccessible, test } from './support/test'

test.afterAll(() => setSeller('ok'))

test('four clicks lead from the overview to a replayed call and a drafted mail', async ({ page }) => {
  // What other stories left behind stands before it.
  const { items } = await ask<{ items: { id: string }[] }>('GET', '/messages?state=open&limit=200')
  for (const { id } of items) await ask('POST', `/messages/${id}/resolve`, { note: 'of another story' })
  await setSeller('refuse')
  const { orderId, again, instanceId } = await buy(goods('webhook'))
  expect((await again()).resultCode).toBe('000100')
  await tried(instanceId, 3)
  await setSeller('ok')

  await page.goto('/')
  let clicks = 0
  const click = async (target: ReturnType<typeof page.getByRole>) => {
    clicks += 1
    await target.click()
  }
  const row = page.getByRole('table', { name: 'Failed messages, shortest window first' }).getByRole('row')
  await click(row.filter({ hasText: orderId }).getByRole('link'))
  await click(page.getByRole('button', { name: 'Replay', exact: true }))
  const replay = page.getByRole('dialog', { name: 'Replay this message' })
  await click(replay.getByRole('button', { name: 'Replay', exact: true }))
  await expect(replay).toContainText('The replay succeeded')
  await click(replay.getByRole('button', { name: 'Notify partner' }))
  const mail = page.getByRole('dialog', { name: 'Notify the partner desk' })
  await expect(mail.getByLabel('Chinese')).toHaveValue(new RegExp(orderId))
  await expect(mail.getByLabel('English')).toHaveValue(new RegExp(orderId))
  expect(clicks).toBeLessThanOrEqual(4)
  await expectAccessible(page)
})
