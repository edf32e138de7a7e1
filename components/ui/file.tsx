'use client'

import { CircleCheck, FileUp, TriangleAlert } from 'lucide-react'
import { useTranslations } from 'use-intl'
import { Callout } from './feedback'

/** Hands a file of ours to the reader, as a download does. */
export function saveFile(name: string, content: BlobPart, type?: string): void {
  const url = URL.createObjectURL(new Blob([content], type ? { type } : {}))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 1000)
}

type FileFieldProps = {
  accept?: string
  /** the chosen file's name, or what to choose */
  title: string
  hint: string
  onChoose: (file: File | undefined) => void
}

/** One file to choose. */
export function FileField({ accept, title, hint, onChoose }: FileFieldProps) {
  return (
    <label className="flex cursor-pointer items-center gap-3 rounded-md border border-control border-dashed bg-sunken p-3 text-sm hover:bg-hover has-focus-visible:outline-2 has-focus-visible:outline-focus">
      <input type="file" accept={accept} className="sr-only" onChange={(event) => onChoose(event.target.files?.[0])} />
      <FileUp className="size-5 shrink-0 text-faint" aria-hidden />
      <span className="min-w-0">
        <span className="block break-all font-medium">{title}</span>
        <span className="block break-words text-faint text-xs">{hint}</span>
      </span>
    </label>
  )
}

/** What a file would bring, and its rows that cannot be taken. */
export function FilePlan({ said, errors }: { said: string; errors: { row: number; message: string }[] }) {
  const t = useTranslations('common')
  return (
    <>
      <Callout tone={errors.length > 0 ? 'warn' : 'ok'} icon={errors.length > 0 ? TriangleAlert : CircleCheck}>
        {said}
      </Callout>
      {errors.length > 0 ? (
        <table className="w-full text-left text-sm" aria-label={t('fileErrors')}>
          <thead className="text-faint text-xs">
            <tr>
              <th scope="col" className="w-20 py-1 font-medium">
                {t('fileRow')}
              </th>
              <th scope="col" className="py-1 font-medium">
                {t('fileProblem')}
              </th>
            </tr>
          </thead>
          <tbody>
            {errors.slice(0, 100).map((fault) => (
              <tr key={`${fault.row}-${fault.message}`} className="align-top [&>*]:border-line [&>*]:border-t">
                <td className="py-1.5">{fault.row}</td>
                <td className="break-words py-1.5 text-bad">{fault.message}</td>
              </tr>
            ))}
          </tbody>
        </table>
      ) : null}
    </>
  )
}
