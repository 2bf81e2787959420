import { gzipSync } from 'node:zlib';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import { reasonOf, statusOf } from '../../history/reading.ts';
import type { Quality } from '../../history/reading.ts';
import type { ReadingPage } from '../../history/store/pages.ts';

type Schema = ConstructorParameters<typeof ParquetWriter>[0]['schema'];

const schema: Schema = [
  { name: 'readings', num_children: 7 },
  {
    ...{ name: 'time', type: 'INT64', converted_type: 'TIMESTAMP_MICROS', repetition_type: 'REQUIRED' },
    logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MICROS' },
  },
  { name: 'tag', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'REQUIRED' },
  { name: 'value', type: 'DOUBLE', repetition_type: 'OPTIONAL' },
  { name: 'text', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' },
  { name: 'quality', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'REQUIRED' },
  { name: 'reason', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' },
  { name: 'cleaned', type: 'DOUBLE', repetition_type: 'OPTIONAL' },
];

/** Nulls where there is no number: NaN is not one. */
const orNulls = (numbers: Float64Array): (number | null)[] | Float64Array =>
  numbers.includes(NaN) ? Array.from(numbers, (number) => (Number.isNaN(number) ? null : number)) : numbers;

/** Whole numbers by their halves: a `BigInt` for each would take longer than all the rest. */
function wholes(micros: Float64Array): BigInt64Array {
  const numbers = new BigInt64Array(micros.length);
  const view = new DataView(numbers.buffer);
  for (const [i, each] of micros.entries()) {
    const high = Math.floor(each / 2 ** 32);
    view.setUint32(i * 8, each - high * 2 ** 32, true);
    view.setInt32(i * 8 + 4, high, true);
  }
  return numbers;
}

const statuses = (qualities: Int16Array): string[] =>
  Array.from(qualities, (quality) => statusOf(quality as Quality));
const reasons = (qualities: Int16Array): (string | null)[] =>
  Array.from(qualities, (quality) => (quality === 0 ? null : reasonOf(quality as Quality)));

// Times and numbers have no dictionary: compression finds what repeats, in a tenth of the time.
function columnsOf({ count, micros, values, texts, qualities, cleaned }: ReadingPage, name: string) {
  return [
    { name: 'time', data: wholes(micros), statistics: true, encoding: 'PLAIN' as const },
    { name: 'tag', data: new Array<string>(count).fill(name), statistics: true },
    { name: 'value', data: orNulls(values), encoding: 'PLAIN' as const },
    { name: 'text', data: texts === null ? new Array<null>(count).fill(null) : [...texts] },
    { name: 'quality', data: statuses(qualities) },
    { name: 'reason', data: reasons(qualities) },
    { name: 'cleaned', data: orNulls(cleaned), encoding: 'PLAIN' as const },
  ].map((column) => ({ ...column, offsetIndex: false }));
}

/** By the platform's own library, off the interpreter. */
const compressors = { GZIP: (bytes: Uint8Array): Uint8Array => gzipSync(bytes, { level: 1 }) };

/** A Parquet file in pieces: a row group a page, so that only one is in memory. What ends it must be sent as well. */
export function parquetFile(nameOf: (tag: number) => string) {
  const writer = new ByteWriter(1_048_576);
  const file = new ParquetWriter({
    writer,
    schema,
    compressors,
    codec: 'GZIP',
    statistics: false,
    createdBy: 'Penstock',
  });
  const take = (): Uint8Array => {
    const piece = Uint8Array.from(writer.getBytes());
    // The count of all bytes goes on; the buffer begins anew.
    writer.index = 0;
    return piece;
  };
  return {
    rowGroup(page: ReadingPage): Uint8Array {
      void file.write({ columnData: columnsOf(page, nameOf(page.tag)), rowGroupSize: page.count });
      return take();
    },
    end(): Uint8Array {
      void file.finish();
      return take();
    },
  };
}
