import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ModbusAddress } from '../../collectors/modbus/address.ts';
import { decode as decodeModbus } from '../../collectors/modbus/decode.ts';
import { ascii, asciiFrame } from '../../collectors/modbus/frame/ascii.ts';
import { mbapDatagrams, mbapStream } from '../../collectors/modbus/frame/mbap.ts';
import { rtu, withCrc } from '../../collectors/modbus/frame/rtu.ts';
import { planRequests } from '../../collectors/modbus/plan.ts';
import { aPoint } from '../support/collecting.ts';
import { TIMEOUT, fuzz, mutated } from '../support/fuzz.ts';

// No crash, no wrong value, no leak, for as long as there is time. A failure says the seed that brings it back.

const wrapped = {
  tcp: {
    framing: mbapStream,
    wrap: (adu: Uint8Array, sent: Uint8Array) =>
      Uint8Array.of(sent[0]!, sent[1]!, 0, 0, 0, adu.length, ...adu),
  },
  udp: {
    framing: mbapDatagrams,
    wrap: (adu: Uint8Array, sent: Uint8Array) =>
      Uint8Array.of(sent[0]!, sent[1]!, 0, 0, 0, adu.length, ...adu),
  },
  rtu: { framing: rtu, wrap: (adu: Uint8Array) => withCrc(adu) },
  ascii: { framing: ascii, wrap: (adu: Uint8Array) => asciiFrame(adu) },
};
/** How two frames are compared: in ASCII the digits may be small letters. */
const latin = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1').toUpperCase();

test.each(Object.entries(wrapped))(
  'modbus frames on %s: no reply that was not sent as one',
  async (name, { framing, wrap }) => {
    const request = fc.tuple(
      fc.nat(247),
      fc.constantFrom(1, 2, 3, 4),
      fc.nat(0xffff),
      fc.integer({ min: 1, max: 60 }),
    );
    const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 });
    const noise = fc.array(fc.oneof(fc.constant(undefined), fc.uint8Array({ maxLength: 30 })), {
      maxLength: 4,
    });
    const change = mutated(fc.constant(Uint8Array.from({ length: 40 }, (_, i) => i)));
    await fuzz(
      fc.property(request, sizes, noise, change, ([unit, code, start, count], cut, around, salt) => {
        const asked = Uint8Array.of(unit, code, start >> 8, start & 255, 0, count);
        const line = framing();
        const sent = line.send(asked);
        const length = code <= 2 ? Math.ceil(count / 8) : 2 * count;
        const reply = Uint8Array.of(
          unit,
          code,
          length,
          ...Array.from({ length }, (_, i) => salt[i] ?? i & 255),
        );
        const frames = around.map((one) => one ?? wrap(reply, sent));
        const stream = Buffer.concat(frames);
        for (let at = 0, i = 0; at < stream.length; i++) {
          const size = name === 'udp' ? (frames[i]?.length ?? stream.length) : (cut[i % cut.length] ?? 1);
          for (const arrival of line.take(stream.subarray(at, at + size))) {
            if (arrival.type !== 'reply') continue;
            expect(arrival.adu.length).toBeLessThanOrEqual(254);
            expect(latin(stream)).toContain(latin(wrap(arrival.adu, sent)));
          }
          at += size;
        }
      }),
    );
  },
  TIMEOUT,
);

const integers = {
  int16: 1,
  uint16: 1,
  int32: 2,
  uint32: 2,
  int64: 4,
  uint64: 4,
  float32: 2,
  float64: 4,
} as const;
type Integer = keyof typeof integers;

/** Read from the definition: the registers in their order, each with its bytes in theirs. */
function expected(
  type: Integer,
  registers: Uint8Array,
  words: string,
  inWord: string,
): number | string | null {
  const pairs = Array.from({ length: registers.length / 2 }, (_, i) => [
    ...registers.subarray(2 * i, 2 * i + 2),
  ]);
  const high = (words === 'little' ? pairs.toReversed() : pairs).flatMap((pair) =>
    inWord === 'little' ? pair.toReversed() : pair,
  );
  const whole = high.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
  const view = new DataView(Uint8Array.from(high).buffer);
  if (type === 'float32' || type === 'float64') {
    const value = type === 'float32' ? view.getFloat32(0) : view.getFloat64(0);
    return Number.isFinite(value) ? value : null;
  }
  const value = type.startsWith('u') ? whole : BigInt.asIntN(high.length * 8, whole);
  return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
}

test(
  'modbus values: each of any bytes is what the definition of its type says',
  async () => {
    const order = fc.constantFrom('big' as const, 'little' as const);
    const address = fc.record({
      register: fc.nat(40),
      type: fc.constantFrom(...(Object.keys(integers) as Integer[])),
      words: order,
      bytes: order,
    });
    const special = fc.constantFrom(0, 0xff, 0x7f, 0x80, 0xf8, 0xc0);
    const bytes = fc.array(fc.oneof(fc.nat(255), special), { minLength: 100, maxLength: 100 });
    await fuzz(
      fc.property(fc.array(address, { minLength: 1, maxLength: 8 }), bytes, (addresses, memory) => {
        const points = addresses.map((one, i) => aPoint(i, ModbusAddress.parse(one)));
        for (const request of planRequests(points, { maxRegisters: 125, hole: 8 })) {
          const wire = Uint8Array.from(memory.slice(2 * request.start, 2 * (request.start + request.count)));
          const values = decodeModbus(request, wire);
          request.spots.forEach(({ point, register }, i) => {
            const { type, words, bytes: inWord } = addresses[point.tag]!;
            const own = Uint8Array.from(memory.slice(2 * register, 2 * (register + integers[type])));
            expect(values[i]).toBe(expected(type, own, words, inWord));
          });
        }
      }),
    );
  },
  TIMEOUT,
);
