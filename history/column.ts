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

/** One tag's readings, taken apart. Times are kept elsewhere. */
export class Column {
  readonly #kinds = new Runs();
  readonly #qualities = new Runs();
  readonly #cleanedKinds = new Runs();
  readonly #numbers: number[] = [];
  readonly #others: number[] = [];
  #texts: { readonly known: Map<string, number>; readonly runs: Runs } | undefined;

  push(reading: Reading): void {
    const { value, quality, cleaned } = reading;
    this.#qualities.push(quality);
    if (typeof value === 'number') {
      this.#kinds.push(NUMBER);
      this.#numbers.push(value);
    } else if (value === null) {
      this.#kinds.push(NONE);
    } else {
      this.#kinds.push(TEXT);
      this.#pushText(value);
    }
    const kind = cleanedKind(reading);
    this.#cleanedKinds.push(kind);
    if (kind === CLEANED_OTHER && cleaned !== null) this.#others.push(cleaned);
  }

  #pushText(text: string): void {
    const { known, runs } = (this.#texts ??= { known: new Map<string, number>(), runs: new Runs() });
    const index = known.get(text) ?? known.size;
    known.set(text, index);
    runs.push(index);
  }

  writeTo(to: ByteWriter): void {
    if (this.#kinds.only(NUMBER) && this.#qualities.only(0) && this.#cleanedKinds.only(AS_VALUE)) {
      to.unsigned(PLAIN);
      writeNumbers(to, this.#numbers);
      return;
    }
    to.unsigned(FULL);
    this.#qualities.writeTo(to);
    this.#kinds.writeTo(to);
    if (this.#numbers.length > 0) writeNumbers(to, this.#numbers);
    if (this.#texts !== undefined) {
      to.unsigned(this.#texts.known.size);
      for (const text of this.#texts.known.keys()) to.text(text);
      this.#texts.runs.writeTo(to);
    }
    this.#cleanedKinds.writeTo(to);
    if (this.#others.length > 0) writeNumbers(to, this.#others);
  }
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
