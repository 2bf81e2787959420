import { expect, test, vi } from 'vitest';
import type { Condition, ConditionNews } from '../../../collectors/collector.ts';
import { courier } from '../../../collectors/opcua/alarms/courier.ts';

const aCondition = (key: string): Condition => ({
  ...{ key, branchOf: null, name: 'Level', of: 'Tank', tag: null, message: '', severity: 1, priority: 4 },
  ...{ at: 0, state: 'active', why: null, by: null, comment: null },
});
const news = (all: boolean, ...keys: string[]) => ({ all, conditions: keys.map(aCondition) });

/** A receiver that takes one delivery after the other, when it is told to. */
function receiver() {
  const taken: string[] = [];
  const steps: (() => void)[] = [];
  const deliver = ({ conditions, all }: ConditionNews) => {
    taken.push(`${all ? 'all ' : ''}${conditions.map(({ key }) => key).join(' ')}`);
    return new Promise<void>((resolve) => steps.push(resolve));
  };
  const goOn = async () => {
    await vi.waitFor(() => expect(steps.length).toBeGreaterThan(0));
    steps.shift()?.();
  };
  return { taken, deliver, goOn };
}

test('news wait for those before them, travel together meanwhile, and stay in order around all there is', async () => {
  const { taken, deliver, goOn } = receiver();
  const { send } = courier(deliver);
  for (const one of [
    news(false, 'a'),
    news(false, 'b'),
    news(false, 'c'),
    news(true, 'd'),
    news(false, 'e'),
    news(false, 'f'),
  ])
    expect(send(one)).toBe(true);
  for (let i = 0; i < 4; i++) await goOn();
  expect(taken).toEqual(['a', 'b c', 'all d', 'e f']);
});

test('what nobody takes is dropped as a whole, and says so', async () => {
  const { taken, deliver, goOn } = receiver();
  const { send } = courier(deliver);
  const many = Array.from({ length: 15_000 }, (_, i) => String(i));
  expect(send(news(false, 'first'))).toBe(true);
  expect(send(news(false, ...many))).toBe(true);
  expect(send(news(false, ...many))).toBe(false);
  expect(send(news(true, 'all that counts'))).toBe(true);
  await goOn();
  await goOn();
  expect(taken).toEqual(['first', 'all all that counts']);
});

test('a receiver that fails does not end it: the next news are sent again', async () => {
  const deliver = vi.fn<(news: ConditionNews) => Promise<void>>().mockRejectedValueOnce(new Error('gone'));
  const { send } = courier(deliver);
  send(news(false, 'a'));
  await vi.waitFor(() => {
    send(news(false, 'b'));
    expect(deliver.mock.calls.length).toBeGreaterThan(1);
  });
});
