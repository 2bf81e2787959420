import { expect, test, vi } from 'vitest';
import { exception, modbusDevice, rawDevice, reply } from '../../support/modbus-device.ts';
import { listening, tcpPlc } from '../../support/modbus-plc.ts';
import { aRegister, idleModbus, runModbus, untilFinished } from '../../support/modbus-run.ts';
import { aRelay } from '../../support/relay.ts';

const soon = { timeout: 10_000, interval: 20 };
const never = new AbortController().signal;

test.each([4, 200])(
  'an exception %i, which says nothing of the address, marks its tags for this cycle and is asked again in the next',
  async (code) => {
    const device = await untilFinished(
      rawDevice((request, socket, nth) =>
        socket.write(nth === 1 ? exception(request, code) : reply(request)),
      ),
    );
    const running = runModbus(device.port, [aRegister(1, { register: 7 })]);
    await vi.waitFor(() => expect(running.of(1).length).toBeGreaterThan(3), soon);
    expect(running.of(1).slice(0, 3)).toMatchObject([
      { value: 7 },
      { value: null, status: 'bad' },
      { value: 7, status: 'good' },
    ]);
    expect(running.faults).toMatchObject([{ kind: 'refused address' }]);
    expect(running.faults[0]!.what).toContain(`exception ${code}`);
  },
);

test('a device that is slower than its period is asked as often as it can answer, one request at a time', async () => {
  let inside = 0;
  const device = await untilFinished(
    rawDevice((request, socket) => {
      expect(++inside).toBe(1);
      setTimeout(() => {
        inside--;
        socket.write(reply(request));
      }, 120);
    }),
  );
  const points = [aRegister(1, { register: 7 }), aRegister(2, { register: 900 })];
  const running = runModbus(device.port, points, { pollMs: 50, timeoutMs: 2000 });
  await vi.waitFor(() => expect(running.batches.length).toBeGreaterThan(4), soon);
  expect(running.readings().every(({ status }) => status === 'good')).toBe(true);
  expect(running.faults).toEqual([]);
});

test('a line that is half open ends the run after two time-outs, its tags say so, and it is read again when it carries', async () => {
  const device = await untilFinished(modbusDevice({ holding: new Map([[7, 7]]) }));
  const relay = await untilFinished(aRelay('127.0.0.1', device.port));
  const first = runModbus(relay.port, [aRegister(1, { register: 7 })]);
  await vi.waitFor(() => expect(first.of(1).length).toBeGreaterThan(1), soon);
  relay.silence();
  expect(await first.ended).toMatchObject({ name: 'Silence' });
  expect(first.of(1).at(-1)).toMatchObject({ value: null, reason: 'not connected' });
  await relay.restore();
  const again = first.again();
  await vi.waitFor(() => expect(again.of(1).at(-1)).toMatchObject({ value: 7 }), soon);
});

test('thirty losses leave one socket behind, that of the connection which stands', async () => {
  let nth = 0;
  const device = await untilFinished(
    listening((request, socket) => {
      if (++nth % 2 === 0 && nth < 60) socket.end();
      else socket.write(reply(request));
    }),
  );
  let running = runModbus(device.port, [aRegister(1, { register: 7 })], { pollMs: 10 });
  for (let losses = 0; nth < 59; losses++) {
    expect(losses).toBeLessThan(60);
    expect(await running.ended).toMatchObject({ name: 'Closed' });
    running = running.again();
    await vi.waitFor(() => expect(running.of(1).length).toBeGreaterThan(0), soon);
  }
  await vi.waitFor(() => expect(device.sockets.size).toBe(1), soon);
});

test('discrete inputs and coils come in one request each, bit by bit', async () => {
  const on = new Map(Array.from({ length: 20 }, (_, i) => [i, i % 3 === 0] as const));
  const codes: number[] = [];
  const device = await untilFinished(
    tcpPlc({ holding: new Map(), coils: on, on: (_, pdu) => void codes.push(pdu[0]!) }),
  );
  const points = [0, 7, 8, 9, 15, 18].flatMap((register, i) => [
    aRegister(10 + i, { register, table: 'coil', type: 'bool' }),
    aRegister(20 + i, { register, table: 'discrete', type: 'bool' }),
  ]);
  const running = runModbus(device.port, points, { pollMs: 5000 });
  await vi.waitFor(() => expect(running.readings()).toHaveLength(12), soon);
  expect(codes.sort()).toEqual([1, 2]);
  for (const base of [10, 20])
    expect([0, 1, 2, 3, 4, 5].map((i) => running.of(base + i)[0]!.value)).toEqual([1, 0, 0, 1, 1, 1]);
});

test('a dry run of a device that takes the connection and says nothing is over in seconds, with a remedy', async () => {
  const device = await untilFinished(listening(() => undefined));
  const begun = performance.now();
  const points = [1, 2, 3, 4, 5].map((unit) => aRegister(unit, { register: 7, unit }));
  const steps = await idleModbus(device.port, points, { timeoutMs: 1000 }).test!(never);
  expect(steps.at(-1)).toMatchObject({ ok: false, remedy: expect.stringMatching(/./) as string });
  expect(performance.now() - begun).toBeLessThan(15_000);
});
