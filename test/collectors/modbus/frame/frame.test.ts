import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ascii, asciiFrame } from '../../../../collectors/modbus/frame/ascii.ts';
import { mismatch, replyLength } from '../../../../collectors/modbus/frame/framing.ts';
import type { Arrival, Framing } from '../../../../collectors/modbus/frame/framing.ts';
import { mbapDatagrams, mbapStream } from '../../../../collectors/modbus/frame/mbap.ts';
import { rtu, withCrc } from '../../../../collectors/modbus/frame/rtu.ts';

const request = (unit: number, code: number, start: number, count: number): Uint8Array =>
  Uint8Array.of(unit, code, start >> 8, start & 255, count >> 8, count & 255);
const aRequest = fc
  .tuple(fc.nat(247), fc.constantFrom(1, 2, 3, 4), fc.nat(0xffff), fc.integer({ min: 1, max: 125 }))
  .map(([unit, code, start, count]) => request(unit, code, start, count));
const replyTo = (asked: Uint8Array, fill: number): Uint8Array => {
  const reply = new Uint8Array(replyLength(asked)).fill(fill);
  reply.set([asked[0]!, asked[1]!, reply.length - 3]);
  return reply;
};

/** As a device puts it on the wire, for the request just sent. */
const wires: Record<
  string,
  { framing: () => Framing; wrap: (adu: Uint8Array, sent: Uint8Array) => Uint8Array }
> = {
  tcp: { framing: mbapStream, wrap: mbap },
  udp: { framing: mbapDatagrams, wrap: mbap },
  rtu: { framing: rtu, wrap: (adu) => withCrc(adu) },
  ascii: { framing: ascii, wrap: (adu) => asciiFrame(adu) },
};
function mbap(adu: Uint8Array, sent: Uint8Array): Uint8Array {
  return Uint8Array.of(sent[0]!, sent[1]!, 0, 0, 0, adu.length, ...adu);
}
const replies = (arrivals: readonly Arrival[]) =>
  arrivals.flatMap((one) => (one.type === 'reply' ? [[...one.adu]] : []));
const inPieces = (framing: Framing, bytes: Uint8Array, sizes: readonly number[]): Arrival[] => {
  const arrivals: Arrival[] = [];
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes.length === 0 ? bytes.length : Math.max(1, sizes[i % sizes.length]!);
    arrivals.push(...framing.take(bytes.subarray(at, at + size)));
    at += size;
  }
  return arrivals;
};

test.each(['tcp', 'rtu', 'ascii'])('over %s a reply is found, in pieces of any size', (name) => {
  const { framing, wrap } = wires[name]!;
  fc.assert(
    fc.property(aRequest, fc.nat(255), fc.array(fc.integer({ min: 1, max: 40 })), (asked, fill, sizes) => {
      const own = framing();
      const reply = replyTo(asked, fill);
      fc.pre(Buffer.compare(reply, asked) !== 0);
      expect(replies(inPieces(own, wrap(reply, own.send(asked)), sizes))).toEqual([[...reply]]);
    }),
  );
});

test.each(['rtu', 'ascii'])('over %s a reply is found behind noise, and what came twice is one', (name) => {
  const { framing, wrap } = wires[name]!;
  fc.assert(
    fc.property(aRequest, fc.uint8Array({ maxLength: 40 }), (asked, noise) => {
      const own = framing();
      const reply = replyTo(asked, 0x5a);
      const frame = wrap(reply, own.send(asked));
      const found = replies([...own.take(noise), ...own.take(frame), ...own.take(frame)]);
      expect(found).toEqual([[...reply]]);
    }),
  );
});

const anyPieces = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 10 });

test.each(['rtu', 'ascii'])('over %s bytes of any kind give no reply that does not fit', (name) => {
  const { framing } = wires[name]!;
  fc.assert(
    fc.property(aRequest, anyPieces, (asked, pieces) => {
      const own = framing();
      const sent = own.send(asked);
      const all = [...pieces, sent, Uint8Array.from(sent, (byte) => byte ^ 1)];
      for (const adu of replies(all.flatMap((piece) => own.take(piece))))
        expect(mismatch(asked, Uint8Array.from(adu))).toBeUndefined();
    }),
  );
});

/** The first of the frames that is whole, and has the number of the request: the header says no more. */
const firstAnswer = (frames: readonly Uint8Array[], sent: Uint8Array): number[][] =>
  frames
    .map((frame) => frame.subarray(6))
    .filter((adu, i) => Buffer.compare(mbap(adu, sent), frames[i]!) === 0)
    .map((adu) => [...adu])
    .slice(0, 1);
/** The place and the new value of a byte in a header, and what comes after it. */
const frameNoted = (places: number) =>
  fc.tuple(fc.nat(places - 1), fc.nat(2), fc.uint8Array({ minLength: 3, maxLength: 20 }));

test('over tcp the first frame with the number of the request is its reply, and no other', () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 40 }));
  fc.assert(
    fc.property(aRequest, fc.array(frameNoted(2), { maxLength: 6 }), sizes, (asked, noted, cut) => {
      const own = mbapStream();
      const sent = own.send(asked);
      const frames = noted.map(([at, byte, adu]) => mbap(adu, sent).with(at, byte));
      expect(replies(inPieces(own, Buffer.concat(frames), cut))).toEqual(firstAnswer(frames, sent));
    }),
  );
});

test('over udp the first whole frame with the number of the request is its reply, whatever else comes', () => {
  fc.assert(
    fc.property(aRequest, fc.array(frameNoted(6), { maxLength: 6 }), anyPieces, (asked, noted, pieces) => {
      const own = mbapDatagrams();
      const sent = own.send(asked);
      const frames = [...pieces, ...noted.map(([at, byte, adu]) => mbap(adu, sent).with(at, byte))];
      const found = replies(frames.flatMap((frame) => own.take(frame)));
      expect(found).toEqual(firstAnswer(frames, sent));
    }),
  );
});

test.each(['rtu', 'ascii', 'tcp'])('over %s endless zeros are neither kept nor believed', (name) => {
  const own = wires[name]!.framing();
  own.send(request(1, 3, 0, 10));
  const arrivals = Array.from({ length: 100 }, () => own.take(new Uint8Array(1000))).flat();
  expect(replies(arrivals)).toEqual([]);
  expect(arrivals.length).toBeGreaterThan(0);
});

test.each([
  ['a protocol that is not 0', [0, 1, 0, 7, 0, 5, 1, 3, 2, 0, 1], 'protocol 7'],
  ['a length of 65535', [0, 1, 0, 0, 255, 255, 1, 3, 2, 0, 1], 'announces 65535 bytes'],
  ['a length of 0', [0, 1, 0, 0, 0, 0, 1, 3, 2, 0, 1], 'announces 0 bytes'],
])('%s breaks a stream at once, and only spoils a datagram', (_, bytes, what) => {
  const [stream, datagrams] = [mbapStream(), mbapDatagrams()];
  for (const own of [stream, datagrams]) own.send(request(1, 3, 0, 1));
  expect(stream.take(Uint8Array.from(bytes))).toEqual([
    { type: 'broken', what: expect.stringContaining(what) as string },
  ]);
  expect(datagrams.take(Uint8Array.from(bytes)).map(({ type }) => type)).toEqual(['stray']);
});

test('replies to earlier requests are told by their number, also after it has gone around', () => {
  const own = mbapStream();
  const asked = request(1, 3, 0, 1);
  const early = own.send(asked);
  for (let i = 0; i < 70_000; i++) own.send(asked);
  const late = own.send(asked);
  const reply = replyTo(asked, 1);
  expect(own.take(mbap(reply, early)).map(({ type }) => type)).toEqual(['stray']);
  expect(own.take(mbap(reply, late)).map(({ type }) => type)).toEqual(['reply']);
  expect(own.take(mbap(reply, late)).map(({ type }) => type)).toEqual(['stray']);
});

test.each([
  ['another unit', [2, 3, 2, 0, 1], 'unit 2 answered instead of 1'],
  ['another function', [1, 4, 2, 0, 1], 'function 4 came instead of 3'],
  ['too few bytes', [1, 3, 2, 0], '4 bytes came instead of 5'],
  ['a byte count of 255', [1, 3, 255, 0, 1], 'a byte count of 255 for 2 bytes'],
  ['a long exception', [1, 0x83, 2, 0], 'an exception of 4 bytes'],
])('a reply with %s does not fit', (_, reply, why) => {
  expect(mismatch(request(1, 3, 0, 1), Uint8Array.from(reply))).toBe(why);
});

test('the echo of a write must be what was written', () => {
  const single = request(1, 6, 10, 500);
  expect(mismatch(single, single)).toBeUndefined();
  expect(mismatch(single, request(1, 6, 10, 501))).toContain('differs');
  const several = Uint8Array.of(1, 16, 0, 10, 0, 2, 4, 0, 1, 0, 2);
  expect(mismatch(several, Uint8Array.of(1, 16, 0, 10, 0, 2))).toBeUndefined();
  expect(mismatch(several, Uint8Array.of(1, 16, 0, 10, 0, 1))).toContain('differs');
});

test('an RTU line that echoes the request is not taken for its answer', () => {
  const own = rtu();
  // 20 coils from 0x0300: the request has the very form of its reply.
  const asked = request(1, 1, 0x0300, 20);
  expect(replies(own.take(own.send(asked)))).toEqual([]);
  const reply = Uint8Array.of(1, 1, 3, 0xaa, 0xbb, 0x0c);
  expect(replies(own.take(withCrc(reply)))).toEqual([[...reply]]);
});
