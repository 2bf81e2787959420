import { expect, test } from 'vitest';
import { clockWatch } from '../../../gateway/runtime/clock.ts';
import type { Raw, TagId } from '../../../history/reading.ts';

const NOW = Date.parse('2026-03-01T12:00:00Z');
const reading = (tag: number, ageMs: number, now = NOW): Raw => ({
  ...{ tag: tag as TagId, at: now - ageMs, value: 1, status: 'good' },
});
/** Tag 1 is due each second, tag 2 each minute, tag 3 is reported by exception. */
const watch = () =>
  clockWatch((tag) => {
    if (Number(tag) === 3) return undefined;
    return { name: `TI-${tag}`, expectedMs: Number(tag) === 1 ? 1_000 : 60_000 };
  });

test('a device whose clock is behind is named with its remedy', () => {
  const late = watch();
  expect(late([reading(1, 95_000)], NOW)).toEqual([]);
  const [fault] = late([reading(1, 95_000, NOW + 30_000)], NOW + 30_000);
  expect(fault).toMatchObject({ kind: 'timestamp', count: 1 });
  expect(fault?.what).toContain('TI-1: its readings are 95 s old');
  expect(fault?.remedy).toContain('clock');
});

test('it is said once a minute and tag', () => {
  const late = watch();
  const said = (now: number) => late([reading(1, 70_000, now), reading(1, 70_000, now)], now).length;
  expect([0, 29_999, 30_000, 60_000, 89_999, 90_000].map((after) => said(NOW + after))).toEqual([
    0, 0, 1, 0, 0, 1,
  ]);
});

test('a device that hands over what it kept, with new readings between, is in order', () => {
  const late = watch();
  for (let after = 0; after < 120_000; after += 10_000) {
    const now = NOW + after;
    expect(late([reading(1, 3_600_000, now), reading(1, 0, now)], now)).toEqual([]);
  }
});

test('readings of a slow tag, of one that reports by exception, and of a minute ago are in order', () => {
  const late = watch();
  for (const now of [NOW, NOW + 60_000])
    expect(
      late([reading(2, 170_000, now), reading(3, 3_600_000, now), reading(1, 60_000, now)], now),
    ).toEqual([]);
});
