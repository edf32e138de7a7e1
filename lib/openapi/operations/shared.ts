import { z } from 'zod'

export const byId = z.object({ id: z.guid() })
export const time = z.iso.datetime().describe('ISO 8601, UTC')
