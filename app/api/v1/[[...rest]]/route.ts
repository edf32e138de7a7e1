import { DeskError } from '@/lib/errors'
import { problemResponse } from '@/lib/http/problem'

function nothingHere(): Response {
  return problemResponse(
    new DeskError('not-found', 'There is nothing at this address; /api/v1/docs lists what there is.'),
  )
}

export { nothingHere as DELETE, nothingHere as GET, nothingHere as PATCH, nothingHere as POST, nothingHere as PUT }
