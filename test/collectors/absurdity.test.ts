import { expect, test } from 'vitest';
import { absurdity } from '../../collectors/value.ts';

const NOW = Date.UTC(2026, 5, 1);
const HOUR_MS = 3_600_000;

test('a device may be an hour ahead, and no more', () => {
  expect(absurdity(NOW + HOUR_MS, NOW)).toBeUndefined();
  expect(absurdity(NOW + HOUR_MS + 1, NOW)).toBe('lies more than an hour ahead');
  expect(absurdity(Date.UTC(1999, 0, 1), NOW)).toBe('lies before the year 2000');
});

test('while our own clock is not set, what a device says of its time is believed', () => {
  const never = Date.UTC(2000, 0, 1, 0, 5);
  expect(absurdity(NOW, never)).toBeUndefined();
  expect(absurdity(Date.UTC(2200, 0, 1), never)).toBe('lies more than an hour ahead');
});
