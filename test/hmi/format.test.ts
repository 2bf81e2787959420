import { beforeEach, expect, test } from 'vitest';
import { dateTime, decimal, duration, exactTime, figure, offset } from '../../hmi/format.ts';
import { speak } from '../../hmi/locale.ts';
import { refreshSession } from '../../hmi/session.ts';
import { serve } from '../support/hmi.ts';

const inZone = async (timeZone: string) => {
  await using server = await serve({
    'GET /api/v1/session': () => ({
      setUpNeeded: false,
      user: null,
      daemon: 'gateway',
      title: 'A',
      timeZone,
    }),
  });
  server.use();
  await refreshSession();
};

beforeEach(async () => {
  await speak('en');
  await inZone('Europe/Berlin');
});

test('a number keeps its digits, so that a column stands still', async () => {
  expect(decimal(2, 2)).toBe('2.00');
  expect(decimal(2705.006, 1)).toBe('2,705.0');
  await speak('de');
  expect(decimal(2705.006, 1)).toBe('2.705,0');
});

test('a figure of unknown digits has four that count', () => {
  expect(figure(0.123456)).toBe('0.1235');
});

test('times are the site’s, with 24 hours', () => {
  expect(dateTime('2026-07-01T22:30:05Z')).toBe('02/07/2026 00:30:05');
  expect(exactTime('2026-07-01T22:30:05.042Z')).toBe('00:30:05.042');
});

test('the hour that summer time repeats is told apart by its offset', () => {
  const first = Date.parse('2026-10-25T00:30:00Z');
  const second = first + 3_600_000;
  expect(dateTime(first)).toBe(dateTime(second));
  expect([offset(first), offset(second)]).toEqual(['UTC+02:00', 'UTC+01:00']);
});

test('the hour that summer time skips is not shown', () => {
  const before = Date.parse('2026-03-29T00:59:59Z');
  expect([dateTime(before), dateTime(before + 1000)]).toEqual(['29/03/2026 01:59:59', '29/03/2026 03:00:00']);
});

test('a site in UTC says so', async () => {
  await inZone('UTC');
  expect(offset(0)).toBe('UTC+00:00');
});

test.each([
  [0, '0 s'],
  [999, '0 s'],
  [12_400, '12 s'],
  [60_000, '1 min'],
  [7_500_000, '2 h 5 min'],
  [90_061_000, '1 d 1 h'],
])('%i ms last %s', (ms, text) => {
  expect(duration(ms).replaceAll('\u00a0', ' ')).toBe(text);
});
