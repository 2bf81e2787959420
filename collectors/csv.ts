import { pipeline, Readable } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import type { Column, CsvFormat } from './csv-format.ts';

export interface Row {
  /** In the file, from 1: the one in which the row ends. */
  readonly line: number;
  readonly cells: readonly string[];
}

/** The table cannot be read any further. */
export class BrokenTable extends Error {
  override name = 'BrokenTable';
}

/** A row beyond this is a quote that was never closed, or no table. */
const LONGEST_ROW = 1_048_576;

/** The rows of a table, as they arrive; the header is one of them. Rejects with `BrokenTable` where it cannot go on. */
export async function* csvRows(
  bytes: AsyncIterable<Uint8Array>,
  format: CsvFormat,
  signal?: AbortSignal,
): AsyncGenerator<Row, void> {
  const parser = parse({
    delimiter: format.delimiter,
    quote: format.quote,
    from_line: format.skip + 1,
    bom: true,
    info: true,
    trim: true,
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: LONGEST_ROW,
  });
  const text = Readable.from(decoded(bytes, format.encoding), signal === undefined ? {} : { signal });
  pipeline(text, parser, () => undefined); // a failure shows where the rows are read
  try {
    for await (const one of parser) {
      const { record, info } = one as { record: string[]; info: { lines: number } };
      yield { line: info.lines, cells: record };
    }
  } catch (err) {
    throw err instanceof CsvError ? new BrokenTable(reasonOf(err), { cause: err }) : err;
  }
}

async function* decoded(bytes: AsyncIterable<Uint8Array>, encoding: CsvFormat['encoding']) {
  const decoder = new TextDecoder(encoding);
  for await (const chunk of bytes) {
    const text = decoder.decode(chunk, { stream: true });
    if (text !== '') yield text;
  }
  const rest = decoder.decode();
  if (rest !== '') yield rest;
}

function reasonOf(err: CsvError): string {
  const { lines } = err as CsvError & { lines?: unknown };
  const line = typeof lines === 'number' ? `line ${lines}` : 'the table';
  if (err.code === 'CSV_QUOTE_NOT_CLOSED') return `${line}: a quotation mark is opened and never closed`;
  if (err.code === 'CSV_MAX_RECORD_SIZE')
    return `${line}: a row is longer than ${LONGEST_ROW} characters; perhaps a quotation mark is never closed`;
  return `${line}: ${err.message}`;
}

/** Finds the cell of a column. Undefined: the header does not name it. */
export function cellOf(
  column: Column,
  header: readonly string[] | undefined,
): ((cells: readonly string[]) => string | undefined) | undefined {
  const index = typeof column === 'number' ? column - 1 : (header?.indexOf(column) ?? -1);
  return index < 0 ? undefined : (cells) => cells[index];
}
