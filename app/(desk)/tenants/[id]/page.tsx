import { TenantPage } from '@/components/tenants/tenant-page'
import { serverTranslations } from '@/lib/i18n/server'
import { requireUser } from '../../session'

export async function generateMetadata() {
  return { title: (await serverTranslations())('tenants.one') }
}

export default async function Page({ params }: { params: Promise<{ id: string }> }) {
  const { id } = await params
  await requireUser(`/tenants/${id}`)
  return <TenantPage id={decodeURIComponent(id)} />
}
