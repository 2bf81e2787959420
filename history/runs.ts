import type { ByteReader, ByteWriter } from './bytes.ts';

/** A column of small whole numbers that seldom change: kept and written as runs of equal ones. */
export class Runs {
  /** Number and length by turns of the runs that are over. */
  readonly #over: number[] = [];
  #value = 0;
  #length = 0;

  push(value: number): void {
    if (value !== this.#value && this.#length > 0) {
      this.#over.push(this.#value, this.#length);
      this.#length = 0;
    }
    this.#value = value;
    this.#length++;
  }

  writeTo(to: ByteWriter): void {
    for (const number of this.#over) to.unsigned(number);
    if (this.#length === 0) return;
    to.unsigned(this.#value);
    to.unsigned(this.#length);
  }
}

/** The numbers, run by run, until there are `count`. */
export function readRuns(from: ByteReader, count: number): number[] {
  const values: number[] = [];
  while (values.length < count) {
    const value = from.unsigned();
    const end = values.length + from.unsigned();
    if (end === values.length || end > count) throw new RangeError('The runs of a column do not add up.');
    while (values.length < end) values.push(value);
  }
  return values;
}
