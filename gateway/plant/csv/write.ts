import { columns } from './columns.ts';
import type { Entry } from './columns.ts';

const BYTE_ORDER_MARK = '\uFEFF';

const quoted = (cell: string): string =>
  /[",;\r\n]|^\s|\s$/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;

/** All tags as a table: RFC 4180, with the mark by which a spreadsheet knows UTF-8. */
export function writeCsv(tags: readonly Entry[]): string {
  const rows = [
    columns.map(({ name }) => name),
    ...tags.map((tag) => columns.map(({ write }) => write(tag))),
  ];
  return BYTE_ORDER_MARK + rows.map((row) => `${row.map(quoted).join(',')}\r\n`).join('');
}
