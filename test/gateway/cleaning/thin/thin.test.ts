import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ThinSettings } from '../../../../gateway/api/tags.ts';
import { thinning } from '../../../../gateway/cleaning/thin/thin.ts';
import { quality } from '../../../../history/reading.ts';
import type { Reading } from '../../../../history/reading.ts';
import { NOON, TAG, aReading, aTag, everySecond } from '../../../support/readings.ts';

const HOUR = 3_600_000;
const thinnerOf = (thin: ThinSettings | null) => {
  const tags = new Map([[TAG, aTag({ thin })]]);
  return { tags, thinner: thinning(tags) };
};
const door = (error: number, heartbeatMs = HOUR): ThinSettings => ({
  by: 'swinging door',
  error,
  heartbeatMs,
});
const band = (deadband: number, heartbeatMs = HOUR): ThinSettings => ({
  by: 'deadband',
  deadband,
  heartbeatMs,
});

/** What reaches the store of readings that come one by one. */
function stored(settings: ThinSettings, readings: readonly Reading[]): Reading[] {
  const { thinner } = thinnerOf(settings);
  const kept = readings.flatMap((reading) => thinner.take([reading], [reading], reading.at).store);
  return [...kept, ...thinner.flush()];
}
const secondsOf = (readings: readonly Reading[]) => readings.map(({ at }) => (at - NOON) / 1000);

test('a deadband keeps what differs from the last stored value by more than itself', () => {
  const kept = stored(band(1), everySecond([10, 10.5, 11, 11.1, 10.2, 9]));
  expect(kept.map(({ value }) => value)).toEqual([10, 11.1, 9]);
});

test('a door keeps the ends of straight lines', () => {
  const ramp = [0, 1, 2, 3, 4, 5, 5, 5, 5, 5];
  expect(secondsOf(stored(door(0.1), everySecond(ramp)))).toEqual([0, 5, 9]);
});

const settings = fc.oneof(
  fc.double({ min: 1e-3, max: 50, noNaN: true }).map((error) => door(error)),
  fc.double({ min: 0, max: 50, noNaN: true }).map((deadband) => band(deadband)),
);
const values = fc.array(fc.double({ min: -100, max: 100, noNaN: true }), { minLength: 1, maxLength: 80 });
const steps = fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 80, maxLength: 80 });
const inTime = (list: readonly number[], gaps: readonly number[]) => {
  let at = NOON;
  return list.map((value, i) => aReading({ value, at: (at += gaps[i] ?? 1) }));
};

/** What a straight line between the stored readings, or the stored one before it, says at a time. */
function told(kept: readonly Reading[], at: number, thin: ThinSettings): number {
  const after = kept.findIndex((reading) => reading.at >= at);
  const [next, before] = [kept[after], kept[after - 1]];
  if (next?.at === at) return Number(next.value);
  if (thin.by === 'deadband') return Number((before ?? kept.at(-1))?.value);
  if (before === undefined || next === undefined) throw new Error('The line does not reach so far.');
  const share = (at - before.at) / (next.at - before.at);
  return Number(before.value) + share * (Number(next.value) - Number(before.value));
}

test('no dropped reading is missed by more than the error', () => {
  fc.assert(
    fc.property(settings, values, steps, (thin, list, gaps) => {
      const readings = inTime(list, gaps);
      const kept = stored(thin, readings);
      const bound = (thin.by === 'deadband' ? thin.deadband : thin.error) + 1e-9;
      for (const { at, value } of readings)
        expect(Math.abs(told(kept, at, thin) - Number(value))).toBeLessThanOrEqual(bound);
    }),
  );
});

test('at any moment what is stored and what is held tell all that came: a crash loses nothing more', () => {
  fc.assert(
    fc.property(fc.double({ min: 0.01, max: 50, noNaN: true }), values, steps, (error, list, gaps) => {
      const { thinner } = thinnerOf(door(error));
      const readings = inTime(list, gaps);
      const kept: Reading[] = [];
      let journal: readonly Reading[] = [];
      readings.forEach((reading, i) => {
        const { store, held } = thinner.take([reading], [reading], reading.at);
        kept.push(...store);
        journal = held;
        const found = [...kept, ...journal];
        for (const { at, value } of readings.slice(0, i + 1))
          expect(Math.abs(told(found, at, door(error)) - Number(value))).toBeLessThanOrEqual(error + 1e-9);
      });
    }),
    { numRuns: 50 },
  );
});

test('collected is stored, thinned and held, and nothing twice', () => {
  fc.assert(
    fc.property(settings, values, steps, (thin, list, gaps) => {
      const { thinner } = thinnerOf(thin);
      const readings = inTime(list, gaps);
      const kept = readings.flatMap((reading) => thinner.take([reading], [reading], reading.at).store);
      const { thinned, held } = thinner.figures(1);
      expect(kept.length + thinned + held).toBe(readings.length);
      kept.push(...thinner.flush());
      expect(thinner.figures(1)).toEqual({ thinned, held: 0 });
      expect(new Set(kept.map(({ at }) => at)).size).toBe(kept.length);
    }),
  );
});

test.each([door(5), band(5)])('something is stored in each heartbeat (%o)', (thin) => {
  const kept = stored({ ...thin, heartbeatMs: 3000 }, everySecond([1, 1, 1, 1, 1, 1, 1, 1]));
  const seconds = secondsOf(kept);
  seconds.slice(1).forEach((second, i) => expect(second - seconds[i]!).toBeLessThanOrEqual(3));
});

test('what a door holds is stored a heartbeat later, though nothing new comes', () => {
  const { thinner } = thinnerOf(door(5, 60_000));
  for (const reading of everySecond([1, 1, 1])) thinner.take([reading], [reading], reading.at);
  expect(thinner.due(NOON + 59_000)).toEqual([]);
  expect(thinner.due(NOON + 60_000)).toMatchObject([{ at: NOON + 2000 }]);
  expect(thinner.due(NOON + 200_000)).toEqual([]);
});

test('a change of quality, a doubted value, a text and a gap are stored, and what was held before them', () => {
  const doubted = { quality: quality('uncertain', 'spike'), cleaned: 1 };
  const readings = [
    ...everySecond([1, 1, 1]),
    aReading({ at: NOON + 3000, value: null, quality: quality('uncertain', 'stale'), cleaned: null }),
    aReading({ at: NOON + 4000, value: 1 }),
    aReading({ at: NOON + 5000, value: 40, ...doubted }),
    aReading({ at: NOON + 6000, value: 41, ...doubted }),
    aReading({ at: NOON + 7000, value: '9007199254740993', cleaned: 9007199254740992 }),
  ];
  expect(secondsOf(stored(door(5), readings))).toEqual([0, 2, 3, 4, 5, 6, 7]);
  expect(secondsOf(stored(band(5), readings))).toEqual([0, 3, 4, 5, 6, 7]);
});

test('a late reading is stored in full and disturbs nothing', () => {
  const { thinner } = thinnerOf(door(5));
  const [first, second, third] = everySecond([1, 1, 1]);
  const late = aReading({ at: NOON - HOUR, value: 77 });
  thinner.take([first!, second!], [first!, second!], NOON);
  const { store, held } = thinner.take([late, third!], [third!], NOON);
  expect(store).toEqual([late]);
  expect(held).toEqual([third]);
});

test('numbers too large to compute with are stored', () => {
  const huge = everySecond([1e308, -1e308, 1e308, -1e308]);
  expect(stored(door(1), huge)).toEqual(huge);
});

test('a tag whose thinning is switched off gives away what it held', () => {
  const { tags, thinner } = thinnerOf(door(5));
  const [first, second, third] = everySecond([1, 1, 1]);
  thinner.take([first!, second!], [first!, second!], NOON);
  tags.set(TAG, aTag({ thin: null }));
  expect(thinner.take([third!], [third!], NOON).store).toEqual([second, third]);
  expect(thinner.figures(1)).toEqual({ thinned: 0, held: 0 });
});
