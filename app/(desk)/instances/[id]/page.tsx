import { InstancePage } from '@/components/instances/instance-page'
import { serverTranslations } from '@/lib/i18n/server'
import { requireUser } from '../../session'

export async function generateMetadata() {
  return { title: (await serverTranslations())('instance.title') }
}

export default async function Page({ params }: { params: Promise<{ id: string }> }) {
  const { id } = await params
  await requireUser(`/instances/${id}`)
  return <InstancePage id={decodeURIComponent(id)} />
}
