import { createReadStream } from 'node:fs';
import { BrokenTable, cellOf, csvRows } from '../csv.ts';
import type { Column } from '../csv-format.ts';
import { readPayload } from '../payload.ts';
import { memberOf } from '../record.ts';
import type { Field } from '../record.ts';
import type { FilesConfig } from './config.ts';

/** A row of a file: a record, or why it cannot be used. */
export interface FileRow {
  readonly line: number;
  readonly record: unknown;
  readonly wrong?: string;
}

/** A file's head: how columns are found in its records. Undefined: there is no such column. */
export interface Head {
  readonly columns: readonly string[] | undefined;
  field(column: Column): Field | undefined;
}

/** Opens a file as a stream; `rows` ends with the file, or rejects with `BrokenTable`. */
export interface OpenFile {
  readonly head: Head;
  readonly rows: AsyncIterable<FileRow>;
}

type Reading = Pick<FilesConfig, 'format' | 'csv'>;

/** Undefined: the file is empty. `end` (exclusive) reads the beginning only. */
export async function openFile(
  path: string,
  { format, csv }: Reading,
  signal: AbortSignal,
  end = Infinity,
): Promise<OpenFile | undefined> {
  const bytes = createReadStream(path, { signal, end: end - 1, highWaterMark: 262_144 });
  if (format === 'jsonl') return { head: { columns: undefined, field: memberOf }, rows: lines(bytes) };
  const rows = csvRows(bytes, csv, signal);
  const first = await rows.next();
  if (first.done === true) return undefined;
  const header = csv.header ? first.value.cells : undefined;
  const head: Head = {
    columns: header,
    field: (column) => {
      const cell = cellOf(column, header);
      const beyond = typeof column === 'number' && column > first.value.cells.length;
      return cell === undefined || beyond ? undefined : (record) => cell(record as string[]);
    },
  };
  const checked = rowChecker(first.value.cells.length);
  return {
    head,
    rows: (async function* () {
      if (header === undefined) yield checked(first.value);
      for await (const row of rows) yield checked(row);
    })(),
  };
}

/** A row that is shorter or longer than the first would put values into the wrong columns; so would a wrong encoding. */
const rowChecker =
  (width: number) =>
  ({ line, cells }: { line: number; cells: readonly string[] }): FileRow => {
    const surplus = cells.slice(width).some((cell) => cell !== '');
    if (cells.length < width || surplus)
      return { line, record: cells, wrong: `has ${cells.length} cells where the first row has ${width}` };
    if (cells.some((cell) => cell.includes('\uFFFD')))
      return { line, record: cells, wrong: 'is not written in the encoding that is configured' };
    return { line, record: cells };
  };

const LONGEST_LINE = 1_048_576;
const LINE_END = 10;

const NOTHING = Buffer.alloc(0);

/** Only a line that two chunks share is copied. */
const joined = (begun: Buffer, rest: Buffer): Buffer =>
  begun.length === 0 ? rest : Buffer.concat([begun, rest]);

async function* lines(bytes: AsyncIterable<Buffer>): AsyncGenerator<FileRow> {
  let line = 0;
  let kept: Buffer = NOTHING;
  for await (const chunk of bytes) {
    let from = 0;
    for (let end = chunk.indexOf(LINE_END); end >= 0; end = chunk.indexOf(LINE_END, from)) {
      yield* jsonLine(joined(kept, chunk.subarray(from, end)), ++line);
      kept = NOTHING;
      from = end + 1;
    }
    kept = joined(kept, chunk.subarray(from));
    if (kept.length > LONGEST_LINE)
      throw new BrokenTable(`line ${line + 1} is longer than ${LONGEST_LINE} bytes`);
  }
  yield* jsonLine(kept, line + 1);
}

function* jsonLine(bytes: Buffer, line: number): Generator<FileRow> {
  const content = readPayload(bytes);
  if (content.kind === 'document') yield { line, record: content.document };
  else if (content.kind === 'malformed') yield { line, record: undefined, wrong: content.why };
  else if (content.text.trim() !== '') yield { line, record: undefined, wrong: 'is no JSON' };
}
