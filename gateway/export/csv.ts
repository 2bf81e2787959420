import type { ReadingPage } from '../../history/store/pages.ts';
import { reasonOf, statusOf } from '../../history/reading.ts';
import type { Quality } from '../../history/reading.ts';
import type { Offset } from '../../platform/zone.ts';
import { toText } from '../plant/csv/cell.ts';
import { LONGEST_NUMBER, putNumber } from './written-number.ts';
import { LONGEST_TIME, timePut } from './written-time.ts';

export const CSV_HEAD = 'time,tag,value,quality,reason,cleaned\r\n';
const [CR, LF] = [13, 10];
const NONE = Buffer.alloc(0);

const NUMBER = /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i;
const quoted = (cell: string): string =>
  /[",;\r\n]|^\s|\s$/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;

/** A text that no spreadsheet computes; digits too many for a number stay digits. */
const textCell = (text: string): string => (NUMBER.test(text) ? text : quoted(toText(text)));

function qualityCells(): (packed: number) => Uint8Array {
  const known = new Map<number, Uint8Array>();
  return (packed) => {
    const found = known.get(packed);
    if (found !== undefined) return found;
    const reason = reasonOf(packed as Quality);
    const cells = Buffer.from(`,${statusOf(packed as Quality)},${reason === 'none' ? '' : reason},`);
    known.set(packed, cells);
    return cells;
  };
}

/** Bytes with room for `more` behind `end`. */
function withRoom(bytes: Buffer<ArrayBuffer>, end: number, more: number): Buffer<ArrayBuffer> {
  if (end + more <= bytes.length) return bytes;
  const larger = Buffer.allocUnsafe(2 * (end + more));
  larger.set(bytes.subarray(0, end));
  return larger;
}

function put(bytes: Uint8Array, at: number, what: Uint8Array): number {
  for (let i = 0; i < what.length; i++) bytes[at + i] = what[i] ?? 0;
  return at + what.length;
}

/** Writes pages of readings as lines of CSV (RFC 4180), a reading a line, in the order of `CSV_HEAD`. */
export function csvLines(
  nameOf: (tag: number) => string,
  offset: Offset | null,
): (page: ReadingPage) => Uint8Array {
  const putTime = timePut(offset);
  const qualityOf = qualityCells();
  let lineBytes = 64;

  return ({ tag, count, micros, values, texts, qualities, cleaned }) => {
    const name = Buffer.from(`,${textCell(nameOf(tag))},`);
    const most = LONGEST_TIME + name.length + 2 * LONGEST_NUMBER + 2;
    let bytes = Buffer.allocUnsafe(count * lineBytes + most);
    let end = 0;
    for (let i = 0; i < count; i++) {
      const text = texts?.[i] ?? null;
      const cell = text === null ? NONE : Buffer.from(textCell(text));
      const quality = qualityOf(qualities[i] ?? 0);
      bytes = withRoom(bytes, end, most + cell.length + quality.length);
      end = put(bytes, putTime(bytes, end, micros[i] ?? 0), name);
      end = text === null ? putNumber(bytes, end, values[i] ?? NaN) : put(bytes, end, cell);
      end = putNumber(bytes, put(bytes, end, quality), cleaned[i] ?? NaN);
      bytes[end++] = CR;
      bytes[end++] = LF;
    }
    lineBytes = Math.ceil(end / Math.max(1, count)) + 2;
    return bytes.subarray(0, end);
  };
}
