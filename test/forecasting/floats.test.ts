import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { floatsOfText, textOfFloats } from '../../forecasting/floats.ts';

test('single-precision numbers survive the way through text bit for bit, not-a-number and minus zero too', () => {
  fc.assert(
    fc.property(fc.float32Array(), (values) => {
      const back = floatsOfText(textOfFloats(values));
      expect(back.length).toBe(values.length);
      values.forEach((value, i) => expect(Object.is(back[i], value)).toBe(true));
    }),
  );
});

test('text that holds no whole number of them is refused', () => {
  expect(() => floatsOfText('AAAAAAA=')).toThrow('5 bytes are no whole number');
});
