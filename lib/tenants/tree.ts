/** A department as far as the shape of the tree goes. */
export type Node = { orgCode: string; parentCode: string | null }

export type Problem = 'orphan' | 'circle'

/**
 * Where the tree begins: departments without a parent; those whose parent is not there (`orphan`); of every circle the
 * member with the smallest code (`circle`), because nothing else leads to it. From these, every department is reached.
 */
export function rootsOf(nodes: Node[]): { orgCode: string; problem: Problem | null }[] {
  const parents = new Map(nodes.map(({ orgCode, parentCode }) => [orgCode, parentCode]))
  const settled = new Set<string>()
  const roots: { orgCode: string; problem: Problem | null }[] = []
  for (const { orgCode } of nodes) {
    const path: string[] = []
    const onPath = new Set<string>()
    let at: string | null = orgCode
    while (at !== null && !settled.has(at) && !onPath.has(at)) {
      path.push(at)
      onPath.add(at)
      const parent: string | null = parents.get(at) ?? null
      if (parent === null) roots.push({ orgCode: at, problem: null })
      else if (!parents.has(parent)) roots.push({ orgCode: at, problem: 'orphan' })
      at = parent !== null && parents.has(parent) ? parent : null
    }
    if (at !== null && onPath.has(at)) {
      const [first] = path.slice(path.indexOf(at)).sort()
      roots.push({ orgCode: first as string, problem: 'circle' })
    }
    for (const code of path) settled.add(code)
  }
  return roots.sort((a, b) => (a.orgCode < b.orgCode ? -1 : 1))
}

/** The codes above a department, from the top down; a circle is followed once. */
export function ancestorsOf(parents: Map<string, string | null>, orgCode: string): string[] {
  const above: string[] = []
  const seen = new Set([orgCode])
  for (let at = parents.get(orgCode) ?? null; at !== null && parents.has(at) && !seen.has(at); ) {
    seen.add(at)
    above.unshift(at)
    at = parents.get(at) ?? null
  }
  return above
}
