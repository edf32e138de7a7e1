import { z } from 'zod'
import { DeskError } from '@/lib/errors'

/** A flag of a query string (true, false, 1 or 0), or of JSON. */
export const flagSchema = z
  .union([z.boolean(), z.enum(['true', 'false', '1', '0'])], { error: 'must be true or false' })
  .transform((value) => value === true || value === 'true' || value === '1')

type Issue = { path: string; message: string }

/**
 * What `schema` makes of `input`. Throws DeskError 'invalid' whose message names every member at fault by its path
 * (`products[0].delivery.url`); `field` is the first of them. What was sent is never repeated: it may be a secret.
 */
export function parseInput<S extends z.ZodType>(schema: S, input: unknown): z.output<S> {
  const parsed = schema.safeParse(input)
  if (parsed.success) return parsed.data
  throw invalid(parsed.error.issues.flatMap(inWords))
}

export function invalid(issues: Issue[]): DeskError {
  const shown = issues.slice(0, 10).map(({ path, message }) => (path ? `${path}: ${message}` : message))
  if (issues.length > shown.length) shown.push(`and ${issues.length - shown.length} more`)
  return new DeskError('invalid', shown.join('; '), { field: issues[0]?.path || undefined, details: { issues } })
}

function inWords(issue: z.core.$ZodIssue): Issue[] {
  const path = pathOf(issue.path)
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ path: pathOf([...issue.path, key]), message: 'is not a known member' }))
  }
  if (issue.code === 'invalid_type' && issue.message.endsWith('received undefined')) {
    return [{ path, message: 'is missing' }]
  }
  return [{ path, message: issue.message }]
}

function pathOf(path: PropertyKey[]): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`
    return text ? `${text}.${String(part)}` : String(part)
  }, '')
}
