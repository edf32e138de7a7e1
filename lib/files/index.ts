export { readTable, type Table, type TableRow, type TableSource } from './table'
