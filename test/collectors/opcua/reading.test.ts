import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { OpcuaAddress, OpcuaConfig } from '../../../collectors/opcua/config.ts';
import { opcua } from '../../../collectors/opcua/opcua.ts';
import { aPoint, collect } from '../../support/collecting.ts';
import type { Run } from '../../support/collecting.ts';
import { opcuaServer, scratchFolder } from '../../support/opcua-server.ts';
import type { OpcuaServer } from '../../support/opcua-server.ts';

let server: OpcuaServer;
let pki: Awaited<ReturnType<typeof scratchFolder>>;
beforeAll(async () => {
  const capabilities = { maxMonitoredItemsPerSubscription: 30 };
  [server, pki] = await Promise.all([opcuaServer({ types: true, capabilities }), scratchFolder()]);
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await pki[Symbol.asyncDispose]();
});

const WAIT = { timeout: 20_000 };
type Address = Record<string, unknown>;
const point = (tag: number, node: string, more: Address = {}, kind: 'number' | 'text' = 'number') =>
  aPoint(tag, OpcuaAddress.parse({ node: `nsu=urn:test:plant;s=${node}`, ...more }), kind);

function client(points: readonly ReturnType<typeof point>[], more: Record<string, unknown> = {}): Run {
  const config = OpcuaConfig.parse({ endpoint: server.endpoint, publishingMs: 100, ...more });
  const run = collect(opcua, { config, points, pkiFolder: pki.path, dataFolder: pki.path });
  onTestFinished(async () => {
    await run.stop();
  });
  return run;
}
const values = async (run: Run, tags: readonly number[]) => {
  await vi.waitFor(() => expect(tags.every((tag) => run.of(tag).length > 0)).toBe(true), WAIT);
  return tags.map((tag) => run.of(tag).at(-1)?.value);
};

test('elements of arrays and matrices are tags of their own', async () => {
  const run = client([
    point(1, 'spectrum', { index: 2 }),
    point(2, 'matrix', { index: '1,2' }),
    point(3, 'spectrum', { index: 9 }),
    point(4, 'level', { index: 0 }),
  ]);
  expect(await values(run, [1, 2, 3, 4])).toEqual([3, 6, null, null]);
});

test('a member of a structure is found by the name that the server gives it', async () => {
  const run = client([
    point(1, 'batch', { path: 'Motors[1].Speed' }),
    point(2, 'batch', { path: 'Motors[1].Strokes' }),
    point(3, 'batch', { path: 'BatchId' }, 'text'),
    point(4, 'batch', { path: 'Started' }, 'text'),
    point(5, 'batch', { path: 'Nothing' }),
    point(6, 'batch'),
    point(7, 'batch', { path: 'Step' }, 'text'),
    point(8, 'batch', { path: 'Step' }),
  ]);
  expect(await values(run, [1, 2, 3, 4, 5, 6, 7, 8])).toEqual([
    2.5,
    '9007199254740993',
    'B-17',
    '2026-03-01T12:00:00.000Z',
    null,
    null,
    'Heating',
    10,
  ]);
  expect(run.faults.map(({ kind, what }) => [kind, what.split(':')[0]])).toEqual([
    ['refused address', 'tag-5'],
    ['malformed', 'tag-6'],
  ]);
});

test('an enumeration is its name in a text tag, and its number in a number tag', async () => {
  const run = client([
    point(1, 'phase', {}, 'text'),
    point(2, 'phase'),
    point(3, 'selector', {}, 'text'),
    point(4, 'valve', {}, 'text'),
    point(5, 'valve'),
    point(6, 'running', {}, 'text'),
  ]);
  expect(await values(run, [1, 2, 3, 4, 5, 6])).toEqual(['Heating', 1, 'Auto', 'open', 1, 1]);
});

test('whatever a server keeps as a code or a word arrives as text', async () => {
  const names = ['guid', 'bytes', 'when', 'said', 'code'];
  const run = client(names.map((name, i) => point(i + 1, name, {}, 'text')));
  expect(await values(run, [1, 2, 3, 4, 5])).toEqual([
    '72962B91-FA75-4AE6-8D28-B404DC7DAF63',
    'dead42',
    '2026-03-01T12:00:00.000Z',
    'läuft',
    'BadSensorFailure',
  ]);
});

test('a change within the deadband is not sent; one that the server cannot have is done without, and told', async () => {
  await server.set('many-2', 10);
  const run = client([
    point(1, 'many-2', { deadband: { absolute: 5 } }),
    point(2, 'many-2', { deadband: { percent: 10 } }),
    point(3, 'many-2'),
  ]);
  expect(await values(run, [1, 2, 3])).toEqual([10, 10, 10]);
  await server.set('many-2', 12);
  await vi.waitFor(() => expect(run.of(2).at(-1)?.value).toBe(12), WAIT);
  await server.set('many-2', 20);
  await vi.waitFor(() => expect(run.of(1).at(-1)?.value).toBe(20), WAIT);
  expect(run.of(1).map(({ value }) => value)).toEqual([10, 20]);
  expect(run.of(3).at(-1)?.value).toBe(20);
  expect(run.faults).toMatchObject([
    { kind: 'refused address', what: expect.stringContaining('tag-2') as string },
  ]);
});

test('with the trigger on the timestamp an unchanged value arrives again', async () => {
  const run = client([point(1, 'many-3', { trigger: 'status-value-timestamp', samplingMs: 0 })]);
  await values(run, [1]);
  await server.set('many-3', 3);
  await vi.waitFor(() => expect(run.of(1).length).toBeGreaterThan(1), WAIT);
  expect(new Set(run.of(1).map(({ value }) => value))).toEqual(new Set([3]));
});

test('samples that a full queue threw away are in the ledger of their tag', async () => {
  const points = [point(1, 'many-4', { queueSize: 2, samplingMs: 0 })];
  const run = client(points, { publishingMs: 1000 });
  await values(run, [1]);
  let value = 100;
  await vi.waitFor(async () => {
    await server.set('many-4', value++);
    expect(run.losses.length).toBeGreaterThan(0);
  }, WAIT);
  expect(run.losses[0]).toMatchObject({ tag: 1, cause: "the server's queue overflowed" });
  expect(run.losses[0]!.from).toBeLessThanOrEqual(run.losses[0]!.to);
  expect(run.faults.map(({ kind }) => kind)).toContain('overflow');
});

test('a server that takes few nodes in a subscription gets more of those; one bad node blocks nobody', async () => {
  const nodes = Array.from({ length: 100 }, (_, i) => point(i + 1, i === 50 ? 'missing' : `many-${i % 20}`));
  const run = client(nodes);
  await values(
    run,
    nodes.map(({ tag }) => Number(tag)),
  );
  const bad = run.readings().filter(({ status }) => status === 'bad');
  expect(bad.map(({ tag }) => tag)).toEqual([51]);
  expect(run.lines.find(({ msg }) => msg === 'Subscribed at the OPC UA server.')).toMatchObject({
    subscriptions: 4,
    refused: 1,
  });
});
