import type { ByteReader, ByteWriter } from './bytes.ts';
import { readNumbers, writeNumbers } from './numbers.ts';
import type { Quality, Reading } from './reading.ts';
import { readRuns, Runs } from './runs.ts';

// What a value is.
const NUMBER = 0;
const NONE = 1;
const TEXT = 2;
// What `cleaned` is: as the value says (itself for a number, else null), null, or a number of its own.
const AS_VALUE = 0;
const CLEANED_NONE = 1;
const CLEANED_OTHER = 2;
// How a column is written.
const FULL = 0;
const PLAIN = 1;

const usualCleaned = (value: Reading['value']): number | null => (typeof value === 'number' ? value : null);

function cleanedKind({ value, cleaned }: Reading): number {
  if (Object.is(cleaned, usualCleaned(value))) return AS_VALUE;
  return cleaned === null ? CLEANED_NONE : CLEANED_OTHER;
}

/** A good number that cleaning left as it was, as nearly all are. */
export const isPlain = ({ value, quality, cleaned }: Reading): boolean =>
  quality === 0 && typeof value === 'number' && Object.is(cleaned, value);

/** Writes a tag's readings where all are plain: nothing but their values, from one place to before another. */
export function writePlain(to: ByteWriter, values: Float64Array, from: number, end: number): void {
  to.unsigned(PLAIN);
  writeNumbers(to, values, from, end);
}

function writeSome(to: ByteWriter, numbers: readonly number[]): void {
  if (numbers.length > 0) writeNumbers(to, Float64Array.from(numbers), 0, numbers.length);
}

function writeTexts(to: ByteWriter, texts: readonly string[]): void {
  if (texts.length === 0) return;
  const known = new Map<string, number>();
  const runs = new Runs();
  for (const text of texts) {
    const index = known.get(text) ?? known.size;
    known.set(text, index);
    runs.push(index);
  }
  to.unsigned(known.size);
  for (const text of known.keys()) to.text(text);
  runs.writeTo(to);
}

const kindOf = (value: Reading['value']): number =>
  typeof value === 'number' ? NUMBER : value === null ? NONE : TEXT;

/** Writes a tag's readings, whatever they are. */
export function writeColumn(to: ByteWriter, readings: readonly Reading[]): void {
  const runsOf = (pick: (reading: Reading) => number) => {
    const runs = new Runs();
    for (const reading of readings) runs.push(pick(reading));
    return runs;
  };
  const values = readings.map(({ value }) => value);
  const others = readings.filter((reading) => cleanedKind(reading) === CLEANED_OTHER);
  to.unsigned(FULL);
  runsOf(({ quality }) => quality).writeTo(to);
  runsOf(({ value }) => kindOf(value)).writeTo(to);
  writeSome(
    to,
    values.filter((value) => typeof value === 'number'),
  );
  writeTexts(
    to,
    values.filter((value) => typeof value === 'string'),
  );
  runsOf(cleanedKind).writeTo(to);
  writeSome(
    to,
    others.map(({ cleaned }) => cleaned).filter((cleaned) => cleaned !== null),
  );
}

/** What a column gives back of one reading. */
export type Cell = Pick<Reading, 'value' | 'quality' | 'cleaned'>;

const countOf = (kinds: readonly number[], kind: number): number =>
  kinds.reduce((count, each) => (each === kind ? count + 1 : count), 0);

/** Hands out a list's items one by one. */
function inTurn<Item>(items: readonly Item[]): () => Item {
  let next = 0;
  return () => {
    const item = items[next++];
    if (item === undefined) throw new RangeError('A column has fewer values than it says.');
    return item;
  };
}

function readTexts(from: ByteReader, count: number): () => string {
  if (count === 0) return inTurn<string>([]);
  const size = from.unsigned();
  if (size > count) throw new RangeError('A column has more texts than readings.');
  const texts = Array.from({ length: size }, () => from.text());
  const index = inTurn(readRuns(from, count));
  return () => {
    const text = texts[index()];
    if (text === undefined) throw new RangeError('A column has no such text.');
    return text;
  };
}

const readSome = (from: ByteReader, count: number): (() => number) =>
  inTurn(count === 0 ? [] : readNumbers(from, count));

/** Reads the `count` readings that a `Column` wrote. */
export function readColumn(from: ByteReader, count: number): Cell[] {
  if (from.unsigned() === PLAIN)
    return readNumbers(from, count).map((value) => ({ value, quality: 0 as Quality, cleaned: value }));
  const qualities = readRuns(from, count);
  const kinds = readRuns(from, count);
  const number = readSome(from, countOf(kinds, NUMBER));
  const text = readTexts(from, countOf(kinds, TEXT));
  const cleanedKinds = readRuns(from, count);
  const other = readSome(from, countOf(cleanedKinds, CLEANED_OTHER));

  const valueOf = (kind: number) => (kind === NUMBER ? number() : kind === TEXT ? text() : null);
  const cleanedOf = (kind: number, value: Reading['value']) =>
    kind === AS_VALUE ? usualCleaned(value) : kind === CLEANED_OTHER ? other() : null;
  return qualities.map((quality, i) => {
    const value = valueOf(kinds[i] ?? NONE);
    return { value, quality: quality as Quality, cleaned: cleanedOf(cleanedKinds[i] ?? AS_VALUE, value) };
  });
}
