import type { ReadingPage } from '../../history/store/pages.ts';
import { reasonOf, statusOf } from '../../history/reading.ts';
import type { Quality } from '../../history/reading.ts';
import type { Offset } from '../../platform/zone.ts';
import { toText } from '../plant/csv/cell.ts';
import { timeText } from './time-text.ts';

export const CSV_HEAD = 'time,tag,value,quality,reason,cleaned\r\n';

const NUMBER = /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i;
const quoted = (cell: string): string =>
  /[",;\r\n]|^\s|\s$/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;

/** A text that no spreadsheet computes; digits too many for a number stay digits. */
const textCell = (text: string): string => (NUMBER.test(text) ? text : quoted(toText(text)));
const numberCell = (value: number): string => (Number.isNaN(value) ? '' : String(value));

function qualityCells(): (packed: number) => string {
  const known = new Map<number, string>();
  return (packed) => {
    const found = known.get(packed);
    if (found !== undefined) return found;
    const reason = reasonOf(packed as Quality);
    const cells = `,${statusOf(packed as Quality)},${reason === 'none' ? '' : reason},`;
    known.set(packed, cells);
    return cells;
  };
}

/** The value as reported, and the cleaned one, which mostly is the same. */
function valueCells({ values, texts, cleaned }: ReadingPage): (i: number) => readonly [string, string] {
  return (i) => {
    const clean = cleaned[i] ?? NaN;
    const text = texts?.[i] ?? null;
    if (text !== null) return [textCell(text), numberCell(clean)];
    const value = values[i] ?? NaN;
    const cell = numberCell(value);
    return [cell, clean === value ? cell : numberCell(clean)];
  };
}

/** Writes pages of readings as lines of CSV (RFC 4180), a reading a line, in the order of `CSV_HEAD`. */
export function csvLines(
  nameOf: (tag: number) => string,
  offset: Offset | null,
): (page: ReadingPage) => string {
  const time = timeText(offset);
  const quality = qualityCells();
  return (page) => {
    const { tag, micros, qualities } = page;
    const name = `,${textCell(nameOf(tag))},`;
    const cells = valueCells(page);
    let lines = '';
    for (let i = 0; i < page.count; i++) {
      const [value, cleaned] = cells(i);
      lines += `${time(micros[i] ?? 0)}${name}${value}${quality(qualities[i] ?? 0)}${cleaned}\r\n`;
    }
    return lines;
  };
}
