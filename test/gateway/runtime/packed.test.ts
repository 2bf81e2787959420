import fc from 'fast-check';
import { expect, test } from 'vitest';
import { pack, unpack } from '../../../gateway/runtime/packed.ts';
import type { Raw } from '../../../history/reading.ts';

const raw = fc.record(
  {
    tag: fc.nat(2 ** 31 - 1),
    at: fc.double({ noNaN: true }),
    value: fc.oneof(fc.double(), fc.string(), fc.constant(null)),
    status: fc.constantFrom('good', 'uncertain', 'bad'),
    reason: fc.constantFrom('not connected', 'refused by the device'),
    late: fc.constant(true),
  },
  { requiredKeys: ['tag', 'at', 'value', 'status'], noNullPrototype: true },
) as unknown as fc.Arbitrary<Raw>;

test('a batch that crossed between threads is the batch that was sent', () => {
  fc.assert(
    fc.property(fc.array(raw, { maxLength: 20 }), (batch) => {
      expect(unpack(structuredClone(pack(batch)))).toStrictEqual(batch);
    }),
  );
});
