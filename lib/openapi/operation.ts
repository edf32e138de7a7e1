import type { z } from 'zod'
import type { Role } from '@/lib/users/context'

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/**
 * One method of one path of /api/v1: what its handler parses with and what the published description says.
 * A `role` of 'public' asks nobody to sign in.
 */
export type Operation<
  Params extends z.ZodType = z.ZodType,
  Query extends z.ZodType = z.ZodType,
  Body extends z.ZodType = z.ZodType,
  Answer extends z.ZodType = z.ZodType,
> = {
  method: Method
  /** below /api/v1, parameters in braces */
  path: string
  tag: string
  summary: string
  description?: string
  role: Role | 'public'
  params?: Params
  query?: Query
  /** takes query parameters it does not know: others send them */
  looseQuery?: true
  /** the JSON body; an absent body counts as `{}` */
  body?: Body
  /** a body that is no JSON, and how many bytes it may have */
  textBody?: { type: string; limit: number }
  /** a file as the body, of any type, and how many bytes it may have */
  fileBody?: { limit: number }
  /** instead of the JSON body also multipart/form-data with a part `file` of at most so many bytes */
  formFile?: { limit: number }
  answer?: Answer
  /** the type of an answer that is no JSON */
  answerType?: string
  /** of the answer when all went well; 200 unless told */
  status?: 200 | 201 | 204
  /** statuses it can fail with beyond 400, 401, 403 */
  failures?: (404 | 409 | 413 | 429 | 503)[]
}

export function defineOperation<
  Params extends z.ZodType = z.ZodNever,
  Query extends z.ZodType = z.ZodNever,
  Body extends z.ZodType = z.ZodNever,
  Answer extends z.ZodType = z.ZodNever,
>(operation: Operation<Params, Query, Body, Answer>): Operation<Params, Query, Body, Answer> {
  return operation
}
