import fc from 'fast-check';
import { expect, test } from 'vitest';
import { groups } from '../../../../platform/database/embedded/wire.ts';

/** A protocol message of the given type. */
function message(type: string, body: Uint8Array): Buffer {
  const head = Buffer.from(`${type}\0\0\0\0`, 'latin1');
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

const startup = Buffer.from('\0\0\0\x08\0\x03\0\0', 'latin1');
const body = fc.uint8Array({ maxLength: 40 });
const simple = body.map((bytes) => message('Q', bytes));
const extended = fc
  .array(fc.tuple(fc.constantFrom('P', 'B', 'D', 'E', 'C'), body), { maxLength: 5 })
  .map((parts) =>
    Buffer.concat([...parts.map(([type, bytes]) => message(type, bytes)), message('S', Buffer.alloc(0))]),
  );

test('groups of messages come out whole and in order, wherever the stream was cut', () => {
  const property = fc.property(
    fc.array(fc.oneof(simple, extended), { maxLength: 8 }),
    fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }),
    (sent, cuts) => {
      const stream = Buffer.concat([startup, ...sent]);
      const cut = groups();
      const received: Buffer[] = [];
      for (let at = 0, turn = 0; at < stream.length; turn++) {
        const size = cuts[turn % cuts.length]!;
        received.push(...cut(stream.subarray(at, at + size)));
        at += size;
      }
      expect(received).toEqual([Buffer.alloc(0), ...sent]);
    },
  );
  fc.assert(property);
});
