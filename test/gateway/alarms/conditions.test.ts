import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Condition } from '../../../collectors/collector.ts';
import type { DeviceChange } from '../../../gateway/alarms/change.ts';
import { createConditions } from '../../../gateway/alarms/conditions.ts';
import type { OpenDeviceAlarm } from '../../../gateway/alarms/open.ts';
import { NOON } from '../../support/readings.ts';

const from = { source: 3, sourceName: 'plc', area: 'Hall', areaOf: () => undefined };
const aCondition = (over: Partial<Condition> = {}): Condition => ({
  ...{ key: 'level', branchOf: null, name: 'Level', of: 'Tank', tag: null, message: 'Too high' },
  ...{ severity: 800, priority: 1, at: NOON, state: 'active', why: null, by: null, comment: null },
  ...over,
});

function started(open: readonly OpenDeviceAlarm[] = []) {
  let ids = 0;
  let clock = NOON;
  const conditions = createConditions(open, () => `a${++ids}`);
  const take = (news: readonly Partial<Condition>[], all = false): DeviceChange[] =>
    conditions.take(from, { conditions: news.map(aCondition), all }, ++clock);
  const hear = (over: Partial<Condition>) => take([over]).map(({ event, state }) => `${event}: ${state}`);
  return { conditions, take, hear };
}

test('the life of a device’s alarm is told step by step, whichever way it goes', () => {
  const { hear } = started();
  expect(hear({ state: 'active' })).toEqual(['raised: active']);
  expect(hear({ state: 'active' })).toEqual([]);
  expect(hear({ state: 'returned' })).toEqual(['cleared: returned']);
  expect(hear({ state: 'active' })).toEqual(['raised again: active']);
  expect(hear({ state: 'acknowledged' })).toEqual(['acknowledged: acknowledged']);
  expect(hear({ state: 'active', priority: 2 })).toEqual(['raised again: active']);
  expect(hear({ state: 'returned' })).toEqual(['cleared: returned']);
  expect(hear({ state: 'normal' })).toEqual(['acknowledged: normal']);
  expect(hear({ state: 'normal' })).toEqual([]);
});

test('what is first heard of in the middle has a beginning all the same', () => {
  const { hear } = started();
  expect(hear({ key: 'a', state: 'acknowledged' })).toEqual(['raised: active', 'acknowledged: acknowledged']);
  expect(hear({ key: 'b', state: 'returned' })).toEqual(['raised: active', 'cleared: returned']);
});

test('another message and another priority are a line of the journal; a return keeps its urgency', () => {
  const { hear, take, conditions } = started();
  const [raised] = take([{}]);
  expect(hear({ message: 'Far too high', priority: 2 })).toEqual(['changed: active']);
  take([{ state: 'returned', message: 'Back', priority: 4, severity: 1 }]);
  expect(conditions.find(raised!.id)?.device).toMatchObject({ message: 'Back', priority: 2 });
});

test('an alarm that was not told any more when all were told is over, and says so', () => {
  const { take } = started();
  take([{ key: 'a' }, { key: 'b', state: 'returned' }, { key: 'c' }]);
  const changes = take([{ key: 'c' }], true);
  expect(changes.map(({ device, event, state }) => [device.key, event, state])).toEqual([
    ['a', 'cleared', 'normal'],
    ['b', 'acknowledged', 'normal'],
  ]);
  expect(changes[0]).toMatchObject({ by: null, comment: 'Over when the device was heard again.' });
  expect(take([], true)).toMatchObject([{ device: { key: 'c' }, state: 'normal' }]);
});

test('an alarm is certain from the device’s word until its link is lost, also after a restart', () => {
  const { conditions: first, take } = started();
  const [raised] = take([{}]);
  expect(first.isCertain('a1')).toBe(true);
  const { id, state, at, device } = raised!;
  const { conditions, take: again } = started([{ id, state, at, device }]);
  expect(conditions.isCertain(id)).toBe(false);
  expect(again([{}], true)).toEqual([]);
  expect(conditions.isCertain(id)).toBe(true);
  expect(conditions.lost(3)).toBe(true);
  expect(conditions.isCertain(id)).toBe(false);
  expect(conditions.lost(4)).toBe(false);
});

test('what we acknowledge is told in the name of who did it, and what the device acknowledges in its own', () => {
  const { take, conditions } = started();
  const [raised] = take([{}, { key: 'other' }]);
  conditions.acting(raised!.id, { by: 'ada', comment: 'seen' });
  expect(take([{ state: 'acknowledged', by: 'gateway', comment: 'ada: seen' }])).toMatchObject([
    { by: 'ada', comment: 'seen', isOurs: true },
  ]);
  expect(take([{ key: 'other', state: 'acknowledged', by: 'panel', comment: 'ok' }])).toMatchObject([
    { by: 'panel', comment: 'ok', isOurs: false },
  ]);
  const [third] = take([{ key: 'third' }]);
  conditions.acting(third!.id, { by: 'ada', comment: null });
  expect(take([{ key: 'third', state: 'normal' }]).map(({ event, by }) => [event, by])).toEqual([
    ['acknowledged', 'ada'],
    ['cleared', null],
  ]);
  const [fourth] = take([{ key: 'fourth' }]);
  conditions.acting(fourth!.id, { by: 'ada', comment: null })();
  expect(take([{ key: 'fourth', state: 'acknowledged' }])).toMatchObject([{ by: null, isOurs: false }]);
});

test('a branch that waits for acknowledgement is the occurrence that it was; what is now begins anew', () => {
  const { take, conditions } = started();
  const [raised] = take([{}]);
  const branch = { key: 'level branch 1', branchOf: 'level' };
  expect(take([{ ...branch, state: 'returned' }, { state: 'normal' }])).toMatchObject([
    { id: raised!.id, event: 'cleared', state: 'returned', device: { key: 'level branch 1' } },
  ]);
  const [second] = take([{ at: NOON + 5 }]);
  expect(second).toMatchObject({ event: 'raised', device: { key: 'level' } });
  expect(second!.id).not.toBe(raised!.id);
  expect(take([{ ...branch, state: 'normal' }])).toMatchObject([{ id: raised!.id, event: 'acknowledged' }]);
  expect(conditions.find(second!.id)?.state).toBe('active');
});

test('alarms of a source that tells of none any more end', () => {
  const { take, conditions } = started();
  take([{}]);
  expect(conditions.keep((source) => source === 3, NOON + 99)).toEqual([]);
  expect(conditions.keep(() => false, NOON + 99)).toMatchObject([{ event: 'cleared', state: 'normal' }]);
  expect(conditions.keep(() => false, NOON + 99)).toEqual([]);
});

test('whatever a device says in whatever order, the journal leads to its last word, later line by line', () => {
  const states = fc.constantFrom('active', 'acknowledged', 'returned', 'normal');
  const one = fc.record({
    key: fc.constantFrom('a', 'b', 'c'),
    state: states,
    at: fc.integer({ min: NOON - 50, max: NOON + 50 }),
    priority: fc.integer({ min: 1, max: 4 }),
  });
  const news = fc.record({ conditions: fc.array(one, { maxLength: 4 }), all: fc.boolean() });
  fc.assert(
    fc.property(fc.array(news, { maxLength: 12 }), (said) => {
      const { take, conditions } = started();
      const lines: DeviceChange[] = [];
      const last = new Map<string, string>();
      for (const { conditions: told, all } of said) {
        lines.push(...take(told, all));
        if (all) last.clear();
        for (const { key, state } of told) last.set(key, state);
      }
      for (const [i, line] of lines.entries()) {
        const before = lines.slice(0, i).findLast(({ id }) => id === line.id);
        expect(line.event === 'raised').toBe(before === undefined);
        expect(line.at).toBeGreaterThan(before?.at ?? 0);
      }
      const open = lines.filter(({ id, at }) => conditions.find(id)?.at === at);
      const expected = [...last].filter(([, state]) => state !== 'normal');
      expect(new Map(open.map(({ device, state }) => [device.key, state]))).toEqual(new Map(expected));
    }),
  );
});
