import fc from 'fast-check';
import { expect, test } from 'vitest';
import { follow, parsePath, pathText } from '../../collectors/path.ts';

test('a path that was written is the path that is read, whatever the names are', () => {
  const step = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.constantFrom("it's", '\\', "a\\'b", 'a-1', '__proto__', ''),
    fc.nat(999_999_999),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 6 }), (path) => {
      expect(parsePath(pathText(path))).toEqual(path);
    }),
  );
});

test.each([
  ['$', []],
  ['$.a', ['a']],
  ["$['a b'][0].c-d", ['a b', 0, 'c-d']],
])('%s is written in its shortest form', (text, path) => {
  expect(pathText(path)).toBe(text);
});

test('a path leads to own members only, and to items by number', () => {
  const document: unknown = JSON.parse('{"a":[{"b":1}],"__proto__":{"c":2}}');
  expect(follow(document, ['a', 0, 'b'])).toBe(1);
  for (const path of [['a', '0', 'b'], ['a', 'length'], ['constructor'], ['a', 1]])
    expect(follow(document, path)).toBeUndefined();
});
