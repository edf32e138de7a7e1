import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ancestorsOf, type Node, rootsOf } from './tree'

const node = (orgCode: string, parentCode: string | null = null): Node => ({ orgCode, parentCode })

describe('the tree of departments', () => {
  it('begins at the top, at orphans and once in every circle', () => {
    const nodes = [node('a'), node('b', 'a'), node('o', 'gone'), node('y', 'x'), node('x', 'y'), node('s', 's')]
    expect(rootsOf(nodes)).toEqual([
      { orgCode: 'a', problem: null },
      { orgCode: 'o', problem: 'orphan' },
      { orgCode: 's', problem: 'circle' },
      { orgCode: 'x', problem: 'circle' },
    ])
  })

  it('reaches every department from its beginnings, and none from two', () => {
    const code = fc.constantFrom(...'abcdefgh')
    const nodes = fc.uniqueArray(fc.record({ orgCode: code, parentCode: fc.option(code) }), {
      selector: ({ orgCode }) => orgCode,
    })
    fc.assert(
      fc.property(nodes, (given) => {
        const reached = new Set<string>()
        const visit = (orgCode: string) => {
          if (reached.has(orgCode)) return
          reached.add(orgCode)
          for (const child of given) if (child.parentCode === orgCode) visit(child.orgCode)
        }
        for (const { orgCode } of rootsOf(given)) {
          expect(reached.has(orgCode)).toBe(false)
          visit(orgCode)
        }
        expect([...reached].sort()).toEqual(given.map(({ orgCode }) => orgCode).sort())
      }),
    )
  })

  it('tells the way from the top, once around a circle', () => {
    const parents = new Map([
      ['a', null],
      ['b', 'a'],
      ['c', 'b'],
      ['x', 'y'],
      ['y', 'x'],
    ])
    expect(ancestorsOf(parents, 'c')).toEqual(['a', 'b'])
    expect(ancestorsOf(parents, 'x')).toEqual(['y'])
    expect(ancestorsOf(parents, 'a')).toEqual([])
  })
})
