import { argon2Verify } from 'hash-wasm'
import { expect, test } from 'vitest'
import { hashPassword, verifyPassword } from './password'

test('a password fits its own hash only', async () => {
  const hash = await hashPassword('correct horse battery')
  expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
  expect(await argon2Verify({ password: 'correct horse battery', hash })).toBe(true)
  expect(await verifyPassword('correct horse battery', hash)).toBe(true)
  expect(await verifyPassword('correct horse batterz', hash)).toBe(false)
})

test('two hashes of one password differ', async () => {
  const [one, other] = await Promise.all([hashPassword('correct horse'), hashPassword('correct horse')])
  expect(one).not.toBe(other)
})

test('the same password typed in full-width letters fits', async () => {
  expect(await verifyPassword('ｐａｓｓｗｏｒｄ１', await hashPassword('password1'))).toBe(true)
})

test('without a user nothing fits, after about the time that a check takes', async () => {
  const hash = await hashPassword('correct horse')
  const timed = async (of: string | null) => {
    const begin = performance.now()
    expect(await verifyPassword('wrong', of)).toBe(false)
    return performance.now() - begin
  }
  await timed(null)
  const known = Math.min(await timed(hash), await timed(hash), await timed(hash))
  const unknown = Math.min(await timed(null), await timed(null), await timed(null))
  expect(unknown / known).toBeGreaterThan(0.25)
  expect(unknown / known).toBeLessThan(4)
})

test('hashing does not hold up the process', async () => {
  let turns = 0
  const hashing = Promise.all(Array.from({ length: 4 }, () => hashPassword('correct horse')))
  let done = false
  hashing.finally(() => {
    done = true
  })
  while (!done) {
    turns++
    await new Promise((resolve) => setImmediate(resolve))
  }
  await hashing
  expect(turns).toBeGreaterThan(200)
})

test('a storm is refused beyond the waiting room', async () => {
  const storm = await Promise.allSettled(Array.from({ length: 40 }, () => verifyPassword('x', null)))
  const refused = storm.filter((one) => one.status === 'rejected')
  expect(refused).toHaveLength(8)
  expect(refused[0]?.reason).toMatchObject({ code: 'rate-limited' })
})
