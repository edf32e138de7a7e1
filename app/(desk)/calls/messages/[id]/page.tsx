import { MessagePage } from '@/components/calls/message-page'
import { serverTranslations } from '@/lib/i18n/server'
import { pathOf, requireUser, type Search } from '../../../session'

export async function generateMetadata() {
  return { title: (await serverTranslations())('message.title') }
}

export default async function Page({
  params,
  searchParams,
}: {
  params: Promise<{ id: string }>
  searchParams: Search
}) {
  const { id } = await params
  await requireUser(await pathOf(`/calls/messages/${id}`, searchParams))
  return <MessagePage id={id} />
}
