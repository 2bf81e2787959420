import fc from 'fast-check';
import { expect, test } from 'vitest';
import { after, isOld, missing } from '../../../collectors/opcua/sequence.ts';

const LAST = 4_294_967_295;
const number = fc.oneof(fc.integer({ min: 1, max: LAST }), fc.constantFrom(1, 2, LAST - 1, LAST));

test('what is due is what follows the last one, and nothing is missing when it comes', () => {
  fc.assert(
    fc.property(number, (sequence) => {
      expect(missing(after(sequence), after(sequence))).toEqual({ count: 0, numbers: [] });
      expect(after(sequence)).toBeGreaterThanOrEqual(1);
      expect(after(sequence)).toBeLessThanOrEqual(LAST);
    }),
  );
});

test('the numbers that were jumped over are missing, also where counting begins anew; at most 1000 are asked for', () => {
  fc.assert(
    fc.property(number, fc.integer({ min: 1, max: 3000 }), (next, jump) => {
      let arrived = next;
      for (let i = 0; i < jump; i++) arrived = after(arrived);
      const { count, numbers } = missing(next, arrived);
      expect(count).toBe(jump);
      expect(numbers).toHaveLength(Math.min(jump, 1000));
      expect(after(numbers.at(-1)!)).toBe(arrived);
      expect(isOld(next, arrived)).toBe(false);
    }),
  );
});

test('a message that comes late is old, and makes no gap', () => {
  fc.assert(
    fc.property(number, fc.integer({ min: 1, max: 3000 }), (arrived, jump) => {
      let next = arrived;
      for (let i = 0; i < jump; i++) next = after(next);
      expect(isOld(next, arrived)).toBe(true);
      expect(missing(next, arrived).count).toBe(0);
    }),
  );
});
