import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { readRecords } from '../../../deploy/simulate/records.ts';
import type { Records } from '../../../deploy/simulate/records.ts';
import { LAP_S, faultAt, rowAt } from '../../../deploy/simulate/schedule.ts';
import { variables } from '../../../deploy/simulate/variables.ts';
import { publishedRecords } from '../../support/simulate.ts';

let records: Records;
beforeAll(async () => {
  records = await readRecords();
});
const CYCLE_S = 12 * LAP_S;
const row = (second: number) => rowAt(records, second * 1000);

test('there are 52 variables: XMEAS 1 to 41 and XMV 1 to 11, as many as a record has values', () => {
  expect(variables.map(({ name }) => name)).toEqual([
    ...Array.from({ length: 41 }, (_, i) => `XMEAS_${String(i + 1).padStart(2, '0')}`),
    ...Array.from({ length: 11 }, (_, i) => `XMV_${String(i + 1).padStart(2, '0')}`),
  ]);
  expect(new Set(records.normal.map((values) => values.length))).toEqual(new Set([52]));
});

test('an undisturbed lap plays the normal records one a second', () => {
  const published = publishedRecords('d00_te');
  for (let phase = 20; phase < LAP_S; phase++) expect(row(phase)).toEqual(published[phase]);
});

test.each([
  [2, 'd01'],
  [5, 'd04'],
  [8, 'd02'],
  [11, 'd05'],
] as const)('lap %i plays the records of %s from the moment its fault begins', (lap, fault) => {
  const published = publishedRecords(`${fault}_te`);
  for (let phase = 160; phase < 560; phase++) {
    expect(row(lap * LAP_S + phase)).toEqual(published[phase]);
    expect(faultAt((lap * LAP_S + phase) * 1000)).toBe(fault);
  }
  expect(row(lap * LAP_S + 620)).toEqual(publishedRecords('d00_te')[620]);
});

test('the milliseconds of a second do not matter', () => {
  expect(rowAt(records, 1_700_000_000_999)).toEqual(rowAt(records, 1_700_000_000_000));
});

test('no variable jumps further where records are joined than it does within them', () => {
  const played = [records.normal, ...Object.values(records.faults).map((rows) => rows.slice(0, 620))];
  const longest = variables.map((_, column) => Math.max(...played.map((rows) => longestStep(rows, column))));
  for (let second = 0; second < CYCLE_S; second++) {
    const [before, after] = [row(second), row(second + 1)];
    const jumps = after.flatMap((value, column) =>
      Math.abs(value - before[column]!) > longest[column]! * 1.01
        ? [`${variables[column]!.name} at ${second}`]
        : [],
    );
    expect(jumps).toEqual([]);
  }
});

test('at any time every variable is within its range', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4_102_444_800_000 }), (at) => {
      const values = rowAt(records, at);
      return variables.every(({ range }, i) => values[i]! >= range[0] && values[i]! <= range[1]);
    }),
  );
});

function longestStep(rows: readonly (readonly number[])[], column: number): number {
  return Math.max(...rows.slice(1).map((values, i) => Math.abs(values[column]! - rows[i]![column]!)));
}
