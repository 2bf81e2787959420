import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeFrame, encodeFrame } from '../../history/frame.ts';
import type { Frame, LiveReading } from '../../history/frame.ts';
import { GOOD } from '../../history/reading.ts';
import type { Quality, TagId } from '../../history/reading.ts';

const PLAIN = { noNullPrototype: true };
const liveReading: fc.Arbitrary<LiveReading> = fc.record(
  {
    tag: fc.nat({ max: 2 ** 31 - 1 }).map((tag) => tag as TagId),
    at: fc.double({ noNaN: true, noDefaultInfinity: true }),
    value: fc.oneof(fc.double({ noNaN: true }), fc.string({ unit: 'grapheme' }), fc.constant(null)),
    quality: fc.nat({ max: 1023 }).map((quality) => quality as Quality),
  },
  PLAIN,
);
const frame: fc.Arbitrary<Frame> = fc.record(
  {
    seq: fc.maxSafeNat(),
    now: fc.double({ noNaN: true, noDefaultInfinity: true }),
    snapshot: fc.boolean(),
    readings: fc.array(liveReading),
  },
  PLAIN,
);

test('a frame comes back as it was sent, to the last bit', () => {
  fc.assert(
    fc.property(frame, (sent) => {
      expect(decodeFrame(encodeFrame(sent))).toStrictEqual(sent);
    }),
  );
});

test('a frame can be read from the middle of a larger buffer', () => {
  const sent = encodeFrame({
    seq: 1,
    now: 2.5,
    snapshot: true,
    readings: [{ tag: 7 as TagId, at: 1.25, value: 'läuft', quality: GOOD }],
  });
  const larger = new Uint8Array(sent.length + 8);
  larger.set(sent, 3);
  expect(decodeFrame(larger.subarray(3, 3 + sent.length))).toStrictEqual(decodeFrame(sent));
});

test('a cut frame is refused rather than misread', () => {
  fc.assert(
    fc.property(frame, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (sent, share) => {
      const bytes = encodeFrame(sent);
      expect(() => decodeFrame(bytes.subarray(0, Math.floor(share * bytes.length)))).toThrow();
    }),
  );
});

test('any bytes are either a frame or an error, never an endless or huge one', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      bytes[0] = 1;
      try {
        expect(decodeFrame(bytes).readings.length).toBeLessThan(10);
      } catch (err) {
        expect(err).toBeInstanceOf(Error);
      }
    }),
  );
});
