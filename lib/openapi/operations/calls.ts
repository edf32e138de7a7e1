import { z } from 'zod'
import { callDetail } from '@/lib/calls/detail'
import { callItem, callQuery, hourItem } from '@/lib/calls/queries'
import { countedPageOf } from '@/lib/http/paging'
import { defineOperation } from '../operation'
import { byId } from './shared'

const tag = 'Calls'

export const listCalls = defineOperation({
  method: 'GET',
  path: '/calls',
  tag,
  summary: 'Calls, newest first',
  role: 'viewer',
  query: callQuery,
  answer: countedPageOf(callItem),
})

export const callsPerHour = defineOperation({
  method: 'GET',
  path: '/calls/per-hour',
  tag,
  summary: 'The real calls of the last hours by outcome, with answer times',
  role: 'viewer',
  query: z.strictObject({ hours: z.coerce.number().int().min(1).max(168).default(24) }),
  answer: z.object({ items: z.array(hourItem) }),
})

export const getCall = defineOperation({
  method: 'GET',
  path: '/calls/{id}',
  tag,
  summary: 'A call with its request, answer and signature check, secrets masked',
  role: 'viewer',
  params: byId,
  answer: callDetail,
  failures: [404],
})

export const revealCall = defineOperation({
  method: 'POST',
  path: '/calls/{id}/reveal',
  tag,
  summary: 'The same with nothing masked; leaves an audit entry',
  role: 'admin',
  params: byId,
  answer: callDetail,
  failures: [404],
})

export const callAsCurl = defineOperation({
  method: 'GET',
  path: '/calls/{id}/curl',
  tag,
  summary: 'The request as a curl command, secrets masked',
  role: 'viewer',
  params: byId,
  answerType: 'text/plain',
  failures: [404],
})
