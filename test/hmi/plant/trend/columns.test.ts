import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ForecastView } from '../../../../gateway/api/models.ts';
import type { Trend } from '../../../../gateway/api/readings.ts';
import {
  append,
  doubtful,
  held,
  isolated,
  type Past,
  pastOf,
  summarise,
  toChart,
} from '../../../../hmi/plant/trend/columns.ts';

const raw = (samples: readonly (readonly [number, number | null])[]): Trend => {
  const values = samples.map(([, value]) => value);
  return {
    tag: 1,
    resolution: 'raw',
    bucketMs: null,
    at: samples.map(([at]) => at),
    min: values,
    max: values,
    first: values,
    last: values,
    quality: samples.map(() => 0),
  };
};

const forecastOf = (at: number[]): ForecastView => ({
  tag: 1,
  model: 'm',
  kind: 'mstl',
  version: 1,
  issuedAt: '2026-01-01T00:00:00.000Z',
  stepMs: 1000,
  at,
  mean: at,
  lower80: at,
  upper80: at,
  lower95: at,
  upper95: at,
  coverage95: null,
  skill: null,
  mae: null,
});

const cell = fc.option(fc.double({ noNaN: true, min: -1e9, max: 1e9 }), { freq: 6 });
const envelope = fc
  .uniqueArray(
    fc.record({
      at: fc.integer({ min: 0, max: 1_000_000 }),
      a: cell,
      b: fc.double({ noNaN: true, min: 0, max: 1e9 }),
    }),
    { selector: ({ at }) => at, maxLength: 200 },
  )
  .map((buckets): Trend => {
    const sorted = buckets.sort((one, other) => one.at - other.at);
    return {
      tag: 1,
      resolution: 'envelope',
      bucketMs: 1,
      at: sorted.map(({ at }) => at),
      min: sorted.map(({ a }) => a),
      max: sorted.map(({ a, b }) => (a === null ? null : a + b)),
      first: sorted.map(({ a }) => a),
      last: sorted.map(({ a }) => a),
      quality: sorted.map(() => 0),
    };
  });
const forecastTimes = fc
  .uniqueArray(fc.integer({ min: 0, max: 1_000_000 }), { maxLength: 50 })
  .map((times) => times.sort((a, b) => a - b));

test('no spike and no gap is lost between the answer and the chart, whatever the forecast', () => {
  fc.assert(
    fc.property(envelope, forecastTimes, (trend, ahead) => {
      const [at, max, min, last, mean] = toChart(pastOf(trend), forecastOf(ahead));
      const drawn = new Map([...at].map((time, index) => [time, index]));
      expect([...at]).toEqual([...new Set([...trend.at, ...ahead])].sort((a, b) => a - b));
      trend.at.forEach((time, index) => {
        const place = drawn.get(time)!;
        expect([max?.[place], min?.[place], last?.[place]]).toEqual([
          trend.max[index],
          trend.min[index],
          trend.last[index],
        ]);
      });
      for (const time of ahead) expect(mean?.[drawn.get(time)!]).toBe(time);
    }),
  );
});

test('where only the forecast has a time the past draws on, and the other way round', () => {
  const [at, max, , , mean] = toChart(
    pastOf(
      raw([
        [10, 1],
        [30, 3],
      ]),
    ),
    forecastOf([20, 30]),
  );
  expect(at).toEqual([10, 20, 30]);
  expect(max).toEqual([1, undefined, 3]);
  expect(mean).toEqual([undefined, 20, 30]);
});

test('live values lengthen a raw trend, and a silence of more than three intervals stays a gap', () => {
  const past = pastOf(raw([[1000, 1]]));
  expect(append(past, { at: 2000, value: 2, quality: 0 }, 1000)).toBe(true);
  expect(append(past, { at: 9000, value: 3, quality: 0 }, 1000)).toBe(true);
  expect(past.at).toEqual([1000, 2000, 2001, 9000]);
  expect(past.last).toEqual([1, 2, null, 3]);
});

test('a value that is older than the newest, or the same, changes nothing', () => {
  const past = pastOf(raw([[1000, 1]]));
  expect(append(past, { at: 1000, value: 5, quality: 0 }, 1000)).toBe(false);
  expect(append(past, { at: 900, value: 5, quality: 0 }, 1000)).toBe(false);
  expect(past.last).toEqual([1]);
});

test('no live value is lost in the buckets of a long range', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.tuple(fc.integer({ min: 0, max: 500_000 }), fc.double({ noNaN: true, min: -1e6, max: 1e6 })),
        {
          minLength: 1,
          maxLength: 100,
        },
      ),
      (samples) => {
        const past: Past = { ...pastOf(raw([[0, 0]])), resolution: 'envelope', bucketMs: 10_000 };
        const sorted = [...samples].sort(([a], [b]) => a - b);
        for (const [at, value] of sorted) append(past, { at, value, quality: 0 }, null);
        const values = [0, ...sorted.map(([, value]) => value)];
        expect(summarise(past)).toMatchObject({ low: Math.min(...values), high: Math.max(...values) });
        expect(past.at.every((at, index) => at % 10_000 === 0 && at > (past.at[index - 1] ?? -1))).toBe(true);
      },
    ),
  );
});

test('neighbouring doubtful readings of one status are one stretch', () => {
  const past = pastOf(raw([10, 20, 30, 40, 50].map((at) => [at, at])));
  past.quality = [0, 512 + 4, 512 + 5, 256 + 6, 0];
  expect(doubtful(past)).toEqual([
    { from: 20, to: 40, quality: 512 },
    { from: 40, to: 50, quality: 256 },
  ]);
});

test('a value between two gaps is found, for a line cannot show it', () => {
  expect(isolated([1, null, 2, undefined, null, 3, undefined, 4, null, null, 5])).toEqual([0, 2, 10]);
  expect(isolated([null, undefined])).toEqual([]);
});

test('the summary counts a gap of many buckets once', () => {
  const past = pastOf(
    raw([
      [1, 5],
      [2, null],
      [3, null],
      [4, 9],
      [5, null],
    ]),
  );
  expect(summarise(past)).toEqual({ low: 5, high: 9, last: 9, gaps: 2 });
});

test('a range without values has no summary', () => {
  expect(summarise(pastOf(raw([])))).toBeNull();
});

test('a tag that is told when it changes has steps, and its value until now', () => {
  const past = pastOf(
    raw([
      [1000, 1],
      [5000, 2],
      [9000, null],
      [12_000, 2],
    ]),
  );
  const now = held(past, 20_000);
  expect(now.at).toEqual([1000, 4999, 5000, 9000, 12_000, 20_000]);
  expect(now.last).toEqual([1, 1, 2, null, 2, 2]);
  expect(held(past, null).at.at(-1)).toBe(12_000);
  expect(held({ ...past, last: [null, null, null, null] }, 20_000).at).toHaveLength(4);
});
