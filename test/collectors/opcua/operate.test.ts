import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { BrowseRequest, Place } from '../../../collectors/collector.ts';
import { OpcuaAddress, OpcuaConfig } from '../../../collectors/opcua/config.ts';
import { opcua } from '../../../collectors/opcua/opcua.ts';
import type { TagId } from '../../../history/reading.ts';
import { aPoint, collect } from '../../support/collecting.ts';
import type { Run } from '../../support/collecting.ts';
import { opcuaPlant } from '../../support/opcua-plant.ts';
import type { OpcuaPlant } from '../../support/opcua-plant.ts';
import { scratchFolder } from '../../support/opcua-server.ts';

const names = [
  ...['Speed', 'Mode', 'Running', 'Total', 'Pulses', 'Count', 'Bits', 'Ratio', 'Label', 'Since', 'Title'],
  ...['Fixed', 'Profile', 'Stubborn'],
];
const kinds: Record<string, 'number' | 'text'> = {
  Mode: 'text',
  Label: 'text',
  Since: 'text',
  Title: 'text',
};
const address = (name: string, more: object = {}) =>
  OpcuaAddress.parse({ node: `nsu=urn:test:plant;s=pump.${name}`, ...more });
const points = [
  ...names.map((name, tag) => aPoint(tag, address(name), kinds[name])),
  aPoint(100, address('Profile', { index: 1 })),
  aPoint(101, address('Profile', { path: 'A.B' })),
  aPoint(102, OpcuaAddress.parse({ node: 'nsu=urn:nobody;s=x' })),
  aPoint(103, address('Missing')),
];

let plant: OpcuaPlant;
let pki: Awaited<ReturnType<typeof scratchFolder>>;
let run: Run;
beforeAll(async () => {
  [plant, pki] = await Promise.all([opcuaPlant(), scratchFolder()]);
  const config = OpcuaConfig.parse({ endpoint: plant.endpoint, publishingMs: 500, history: false });
  run = collect(opcua, { config, points, pkiFolder: pki.path, dataFolder: pki.path });
  await vi.waitFor(() => expect(run.of(0).length).toBeGreaterThan(0), { timeout: 30_000 });
});
afterAll(async () => {
  await run.stop();
  await plant[Symbol.asyncDispose]();
  await pki[Symbol.asyncDispose]();
});

const signal = new AbortController().signal;
const tagOf = (name: string) => names.indexOf(name) as TagId;
async function write(tag: number, value: number | string) {
  const [outcome] = await run.collector.write!([{ tag: tag as TagId, value }], signal);
  return outcome!;
}

test.each([
  ['Speed', 1500, 1500, 1500],
  ['Mode', 'Automatic', 'Automatic', 2],
  ['Mode', '0', 'Off', 0],
  ['Running', 1, 1, true],
  ['Total', '-9007199254740993', '-9007199254740993', [0xffdfffff, 0xffffffff]],
  ['Pulses', '18446744073709551615', '18446744073709551615', [0xffffffff, 0xffffffff]],
  ['Count', -32768, -32768, -32768],
  ['Ratio', 0.1, Math.fround(0.1), Math.fround(0.1)],
  ['Label', 'batch 7', 'batch 7', 'batch 7'],
  ['Since', '2026-01-02T03:04:05.000Z', '2026-01-02T03:04:05.000Z', new Date('2026-01-02T03:04:05Z')],
])('%s takes %s in exactly its type, and shows it afterwards', async (name, value, readBack, held) => {
  expect(await write(tagOf(name), value)).toEqual({ tag: tagOf(name), state: 'verified', readBack });
  expect(plant.valueOf(`pump.${name}`).value).toEqual(held);
});

test.each([
  ['Speed', 'fast', 'no finite number'],
  ['Speed', NaN, 'NaN is no finite number'],
  ['Ratio', 1e39, 'beyond what a Float can hold'],
  ['Count', 32768, 'not between -32768 and 32767'],
  ['Bits', -1, 'not between 0 and 255'],
  ['Count', 1.5, 'no whole number'],
  ['Running', 2, 'neither true nor false'],
  ['Total', '9223372036854775808', 'not between'],
  ['Mode', 'Turbo', 'none of Off, Manual, Automatic'],
  ['Since', 'yesterday', 'no point in time'],
  ['Profile', 1, 'give the tag an index'],
  ['Fixed', 1, 'BadNotWritable'],
])('%s refuses %s with the reason, and nothing is sent', async (name, value, why) => {
  const before = plant.valueOf(`pump.${name}`).value as unknown;
  expect(await write(tagOf(name), value)).toMatchObject({
    state: 'refused',
    why: expect.stringContaining(why) as string,
  });
  expect(plant.valueOf(`pump.${name}`).value).toEqual(before);
});

test('one element of an array is written, and the others stay', async () => {
  expect(await write(100, 20)).toMatchObject({ state: 'verified', readBack: 20 });
  expect([...(plant.valueOf('pump.Profile').value as Float64Array)]).toEqual([1, 20, 3]);
});

test('a device that accepts a value and does not take it is not verified', async () => {
  expect(await write(tagOf('Stubborn'), 5)).toMatchObject({
    state: 'unverified',
    readBack: 1,
    why: expect.stringContaining('still reads 1') as string,
  });
});

test('what cannot be written at all is refused with its reason', async () => {
  const whys = await Promise.all([101, 102, 103, 999].map((tag) => write(tag, 1)));
  expect(whys.map((outcome) => ('why' in outcome ? outcome.why : ''))).toEqual([
    expect.stringContaining('member of a structure'),
    expect.stringContaining('no such namespace'),
    expect.stringContaining('BadNodeIdUnknown'),
    expect.stringContaining('no such tag'),
  ]);
});

const browse = (request: Partial<BrowseRequest>) =>
  run.collector.browse!({ place: null, search: '', limit: 200, after: null, ...request }, signal);
const named = (places: readonly Place[], name: string) => places.find((place) => place.name === name)!;

test('the address space is walked place by place, down to what can become a tag', async () => {
  const line = named((await browse({})).places, 'Line 1');
  expect(line).toMatchObject({ branch: true, address: null, kind: null });
  const pump = named((await browse({ place: line.id })).places, 'Pump');
  expect(pump).toMatchObject({ id: 'nsu=urn:test:plant;s=pump', description: 'Feeds the boiler.' });
  const { places, next } = await browse({ place: pump.id });
  expect(next).toBeNull();
  await write(tagOf('Speed'), 1480);
  expect(named((await browse({ place: pump.id })).places, 'Speed')).toEqual({
    id: 'nsu=urn:test:plant;s=pump.Speed',
    name: 'Speed',
    description: 'Shaft speed.',
    branch: false,
    address: { node: 'nsu=urn:test:plant;s=pump.Speed' },
    kind: 'number',
    type: 'Double',
    unit: 'rpm',
    range: [0, 3000],
    value: 1480,
    writable: true,
  });
  expect(OpcuaAddress.safeParse(named(places, 'Speed').address).success).toBe(true);
  expect(named(places, 'Fixed')).toMatchObject({ writable: false, value: 7 });
  expect(named(places, 'Mode')).toMatchObject({ type: 'PumpMode', kind: 'text' });
  expect(named(places, 'Profile')).toMatchObject({ type: 'Double[]', branch: true, address: null });
  expect(named(places, 'Start')).toMatchObject({
    type: 'Method',
    kind: null,
    branch: false,
    description: '(speed, ramp) → (accepted, total)',
    address: { object: 'nsu=urn:test:plant;s=pump', method: 'nsu=urn:test:plant;s=pump.Start' },
  });
});

test('the elements of an array are signals of their own', async () => {
  const { places } = await browse({ place: 'nsu=urn:test:plant;s=pump.Profile' });
  expect(places.map(({ address: at, value }) => [at, value])[2]).toEqual([
    { node: 'nsu=urn:test:plant;s=pump.Profile', index: '2' },
    3,
  ]);
});

test('a long list comes in pages, each place once', async () => {
  const seen: string[] = [];
  let after: string | null = null;
  do {
    const page: Awaited<ReturnType<typeof browse>> = await browse({
      place: 'nsu=urn:test:plant;s=many',
      after,
    });
    expect(page.places.length).toBeLessThanOrEqual(200);
    seen.push(...page.places.map(({ name }) => name));
    after = page.next;
  } while (after !== null);
  expect(seen).toEqual(Array.from({ length: 450 }, (_, i) => `Item ${i}`));
});

test('a search finds what lies anywhere below, in any case, and no further than it is asked for', async () => {
  const { places } = await browse({ search: 'sPEED' });
  expect(places.map(({ id }) => id)).toEqual(['nsu=urn:test:plant;s=pump.Speed']);
  expect((await browse({ place: 'nsu=urn:test:plant;s=many', search: 'speed' })).places).toEqual([]);
  const first = await browse({ search: 'Item 44', limit: 5 });
  expect([first.places.length, first.next]).toEqual([5, '5']);
});

test('a place that is not there is told as such', async () => {
  await expect(browse({ place: 'nsu=urn:test:plant;s=gone' })).rejects.toThrow('BadNodeIdUnknown');
  await expect(browse({ place: 'nsu=urn:nobody;s=x' })).rejects.toThrow('no such namespace');
  await expect(browse({ place: 'garbage' })).rejects.toThrow("There is no place 'garbage'");
});

const start = (inputs: readonly unknown[], until = signal) =>
  run.collector.invoke!(
    { object: 'nsu=urn:test:plant;s=pump', method: 'nsu=urn:test:plant;s=pump.Start', inputs },
    until,
  );

test('a method is called with its inputs in their types, and gives its outputs', async () => {
  expect(await start(['1200', 9007199254740991])).toEqual({
    state: 'done',
    outputs: [true, '9007199254740993'],
  });
  expect(plant.calls.at(-1)).toEqual([1200, [0x001fffff, 0xffffffff]]);
});

test('a method that is called wrongly says how', async () => {
  const calls = plant.calls.length;
  await expect(start([1])).rejects.toThrow('takes 2 inputs (speed, ramp), not 1');
  await expect(start(['fast', 1])).rejects.toThrow('Input speed: "fast" is no finite number');
  expect(plant.calls).toHaveLength(calls);
  await expect(start([9000, 1])).rejects.toThrow('BadOutOfRange');
});

test('a method that was called and has not answered is neither done nor not done', async () => {
  const calls = plant.calls.length;
  const patience = new AbortController();
  const called = start([-1, 1], patience.signal);
  await vi.waitFor(() => expect(plant.calls).toHaveLength(calls + 1), { timeout: 15_000 });
  patience.abort();
  expect(await called).toMatchObject({
    state: 'unknown',
    why: expect.stringContaining('no answer') as string,
  });
});

test('without a link nothing is written or called', async () => {
  const config = OpcuaConfig.parse({ endpoint: plant.endpoint });
  const idle = opcua.open(
    { config, points, pkiFolder: pki.path, dataFolder: pki.path },
    { log: { warn: vi.fn() } as never, fault: vi.fn(), lost: vi.fn(), conditions: vi.fn() },
  );
  await expect(idle.write!([], signal)).rejects.toThrow('not connected');
  await expect(idle.invoke!({ object: 'i=1', method: 'i=2', inputs: [] }, signal)).rejects.toThrow(
    'not connected',
  );
});
