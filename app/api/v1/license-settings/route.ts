import { route } from '@/lib/http/api'
import { getLicenseSettings, setLicenseSettings } from '@/lib/licenses/code-actions'
import * as operations from '@/lib/openapi/operations'

export const GET = route(operations.getLicenseSettings, getLicenseSettings)

export const PUT = route(operations.setLicenseSettings, ({ ctx, body }) => setLicenseSettings({ ctx, input: body }))
