import { expect, test, vi } from 'vitest';
import type { AcknowledgeOutcome, Condition } from '../../collectors/collector.ts';
import { acknowledging } from '../../gateway/acknowledge.ts';
import { createConditions } from '../../gateway/alarms/conditions.ts';
import { Unable } from '../../gateway/runtime/ask.ts';
import type { Act } from '../../platform/access/store/audit.ts';
import { ThreadEnded } from '../../platform/thread.ts';
import { NOON } from '../support/readings.ts';
import { silent } from '../support/web.ts';

const from = { source: 3, sourceName: 'plc', area: 'Hall', areaOf: () => undefined };
const aCondition = (state: Condition['state'], by: string | null = null): Condition => ({
  ...{ key: 'level', branchOf: null, name: 'Level', of: 'Tank', tag: null, message: 'Too high' },
  ...{ severity: 800, priority: 1, at: NOON, why: null, comment: null, state, by },
});

/** One alarm that waits for its acknowledgement, at a device that behaves so. */
function aDevice(acknowledge: () => Promise<AcknowledgeOutcome>) {
  const conditions = createConditions([], () => 'a1');
  const told = acknowledging(conditions, { source: () => ({ acknowledge }), log: silent });
  const hear = (condition: Condition, all = false) => {
    const changes = conditions.take(from, { conditions: [condition], all }, Date.now());
    if (all) told.settle(from.source);
    return changes;
  };
  hear(aCondition('active'));
  const acts: Act[] = [];
  const record = (act: Act) => Promise.resolve(acts.push(act));
  return { hear, acts, acknowledge: () => told.acknowledge('a1', { by: 'ada', comment: null, record }) };
}

test.each<[string, Error]>([
  ['does not answer', new Unable('no answer', 'Nothing within 15 s.')],
  ['loses its driver meanwhile', new ThreadEnded('The thread ended.')],
])('a device that %s may have taken the acknowledgement', async (_, failure) => {
  const { acknowledge, hear, acts } = aDevice(() => Promise.reject(failure));
  await expect(acknowledge()).rejects.toThrow('not known whether');
  expect(acts.map(({ action }) => action)).toEqual([
    'send an acknowledgement',
    'an acknowledgement may have arrived',
  ]);
  expect(hear(aCondition('acknowledged', 'panel'))).toMatchObject([{ isOurs: true, by: 'ada' }]);
});

test('what the device then tells as not acknowledged has not arrived, and is nobody’s of ours later', async () => {
  const { acknowledge, hear } = aDevice(() => Promise.resolve({ state: 'unknown', why: 'cut' }));
  await expect(acknowledge()).rejects.toThrow('not known whether');
  hear(aCondition('active'), true);
  expect(hear(aCondition('acknowledged', 'panel'))).toMatchObject([{ isOurs: false, by: 'panel' }]);
});

test('what was certainly not sent is nobody’s of ours later', async () => {
  const { acknowledge, hear, acts } = aDevice(() => Promise.reject(new Error('There is no link.')));
  await expect(acknowledge()).rejects.toThrow('The alarm stays as it is');
  expect(acts.at(-1)).toMatchObject({ action: 'an acknowledgement was refused', result: 'refused' });
  expect(hear(aCondition('acknowledged', 'panel'))).toMatchObject([{ isOurs: false, by: 'panel' }]);
});

test('while one acknowledgement is on its way another is not sent, and may be afterwards', async () => {
  let answer: (outcome: AcknowledgeOutcome) => void = () => undefined;
  const send = vi.fn(() => new Promise<AcknowledgeOutcome>((resolve) => (answer = resolve)));
  const { acknowledge } = aDevice(send);
  const first = acknowledge();
  await vi.waitFor(() => expect(send).toHaveBeenCalledTimes(1), 5_000);
  expect(await acknowledge()).toBe(false);
  answer({ state: 'refused', why: 'Not now.' });
  await expect(first).rejects.toThrow('Not now.');
  void acknowledge().catch(() => undefined);
  await vi.waitFor(() => expect(send).toHaveBeenCalledTimes(2), 5_000);
});
