import type { CopyTarget } from '../../platform/database/db.ts';
import {
  beginRow,
  beginRows,
  endRows,
  float8,
  int2,
  int4,
  missing,
  text,
  timestamptz,
} from '../../platform/database/encode.ts';
import type { Reading } from '../reading.ts';

const columns = {
  time: 'timestamptz',
  tag_id: 'int4',
  value: 'float8',
  text: 'text',
  quality: 'int2',
  cleaned: 'float8',
} as const;
const COLUMNS = Object.keys(columns).length;
/** Of a row with a number. */
const ROW_BYTES = 60;

/** A table with the columns of readings, in the order of `encodeReadings`. */
export const readingsOf = (table: string): CopyTarget => ({ table, columns });

/** PostgreSQL cannot keep NUL in a text: its picture takes its place. */
const withoutNul = (words: string): string =>
  words.includes('\0') ? words.replaceAll('\0', '\u2400') : words;

/** Readings as rows of a binary COPY. Straight from one to the other: this runs for every reading. */
export function encodeReadings(batch: readonly Reading[]): Uint8Array {
  const sink = beginRows(batch.length * ROW_BYTES);
  for (const [index, { at, tag, value, quality, cleaned }] of batch.entries()) {
    try {
      beginRow(sink, COLUMNS);
      timestamptz(sink, at);
      int4(sink, tag);
      if (typeof value === 'number') float8(sink, value);
      else missing(sink);
      if (typeof value === 'string') text(sink, withoutNul(value));
      else missing(sink);
      int2(sink, quality);
      if (cleaned === null) missing(sink);
      else float8(sink, cleaned);
    } catch (cause) {
      throw new TypeError(`Reading ${index} of tag ${tag} cannot be stored: ${String(cause)}.`, { cause });
    }
  }
  return endRows(sink);
}
