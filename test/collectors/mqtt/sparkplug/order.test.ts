import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Order } from '../../../../collectors/mqtt/sparkplug/order.ts';

const numbers = (from: number, count: number) => Array.from({ length: count }, (_, i) => (from + i) % 256);

test('what comes in order is handled at once, also beyond 255', () => {
  const order = new Order<number>(1000);
  order.begin(250);
  expect(numbers(251, 20).flatMap((seq) => order.accept(seq, seq, 0))).toEqual(numbers(251, 20));
});

test('what overtakes waits for what it overtook', () => {
  const order = new Order<string>(1000);
  order.begin(0);
  expect(order.accept(3, 'c', 0)).toEqual([]);
  expect(order.accept(2, 'b', 10)).toEqual([]);
  expect(order.isOverdue(999)).toBe(false);
  expect(order.accept(1, 'a', 20)).toEqual(['a', 'b', 'c']);
  expect(order.isOverdue(5000)).toBe(false);
});

test('what does not come in time is given up, and handled if it comes after all', () => {
  const order = new Order<string>(1000);
  order.begin(0);
  order.accept(2, 'b', 0);
  expect(order.isOverdue(1000)).toBe(true);
  expect(order.release()).toEqual(['b']);
  expect(order.accept(3, 'c', 1001)).toEqual(['c']);
  expect(order.accept(1, 'a', 1002)).toEqual(['a']);
  expect(order.accept(4, 'd', 1003)).toEqual(['d']);
});

test('a node that counts anew without a birth is heard, after the wait', () => {
  const order = new Order<string>(1000);
  order.begin(99);
  expect(order.accept(0, 'x', 0)).toEqual([]);
  expect(order.release()).toEqual(['x']);
  expect(order.accept(1, 'y', 0)).toEqual(['y']);
});

test('in any order nothing is lost or doubled, and what is missing never stops the rest', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(255), { maxLength: 400 }), fc.nat(255), (given, first) => {
      const order = new Order<number>(100);
      order.begin(first);
      const out: number[] = [];
      given.forEach((seq, i) => {
        out.push(...order.accept(seq, i, i * 10));
        if (order.isOverdue(i * 10)) out.push(...order.release());
      });
      out.push(...order.release());
      expect([...out].sort((a, b) => a - b)).toEqual(given.map((_, i) => i));
    }),
  );
});
