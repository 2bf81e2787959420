import { expect, test } from 'vitest';
import { clockSteps } from '../../platform/clock.ts';

/** A wall clock and a steady one, both of which the test turns. */
function aClock() {
  const time = { wall: Date.UTC(2026, 0, 1), steady: 5 };
  return {
    stepped: clockSteps(
      () => time.wall,
      () => time.steady,
    ),
    pass: (ms: number): void => {
      time.wall += ms;
      time.steady += ms;
    },
    set: (byMs: number) => void (time.wall += byMs),
  };
}

test('time that passes is no step, however long nobody looks', () => {
  const { stepped, pass } = aClock();
  pass(86_400_000);
  expect(stepped()).toBe(0);
});

test('a clock that is set forward or back is told of once, by how much', () => {
  const { stepped, pass, set } = aClock();
  pass(300);
  set(3_600_000);
  pass(200);
  expect([stepped(), stepped()]).toEqual([3_600_000, 0]);
  set(-7_200_000);
  expect([stepped(), stepped()]).toEqual([-7_200_000, 0]);
});

test('a clock that is drawn to the right time is not set, though it goes far in the end', () => {
  const { stepped, pass, set } = aClock();
  const told = Array.from({ length: 10_000 }, () => {
    pass(1_000);
    set(0.5);
    return stepped();
  });
  expect(Math.max(...told)).toBe(0);
});

test('the second that a leap second repeats is a step', () => {
  const { stepped, set } = aClock();
  set(-1_000);
  expect(stepped()).toBe(-1_000);
});
