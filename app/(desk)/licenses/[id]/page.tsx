import { LicensePage } from '@/components/licenses/license-page'
import { serverTranslations } from '@/lib/i18n/server'
import { requireUser } from '../../session'

export async function generateMetadata() {
  return { title: (await serverTranslations())('licenses.title') }
}

export default async function Page({ params }: { params: Promise<{ id: string }> }) {
  const { id } = await params
  await requireUser(`/licenses/${id}`)
  return <LicensePage id={decodeURIComponent(id)} />
}
