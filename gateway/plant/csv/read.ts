import { CsvError, parse } from 'csv-parse/sync';
import { CellFault, fromText } from './cell.ts';
import { columns } from './columns.ts';
import type { Column } from './columns.ts';

/** As a spreadsheet counts: the head is row 1. */
export interface RowFault {
  readonly row: number;
  readonly column: string;
  readonly value: string;
  readonly message: string;
}

/** A row that names a tag: what it sets, by column. */
export interface Row {
  readonly row: number;
  readonly name: string;
  readonly cells: ReadonlyMap<Column, string>;
}

const SHOWN = 100;
export const faultOf = (row: number, column: string, value: string, message: string): RowFault => ({
  ...{ row, column, message },
  value: value.length > SHOWN ? `${value.slice(0, SHOWN)}…` : value,
});

/** The separator is the one that the head uses: a comma, a semicolon or a tab. */
function separatorOf(text: string): string {
  const head = /^[^\r\n]*/.exec(text)?.[0] ?? '';
  const count = (separator: string) => head.split(separator).length;
  return [',', ';', '\t'].reduce((best, next) => (count(next) > count(best) ? next : best));
}

function table(text: string): string[][] | RowFault {
  try {
    return parse(text, { bom: true, delimiter: separatorOf(text), relax_column_count: true, trim: false });
  } catch (err) {
    if (!(err instanceof CsvError)) throw err;
    const row = Number((err as unknown as { records?: unknown }).records ?? 0) + 1;
    return faultOf(row, '', '', `${err.message}. Correct the quotes of this row.`);
  }
}

/** Reads a table of tags. What is wrong with its form is a fault; the rest of it is read all the same. */
export function readCsv(text: string): {
  readonly rows: readonly Row[];
  readonly faults: readonly RowFault[];
} {
  const found = table(text);
  if (!Array.isArray(found)) return { rows: [], faults: [found] };
  const [head = [], ...body] = found;
  const { known, faults } = readHead(head);
  const rows: Row[] = [];
  body.forEach((cells, i) => {
    const row = i + 2;
    if (cells.every((cell) => cell.trim() === '')) return;
    const extra = cells.slice(head.length).find((cell) => cell !== '');
    if (extra !== undefined) faults.push(faultOf(row, '', extra, 'stands in a column without a name'));
    const named = new Map(
      known.flatMap((column, place) => (column === null ? [] : [[column, cells[place] ?? '']])),
    );
    rows.push({ row, name: nameOf(named), cells: named });
  });
  return { rows, faults };
}

const nameOf = (cells: ReadonlyMap<Column, string>): string =>
  fromText([...cells].find(([column]) => column.name === 'name')?.[1] ?? '').trim();

function readHead(head: readonly string[]): { known: (Column | null)[]; faults: RowFault[] } {
  const faults: RowFault[] = [];
  const names = head.map((cell) => cell.trim());
  const known = names.map((name, i) => {
    if (name === '') return null;
    const column = columns.find((each) => each.name === name) ?? null;
    if (column === null) faults.push(faultOf(1, name, name, 'this column is not known; check its spelling'));
    else if (names.indexOf(name) < i) faults.push(faultOf(1, name, name, 'this column stands twice'));
    return column;
  });
  if (!names.includes('name'))
    faults.push(faultOf(1, 'name', '', 'the column is missing: tags are found by it'));
  return { known, faults };
}

/** Applies a row to a tag. Answers the faults of its cells. */
export function applyRow({ row, cells }: Row, tag: Record<string, unknown>): RowFault[] {
  return [...cells].flatMap(([column, cell]) => {
    try {
      column.read(tag, cell);
      return [];
    } catch (err) {
      if (err instanceof CellFault) return [faultOf(row, column.name, cell, err.message)];
      throw err;
    }
  });
}
