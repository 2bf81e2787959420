import fc from 'fast-check';
import { expect, test } from 'vitest';
import { packetGuard } from '../../../collectors/mqtt/guard.ts';

const header = (type: number, length: number): number[] => {
  const bytes = [type];
  do {
    bytes.push((length % 128) | (length >= 128 ? 128 : 0));
    length = Math.floor(length / 128);
  } while (length > 0);
  return bytes;
};
const packet = (length: number): Uint8Array =>
  Uint8Array.from([...header(0x30, length), ...new Uint8Array(length).fill(0xff)]);

function fed(
  guard: ReturnType<typeof packetGuard>,
  bytes: Uint8Array,
  pieces: readonly number[],
): string | undefined {
  let at = 0;
  for (let i = 0; at < bytes.length; i++) {
    const size = pieces[i % pieces.length] ?? 1;
    const wrong = guard(bytes.subarray(at, at + size));
    if (wrong !== undefined) return wrong;
    at += size;
  }
  return undefined;
}

const LIMIT = 1000;
const pieces = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 5 });

test('packets within the limit pass, however the network cuts them', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(LIMIT), { maxLength: 8 }), pieces, (lengths, cut) => {
      expect(fed(packetGuard(LIMIT), Buffer.concat(lengths.map(packet)), cut)).toBeUndefined();
    }),
  );
});

test('a packet above the limit is told by its header alone, however the network cuts it', () => {
  const tooLong = fc.integer({ min: LIMIT + 1, max: 268_435_455 });
  fc.assert(
    fc.property(fc.array(fc.nat(LIMIT), { maxLength: 3 }), tooLong, pieces, (lengths, long, cut) => {
      const bytes = Buffer.concat([...lengths.map(packet), Uint8Array.from(header(0x30, long))]);
      expect(fed(packetGuard(LIMIT), bytes, cut)).toContain('more than 1000 bytes');
    }),
  );
});

test('a length of more than four digits is malformed', () => {
  expect(packetGuard(LIMIT)(Uint8Array.of(0x10, 0x80, 0x80, 0x80, 0x80))).toContain('malformed');
});
