import { getAlertSettings, saveAlertSettings } from '@/lib/alerts'
import { route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'

export const GET = route(operations.getAlertSettings, getAlertSettings)

export const PUT = route(operations.saveAlertSettings, ({ ctx, body }) => saveAlertSettings({ ctx, input: body }))
