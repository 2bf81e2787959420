import type { Raw } from '../history/reading.ts';
import type { Point, Report } from './collector.ts';
import type { Column } from './csv-format.ts';
import { follow, parsePath } from './path.ts';
import { absurdity, numberIn } from './value.ts';
import type { TimeReader } from './wall-time.ts';

/** Finds one thing in a record: a member of a JSON object, a cell of a row. Undefined: it is not there. */
export type Field = (record: unknown) => unknown;

/** A member of a JSON object, by its name or its path. Undefined: that is no path. */
export const memberOf = (column: Column): Field | undefined => {
  const path = typeof column === 'string' && column.startsWith('$') ? parsePath(column) : [column];
  return path === undefined ? undefined : (record) => follow(record, path);
};

/** The record is meant when what stands there is this. */
export interface Condition {
  /** Conditions on the same place have the same name. */
  readonly name: string;
  readonly field: Field;
  readonly is: string;
}

/** What a point takes from a record. */
export interface Wanted {
  readonly point: Pick<Point<unknown>, 'tag' | 'name' | 'kind'>;
  readonly value: Field;
  /** Undefined: the record's time is that of the receipt. */
  readonly time: Field | undefined;
  readonly where: readonly Condition[];
}

/** A record's takers and what tells them from others: records of one series follow one another in time. */
export interface Takers {
  readonly series: string;
  readonly wanted: readonly Wanted[];
}

/** Finds the takers of a record without asking each of them: a long table has thousands. */
export function picker(all: readonly Wanted[]): (record: unknown) => readonly Takers[] {
  const always = all.filter(({ where }) => where.length === 0);
  const places = new Map<string, { field: Field; takers: Map<string, Wanted[]> }>();
  for (const one of all) {
    const [first] = one.where;
    if (first === undefined) continue;
    const place = places.get(first.name) ?? { field: first.field, takers: new Map<string, Wanted[]>() };
    places.set(first.name, place);
    place.takers.set(first.is, [...(place.takers.get(first.is) ?? []), one]);
  }
  return (record) => {
    const found: Takers[] = always.length === 0 ? [] : [{ series: '', wanted: always }];
    for (const [name, { field, takers }] of places) {
      const key = textOf(field(record));
      const wanted = (key === undefined ? undefined : takers.get(key))?.filter((one) => meets(one, record));
      if (wanted !== undefined && wanted.length > 0) found.push({ series: `${name} ${key ?? ''}`, wanted });
    }
    return found;
  };
}

const meets = ({ where }: Wanted, record: unknown): boolean =>
  where.every(({ field, is }) => textOf(field(record)) === is);

const textOf = (found: unknown): string | undefined =>
  typeof found === 'string' || typeof found === 'number' || typeof found === 'boolean'
    ? String(found).trim()
    : undefined;

/** Where a record stands, and what holds for the document around it. */
export interface Context {
  /** The time of receipt. */
  readonly now: number;
  readonly decimal: '.' | ',';
  readonly timeOf: TimeReader;
  /** For people: `line 7 of flow.csv`. */
  readonly place: string;
  readonly fault: Report['fault'];
}

const LONGEST_TEXT = 1024;
const SHOWN = 60;

/** The readings in a record; what cannot be used is reported. An empty cell, or nothing at all, is no reading. */
export function readRecord(takers: readonly Takers[], record: unknown, context: Context): Raw[] {
  const readings: Raw[] = [];
  for (const { series, wanted } of takers) {
    for (const one of wanted) {
      const raw = reading(one, record, series, context);
      if (raw !== undefined) readings.push(raw);
    }
  }
  return readings;
}

function reading(one: Wanted, record: unknown, series: string, context: Context): Raw | undefined {
  const found = one.value(record);
  if (found === undefined || (typeof found === 'string' && found.trim() === '')) return undefined;
  const at = instant(one, record, series, context);
  if (at === undefined) return undefined;
  const { tag, kind, name } = one.point;
  const value = valueIn(found, kind, context.decimal);
  if (value !== undefined) return { tag, at, value, status: value === null ? 'bad' : 'good' };
  context.fault(
    'not a number',
    `${name}: ${context.place} holds ${shown(found)} where a ${kind} is due.`,
    "Compare the format with the tag's kind and address; for `12,5` set `decimal` to ','.",
  );
  return { tag, at, value: null, status: 'bad' };
}

function instant(
  { time, point }: Wanted,
  record: unknown,
  series: string,
  context: Context,
): number | undefined {
  if (time === undefined) return context.now;
  const found = time(record);
  const at = found === undefined ? 'is missing' : context.timeOf(found, series);
  const wrong = typeof at === 'string' ? at : absurdity(at, context.now);
  if (wrong === undefined && typeof at === 'number') return at;
  context.fault(
    'timestamp',
    `${point.name}: ${context.place}: the time ${shown(found)} ${wrong ?? ''}; not stored.`,
    'Compare `time`, its format and its zone with the data; a device that never changes its clock has a fixed zone like +01:00.',
  );
  return undefined;
}

/** What stands in a column that names things. */
export const text = (found: unknown): string => textOf(found) ?? '';

/** The value of a tag of this kind; null where the device says that it has none. Undefined: it cannot be one. */
export function valueIn(
  found: unknown,
  kind: 'number' | 'text',
  decimal: '.' | ',' = '.',
): number | string | null | undefined {
  if (found === null) return null;
  if (kind === 'text') return textIn(found);
  if (typeof found === 'string') return numberWritten(found.trim(), decimal);
  if (typeof found === 'boolean') return Number(found);
  return typeof found === 'number' && Number.isFinite(found) ? found : undefined;
}

function textIn(found: unknown): string | undefined {
  if (typeof found === 'string') return found.length <= LONGEST_TEXT ? found : undefined;
  return typeof found === 'boolean' || Number.isFinite(found) ? String(found) : undefined;
}

function numberWritten(text: string, decimal: '.' | ','): number | string | undefined {
  if (/^(true|false)$/i.test(text)) return /^t/i.test(text) ? 1 : 0;
  if (decimal === '.') return numberIn(text);
  return text.includes('.') ? undefined : numberIn(text.replace(',', '.'));
}

/** Foreign text in a message of ours: short and on one line. */
export function shown(found: unknown): string {
  const text =
    typeof found === 'string' ? `'${found}'` : found === undefined ? 'nothing' : JSON.stringify(found);
  return (text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text).replace(/\p{Cc}/gu, '·');
}
