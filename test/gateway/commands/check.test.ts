import fc from 'fast-check';
import { expect, test } from 'vitest';
import { forbids } from '../../../gateway/commands/check.ts';
import type { Situation } from '../../../gateway/commands/check.ts';
import { fromDevice, toDevice } from '../../../gateway/commands/scale.ts';
import { quality } from '../../../history/reading.ts';
import { NOON, aReading } from '../../support/readings.ts';

const write = { range: [0, 100] as [number, number], minIntervalMs: 1000, role: 'operator' as const };
const aSituation = (over: Partial<Situation> = {}): Situation => ({
  tag: { name: 'SP-1', unit: '%', write },
  value: 55,
  role: 'operator',
  current: aReading({ value: 50 }),
  lastSentAt: null,
  now: NOON,
  ...over,
});
const limited = { name: 'SP-1', unit: '%', write: { ...write, maxStep: 5 } };
const stale = aReading({ value: 50, quality: quality('uncertain', 'stale') });

test('a value within all limits may be written', () => {
  expect(forbids(aSituation())).toBeNull();
  expect(forbids(aSituation({ tag: limited }))).toBeNull();
});

test.each([
  ['a tag without write settings', { tag: { name: 'X', unit: '', write: null } }, 409, 'read only'],
  [
    'a role that is not enough',
    { tag: { ...limited, write: { ...write, role: 'engineer' } } },
    403,
    'engineer only',
  ],
  ['a value outside of the range', { value: 101 }, 422, 'not between 0 and 100'],
  ['a text', { value: '55' }, 422, 'takes a number'],
  ['what is no number', { value: NaN }, 422, 'takes a number'],
  ['a step that is too large', { tag: limited, value: 56 }, 422, 'at most 5 %'],
  ['a write too soon after another', { lastSentAt: NOON - 300 }, 429, 'in 1 s'],
  ['an operator who cannot see the current value', { current: stale }, 409, 'only an engineer'],
  [
    'a step from a value that is not known',
    { tag: limited, current: stale, role: 'administrator' },
    409,
    'step',
  ],
  ['a tag that was never read', { current: null }, 409, 'not good'],
] as const)('%s is refused with a reason', (_, over, status, why) => {
  const refusal = forbids(aSituation(over));
  expect(refusal).toMatchObject({ status });
  expect(refusal?.why).toContain(why);
});

test('an engineer may write a tag whose value is stale, where steps have no limit', () => {
  expect(forbids(aSituation({ current: stale, role: 'engineer' }))).toBeNull();
});

test('a value goes to the device’s scale and back, and whole numbers stay whole', () => {
  expect(toDevice(12.3, { factor: 0.1, offset: 0 })).toBe(123);
  expect(toDevice(-40, { factor: 0.01, offset: -40 })).toBe(0);
  expect(toDevice(1, { factor: 0, offset: 0 })).toBeNaN();
  const decimal = fc.integer({ min: -1_000_000, max: 1_000_000 }).map((n) => n / 1000);
  fc.assert(
    fc.property(
      decimal,
      fc.constantFrom(0.001, 0.01, 0.1, 1, 10),
      fc.integer({ min: -100, max: 100 }),
      (value, factor, offset) => {
        const scale = { factor, offset };
        expect(fromDevice(toDevice(value, scale), scale)).toBeCloseTo(value, 9);
      },
    ),
  );
});
