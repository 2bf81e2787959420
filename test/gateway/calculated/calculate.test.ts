import { expect, test } from 'vitest';
import { calculating } from '../../../gateway/calculated/calculate.ts';
import { inOrder } from '../../../gateway/calculated/order.ts';
import type { Plant } from '../../../gateway/store/plant.ts';
import { GOOD, quality } from '../../../history/reading.ts';
import type { Reading, TagId } from '../../../history/reading.ts';
import { NOON, aReading, aTag } from '../../support/readings.ts';

const A = 1 as TagId;
const B = 2 as TagId;

/** Two tags of a device, A and B, and one calculated tag for each expression, numbered from 11 on. */
function aPlant(expressions: Record<string, string>, everyMs = 0, kind: 'number' | 'text' = 'number'): Plant {
  const calculated = Object.entries(expressions).map(([name, expression], i) =>
    aTag({ id: (11 + i) as TagId, name, kind, source: 2, address: { expression } }),
  );
  return {
    site: { name: 'Test works', timeZone: 'UTC' },
    areas: [],
    sources: [
      { id: 1, name: 'plc', protocol: 'modbus', config: {}, enabled: true },
      { id: 2, name: 'computed', protocol: 'calculated', config: { everyMs }, enabled: true },
    ],
    tags: [aTag({ id: A, name: 'A' }), aTag({ id: B, name: 'B' }), ...calculated],
    rules: [],
  };
}
function aCalculator(...args: Parameters<typeof aPlant>) {
  const calculator = calculating(
    (readings) => readings,
    () => undefined,
  );
  calculator.replant(aPlant(...args));
  return calculator;
}
const a = (value: number, at = NOON): Reading => aReading({ tag: A, value, at });
const b = (value: number, at = NOON): Reading => aReading({ tag: B, value, at });

test('a tag is computed when one of its inputs changes, at that input’s time', () => {
  const calculator = aCalculator({ sum: 'A + B' });
  expect(calculator.take([a(1)], NOON + 5)).toEqual([]);
  expect(calculator.take([b(2, NOON + 10)], NOON + 15)).toMatchObject([
    { tag: 11, at: NOON + 10, value: 3, quality: GOOD },
  ]);
  expect(calculator.take([a(5, NOON + 20)], NOON + 25)).toMatchObject([{ value: 7, cleaned: 7 }]);
});

test('a tag of a calculated tag follows in the same step, whatever order they are written in', () => {
  const calculator = aCalculator({ third: 'second * 2', second: 'first + 1', first: 'A' });
  expect(calculator.take([a(1)], NOON).map(({ tag, value }) => [tag, value])).toEqual([
    [13, 1],
    [12, 2],
    [11, 4],
  ]);
});

test('what is computed is cleaned before others are computed from it', () => {
  const cut = (readings: readonly Reading[]) =>
    readings.map((reading) => ({ ...reading, cleaned: Math.min(Number(reading.value), 10) }));
  const calculator = calculating(cut, () => undefined);
  calculator.replant(aPlant({ first: 'A * 10', second: 'first' }));
  expect(calculator.take([a(5)], NOON)).toMatchObject([{ value: 50 }, { value: 10 }]);
});

test('a bad input makes a bad result with its reason, a division by zero one of its own', () => {
  const calculator = aCalculator({ ratio: 'A / B' });
  const broken = { quality: quality('bad', 'out of range'), cleaned: null };
  calculator.take([a(1)], NOON);
  expect(calculator.take([aReading({ tag: B, ...broken })], NOON)).toMatchObject([
    { value: null, ...broken },
  ]);
  expect(calculator.take([b(0, NOON + 1)], NOON + 1)).toMatchObject([
    { value: null, quality: quality('bad', 'not a number'), cleaned: null },
  ]);
});

test('an input that went silent makes the result stale though nothing arrives, and a new value good again', () => {
  const calculator = aCalculator({ double: 'A * 2' });
  calculator.take([a(4)], NOON);
  const stale = quality('uncertain', 'stale');
  expect(calculator.tick([{ ...a(4), quality: stale, cleaned: null }], NOON + 10_000)).toMatchObject([
    { value: 8, quality: stale, at: NOON + 10_000 },
  ]);
  expect(calculator.take([a(5, NOON + 20_000)], NOON + 20_000)).toMatchObject([{ value: 10, quality: GOOD }]);
});

test('times only go forward, though two devices’ clocks differ by an hour, and no time is in the future', () => {
  const calculator = aCalculator({ sum: 'A + B' });
  calculator.take([a(1, NOON + 3_600_000), b(1, NOON - 3_600_000)], NOON);
  const times = [1, 2, 2, 3]
    .flatMap((ms) => calculator.take([b(ms, NOON - 3_600_000 + ms)], NOON + ms))
    .map(({ at }) => at);
  expect(times).toEqual([...new Set(times)].sort((one, other) => one - other));
  expect(Math.max(...times)).toBeLessThan(NOON + 4);
});

test('a tag is computed at most so often as its source says, and what was put off comes with the clock', () => {
  const calculator = aCalculator({ double: 'A * 2' }, 1000);
  expect(calculator.take([a(1)], NOON)).toHaveLength(1);
  expect(calculator.take([a(2, NOON + 400)], NOON + 400)).toEqual([]);
  expect(calculator.tick([], NOON + 900)).toEqual([]);
  expect(calculator.tick([], NOON + 1000)).toMatchObject([{ value: 4, at: NOON + 400 }]);
  expect(calculator.tick([], NOON + 5000)).toEqual([]);
});

test('a text tag may be a text; a number tag may not', () => {
  const text = { state: 'A > 10 ? "high" : "normal"' };
  expect(aCalculator(text, 0, 'text').take([a(11)], NOON)).toMatchObject([
    { value: 'high', cleaned: null, quality: GOOD },
  ]);
  expect(aCalculator(text).take([a(11)], NOON)).toMatchObject([
    { value: null, quality: quality('bad', 'not a number') },
  ]);
});

test('another model takes effect, and what is known of inputs stays', () => {
  const calculator = aCalculator({ double: 'A * 2', other: 'B' });
  calculator.take([a(1), b(10)], NOON);
  calculator.replant(aPlant({ sum: 'A + B' }));
  expect(calculator.take([a(2, NOON + 1)], NOON + 1)).toMatchObject([{ value: 12 }]);
});

test('a change of the plant neither brings a result early nor forgets what was put off', () => {
  const calculator = aCalculator({ double: 'A * 2' }, 1000);
  calculator.take([a(1)], NOON);
  calculator.replant(aPlant({ double: 'A * 2', unrelated: 'B' }, 1000));
  expect(calculator.take([a(2, NOON + 400)], NOON + 400)).toEqual([]);
  calculator.replant(aPlant({ double: 'A * 2' }, 1000));
  expect(calculator.tick([], NOON + 900)).toEqual([]);
  expect(calculator.tick([], NOON + 1000)).toMatchObject([{ value: 4, at: NOON + 400 }]);
});

test('times go forward over a change of the plant too', () => {
  const calculator = aCalculator({ sum: 'A + B' });
  calculator.take([a(1), b(1)], NOON);
  calculator.replant(aPlant({ sum: 'A - B' }));
  const [next] = calculator.take([b(2, NOON - 5)], NOON);
  expect(next?.at).toBeGreaterThan(NOON);
});

test('a tag that is no longer computed has no source, and what was put off of it is not computed', () => {
  const calculator = aCalculator({ double: 'A * 2' }, 1000);
  calculator.take([a(1)], NOON);
  calculator.take([a(2)], NOON + 1);
  expect(calculator.sourceOf(11 as TagId)).toBe(2);
  calculator.replant(aPlant({}));
  expect(calculator.sourceOf(11 as TagId)).toBe(-1);
  calculator.replant(aPlant({ double: 'A * 2' }, 1000));
  expect(calculator.tick([], NOON + 5000)).toEqual([]);
});

test('a circle is found and named, and a long chain is none', () => {
  expect(
    inOrder(
      new Map([
        ['x', ['a']],
        ['a', ['b']],
        ['b', ['c']],
        ['c', ['a']],
      ]),
    ),
  ).toEqual({ circle: ['a', 'b', 'c', 'a'] });
  expect(inOrder(new Map([['a', ['a']]]))).toEqual({ circle: ['a', 'a'] });
  const chain = new Map(Array.from({ length: 5000 }, (_, i) => [`t${i}`, [`t${i + 1}`]]));
  expect(inOrder(chain)).toMatchObject({ order: expect.arrayContaining(['t0', 't4999']) as string[] });
});

test.for([3_600_000, -3_600_000])(
  'a clock that is set by %d ms holds up no calculated tag, and computes none too soon',
  (byMs) => {
    const calculator = aCalculator({ twice: 'A * 2' }, 10_000);
    expect(calculator.take([a(1)], NOON)).toHaveLength(1);
    calculator.shift(byMs);
    expect(calculator.take([a(2, NOON + byMs + 9_000)], NOON + byMs + 9_000)).toEqual([]);
    expect(calculator.tick([], NOON + byMs + 10_000)).toMatchObject([{ value: 4, at: NOON + byMs + 9_000 }]);
  },
);
