import { CallPage } from '@/components/calls/call-page'
import { serverTranslations } from '@/lib/i18n/server'
import { requireUser } from '../../session'

export async function generateMetadata() {
  return { title: (await serverTranslations())('call.title') }
}

export default async function Page({ params }: { params: Promise<{ id: string }> }) {
  const { id } = await params
  await requireUser(`/calls/${id}`)
  return <CallPage id={id} />
}
