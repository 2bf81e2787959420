import fc from 'fast-check';
import { expect, test } from 'vitest';
import { apart } from '../../../gateway/runtime/apart.ts';

const MINUTE = 60_000;
const blame = (blamed: number, all: readonly number[] = [1, 2, 3]) => ({ blamed, starting: all, all });
const unknown = (starting: readonly number[], all: readonly number[] = [1, 2, 3]) => ({
  blamed: null,
  starting,
  all,
});

test('a source moves out when its code has thrown for the third time', () => {
  const policy = apart();
  expect([0, 1, 2].map((at) => policy.died(blame(2), at))).toEqual([[], [], [2]]);
});

test('deaths that lie far apart are bad luck', () => {
  const policy = apart();
  expect([0, 6, 12, 18].map((at) => policy.died(blame(2), at * MINUTE))).toEqual([[], [], [], []]);
});

test('a source that is alone stays where it is', () => {
  const policy = apart();
  for (let at = 0; at < 10; at++) expect(policy.died(blame(1, [1]), at)).toEqual([]);
});

test('without anybody to blame, those that were starting move out together', () => {
  const policy = apart();
  expect([0, 1, 2].map((at) => policy.died(unknown([1, 3]), at))).toEqual([[], [], [1, 3]]);
});

test('those that are all suspects are halved until the culprit is alone', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 40 }), fc.nat(), (count, pick) => {
      const culprit = pick % count;
      const policy = apart();
      let home = Array.from({ length: count }, (_, i) => i);
      let deaths = 0;
      // The culprit takes its host with it whenever it starts; nobody gets to be heard.
      while (home.length > 1 && deaths < 1000) {
        const out = policy.died(unknown(home, home), deaths++);
        const rest = home.filter((id) => !out.includes(id));
        home = out.includes(culprit) ? [...out] : rest;
      }
      expect(home).toEqual([culprit]);
      expect(deaths).toBeLessThanOrEqual(3 * Math.ceil(Math.log2(count)));
    }),
  );
});

test('a source that was mended starts with a clean record', () => {
  const policy = apart();
  policy.died(blame(2), 0);
  policy.died(blame(2), 1);
  policy.forget(2);
  expect(policy.died(blame(2), 2)).toEqual([]);
});
