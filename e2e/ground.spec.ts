import { expect, expectAccessible, test } from './support/test'

test.describe('a stranger', () => {
  test.use({ role: null })

  test('is shown the sign-in page, in his language, with the headers of a careful page', async ({ page }) => {
    const answer = await page.goto('/')
    await expect(page).toHaveURL(/\/sign-in/)
    expect(answer?.headers()).toMatchObject({
      'content-security-policy': expect.stringContaining("frame-ancestors 'none'"),
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    })
    expect(answer?.headers()).not.toHaveProperty('x-powered-by')
    await expect(page.locator('html')).toHaveAttribute('lang', 'en')
    await expectAccessible(page)
  })
})

for (const role of ['viewer', 'operator', 'admin'] as const) {
  test.describe(role, () => {
    test.use({ role })

    test('is let in without an error in the console', async ({ page }) => {
      const errors: string[] = []
      page.on('console', (message) => message.type() === 'error' && errors.push(message.text()))
      page.on('pageerror', (error) => errors.push(error.message))
      await page.goto('/')
      await expect(page).not.toHaveURL(/sign-in/)
      await expect(page.getByRole('main')).toBeVisible()
      await expectAccessible(page)
      expect(errors).toEqual([])
    })
  })
}
