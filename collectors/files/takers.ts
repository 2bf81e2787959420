import type { Point } from '../collector.ts';
import type { Column } from '../csv-format.ts';
import { text } from '../record.ts';
import type { Condition, Field, Wanted } from '../record.ts';
import type { FilesAddress, FilesConfig } from './config.ts';
import type { Head } from './rows.ts';

/** What the tags take from a file with this head, and which of them find nothing there. */
export interface Takers {
  readonly wanted: readonly Wanted[];
  readonly without: readonly { readonly name: string; readonly column: string }[];
}

type FilePoint = Point<FilesAddress>;

export function takersOf(points: readonly FilePoint[], config: FilesConfig, head: Head): Takers {
  const wanted: Wanted[] = [];
  const without: { name: string; column: string }[] = [];
  const times = new Map<string, Field | undefined>();
  const timeOf = (column: FilesConfig['timeColumn']) => {
    const key = JSON.stringify(column);
    if (!times.has(key)) times.set(key, timeField(column, head));
    return times.get(key);
  };
  for (const point of points) {
    const place = placeOf(point, config);
    const value = head.field(place.value);
    const time = timeOf(place.time);
    const where = place.where.map((one) => condition(one, head));
    const column = value === undefined ? place.value : missingColumn(place, time, where);
    if (value !== undefined && time !== undefined && column === undefined)
      wanted.push({ point, value, time, where: where.filter((one) => one !== undefined) });
    else without.push({ name: point.name, column: String(column) });
  }
  return { wanted, without };
}

interface Place {
  readonly value: Column;
  readonly time: FilesConfig['timeColumn'];
  readonly where: readonly (readonly [Column, string])[];
}

function placeOf({ address }: FilePoint, { long, timeColumn }: FilesConfig): Place {
  if ('tag' in address)
    return {
      value: long?.value ?? 'a value column: `long` is not configured',
      time: timeColumn,
      where: long === undefined ? [] : [[long.tag, address.tag]],
    };
  return { value: address.column, time: address.time ?? timeColumn, where: Object.entries(address.where) };
}

function missingColumn(
  place: Place,
  time: Field | undefined,
  where: readonly (Condition | undefined)[],
): string | undefined {
  if (time === undefined) return [place.time].flat().join(' ');
  const missing = where.indexOf(undefined);
  return missing < 0 ? undefined : String(place.where[missing]?.[0]);
}

function condition([column, is]: readonly [Column, string], head: Head): Condition | undefined {
  const field = head.field(column) ?? (/^\d+$/.test(String(column)) ? head.field(Number(column)) : undefined);
  return field === undefined ? undefined : { name: String(column), field, is };
}

/** A time of two columns, date and clock, is one text. */
export function timeField(column: FilesConfig['timeColumn'], head: Head): Field | undefined {
  if (typeof column !== 'object') return head.field(column);
  const [date, clock] = [head.field(column[0]), head.field(column[1])];
  if (date === undefined || clock === undefined) return undefined;
  return (record) => `${text(date(record))} ${text(clock(record))}`;
}
