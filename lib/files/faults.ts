import { DeskError, type DeskErrorCode } from '@/lib/errors'

type Facts = { name: string; line?: number; max?: number; what?: string; known?: string; missing?: string[] }

/** What can be wrong with a table somebody gave; `messages` has a sentence for each under `errors.file`. */
const faults = {
  empty: ({ name }) => `${name} holds no rows.`,
  headingsOnly: ({ name }) => `${name} holds headings only.`,
  noColumn: ({ name, what, known }) => `${name} has no column ${what}; its columns are ${known}.`,
  unknownColumn: ({ name, what, known }) => `${name} has a column "${what}" that is not known; known are ${known}.`,
  tooLarge: ({ name, max }) => `${name} has more than ${max} bytes; split it.`,
  tooManyRows: ({ name, max }) => `${name} has more than ${max} rows; split it.`,
  tooMuchText: ({ name, max }) => `${name} holds more than ${max} characters; split it.`,
  unpacksTooLarge: ({ name, max }) => `${name} unpacks to more than ${max} bytes; split it.`,
  rowTooLong: ({ name, line, max }) =>
    `${name}, line ${line}: a row has more than ${max} characters; is a quotation mark left open.`,
  openQuote: ({ name, line }) => `${name}, line ${line}: a quotation mark is opened and never closed.`,
  strayQuote: ({ name, line }) =>
    `${name}, line ${line}: a quotation mark stands inside a value; write it twice and put the value into quotation marks.`,
  noTable: ({ name }) => `${name} is neither a CSV file in UTF-8 or GB18030 nor an XLSX file.`,
  oldWorkbook: ({ name }) => `${name} is an XLS file or has a password; save it as XLSX without one, or as CSV.`,
  noWorkbook: ({ name }) => `${name} is a zip archive, but no XLSX file.`,
  damaged: ({ name, what }) => (what ? `${name} is damaged: ${what}.` : `${name} is damaged, or no XLSX file.`),
} satisfies Record<string, (facts: Facts) => string>

export type FileFault = keyof typeof faults
export const fileFaults = Object.keys(faults)

/** The error for a file that cannot be used: `details.file` names the fault, the other details are its facts. */
export function fileFault(fault: FileFault, facts: Facts): DeskError {
  const code: DeskErrorCode = /^(too|unpacksToo)/.test(fault) ? 'too-large' : 'invalid'
  return new DeskError(code, faults[fault](facts), { field: 'file', details: { file: fault, ...facts } })
}
