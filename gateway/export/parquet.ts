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

function columnsOf(page: ReadingPage, name: string) {
  const { count, micros, values, texts, qualities, cleaned } = page;
  const packed = Array.from(qualities, (quality) => quality as Quality);
  return [
    { name: 'time', data: BigInt64Array.from(micros, BigInt), statistics: true },
    { name: 'tag', data: new Array<string>(count).fill(name), statistics: true },
    { name: 'value', data: orNulls(values) },
    { name: 'text', data: texts === null ? new Array<null>(count).fill(null) : [...texts] },
    { name: 'quality', data: packed.map(statusOf) },
    { name: 'reason', data: packed.map((each) => (each === 0 ? null : reasonOf(each))) },
    { name: 'cleaned', data: orNulls(cleaned) },
  ].map((column) => ({ ...column, offsetIndex: false }));
}

/** A Parquet file in pieces: a row group a page, so that only one is in memory. What ends it must be sent as well. */
export function parquetFile(nameOf: (tag: number) => string) {
  const writer = new ByteWriter(1_048_576);
  const file = new ParquetWriter({ writer, schema, statistics: false, createdBy: 'Penstock' });
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
