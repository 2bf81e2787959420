import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { AlarmChange } from '../../../gateway/alarms/change.ts';
import { createJudge } from '../../../gateway/alarms/judge.ts';
import type { OpenLimitAlarm } from '../../../gateway/alarms/open.ts';
import type { AlarmRule } from '../../../gateway/alarms/rule.ts';
import { quality } from '../../../history/reading.ts';
import type { Reading } from '../../../history/reading.ts';
import { NOON, aReading, aRule, everySecond } from '../../support/readings.ts';

const ids = () => {
  let count = 0;
  return () => `alarm-${++count}`;
};
/** A judge of readings that arrive at their source time, unless a test says otherwise. */
function judgeOf(over: Partial<AlarmRule> = {}, open: readonly OpenLimitAlarm[] = []) {
  const judge = createJudge([aRule(over)], open, ids());
  return {
    ...judge,
    judge: (readings: readonly Reading[], now = readings.at(-1)?.at ?? NOON) => judge.judge(readings, now),
  };
}
const events = (changes: readonly AlarmChange[]) => changes.map(({ event }) => event);
const always = () => true;
const SHIFT = { by: 'ada', at: NOON, comment: null };

test('a value over the limit raises, and clears only when it is back inside by the deadband', () => {
  const changes = judgeOf().judge(everySecond([79, 81, 79, 76, 75]));
  expect(changes.map(({ event, value, at }) => [event, value, at - NOON])).toEqual([
    ['raised', 81, 1000],
    ['cleared', 75, 4000],
  ]);
});

test('a low alarm is the mirror image', () => {
  expect(events(judgeOf({ kind: 'low', limit: 20 }).judge(everySecond([21, 19, 24, 25])))).toEqual([
    'raised',
    'cleared',
  ]);
});

test('what does not last for the hold time raises nothing', () => {
  expect(judgeOf({ holdMs: 3000 }).judge(everySecond([81, 82, 79, 81, 82, 79]))).toEqual([]);
});

test('the hold time counts from the first value over the limit', () => {
  const [raised] = judgeOf({ holdMs: 3000 }).judge(everySecond([70, 81, 82, 83, 84]));
  expect(raised).toMatchObject({ event: 'raised', at: NOON + 4000, value: 84 });
});

test('a tag that reports by exception is raised by the clock while it is silent over its limit', () => {
  const judge = judgeOf({ holdMs: 5000 });
  judge.judge([aReading({ value: 90 })]);
  expect(judge.tick(NOON + 4999, always)).toEqual([]);
  expect(events(judge.tick(NOON + 5000, always))).toEqual(['raised']);
  expect(judge.tick(NOON + 6000, always)).toEqual([]);
});

test('the clock raises nothing for a tag whose link is silent', () => {
  const judge = judgeOf({ holdMs: 5000 });
  judge.judge([aReading({ value: 90 })]);
  expect(judge.tick(NOON + 60_000, () => false)).toEqual([]);
});

test('a device whose clock is behind does not shorten the hold time', () => {
  const judge = judgeOf({ holdMs: 5000 });
  judge.judge([aReading({ value: 90 })], NOON + 30_000);
  expect(judge.tick(NOON + 34_999, always)).toEqual([]);
  expect(events(judge.tick(NOON + 35_000, always))).toEqual(['raised']);
});

test('the clock raises nothing while the newest value is bad', () => {
  const judge = judgeOf({ holdMs: 5000 });
  judge.judge([aReading({ value: 90 })]);
  judge.judge([aReading({ value: null, quality: quality('bad', 'no value'), at: NOON + 1000 })]);
  expect(judge.tick(NOON + 60_000, always)).toEqual([]);
  expect(events(judge.judge([aReading({ value: 90, at: NOON + 61_000 })]))).toEqual(['raised']);
});

test('a bad value neither raises nor clears', () => {
  const judge = judgeOf();
  const bad = { quality: quality('bad', 'out of range'), cleaned: null };
  expect(judge.judge([aReading({ value: 9999, ...bad })])).toEqual([]);
  judge.judge([aReading({ value: 90 })]);
  expect(judge.judge([aReading({ value: 0, ...bad, at: NOON + 1 })])).toEqual([]);
});

test('a spike is judged by its cleaned value', () => {
  expect(
    judgeOf().judge([aReading({ value: 500, cleaned: 50, quality: quality('uncertain', 'spike') })]),
  ).toEqual([]);
});

test('acknowledging an active alarm keeps it until its value is back', () => {
  const judge = judgeOf();
  const [raised] = judge.judge([aReading({ value: 90 })]);
  expect(judge.acknowledge(raised!.id, SHIFT)).toMatchObject({
    event: 'acknowledged',
    state: 'acknowledged',
    by: 'ada',
  });
  expect(judge.acknowledge(raised!.id, SHIFT)).toBeNull();
  const [cleared] = judge.judge([aReading({ value: 50, at: NOON + 1000 })]);
  expect(cleared).toMatchObject({ id: raised!.id, event: 'cleared', state: 'normal' });
});

test('an alarm that returned before anyone saw it waits for its acknowledgement', () => {
  const judge = judgeOf();
  const [raised, cleared] = judge.judge(everySecond([90, 50]));
  expect(cleared).toMatchObject({ state: 'returned' });
  expect(judge.acknowledge(raised!.id, SHIFT)).toMatchObject({ state: 'normal' });
});

test('a returned alarm that is exceeded again is the same occurrence', () => {
  const changes = judgeOf().judge(everySecond([90, 50, 90]));
  expect(events(changes)).toEqual(['raised', 'cleared', 'raised again']);
  expect(new Set(changes.map(({ id }) => id)).size).toBe(1);
});

test('an occurrence that a restart found goes on where it was', () => {
  const judge = judgeOf({}, [{ id: 'old', rule: 1, state: 'active' }]);
  expect(judge.judge([aReading({ value: 90 })])).toEqual([]);
  expect(judge.judge([aReading({ value: 50, at: NOON + 1 })])).toMatchObject([
    { id: 'old', event: 'cleared' },
  ]);
});

test('whatever the values, an alarm is never raised twice without an end between', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 60, max: 100 })),
      fc.integer({ min: 0, max: 4 }),
      (values, hold) => {
        const changes = judgeOf({ holdMs: hold * 1000 }).judge(everySecond(values));
        const open = changes.map(({ event }) => event !== 'cleared');
        expect(open.every((now, i) => i === 0 || now !== open[i - 1])).toBe(true);
      },
    ),
  );
});

test.for([3_600_000, -3_600_000])(
  'a clock that is set by %d ms ends no hold time early, and none late',
  (byMs) => {
    const judge = judgeOf({ holdMs: 5000 });
    judge.judge([aReading({ value: 90 })]);
    judge.shift(byMs);
    expect(judge.judge([aReading({ value: 91, at: NOON + byMs + 1_000 })])).toEqual([]);
    expect(judge.tick(NOON + byMs + 4_999, always)).toEqual([]);
    expect(judge.tick(NOON + byMs + 5_000, always)).toMatchObject([
      { event: 'raised', at: NOON + byMs + 5_000 },
    ]);
  },
);
