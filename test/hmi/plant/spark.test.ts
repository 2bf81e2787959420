import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Bucket, extend, SPAN_MS, sparkPath } from '../../../hmi/plant/spark.ts';

const start = SPAN_MS * 1000;

test('a sparkline keeps the lowest and the highest of what it was given', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(SPAN_MS - 60_000), fc.double({ noNaN: true, min: -1e6, max: 1e6 })), {
        minLength: 1,
      }),
      (samples) => {
        const sorted = [...samples].sort(([a], [b]) => a - b);
        let buckets: readonly Bucket[] = [];
        for (const [at, value] of sorted) buckets = extend(buckets, start + at, value);
        const values = sorted.map(([, value]) => value);
        expect(Math.min(...buckets.map(({ min }) => min))).toBe(Math.min(...values));
        expect(Math.max(...buckets.map(({ max }) => max))).toBe(Math.max(...values));
      },
    ),
  );
});

test('a value inside its bucket changes nothing, so that nothing is drawn anew', () => {
  const buckets = extend(extend([], start, 1), start, 5);
  expect(extend(buckets, start + 10, 3)).toBe(buckets);
});

test('what is older than the span falls out', () => {
  const buckets = extend(extend([], start, 1), start + SPAN_MS + 60_000, 2);
  expect(buckets.map(({ min }) => min)).toEqual([2]);
});

test('no line crosses a missing stretch', () => {
  const buckets = [start, start + 30_000, start + 300_000].reduce<readonly Bucket[]>(
    (before, at) => extend(before, at, 1),
    [],
  );
  const path = sparkPath(buckets, start + 300_000, { width: 100, height: 30, calm: null });
  expect(path.match(/M/g)).toHaveLength(2);
});

test('nothing to draw is an empty path', () => {
  expect(sparkPath([], start, { width: 100, height: 30, calm: null })).toBe('');
});
