export { readTable, type TableRow, type TableSource } from './table'
