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
  const [fault] = watch()([reading(1, 95_000)], NOW);
  expect(fault).toMatchObject({ kind: 'timestamp', count: 1 });
  expect(fault?.what).toContain('TI-1: its readings are 95 s old');
  expect(fault?.remedy).toContain('clock');
});

test('it is said once a minute and tag', () => {
  const late = watch();
  const said = (now: number) => late([reading(1, 70_000, now), reading(1, 70_000, now)], now).length;
  expect([0, 30_000, 59_999, 60_000].map((after) => said(NOW + after))).toEqual([1, 0, 0, 1]);
});

test('readings of a slow tag, of one that reports by exception, and of a minute ago are in order', () => {
  expect(watch()([reading(2, 170_000), reading(3, 3_600_000), reading(1, 60_000)], NOW)).toEqual([]);
});
