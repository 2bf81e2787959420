import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createQueue, GROUP_READINGS, settle } from '../../../gateway/store/queue.ts';
import type { Item } from '../../../gateway/store/queue.ts';
import type { Batch } from '../../../gateway/store/record.ts';
import { aReading } from '../../support/readings.ts';

const anItem = (n: number, weight: number, resolve: () => void = () => undefined): Item => ({
  ...{ readings: [aReading({ at: n })], changes: [], losses: [], weight },
  ...{ resolve, reject: () => undefined },
});
const numbersOf = ({ readings }: Batch): number[] => readings.map(({ at }) => at);

test('a whole group is made ready as soon as it waits, and a smaller one only when it is taken', () => {
  const prepared: number[][] = [];
  const store = () => Promise.resolve(new Map());
  const queue = createQueue((batch) => {
    prepared.push(numbersOf(batch));
    return store;
  });
  queue.add(anItem(1, GROUP_READINGS / 2));
  expect([prepared, queue.full]).toStrictEqual([[], false]);
  queue.add(anItem(2, GROUP_READINGS / 2));
  expect([prepared, queue.full]).toStrictEqual([[[1, 2]], true]);
  queue.add(anItem(3, 1));
  expect(queue.take()).toMatchObject({ store, items: [{ weight: 5_000 }, { weight: 5_000 }] });
  expect(queue.full).toBe(false);
  expect(queue.take()?.store).toBeUndefined();
  expect([prepared.length, queue.empty]).toStrictEqual([1, true]);
});

test('everything is taken once and in its order, whatever is exchanged meanwhile', () => {
  const anyStep = fc.oneof(
    fc.integer({ min: 1, max: GROUP_READINGS + 10 }).map((weight) => ({ add: weight })),
    fc.constantFrom({ take: true } as const, { exchange: true } as const),
  );
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 60 }), (steps) => {
      const queue = createQueue(() => undefined);
      const taken: number[] = [];
      let added = 0;
      const take = () => taken.push(...numbersOf(queue.take()?.batch ?? { readings: [], changes: [] }));
      for (const step of steps) {
        if ('add' in step) queue.add(anItem(++added, step.add));
        else if ('take' in step) take();
        else queue.exchange((items) => [...items]);
      }
      while (!queue.empty) take();
      expect(taken).toStrictEqual(Array.from({ length: added }, (_, i) => i + 1));
      expect(queue.full).toBe(false);
    }),
  );
});

test('few who wait are answered at once, many in turns of their own', async () => {
  const answered: number[] = [];
  const items = (count: number) =>
    Array.from({ length: count }, (_, n) => anItem(n, 500, () => void answered.push(n)));
  const few = settle(items(2));
  expect(answered).toStrictEqual([0, 1]);
  await few;
  const many = settle(items(9));
  expect(answered).toHaveLength(2);
  await many;
  expect(answered.slice(2)).toStrictEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
});
