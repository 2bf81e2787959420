import { expect, test, vi } from 'vitest';
import type { TagId } from '../../history/reading.ts';
import { freePort } from '../support/foreign.ts';
import { libmodbus, pymodbus, serialPair } from '../support/modbus-foreign.ts';
import { aRegister, idleModbus, runModbus } from '../support/modbus-run.ts';

const PATIENCE = { timeout: 20_000, interval: 50 };
const never = new AbortController().signal;

const points = [
  aRegister(1, { register: 100, type: 'float32' }),
  aRegister(2, { register: 102, type: 'float32', words: 'little' }),
  aRegister(3, { register: 104, type: 'int64' }),
  aRegister(4, { register: 108, type: 'int16', unit: 5 }),
  aRegister(5, { register: 3, type: 'bool', table: 'coil' }),
  aRegister(6, { register: 4, type: 'bool', table: 'discrete' }),
  aRegister(7, { register: 108, type: 'int16', table: 'input' }),
  aRegister(8, { register: 95, type: 'uint16' }),
  aRegister(9, { reference: 40_110, type: 'string', length: 8 }),
  aRegister(10, { register: 113, type: 'float16' }),
];
const expected = [
  ...[[1, 50.25], [2, -1.5], [3, '9007199254740993'], [4, -7], [5, 1]], // prettier-ignore
  ...[[6, 0], [7, -7], [8, null], [9, 'Pump 7'], [10, 1.5]], // prettier-ignore
];
type Run = ReturnType<typeof runModbus>;
const newest = ({ batches }: Run) =>
  [...new Map((batches.at(-1) ?? []).map(({ tag, value }) => [Number(tag), value]))].sort(
    ([a], [b]) => a - b,
  );

/** Runs again after each loss, as the supervisor does, until the tag 1 has a value: over UDP and serial nobody says "not yet". */
async function living(first: Run): Promise<Run> {
  let run = first;
  let over = false;
  const watched = (next: Run) => {
    over = false;
    void next.ended.then(() => (over = true));
    return next;
  };
  watched(first);
  await vi.waitUntil(() => {
    if (over) run = watched(run.again());
    return run.of(1).some(({ value }) => value !== null);
  }, PATIENCE);
  return run;
}

test.each(['tcp', 'udp', 'rtu', 'ascii'] as const)(
  'pymodbus over %s is read in all types, its refusals stay with their tags, and writes are read back',
  async (transport) => {
    const serial = transport === 'rtu' || transport === 'ascii';
    const line = serial ? await serialPair() : undefined;
    const port = serial ? 502 : await freePort();
    const device = await pymodbus(transport, line?.far ?? String(port));
    const more = {
      ...{ transport, pollMs: 200, timeoutMs: 500 },
      ...(line === undefined
        ? {}
        : { host: undefined, serial: { path: line.near, parity: 'none', stopBits: 1 } }),
    };
    const run = await living(runModbus(port, points, more));
    await vi.waitFor(() => expect(newest(run)).toEqual(expected), PATIENCE);
    expect(run.faults.map(({ kind }) => kind)).toEqual(['refused address']);
    const outcomes = await run.collector.write!(
      [
        { tag: 2 as TagId, value: 12.5 },
        { tag: 5 as TagId, value: 0 },
        { tag: 9 as TagId, value: 'Tank 1' },
      ],
      never,
    );
    expect(outcomes).toEqual([
      { tag: 2, state: 'verified', readBack: 12.5 },
      { tag: 5, state: 'verified', readBack: 0 },
      { tag: 9, state: 'verified', readBack: 'Tank 1' },
    ]);
    device.signal('SIGSTOP');
    expect(await run.ended).toMatchObject({ name: 'Silence' });
    device.signal('SIGCONT');
    await living(run.again());
  },
);

test('a serial adapter that is unplugged ends the run, and one that is in use is told so', async () => {
  const line = await serialPair();
  await pymodbus('rtu', line.far);
  const more = {
    host: undefined,
    transport: 'rtu',
    serial: { path: line.near },
    pollMs: 100,
    timeoutMs: 500,
  };
  const run = await living(runModbus(502, [points[0]!], more));
  const [step] = await idleModbus(502, [points[0]!], more).test!(never);
  expect(step).toMatchObject({
    what: 'Connect',
    ok: false,
    detail: expect.stringContaining('One serial line is one source with many units') as string,
  });
  await line.cut();
  expect(await run.ended).toMatchObject({ name: 'Closed' });
});

test.each(['tcp', 'rtu'] as const)(
  'libmodbus over %s is read in all word orders, keeps its other bits, and its end is noticed',
  async (transport) => {
    const line = transport === 'rtu' ? await serialPair() : undefined;
    const device = await libmodbus(line?.far);
    const tags = [
      aRegister(1, { register: 100, type: 'float32', words: 'little', bytes: 'little' }),
      aRegister(2, { register: 102, type: 'float32', bytes: 'little' }),
      aRegister(3, { register: 104, type: 'float32', words: 'little' }),
      aRegister(4, { register: 3, table: 'coil', type: 'bool' }),
      aRegister(5, { register: 4, table: 'discrete', type: 'bool' }),
      aRegister(6, { register: 9, table: 'input' }),
      aRegister(7, { register: 250 }),
      aRegister(8, { register: 9, type: 'bool', bit: 2 }),
      aRegister(9, { register: 9 }),
    ];
    // libmodbus answers what it refuses after half a second.
    const serial = line && { path: line.near, parity: 'none', stopBits: 1 };
    const more = { transport, pollMs: 100, timeoutMs: 2000, ...(serial && { host: undefined, serial }) };
    const run = await living(runModbus(device.port, tags, more));
    await vi.waitFor(() => {
      expect(newest(run)).toEqual([[1, 50.25], [2, 50.25], [3, 50.25], [4, 1], [5, 1], [6, 9], [7, null], [8, 0], [9, 9]]); // prettier-ignore
    }, PATIENCE);
    const outcomes = await run.collector.write!([{ tag: 8 as TagId, value: 1 }], never);
    expect(outcomes).toEqual([{ tag: 8, state: 'verified', readBack: 1 }]);
    await vi.waitFor(() => expect(run.of(9).at(-1)?.value).toBe(13), PATIENCE);
    await device.kill();
    expect(await run.ended).toMatchObject({ name: serial === undefined ? 'Closed' : 'Silence' });
  },
);
