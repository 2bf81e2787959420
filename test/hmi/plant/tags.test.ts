import { expect, test } from 'vitest';
import { parse } from '../../../hmi/plant/BulkEdit.tsx';
import { tagName } from '../../../hmi/plant/NewTags.tsx';
import { matches } from '../../../hmi/plant/Tags.tsx';
import { aTag } from '../../support/hmi.ts';

test.each([
  ['area', ' Reactor ', 'Reactor'],
  ['area', '', undefined],
  ['unit', '', ''],
  ['decimals', '2', 2],
  ['decimals', '2.5', undefined],
  ['range', '0 .. 100', [0, 100]],
  ['range', '-5 … 5', [-5, 5]],
  ['range', '', null],
  ['range', 'low', undefined],
  ['spike', 'false', false],
  ['stuckMs', '', null],
] as const)('%s typed as "%s" is taken for what it is', (field, text, expected) => {
  expect(parse(field, text)).toEqual(expected);
});

test('a tag is found by words of any of its texts, in any order and case', () => {
  const tag = aTag({ name: 'PI-107', description: 'Reactor pressure', area: 'Hall 2' });
  expect(matches(tag, 'hall PRESSURE')).toBe(true);
  expect(matches(tag, 'hall temperature')).toBe(false);
  expect(matches(tag, '')).toBe(true);
});

test('a name from the device becomes a tag name that every list can hold', () => {
  expect(tagName('P1.', { name: ' Motor current (A) ' })).toBe('P1.Motor_current_A_');
  expect(tagName('', { name: 'Dampfdruck-3' })).toBe('Dampfdruck-3');
});
