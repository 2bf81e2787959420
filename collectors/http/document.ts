import type { Point } from '../collector.ts';
import type { Column } from '../csv-format.ts';
import { BrokenTable, cellOf, csvRows } from '../csv.ts';
import type { Row } from '../csv.ts';
import { follow, parsePath } from '../path.ts';
import { readPayload } from '../payload.ts';
import { memberOf } from '../record.ts';
import type { Field, Wanted } from '../record.ts';
import type { HttpAddress, HttpRequest } from './config.ts';

/** An answer that is no document of the kind that was asked for. */
export class NoDocument extends Error {
  override name = 'NoDocument';
}

/** An answer, read: its records and how to find things in them. */
export interface Document {
  /** The whole of a JSON document; undefined for a table. */
  readonly root: unknown;
  readonly records: readonly unknown[];
  /** The line or number of each record, for messages. */
  placeOf(index: number): string;
  readonly columns: readonly string[] | undefined;
  readonly field: (column: Column) => Field | undefined;
}

type Kind = Pick<HttpRequest, 'format' | 'csv' | 'each'>;

/** Rejects with `NoDocument`. */
export async function readDocument(body: Uint8Array, { format, csv, each }: Kind): Promise<Document> {
  return format === 'csv' ? readTable(body, csv) : readJson(body, each);
}

function readJson(body: Uint8Array, each: string | undefined): Document {
  const content = readPayload(body);
  if (content.kind === 'text') throw new NoDocument('it is no JSON');
  if (content.kind === 'malformed') throw new NoDocument(content.why);
  const root = content.document;
  const list = each === undefined ? [root] : follow(root, parsePath(each) ?? []);
  if (!Array.isArray(list)) throw new NoDocument(`there is no list at ${each ?? '$'}`);
  return {
    root,
    records: list as unknown[],
    placeOf: (index) => (each === undefined ? 'the document' : `${each}[${index}]`),
    columns: undefined,
    field: memberOf,
  };
}

async function readTable(body: Uint8Array, csv: HttpRequest['csv']): Promise<Document> {
  const rows = await rowsOf(body, csv);
  const header = csv.header ? rows.shift()?.cells : undefined;
  const width = header?.length ?? rows[0]?.cells.length ?? 0;
  const ragged = rows.find(
    ({ cells }) => cells.length < width || cells.slice(width).some((cell) => cell !== ''),
  );
  if (ragged !== undefined)
    throw new NoDocument(
      `line ${ragged.line} has ${ragged.cells.length} cells where the first row has ${width}`,
    );
  return {
    root: undefined,
    records: rows.map(({ cells }) => cells),
    placeOf: (index) => `line ${rows[index]?.line ?? 0}`,
    columns: header,
    field: (column) => {
      const cell = cellOf(column, header);
      return cell === undefined ? undefined : (record) => cell(record as readonly string[]);
    },
  };
}

async function rowsOf(body: Uint8Array, csv: HttpRequest['csv']): Promise<Row[]> {
  const rows: Row[] = [];
  try {
    for await (const row of csvRows(oneChunk(body), csv)) rows.push(row);
  } catch (err) {
    throw err instanceof BrokenTable ? new NoDocument(err.message, { cause: err }) : err;
  }
  return rows;
}

async function* oneChunk(body: Uint8Array) {
  yield await Promise.resolve(body);
}

/** What the tags take from a document, and which of them find no place in it. */
export function wantedFrom(
  points: readonly Point<HttpAddress>[],
  { timeAt }: HttpRequest,
  { field }: Pick<Document, 'field'>,
) {
  const wanted: Wanted[] = [];
  const without: { readonly name: string; readonly column: string }[] = [];
  for (const point of points) {
    const { value, time, where } = point.address;
    const timeColumn = time ?? timeAt;
    const columns = [value, ...(timeColumn === undefined ? [] : [timeColumn]), ...Object.keys(where)];
    const missing = columns.find((column) => field(column) === undefined);
    const valueField = field(value);
    if (missing !== undefined || valueField === undefined) {
      without.push({ name: point.name, column: String(missing) });
      continue;
    }
    const conditions = Object.entries(where).flatMap(([name, is]) => {
      const at = field(name);
      return at === undefined ? [] : { name, field: at, is };
    });
    wanted.push({
      point,
      value: valueField,
      time: timeColumn === undefined ? undefined : field(timeColumn),
      where: conditions,
    });
  }
  return { wanted, without };
}
