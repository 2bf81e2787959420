import fc from 'fast-check';
import { expect, test } from 'vitest';
import { pattern } from '../../collectors/pattern.ts';
import { TimeFormat, timeReader } from '../../collectors/wall-time.ts';
import { isZone, zone } from '../../collectors/zone.ts';

const berlin = 'dd.MM.yyyy HH:mm:ss';
const read = (format: string, name: string | undefined, found: unknown) =>
  timeReader(TimeFormat.parse({ format, ...(name === undefined ? {} : { zone: name }) }))(found, '');

test.each<[string, string | undefined, unknown, string]>([
  ['iso', undefined, '2026-07-01T12:00:00.5Z', '2026-07-01T12:00:00.500Z'],
  ['iso', 'Europe/Berlin', '2026-07-01 12:00:00,25', '2026-07-01T10:00:00.250Z'],
  ['iso', 'Europe/Berlin', '2026-07-01 12:00', '2026-07-01T10:00:00.000Z'],
  ['iso', 'Europe/Berlin', '2026-07-01T12:00:00+05:00', '2026-07-01T07:00:00.000Z'],
  ['iso', undefined, '1782900000', '2026-07-01T10:00:00.000Z'],
  ['s', undefined, '1782900000.5', '2026-07-01T10:00:00.500Z'],
  ['ms', undefined, 1_782_900_000_001, '2026-07-01T10:00:00.001Z'],
  [berlin, 'Europe/Berlin', '31.12.2026 23:59:59', '2026-12-31T22:59:59.000Z'],
  ['d.M.yy H:mm', '+01:00', '1.7.26 9:05', '2026-07-01T08:05:00.000Z'],
  ['M/d/yyyy h:mm a', 'America/New_York', '7/4/2026 12:30 AM', '2026-07-04T04:30:00.000Z'],
  ["yyyyMMdd'T'HHmmss", 'UTC', '20260704T013000', '2026-07-04T01:30:00.000Z'],
  ['dd.MM.yyyy', 'Asia/Kathmandu', '01.01.2026', '2025-12-31T18:15:00.000Z'],
])('a time written as %s in %s is read', (format, name, found, expected) => {
  expect(new Date(read(format, name, found) as number).toISOString()).toBe(expected);
});

test.each<[string, string | undefined, unknown, string]>([
  ['iso', undefined, '2026-07-01 12:00:00', 'has no zone'],
  ['iso', 'UTC', 'yesterday', 'is not written as iso'],
  [berlin, 'Europe/Berlin', '31.04.2026 10:00:00', 'is not written as'],
  [berlin, 'Europe/Berlin', '30.04.2026 25:00:00', 'is not written as'],
  [berlin, 'Europe/Berlin', 5, 'is not written as'],
  [berlin, 'Europe/Berlin', '29.03.2026 02:30:00', 'does not exist in Europe/Berlin'],
  ['M/d/yyyy h:mm a', 'UTC', '7/4/2026 13:30 PM', 'is not written as'],
  ['s', undefined, 'soon', 'is not a number'],
  ['ms', undefined, 1.8e305, 'is beyond all times'],
])('a time that is none in %s and %s is told, not guessed', (format, name, found, why) => {
  expect(read(format, name, found)).toContain(why);
});

test('a pattern that leaves something open is refused', () => {
  const wrong = [
    'HH:mm',
    'dd.MM HH:mm',
    'yyyy-MM-dd hh:mm',
    'yyyy yyyy MM dd',
    'yyyy-MM-dd QQ',
    'dd.MM.yyyy X',
  ];
  expect(wrong.filter((text) => pattern(text) !== undefined)).toEqual([]);
  expect(TimeFormat.safeParse({ format: berlin }).error?.message).toContain('forty instants');
  expect(TimeFormat.safeParse({ format: berlin, zone: 'Berlin' }).error?.message).toContain('time zone');
  expect(['Europe/Berlin', '+01:00', 'UTC', '', 'Mars'].map(isZone)).toEqual([
    true,
    true,
    true,
    false,
    false,
  ]);
});

const zones = ['Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kolkata', '+01:00'];
const wallOf = (at: number, name: string) => {
  const format = new Intl.DateTimeFormat('sv-SE', {
    timeZone: name === '+01:00' ? 'Etc/GMT-1' : name,
    dateStyle: 'short',
    timeStyle: 'medium',
  });
  return format.format(at);
};

const changes = [
  '2026-03-08T07:00Z',
  '2026-03-29T01:00Z',
  '2026-04-04T15:00Z',
  '2026-10-03T15:30Z',
  '2026-10-25T01:00Z',
  '2026-11-01T06:00Z',
];

test.each(zones)('records of a clock in %s stay in order through its changes, rising or falling', (name) => {
  // Shorter than any hour that is repeated: on Lord Howe it is half an hour.
  const steps = fc.array(fc.integer({ min: 1, max: 29 }), { minLength: 60, maxLength: 80 });
  const format = name.startsWith('E') ? 'yyyy-MM-dd HH:mm:ss' : 'iso';
  fc.assert(
    fc.property(fc.constantFrom(...changes), steps, fc.constantFrom(1, -1), (change, minutes, sign) => {
      const reader = timeReader({ format, zone: name });
      let at = Date.parse(change) - sign * 6 * 3_600_000;
      const series = minutes.map((step) => (at += sign * step * 60_000));
      expect(series.map((one) => reader(wallOf(one, name), 'a'))).toEqual(series);
    }),
    { numRuns: 30 },
  );
});

test('a wall clock has two offsets in the repeated hour and none in the one left out', () => {
  const offsets = zone('Europe/Berlin');
  const count = (text: string) => offsets(Date.parse(`${text}Z`)).length;
  expect(
    ['2026-10-25T02:30:00', '2026-03-29T02:30:00', '2026-10-25T03:00:00', '2026-03-29T03:00:00'].map(count),
  ).toEqual([2, 0, 1, 1]);
});
