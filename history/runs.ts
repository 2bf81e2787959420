import type { ByteReader, ByteWriter } from './bytes.ts';

/** A column of small whole numbers that seldom change: kept and written as runs of equal ones. */
export class Runs {
  readonly #values: number[] = [];
  readonly #lengths: number[] = [];

  push(value: number): void {
    const last = this.#values.length - 1;
    if (this.#values[last] === value) {
      this.#lengths[last] = (this.#lengths[last] ?? 0) + 1;
      return;
    }
    this.#values.push(value);
    this.#lengths.push(1);
  }

  /** True where every number pushed was this one. */
  only(value: number): boolean {
    return this.#values.length === 0 || (this.#values.length === 1 && this.#values[0] === value);
  }

  writeTo(to: ByteWriter): void {
    for (const [i, value] of this.#values.entries()) {
      to.unsigned(value);
      to.unsigned(this.#lengths[i] ?? 0);
    }
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
