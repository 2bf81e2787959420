import { expect, test } from 'vitest';
import { PollClass } from '../../../collectors/modbus/poll-class.ts';
import { rounds } from '../../../collectors/modbus/rounds.ts';
import { spotOf } from '../../../collectors/modbus/spot.ts';
import { aRegister } from '../../support/modbus-run.ts';

const NOON = Date.parse('2026-03-01T12:00:00Z');
const aClass = (periodMs: number, tag: number): PollClass =>
  new PollClass(periodMs, [spotOf(aRegister(tag, { register: tag }))!], [], { maxRegisters: 125, hole: 8 });

/** Rounds of nothing: what is asked for is when they begin. */
function schedule(...classes: readonly PollClass[]) {
  const begun: number[] = [];
  const plan = rounds(classes, (of) => {
    begun.push(of.periodMs);
    return { todo: [], readings: [] };
  });
  const tick = (now: number): void => {
    for (let round = plan.current(now); round !== undefined; round = plan.current(now)) plan.over(round);
  };
  return { plan, begun, tick };
}

test('rounds begin at multiples of their period, and those that were missed are left out', () => {
  const { plan, begun, tick } = schedule(aClass(1000, 1));
  tick(NOON + 300);
  expect([begun.length, plan.nextAt()]).toEqual([1, NOON + 1000]);
  tick(NOON + 999);
  expect(begun).toHaveLength(1);
  tick(NOON + 5400);
  expect([begun.length, plan.nextAt()]).toEqual([2, NOON + 6000]);
});

test('a clock that is set back an hour, or ahead, costs no more than a period', () => {
  const { begun, tick } = schedule(aClass(1000, 1));
  tick(NOON);
  const back = NOON - 3_600_000;
  tick(back + 100);
  tick(back + 1000);
  expect(begun).toHaveLength(2);
  const ahead = NOON + 86_400_000;
  tick(ahead);
  tick(ahead + 1000);
  expect(begun).toHaveLength(4);
});

test('of rounds that are under way that one goes on which must be over first', () => {
  const [slow, quick] = [aClass(10_000, 1), aClass(1000, 2)];
  const { plan } = schedule(slow, quick);
  expect(plan.current(NOON)?.of).toBe(quick);
  plan.over(plan.current(NOON)!);
  expect(plan.current(NOON + 500)?.of).toBe(slow);
  // The quick one is due again while the slow one is not over.
  expect(plan.current(NOON + 1000)?.of).toBe(quick);
});
