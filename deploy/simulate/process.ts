import type { Records } from './records.ts';
import { rowAt } from './schedule.ts';
import type { Variable } from './variables.ts';
import { setPoints, variables } from './variables.ts';

/** What the three devices have in common: one process that they measure. */
export interface Process {
  /** The value that belongs to the second of `atMs`. */
  value(variable: Variable, atMs: number): number;
  /** Moves a set-point. False, and nothing is changed, where the value is outside its range. */
  set(variable: Variable, value: number): boolean;
}

/** The replayed process. Set-points hold what was last written, until the plant ends. */
export function replay(records: Records): Process {
  const columns = new Map(variables.map(({ name }, column) => [name, column]));
  const written = new Map(setPoints.map(({ name, initial }) => [name, initial]));

  return {
    value({ name }, atMs) {
      const column = columns.get(name);
      const value = column === undefined ? written.get(name) : rowAt(records, atMs)[column];
      if (value === undefined) throw new Error(`The plant has no variable ${name}.`);
      return value;
    },
    set({ name, range: [low, high] }, value) {
      if (!written.has(name) || !(value >= low && value <= high)) return false;
      written.set(name, value);
      return true;
    },
  };
}
