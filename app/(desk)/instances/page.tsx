import { InstancesPage } from '@/components/instances/instances-page'
import { serverTranslations } from '@/lib/i18n/server'
import { pathOf, requireUser, type Search } from '../session'

export async function generateMetadata() {
  return { title: (await serverTranslations())('instances.title') }
}

export default async function Page({ searchParams }: { searchParams: Search }) {
  await requireUser(await pathOf('/instances', searchParams))
  return <InstancesPage />
}
