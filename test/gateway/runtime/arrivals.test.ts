import { expect, test } from 'vitest';
import { createArrivals } from '../../../gateway/runtime/arrivals.ts';
import type { Raw, TagId } from '../../../history/reading.ts';

const NOW = Date.parse('2026-03-01T12:00:00Z');
const aged = (...ages: number[]): Raw[] =>
  ages.map((age) => ({ tag: 1 as TagId, at: NOW - age, value: 1, status: 'good' }));

test('the age of readings at their arrival is told by its 99th percentile, within a tenth', () => {
  const arrivals = createArrivals();
  arrivals.arrived(1, aged(...Array.from({ length: 1000 }, (_, i) => i + 1)), NOW);
  const { stalenessP99Ms } = arrivals.figures(1, NOW);
  expect(stalenessP99Ms).toBeGreaterThan(900);
  expect(stalenessP99Ms).toBeLessThan(1090);
});

test('a minute without readings says nothing, and sources are told apart', () => {
  const arrivals = createArrivals();
  arrivals.arrived(1, aged(50), NOW);
  expect(arrivals.figures(2, NOW).stalenessP99Ms).toBeNull();
  expect(arrivals.figures(1, NOW + 30_000).stalenessP99Ms).not.toBeNull();
  expect(arrivals.figures(1, NOW + 60_000).stalenessP99Ms).toBeNull();
});

test('a clock that is ahead has an age of nothing', () => {
  const arrivals = createArrivals();
  arrivals.arrived(1, aged(-5000), NOW);
  expect(arrivals.figures(1, NOW).stalenessP99Ms).toBe(0);
});

test('what a device says is of the past has no part in it', () => {
  const arrivals = createArrivals();
  const [fresh, old] = aged(50, 3_600_000);
  arrivals.arrived(1, [{ ...old!, late: true }], NOW);
  expect(arrivals.figures(1, NOW).stalenessP99Ms).toBeNull();
  arrivals.arrived(1, [fresh!, { ...old!, late: true }], NOW);
  expect(arrivals.figures(1, NOW).stalenessP99Ms).toBeLessThan(60);
});
