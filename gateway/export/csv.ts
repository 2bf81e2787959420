import type { ReadingPage } from '../../history/store/pages.ts';
import { reasonOf, statusOf } from '../../history/reading.ts';
import type { Quality } from '../../history/reading.ts';
import type { Offset } from '../../platform/zone.ts';
import { toText } from '../plant/csv/cell.ts';
import { BEYOND, putWords, wordsOf } from './words.ts';
import type { Words } from './words.ts';
import { LONGEST_NUMBER, putNumber } from './written-number.ts';
import { LONGEST_TIME, timePut } from './written-time.ts';

export const CSV_HEAD = 'time,tag,value,quality,reason,cleaned\r\n';
const END = 0x0d0a;

const NUMBER = /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i;
const quoted = (cell: string): string =>
  /[",;\r\n]|^\s|\s$/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;

/** A text that no spreadsheet computes; digits too many for a number stay digits. */
const textCell = (text: string): string => (NUMBER.test(text) ? text : quoted(toText(text)));

function qualityCells(): (packed: number) => Words {
  const known = new Map<number, Words>();
  let last = { packed: NaN, cells: wordsOf('') };
  return (packed) => {
    if (packed === last.packed) return last.cells;
    const reason = reasonOf(packed as Quality);
    const text = `,${statusOf(packed as Quality)},${reason === 'none' ? '' : reason},`;
    const cells = known.get(packed) ?? wordsOf(text);
    known.set(packed, cells);
    last = { packed, cells };
    return cells;
  };
}

/** Bytes that grow. */
interface Room {
  bytes: Buffer<ArrayBuffer>;
  view: DataView;
}

const roomFor = (size: number): Room => {
  const bytes = Buffer.allocUnsafe(size);
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, size) };
};

function withRoom(room: Room, end: number, more: number): Room {
  if (end + more <= room.bytes.length) return room;
  const larger = roomFor(2 * (end + more));
  larger.bytes.set(room.bytes.subarray(0, end));
  return larger;
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
    const name = wordsOf(`,${textCell(nameOf(tag))},`);
    const most = LONGEST_TIME + name.length + 2 * LONGEST_NUMBER + 2 + BEYOND;
    const valueOf = (i: number): Words | number => {
      const text = texts?.[i] ?? null;
      return text === null ? (values[i] ?? NaN) : wordsOf(textCell(text));
    };
    let room = roomFor(count * lineBytes + most);
    let end = 0;
    for (let i = 0; i < count; i++) {
      const value = valueOf(i);
      const quality = qualityOf(qualities[i] ?? 0);
      room = withRoom(room, end, most + quality.length + (typeof value === 'number' ? 0 : value.length));
      const { view } = room;
      end = putWords(view, putTime(view, end, micros[i] ?? 0), name);
      end = typeof value === 'number' ? putNumber(view, end, value) : putWords(view, end, value);
      end = putNumber(view, putWords(view, end, quality), cleaned[i] ?? NaN);
      view.setUint16(end, END);
      end += 2;
    }
    lineBytes = Math.ceil(end / Math.max(1, count)) + 2;
    return room.bytes.subarray(0, end);
  };
}
