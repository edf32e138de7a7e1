import { z } from 'zod'
import { countedPageOf, pageOf } from '@/lib/http/paging'
import { caseItem, caseSchema, fireSchema, probeStreak, runItem, runQuery, scheduleSchema } from '@/lib/rehearsals'
import { defineOperation } from '../operation'
import { byId } from './shared'

const tag = 'Rehearsals'
const cases = pageOf(caseItem).extend({ nextCursor: z.null() })

export const listRehearsals = defineOperation({
  method: 'GET',
  path: '/rehearsals',
  tag,
  summary: 'Fired test calls, newest first',
  role: 'viewer',
  query: runQuery,
  answer: countedPageOf(runItem),
})

export const fireRehearsal = defineOperation({
  method: 'POST',
  path: '/rehearsals',
  tag,
  summary: "Signs a test call and fires it at the desk's own address",
  description: 'A saved case by its id, or a call spelled out. `testFlag` is always 1.',
  role: 'operator',
  body: fireSchema,
  answer: runItem,
  status: 201,
  failures: [404],
})

export const listRehearsalCases = defineOperation({
  method: 'GET',
  path: '/rehearsal-cases',
  tag,
  summary: 'Every saved case with its newest run',
  role: 'viewer',
  answer: cases,
})

export const createRehearsalCase = defineOperation({
  method: 'POST',
  path: '/rehearsal-cases',
  tag,
  summary: 'Saves a case',
  role: 'operator',
  body: caseSchema,
  answer: caseItem,
  status: 201,
  failures: [409],
})

export const createUsualCases = defineOperation({
  method: 'POST',
  path: '/rehearsal-cases/usual',
  tag,
  summary: 'Saves the usual cases of a product that are not there yet: purchase, query, renewal',
  role: 'operator',
  body: z.strictObject({ productRef: z.guid(), version: z.enum(['v1', 'v2']) }),
  answer: cases,
  status: 201,
  failures: [404],
})

export const updateRehearsalCase = defineOperation({
  method: 'PUT',
  path: '/rehearsal-cases/{id}',
  tag,
  summary: 'Replaces a case',
  role: 'operator',
  params: byId,
  body: caseSchema,
  answer: caseItem,
  failures: [404, 409],
})

export const deleteRehearsalCase = defineOperation({
  method: 'DELETE',
  path: '/rehearsal-cases/{id}',
  tag,
  summary: 'Deletes a case; its runs stay',
  role: 'operator',
  params: byId,
  answer: caseItem,
  failures: [404],
})

export const getRehearsalSchedule = defineOperation({
  method: 'GET',
  path: '/rehearsal-schedule',
  tag,
  summary: 'When the scheduled cases run',
  role: 'viewer',
  answer: scheduleSchema,
})

export const changeRehearsalSchedule = defineOperation({
  method: 'PUT',
  path: '/rehearsal-schedule',
  tag,
  summary: 'Changes that',
  role: 'admin',
  body: scheduleSchema,
  answer: scheduleSchema,
})

export const listProbeStreaks = defineOperation({
  method: 'GET',
  path: '/rehearsal-streaks',
  tag,
  summary: "How the marketplace's probes and the scheduled rehearsals went of late, by product",
  role: 'viewer',
  answer: pageOf(probeStreak).extend({ nextCursor: z.null() }),
})
