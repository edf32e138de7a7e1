import { describe, expect, it } from 'vitest'
import { inOurWords, readAmount, readConsoleTime, readLayout, sameAmount } from './columns'

describe('headings', () => {
  it('are recognised in both languages, in any order, with units and blanks', () => {
    const zh = readLayout(['账单状态', '客户账号', '订单金额(元)', ' 订单号 ', '备注'])
    expect(Object.keys(zh.columns).sort()).toEqual(['amount', 'billState', 'customerName', 'orderId'])
    expect(zh.columns.orderId).toEqual({ at: 3, heading: ' 订单号 ' })
    expect(zh.ignored).toEqual(['备注'])
    const en = readLayout(['Amount Paid (CNY)', 'Order No.', 'Order Type', 'Customer Account', 'Order ID'])
    expect(Object.fromEntries(Object.entries(en.columns).map(([field, { at }]) => [field, at]))).toEqual({
      amountAfterDiscount: 0,
      orderId: 1,
      orderType: 2,
      customerName: 3,
    })
    expect(en.ignored).toEqual(['Order ID'])
  })
})

it.each([
  ['¥ 1,234.50', '1234.50'],
  ['1234.5 CNY', '1234.5'],
  ['¥12.00', '12.00'],
  ['-10', '-10'],
  ['(10.00)', '-10.00'],
  ['1e3', null],
  ['-', null],
  ['', null],
])('reads the amount %j as %j', (text, amount) => {
  expect(readAmount(text)).toBe(amount)
})

it.each([
  ['100', '100.00', true],
  ['0100.10', '100.1', true],
  ['-0.00', '0', true],
  ['12345678901234567.89', '12345678901234567.88', false],
  ['-10', '10', false],
])('compares %s and %s exactly', (a, b, same) => {
  expect(sameAmount(a, b)).toBe(same)
})

it.each([
  ['2026-11-21 14:05:33', '2026-11-21T06:05:33.000Z'],
  ['2026/11/21 14:05', '2026-11-21T06:05:00.000Z'],
  ['2026年1月2日', '2026-01-01T16:00:00.000Z'],
  ['20261121140533', '2026-11-21T06:05:33.000Z'],
  ['2026-11-21T06:05:33Z', '2026-11-21T06:05:33.000Z'],
  ['2026-02-30 10:00:00', null],
  ['yesterday', null],
])('reads %j as Beijing time', (text, iso) => {
  expect(readConsoleTime(text)?.toISOString() ?? null).toBe(iso)
})

it('knows the words of the console', () => {
  expect(inOurWords('orderType', '新购')).toBe('NEW')
  expect(inOurWords('orderType', 'Trial to formal')).toBe('TRIAL_TO_FORMAL')
  expect(inOurWords('chargingMode', '包年/包月')).toBe('PERIOD')
  expect(inOurWords('supervision', '已完成')).toBe('completed')
  expect(inOurWords('orderType', 'constructor')).toBeNull()
})
