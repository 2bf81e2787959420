import { expect, test, vi } from 'vitest';
import { listening, tcpPlc } from '../../support/modbus-plc.ts';
import { aRegister, idleModbus, runModbus, untilFinished } from '../../support/modbus-run.ts';

const never = new AbortController().signal;
const device = () =>
  untilFinished(tcpPlc({ holding: new Map([[0, 0x4248], [1, 0xf5c3], [2, 9]]), on: (unit) => (unit > 5 ? 'nothing' : undefined) })); // prettier-ignore

test('a dry run names each step, and shows the raw registers of the points', async () => {
  const { port } = await device();
  const points = [aRegister(1, { register: 0, type: 'float32' }), aRegister(2, { register: 2, unit: 3 })];
  const steps = await idleModbus(port, points).test!(never);
  expect(steps.map(({ what, ok }) => [what, ok])).toEqual([
    ['Connect', true],
    ['Ask unit 1', true],
    ['Ask unit 3', true],
    ['Read tag-1', true],
    ['Read tag-2', true],
  ]);
  expect(steps[3]!.detail).toContain('unit 1, holding 0 to 1: 0x4248 0xf5c3 is 50.24');
  expect(steps[4]!.detail).toBe('unit 3, holding 2: 0x0009 is 9');
});

test.each([
  [
    'a register that the device does not have',
    [aRegister(1, { register: 99 })],
    'Read tag-1',
    'registers count from 0',
  ],
  [
    'a unit that is not there',
    [aRegister(1, { register: 0, unit: 6 })],
    'Ask unit 6',
    'Check the unit number',
  ],
  ['a type that does not fit', [aRegister(1, { register: 1, type: 'bcd16' })], 'Read tag-1', 'Check type'],
])('%s is the last step, with its remedy', async (_, points, what, remedy) => {
  const { port } = await device();
  const steps = await idleModbus(port, points).test!(never);
  expect(steps.at(-1)).toMatchObject({ what, ok: false, remedy: expect.stringContaining(remedy) as string });
  expect(steps.slice(0, -1).every(({ ok }) => ok)).toBe(true);
});

test('an address where nobody listens, and a name that nobody knows, are told apart', async () => {
  const { port, close } = await listening(() => undefined);
  await close();
  const refused = await idleModbus(port, []).test!(never);
  expect(refused).toMatchObject([
    { what: 'Connect', ok: false, remedy: expect.stringContaining('check the port') as string },
  ]);
  const unknown = await idleModbus(port, [], { host: 'no-such-plc.invalid' }).test!(never);
  expect(unknown).toMatchObject([{ what: 'Find the name', ok: false }]);
});

test('a serial port that does not exist is told with its path', async () => {
  const config = { host: undefined, transport: 'rtu', serial: { path: '/dev/no-such-port' } };
  expect(await idleModbus(502, [], config).test!(never)).toMatchObject([
    { what: 'Connect', ok: false, detail: expect.stringContaining('/dev/no-such-port') as string },
  ]);
});

test('the register map shows what a device has, hole by hole, page by page', async () => {
  const holding = new Map(Array.from({ length: 300 }, (_, i) => [i, 1000 + i] as const));
  holding.delete(7);
  const { port } = await untilFinished(tcpPlc({ holding, coils: new Map([[0, true]]) }));
  const running = runModbus(port, [aRegister(1, { register: 0, unit: 2 })]);
  await vi.waitFor(() => expect(running.batches.length).toBeGreaterThan(0));
  const browse = (place: string | null, more: Record<string, unknown> = {}) =>
    running.collector.browse!({ place, search: '', limit: 20, after: null, ...more }, never);

  expect((await browse(null)).places.map(({ id, branch }) => [id, branch])).toEqual([['2', true]]);
  expect((await browse('2')).places.map(({ id }) => id)).toEqual([
    '2/holding',
    '2/input',
    '2/coil',
    '2/discrete',
  ]);

  const page = await browse('2/holding');
  expect(page.next).toBe('19');
  expect(page.places).toHaveLength(20);
  expect(page.places[3]).toEqual({
    ...{ id: '2/holding/3', name: '3', description: '0x03eb', branch: false, kind: 'number', type: 'uint16' },
    ...{ address: { unit: 2, table: 'holding', register: 3, type: 'uint16' } },
    ...{ unit: '', range: null, value: 1003, writable: true },
  });
  expect(page.places[7]).toMatchObject({
    value: null,
    description: expect.stringContaining('refused') as string,
  });
  expect((await browse('2/holding', { after: '19' })).places[0]).toMatchObject({ name: '20', value: 1020 });
  expect((await browse('2/holding', { search: '250' })).places[0]).toMatchObject({
    name: '250',
    value: 1250,
  });
  expect((await browse('2/coil', { limit: 1 })).places).toMatchObject([{ value: 1, description: 'on' }]);
  await expect(browse('2/registers')).rejects.toThrow("There is no table 'registers'");
});

test('a window of holes costs a bounded number of requests', async () => {
  let asked = 0;
  const { port } = await untilFinished(
    tcpPlc({
      holding: new Map([[0, 1]]),
      on(unit) {
        if (unit === 3) asked++;
        return undefined;
      },
    }),
  );
  const running = runModbus(port, [aRegister(1, { register: 0 })]);
  await vi.waitFor(() => expect(running.batches.length).toBeGreaterThan(0));
  const { places } = await running.collector.browse!(
    { place: '3/holding', search: '100', limit: 250, after: null },
    never,
  );
  expect(places).toHaveLength(250);
  expect(places.every(({ value }) => value === null)).toBe(true);
  expect(asked).toBeLessThanOrEqual(40);
});

test('browsing without a link says so', async () => {
  await expect(
    idleModbus(1, []).browse!({ place: null, search: '', limit: 5, after: null }, never),
  ).rejects.toThrow('There is no connection');
});
