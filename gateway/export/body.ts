import type { ReadingPage } from '../../history/store/pages.ts';
import type { Offset } from '../../platform/zone.ts';
import { CSV_HEAD, csvLines } from './csv.ts';
import { parquetFile } from './parquet.ts';

interface Written {
  readonly format: 'csv' | 'parquet';
  /** Of CSV; null is UTC. Parquet has instants. */
  readonly offset: Offset | null;
  readonly nameOf: (tag: number) => string;
  /** Told after each page that was handed on. */
  readonly wrote: (rows: number) => void;
}

async function* csvPieces(
  pages: AsyncIterable<ReadingPage>,
  { nameOf, offset, wrote }: Written,
): AsyncGenerator<Uint8Array> {
  const lines = csvLines(nameOf, offset);
  yield Buffer.from(CSV_HEAD);
  for await (const page of pages) {
    yield lines(page);
    wrote(page.count);
  }
}

async function* parquetPieces(
  pages: AsyncIterable<ReadingPage>,
  { nameOf, wrote }: Written,
): AsyncGenerator<Uint8Array> {
  const file = parquetFile(nameOf);
  for await (const page of pages) {
    yield file.rowGroup(page);
    wrote(page.count);
  }
  yield file.end();
}

/** The bytes of a file, a page at a time: the next one is written when this one was taken. */
export const fileOf = (pages: AsyncIterable<ReadingPage>, how: Written): AsyncIterable<Uint8Array> =>
  how.format === 'csv' ? csvPieces(pages, how) : parquetPieces(pages, how);
