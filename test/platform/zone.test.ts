import fc from 'fast-check';
import { expect, test } from 'vitest';
import { calendarBorders, calendarUnits, instantOf, offsetOf } from '../../platform/zone.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const zones = [
  'UTC',
  'Europe/Berlin',
  'Asia/Seoul',
  'Asia/Kolkata',
  'Australia/Lord_Howe',
  'America/Sao_Paulo',
  'America/Havana',
  'Pacific/Apia',
  'Africa/Casablanca',
];
const at = fc.integer({ min: Date.UTC(2000, 0, 1), max: Date.UTC(2035, 0, 1) });
const zone = fc.constantFrom(...zones);

/** What a calendar on the wall shows, from the platform's own words. */
const calendars = new Map(
  zones.map((name) => [name, new Intl.DateTimeFormat('sv-SE', { timeZone: name, dateStyle: 'short' })]),
);
const wall = (name: string, instant: number): string => calendars.get(name)?.format(instant) ?? '';

const day = (name: string, from: string, to: string) =>
  calendarBorders(
    { from: Date.parse(from), to: Date.parse(to), unit: 'day', most: 100 },
    offsetOf(name),
  )?.map((border) => new Date(border).toISOString());

test('an offset is what the clocks of the place show', () => {
  fc.assert(
    fc.property(zone, at, (name, instant) => {
      const shown = new Intl.DateTimeFormat('sv-SE', {
        ...{ timeZone: name, dateStyle: 'short', timeStyle: 'medium' },
      }).format(instant);
      const local = new Date(instant + offsetOf(name)(instant)).toISOString();
      expect(local.slice(0, 19).replace('T', ' ')).toBe(shown);
    }),
  );
});

test('a day begins at the first instant that a calendar there shows it', () => {
  fc.assert(
    fc.property(zone, at, (name, instant) => {
      const offset = offsetOf(name);
      const local = Math.floor((instant + offset(instant)) / DAY) * DAY;
      const start = instantOf(local, offset);
      expect(wall(name, start)).toBe(new Date(local).toISOString().slice(0, 10));
      expect(wall(name, start - 1)).not.toBe(wall(name, start));
    }),
  );
});

test('days have 23 and 25 hours where clocks are set', () => {
  expect(day('Europe/Berlin', '2026-03-28T12:00:00Z', '2026-03-29T12:00:00Z')).toStrictEqual([
    '2026-03-27T23:00:00.000Z',
    '2026-03-28T23:00:00.000Z',
    '2026-03-29T22:00:00.000Z',
  ]);
  expect(day('Europe/Berlin', '2026-10-25T12:00:00Z', '2026-10-25T12:00:01Z')).toStrictEqual([
    '2026-10-24T22:00:00.000Z',
    '2026-10-25T23:00:00.000Z',
  ]);
});

test('a day without midnight begins after the hour it does not have, and one that never was is left out', () => {
  expect(day('America/Sao_Paulo', '2018-11-04T12:00:00Z', '2018-11-04T13:00:00Z')?.[0]).toBe(
    '2018-11-04T03:00:00.000Z',
  );
  expect(day('Pacific/Apia', '2011-12-29T12:00:00Z', '2011-12-31T09:00:00Z')).toStrictEqual([
    '2011-12-29T10:00:00.000Z',
    '2011-12-30T10:00:00.000Z',
    '2011-12-31T10:00:00.000Z',
  ]);
});

test('calendar units follow one another without a hole, hold the range, and begin at their local midnights', () => {
  const range = fc.record({ from: at, length: fc.integer({ min: 1, max: 400 * DAY }) });
  fc.assert(
    fc.property(zone, fc.constantFrom(...calendarUnits), range, (name, unit, { from, length }) => {
      const borders = calendarBorders({ from, to: from + length, unit, most: 1000 }, offsetOf(name)) ?? [];
      expect(borders[0]).toBeLessThanOrEqual(from);
      expect(borders[1]).toBeGreaterThan(from);
      expect(borders.at(-1)).toBeGreaterThanOrEqual(from + length);
      expect(borders.at(-2)).toBeLessThan(from + length);
      for (const [i, border] of borders.entries()) {
        expect(border).toBeGreaterThan(borders[i - 1] ?? -Infinity);
        expect(wall(name, border - 1)).not.toBe(wall(name, border));
        if (unit === 'month' || unit === 'quarter') expect(wall(name, border).slice(8)).toBe('01');
        if (unit === 'year') expect(wall(name, border).slice(5)).toBe('01-01');
        if (unit === 'week') expect(new Date(wall(name, border)).getUTCDay()).toBe(1);
      }
    }),
  );
});

test('more units than allowed are not made', () => {
  const range = { from: 0, to: 100 * DAY, unit: 'day' as const };
  expect(calendarBorders({ ...range, most: 50 }, offsetOf('UTC'))).toBeUndefined();
});
