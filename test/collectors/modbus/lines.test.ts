import { expect, test, vi } from 'vitest';
import { ascii, asciiFrame } from '../../../collectors/modbus/frame/ascii.ts';
import { rtu, withCrc } from '../../../collectors/modbus/frame/rtu.ts';
import { answerOf, listening, tcpPlc, udpPlc } from '../../support/modbus-plc.ts';
import type { Plc } from '../../support/modbus-plc.ts';
import { aRegister, runModbus, untilFinished } from '../../support/modbus-run.ts';

const counting = (from: number, count: number) =>
  new Map(Array.from({ length: count }, (_, i) => [from + i, from + i] as const));
const bytesOf = (line: Buffer) => Buffer.from(line.toString('latin1').trim().slice(1), 'hex');

/** The same device behind a converter that passes the bytes of a serial line on. */
const behind = (transport: 'rtu-over-tcp' | 'ascii-over-tcp', plc: Plc) =>
  listening((bytes, socket) => {
    const adu = transport === 'rtu-over-tcp' ? bytes.subarray(0, -2) : bytesOf(bytes).subarray(0, -1);
    const pdu = answerOf(plc, adu[0]!, adu.subarray(1));
    if (pdu === undefined) return;
    const reply = Buffer.concat([adu.subarray(0, 1), pdu]);
    socket.write(transport === 'rtu-over-tcp' ? withCrc(reply) : asciiFrame(reply));
  });

test.each(['tcp', 'udp', 'rtu-over-tcp', 'ascii-over-tcp'] as const)(
  'over %s registers, coils and refusals of several units arrive',
  async (transport) => {
    const plc: Plc = { holding: counting(100, 20), coils: new Map([[3, true]]) };
    const opened = { tcp: tcpPlc, udp: udpPlc }[transport as 'tcp'] as typeof tcpPlc | undefined;
    const { port } = await untilFinished(
      opened === undefined ? behind(transport as 'rtu-over-tcp', plc) : opened(plc),
    );
    const points = [
      aRegister(1, { register: 100 }),
      aRegister(2, { register: 119, unit: 7 }),
      aRegister(3, { register: 3, table: 'coil', type: 'bool' }),
      aRegister(4, { register: 500 }),
    ];
    const running = runModbus(port, points, { transport });
    await vi.waitFor(() => expect(running.batches.length).toBeGreaterThan(2), 10_000);
    const values = new Map(running.batches[1]!.map(({ tag, value }) => [Number(tag), value]));
    expect([1, 2, 3, 4].map((tag) => values.get(tag))).toEqual([100, 119, 1, null]);
  },
);

test.each(['rtu-over-tcp', 'ascii-over-tcp'] as const)(
  'over %s, where requests have no numbers, a late answer is not taken for the next one of the same length',
  async (transport) => {
    // Each register holds its own number. The answer for register 7 always comes 300 ms late, after its time-out.
    const { port } = await untilFinished(
      listening((bytes, socket) => {
        const adu = transport === 'rtu-over-tcp' ? bytes.subarray(0, -2) : bytesOf(bytes).subarray(0, -1);
        const count = adu.readUInt16BE(4);
        const start = adu.readUInt16BE(2);
        const values = Buffer.alloc(2 * count, 0);
        for (let i = 0; i < count; i++) values.writeUInt16BE(start + i, 2 * i);
        const reply = Buffer.concat([Buffer.of(adu[0]!, 3, 2 * count), values]);
        const frame = transport === 'rtu-over-tcp' ? withCrc(reply) : asciiFrame(reply);
        if (start === 7 && count === 1) setTimeout(() => socket.write(frame), 300);
        else socket.write(frame);
      }),
    );
    const points = [
      aRegister(1, { register: 8 }),
      aRegister(2, { register: 7 }),
      aRegister(3, { register: 9 }),
    ];
    const running = runModbus(port, points, { transport, hole: 0, maxRegisters: 1 });
    await vi.waitFor(() => expect(running.of(3).length).toBeGreaterThan(6), 10_000);
    const seen = (tag: number) =>
      [...new Set(running.of(tag).map(({ value }) => value))].filter((value) => value !== null);
    expect([seen(1), seen(3)]).toEqual([[8], [9]]);
    expect(seen(2)).toEqual([7]);
  },
);

test('over UDP a datagram that is lost costs one more request, not the link', async () => {
  let asked = 0;
  const { port } = await untilFinished(
    udpPlc({ holding: counting(0, 5), on: () => (++asked % 4 === 2 ? 'nothing' : undefined) }),
  );
  const running = runModbus(port, [aRegister(1, { register: 2 })], { transport: 'udp', timeoutMs: 200 });
  await vi.waitFor(() => expect(running.batches.length).toBeGreaterThan(8), 10_000);
  expect(new Set(running.of(1).map(({ value }) => value))).toEqual(new Set([2]));
});

test('a class of tags that is read more often is not held up by one that takes long', async () => {
  const plc = { holding: counting(0, 4000) };
  const { port } = await untilFinished(
    listening((request, socket) => {
      const pdu = answerOf(plc, request[6]!, request.subarray(7))!;
      const head = Buffer.from(request.subarray(0, 7));
      head.writeUInt16BE(pdu.length + 1, 4);
      setTimeout(() => socket.write(Buffer.concat([head, pdu])), 5);
    }),
  );
  const slow = Array.from({ length: 100 }, (_, i) => aRegister(10 + i, { register: 30 * i, pollMs: 60_000 }));
  const running = runModbus(port, [aRegister(1, { register: 3500, pollMs: 40 }), ...slow], { pollMs: 1000 });
  await vi.waitFor(() => expect(running.of(109).length).toBe(1), 10_000);
  // One by one the slow ones take half a second at least, which is twelve periods of the quick one.
  expect(running.of(1).length).toBeGreaterThan(6);
  expect(running.of(10)).toHaveLength(1);
});

test('each unit has its own limits, and the pauses are kept', async () => {
  const asked: [unit: number, count: number, at: number][] = [];
  const on = (unit: number, pdu: Buffer) => void asked.push([unit, pdu.readUInt16BE(3), performance.now()]);
  const { port } = await untilFinished(
    tcpPlc({ holding: counting(0, 40), on: (unit, pdu) => on(unit, pdu) }),
  );
  const points = [1, 3].flatMap((unit) =>
    Array.from({ length: 40 }, (_, i) => aRegister(100 * unit + i, { register: i, unit })),
  );
  const running = runModbus(port, points, { units: { 3: { maxRegisters: 10, pauseMs: 20 } } });
  await vi.waitFor(() => expect(running.batches.length).toBeGreaterThan(0), 10_000);
  expect(asked.slice(0, 5).map(([unit, count]) => [unit, count])).toEqual([
    [1, 40],
    [3, 10],
    [3, 10],
    [3, 10],
    [3, 10],
  ]);
  const [, first, second, third] = asked.map(([, , at]) => at);
  expect(second! - first!).toBeGreaterThanOrEqual(19);
  expect(third! - second!).toBeGreaterThanOrEqual(19);
});

test('RTU and ASCII frames of our own are read by our own', () => {
  for (const [framing, wrap] of [
    [rtu(), withCrc],
    [ascii(), asciiFrame],
  ] as const) {
    framing.send(Uint8Array.of(9, 3, 0, 1, 0, 1));
    expect(framing.take(wrap(Uint8Array.of(9, 3, 2, 18, 52)))).toMatchObject([{ type: 'reply' }]);
  }
});
