import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Progress } from '../../../forecasting/job/checkpoint.ts';
import { progressOfText, textOfProgress } from '../../../forecasting/job/checkpoint.ts';

const count = fc.nat({ max: 1000 });
const progress: fc.Arbitrary<Progress> = fc
  .tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 }))
  .chain(([lookback, ahead]) => {
    const floats = (length: number) => fc.float32Array({ minLength: length, maxLength: length, noNaN: true });
    const [weights, bias] = [floats(lookback * ahead), floats(ahead)];
    return fc.record({
      memory: fc.record({
        state: fc.record({
          pass: count,
          steps: count,
          weights,
          bias,
          moments: fc.tuple(weights, bias, weights, bias),
        }),
        best: fc.record({
          epoch: count,
          validation: fc.double({ min: 0, max: 1e9, noNaN: true }),
          weights,
          bias,
        }),
        stop: fc.constantFrom('patience' as const, 'diverged' as const, null),
      }),
      curve: fc.array(fc.string()),
    });
  });

test('whatever was learned comes back from a checkpoint as it was, bit for bit', () => {
  fc.assert(
    fc.property(progress, (kept) => {
      expect(progressOfText('order', textOfProgress('order', kept))).toEqual(kept);
    }),
  );
});

test('a checkpoint of another order is of no use, nor is one that is cut off or altered anywhere', () => {
  fc.assert(
    fc.property(progress, fc.nat(), (kept, at) => {
      const text = textOfProgress('order', kept);
      const place = at % text.length;
      expect(progressOfText('another', text)).toBeNull();
      expect(progressOfText('order', text.slice(0, place))).toBeNull();
      const other = text[place] === 'x' ? 'y' : 'x';
      expect(progressOfText('order', text.slice(0, place) + other + text.slice(place + 1))).toBeNull();
    }),
  );
});
