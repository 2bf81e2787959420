import { expect, test } from 'vitest';
import { createAttempts } from '../../../platform/access/attempts.ts';

test('the first failures are free, then each one doubles the wait', () => {
  const attempts = createAttempts({ free: 3, longestMs: 60_000 });
  let now = 0;
  const waits: number[] = [];
  for (let at = 0; at < 7; at++) {
    expect(attempts.begin('anna', now)).toBe(0);
    const wait = at < 2 ? 0 : attempts.begin('anna', now);
    waits.push(wait);
    now += wait;
  }
  expect(waits).toEqual([0, 0, 1000, 2000, 4000, 8000, 16_000]);
});

test('no wait is longer than the longest, and an hour of peace forgets all', () => {
  const attempts = createAttempts({ free: 1, longestMs: 60_000 });
  let now = 0;
  for (let at = 0; at < 30; at++) {
    attempts.begin('anna', now);
    now += 60_000;
  }
  attempts.begin('anna', now);
  expect(attempts.begin('anna', now)).toBe(60_000);
  now += 3_600_001;
  expect(attempts.begin('anna', now)).toBe(0);
  expect(attempts.begin('anna', now)).toBe(1000);
});

test('success forgets the failures of that key alone', () => {
  const attempts = createAttempts({ free: 1, longestMs: 60_000 });
  attempts.begin('anna', 0);
  attempts.begin('bert', 0);
  attempts.succeeded('anna');
  expect([attempts.begin('anna', 0), attempts.begin('bert', 0)]).toEqual([0, 1000]);
});

test('trying again while waiting does not make the wait longer', () => {
  const attempts = createAttempts({ free: 1, longestMs: 60_000 });
  attempts.begin('anna', 0);
  expect([attempts.begin('anna', 100), attempts.begin('anna', 200)]).toEqual([900, 800]);
});

test('ten thousand invented names push out the oldest, not the memory', () => {
  const attempts = createAttempts({ free: 1, longestMs: 60_000 });
  attempts.begin('first', 0);
  for (let at = 0; at < 10_000; at++) attempts.begin(`name ${at}`, 0);
  expect(attempts.begin('first', 0)).toBe(0);
  expect(attempts.begin('name 9999', 0)).toBe(1000);
});
