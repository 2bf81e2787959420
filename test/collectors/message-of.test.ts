import { expect, test } from 'vitest';
import { messageOf } from '../../collectors/message-of.ts';

test.each<[string, unknown, string]>([
  ['an error', new Error('no'), 'no'],
  ['no error', 'no', 'no'],
  [
    'several without a word in common',
    new AggregateError([new Error('refused'), new Error('away')]),
    'refused',
  ],
  ['several with one', new AggregateError([new Error('refused')], 'None answers.'), 'None answers.'],
])('%s says what failed', (_, err, message) => {
  expect(messageOf(err)).toBe(message);
});
