import fc from 'fast-check';
import { expect, test } from 'vitest';
import { covers, isFilter, topicTree, widest } from '../../../collectors/mqtt/filter.ts';

const level = fc.constantFrom('a', 'b', '', '$SYS');
const topic = fc.array(level, { minLength: 1, maxLength: 4 }).map((levels) => levels.join('/'));
const filter = fc
  .tuple(fc.array(fc.oneof(level, fc.constant('+')), { minLength: 1, maxLength: 4 }), fc.boolean())
  .map(([levels, rest]) => [...levels, ...(rest ? ['#'] : [])].join('/'))
  .filter((text) => text !== '');

test.each([
  ['#', 'a/b', true],
  ['#', '$SYS/x', false],
  ['+/x', '$SYS/x', false],
  ['$SYS/#', '$SYS/x/y', true],
  ['a/#', 'a', true],
  ['a/+', 'a/b', true],
  ['a/+', 'a', false],
  ['a/+', 'a/b/c', false],
  ['a/+', 'a/#', false],
  ['a/#', 'a/+/c', true],
  ['a/b', 'a/+', false],
])('%s covers %s: %s', (outer, inner, answer) => {
  expect(covers(outer, inner)).toBe(answer);
});

test.each(['', 'a/#/b', 'a#', 'a/b+', '\0'])('%j is no filter', (text) => {
  expect(isFilter(text)).toBe(false);
});

test('the tree finds exactly the filters that cover a topic, and forgets what is removed', () => {
  fc.assert(
    fc.property(fc.uniqueArray(filter, { maxLength: 8 }), topic, fc.nat(7), (filters, name, gone) => {
      const tree = topicTree<string>();
      for (const one of filters) tree.add(one, one);
      const removed = filters[gone];
      if (removed !== undefined) tree.remove(removed, removed);
      const left = filters.filter((one) => one !== removed);
      expect(tree.match(name).sort()).toEqual(left.filter((one) => covers(one, name)).sort());
    }),
  );
});

test('the widest of some filters bring what all of them bring, and none of them is covered', () => {
  fc.assert(
    fc.property(fc.array(filter, { maxLength: 8 }), topic, (filters, name) => {
      const some = widest(filters);
      const brings = (all: readonly string[]) => all.some((one) => covers(one, name));
      expect(brings(some)).toBe(brings(filters));
      expect(filters).toEqual(expect.arrayContaining(some));
      for (const one of some) expect(some.filter((other) => other !== one && covers(other, one))).toEqual([]);
      expect(new Set(some).size).toBe(some.length);
    }),
  );
});
