import { expect, test } from 'vitest';
import { placeOf, scaleOf } from '../../../hmi/plant/scale.ts';

test('the bar spans normal range and alarm limits with a margin, not the whole sensor', () => {
  const scale = scaleOf({
    limits: { range: [0, 10_000], normal: [2600, 2800] },
    alarmLimits: [{ kind: 'high', limit: 3000, priority: 1 }],
  });
  expect(scale).toEqual({ low: 2540, high: 3060 });
});

test('the margin ends where the sensor ends', () => {
  expect(scaleOf({ limits: { range: [0, 100], normal: [5, 98] }, alarmLimits: [] })).toEqual({
    low: 0,
    high: 100,
  });
});

test('a tag without limits has the sensor’s range, and without that no bar', () => {
  expect(scaleOf({ limits: { range: [-5, 5], normal: null }, alarmLimits: [] })).toEqual({
    low: -5,
    high: 5,
  });
  expect(scaleOf({ limits: { range: null, normal: null }, alarmLimits: [] })).toBeNull();
});

test('a value beyond the scale stands at its end', () => {
  expect(placeOf({ low: 0, high: 10 }, -3)).toBe(0);
  expect(placeOf({ low: 0, high: 10 }, 12)).toBe(1);
  expect(placeOf({ low: 0, high: 10 }, 4)).toBe(0.4);
});
