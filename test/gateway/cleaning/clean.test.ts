import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cleaning } from '../../../gateway/cleaning/clean.ts';
import type { Tag } from '../../../gateway/plant/tag.ts';
import { GOOD, quality } from '../../../history/reading.ts';
import { NOON, TAG, aRaw, aTag } from '../../support/readings.ts';

const cleaningOf = (over: Partial<Tag>) => cleaning(new Map([[TAG, aTag(over)]]));
const series = (values: readonly (number | string | null)[]) =>
  values.map((value, second) => aRaw({ value, at: NOON + second * 1000 }));

test('a good value passes unchanged and is its own cleaned value', () => {
  expect(cleaningOf({})([aRaw({ value: 42 })])).toEqual([
    { tag: TAG, at: NOON, value: 42, quality: GOOD, cleaned: 42 },
  ]);
});

test('a scaled integer becomes a value in the tag’s unit', () => {
  const [reading] = cleaningOf({ scale: { factor: 0.1, offset: -40 } })([aRaw({ value: 655 })]);
  expect(reading?.value).toBeCloseTo(25.5, 12);
});

test('a value that the sensor cannot report is kept, marked bad, and not computed with', () => {
  const [reading] = cleaningOf({ range: [0, 100] })([aRaw({ value: 9999 })]);
  expect(reading).toMatchObject({ value: 9999, quality: quality('bad', 'out of range'), cleaned: null });
});

test('a value beyond the clamp is computed with as the limit, and doubted; the raw one stays', () => {
  const [over, within] = cleaningOf({ clamp: [0, 100] })(series([-0.3, 12]));
  expect(over).toMatchObject({ value: -0.3, quality: quality('uncertain', 'clamped'), cleaned: 0 });
  expect(within).toMatchObject({ quality: GOOD, cleaned: 12 });
});

test('a clamp hides neither a broken sensor nor what the device itself doubts', () => {
  const clean = cleaningOf({ clamp: [0, 100], range: [-10, 110] });
  expect(clean([aRaw({ value: 9999 })])[0]).toMatchObject({
    quality: quality('bad', 'out of range'),
    cleaned: null,
  });
  expect(clean([aRaw({ value: 105, status: 'uncertain' })])[0]).toMatchObject({
    quality: quality('uncertain', 'reported by the device'),
    cleaned: 100,
  });
});

test('a text where a number is due is kept and marked', () => {
  const [reading] = cleaningOf({})([aRaw({ value: '12,5;13' })]);
  expect(reading).toMatchObject({ value: '12,5;13', quality: quality('bad', 'not a number'), cleaned: null });
});

test('an integer beyond 2^53 keeps its exact text', () => {
  const [reading] = cleaningOf({})([aRaw({ value: '9007199254740993' })]);
  expect(reading).toMatchObject({ value: '9007199254740993', quality: GOOD, cleaned: 9007199254740992 });
});

test('the device’s own doubt is passed on', () => {
  const [uncertain, bad] = cleaningOf({})([
    aRaw({ status: 'uncertain' }),
    aRaw({ status: 'bad', at: NOON + 1 }),
  ]);
  expect(uncertain).toMatchObject({ quality: quality('uncertain', 'reported by the device'), cleaned: 50 });
  expect(bad).toMatchObject({ quality: quality('bad', 'reported by the device'), cleaned: null });
});

test('a single spike is doubted and the median of its neighbours offered instead', () => {
  const readings = cleaningOf({ spike: true })(series([...Array<number>(10).fill(20), 95, 20]));
  expect(readings[10]).toMatchObject({ value: 95, quality: quality('uncertain', 'spike'), cleaned: 20 });
  expect(readings[11]).toMatchObject({ value: 20, quality: GOOD });
});

test('a real step is believed after half a window', () => {
  const readings = cleaningOf({ spike: true })(
    series([...Array<number>(11).fill(20), ...Array<number>(8).fill(60)]),
  );
  expect(readings.slice(11).map(({ quality: q }) => q === GOOD)).toEqual([
    false,
    false,
    false,
    false,
    false,
    true,
    true,
    true,
  ]);
});

test('history that arrives late does not disturb the look at live values', () => {
  const clean = cleaningOf({ spike: true, stuckMs: 5000 });
  clean(series(Array.from({ length: 11 }, (_, i) => 20 + (i % 2) * 0.1)));
  const late = clean([aRaw({ value: 95, at: NOON - 3_600_000 })]);
  expect(late[0]?.quality).toBe(GOOD);
  expect(clean([aRaw({ value: 20, at: NOON + 12_000 })])[0]?.quality).toBe(GOOD);
});

test('a value that holds still for longer than its sensor ever does is doubted', () => {
  const readings = cleaningOf({ stuckMs: 3000 })(series([5, 5, 5, 5, 5, 6]));
  expect(readings.map(({ quality: q }) => q)).toEqual([
    GOOD,
    GOOD,
    GOOD,
    GOOD,
    quality('uncertain', 'stuck'),
    GOOD,
  ]);
});

test('whatever comes in, nothing is dropped, reordered or overwritten', () => {
  const clean = cleaningOf({ range: [-50, 50], stuckMs: 2000, spike: true });
  const value = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.string(), fc.constant(null));
  fc.assert(
    fc.property(fc.array(fc.record({ value, at: fc.integer({ min: 0, max: 2 ** 41 }) })), (samples) => {
      const raw = samples.map((sample) => aRaw(sample));
      const readings = clean(raw);
      expect(readings.map(({ at }) => at)).toEqual(raw.map(({ at }) => at));
      expect(readings.map(({ value: kept }) => kept)).toEqual(raw.map(({ value: given }) => given));
    }),
  );
});
