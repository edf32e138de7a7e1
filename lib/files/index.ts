export { fileFault } from './faults'
export { readTable, type TableRow, type TableSource } from './table'
