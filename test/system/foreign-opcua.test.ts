import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { OpcuaAddress, OpcuaConfig } from '../../collectors/opcua/config.ts';
import { opcua } from '../../collectors/opcua/opcua.ts';
import type { Raw } from '../../history/reading.ts';
import { aPoint, collect } from '../support/collecting.ts';
import { freePort, server } from '../support/foreign.ts';

const script = fileURLToPath(new URL('./open62541.sh', import.meta.url));
const WAIT = { timeout: 20_000, interval: 50 };

beforeAll(() => void execFileSync('bash', [script, 'build'], { stdio: 'inherit' }));

const point = (
  tag: number,
  node: string,
  more: Record<string, unknown> = {},
  kind: 'number' | 'text' = 'number',
) => aPoint(tag, OpcuaAddress.parse({ node: `nsu=urn:test:plc;s=${node}`, ...more }), kind);

/** A PLC by another maker: 100 nodes a call, 400 a subscription, 3 sessions. */
async function plc(port?: number) {
  const at = port ?? (await freePort());
  return { port: at, ...(await server(at, 'bash', [script, 'serve', String(at)])) };
}

function client(port: number, points: readonly ReturnType<typeof point>[], more: object = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'penstock-opcua-'));
  const config = OpcuaConfig.parse({ endpoint: `opc.tcp://127.0.0.1:${port}`, publishingMs: 200, ...more });
  const run = collect(opcua, { config, points, pkiFolder: folder, dataFolder: folder });
  onTestFinished(async () => {
    await run.stop();
    rmSync(folder, { recursive: true });
  });
  return run;
}

test('one invalid node among 1,000 blocks nobody, in calls and subscriptions as small as the server wants them', async () => {
  const { port } = await plc();
  const nodes = Array.from({ length: 1000 }, (_, i) => point(i + 1, i === 499 ? 'nobody' : `many-${i}`));
  const run = client(port, nodes);
  await vi.waitFor(() => expect(new Set(run.readings().map(({ tag }) => tag)).size).toBe(1000), WAIT);
  const bad = run.readings().filter(({ status }) => status !== 'good');
  expect(bad.map(({ tag }) => tag)).toEqual([500]);
  expect(run.of(1000)[0]?.value).toBe(999);
  expect(run.lines.find(({ msg }) => msg === 'Subscribed at the OPC UA server.')).toMatchObject({
    subscriptions: 3,
    refused: 1,
  });
});

test('elements, 64-bit integers, texts and the names of enumerations are read from a server of another maker', async () => {
  const { port } = await plc();
  const run = client(port, [
    point(1, 'array', { index: 1 }),
    point(2, 'matrix', { index: '1,0' }),
    point(3, 'total'),
    point(4, 'said', {}, 'text'),
    point(5, 'state', {}, 'text'),
    point(6, 'state'),
    point(7, 'array', { index: 7 }),
    point(8, 'ticking', { deadband: { absolute: 5 }, samplingMs: 100 }),
    point(9, 'ticking', { deadband: { percent: 5 } }),
  ]);
  await vi.waitFor(() => expect(new Set(run.readings().map(({ tag }) => tag)).size).toBe(9), WAIT);
  const first = (tag: number) => run.of(tag)[0]?.value;
  expect([1, 2, 3, 4, 5, 6, 7].map(first)).toEqual([2, 4, '-9007199254740993', 'läuft', 'Failed', 1, null]);
  await vi.waitFor(() => expect(run.of(8).length).toBeGreaterThan(3), WAIT);
  const steps = run.of(8).map(({ value }) => Number(value));
  for (const [i, value] of steps.entries()) if (i > 1) expect(value - steps[i - 1]!).toBeGreaterThan(5);
  expect(run.faults.map(({ what }) => what).join()).toMatch(/tag-9.*refuses the deadband/);
});

test('its history comes page by page with its status, and a node without any is no trouble', async () => {
  const { port } = await plc();
  const run = client(port, [point(1, 'recorded'), point(2, 'many-1')]);
  await vi.waitFor(() => expect(run.readings().length).toBeGreaterThan(1), WAIT);
  const seen: Raw[] = [];
  const emit = (batch: readonly Raw[]) => {
    seen.push(...batch);
    return Promise.resolve();
  };
  const gap = { from: Date.now() - 3_600_000, to: Date.now() };
  const { readings } = await run.collector.readHistory!(gap, emit, new AbortController().signal);
  expect(readings).toBe(1500);
  expect(seen.every(({ tag }) => tag === 1)).toBe(true);
  expect(new Set(seen.map(({ value }) => value)).size).toBe(1500);
  expect(seen.filter(({ status }) => status === 'uncertain')).toHaveLength(15);
  expect(run.faults).toEqual([]);
});

test(
  'a PLC that freezes, is killed and comes back is told each time and read on',
  { timeout: 60_000 },
  async () => {
    const first = await plc();
    const frozen = client(first.port, [point(1, 'ticking')]);
    await vi.waitFor(() => expect(frozen.of(1).length).toBeGreaterThan(2), WAIT);
    first.signal('SIGSTOP');
    expect(await frozen.ended).toMatchObject({
      message: expect.stringContaining('not even a keep-alive') as string,
    });
    first.signal('SIGCONT');
    const thawed = client(first.port, [point(1, 'ticking')]);
    await vi.waitFor(() => expect(thawed.of(1).length).toBeGreaterThan(2), WAIT);
    await first.kill();
    expect(await thawed.ended).toBeInstanceOf(Error);
    await plc(first.port);
    const reborn = client(first.port, [point(1, 'ticking')]);
    await vi.waitFor(() => expect(reborn.of(1).length).toBeGreaterThan(2), WAIT);
  },
);

test('a server of another maker sorts out events and tells an alarm; that it cannot tell all of them is a fault', async () => {
  const { port } = await plc();
  const run = client(port, [point(1, 'many-7')], { alarms: {} });
  await vi.waitFor(() => expect(run.of(1)[0]?.value).toBe(7), WAIT);
  await vi.waitFor(() => expect(run.news.some(({ conditions }) => conditions.length > 0)).toBe(true), WAIT);
  expect(run.news.flatMap(({ conditions }) => conditions)[0]).toMatchObject({
    ...{ name: 'High', of: 'Tank', message: 'Too high', severity: 600, priority: 2, state: 'active' },
  });
  expect(run.faults).toMatchObject([{ kind: 'refused address' }]);
  expect(run.faults[0]?.what).toContain('ConditionRefresh');
  expect(run.faults[0]?.remedy).toContain('take out alarms');
  const order = { key: 'ns=0;i=2253 High', by: 'ada', comment: null };
  const refused = await run.collector.acknowledge!(order, AbortSignal.timeout(5000));
  const why = expect.stringContaining('Acknowledge it at the device itself') as string;
  expect(refused).toEqual({ state: 'refused', why });
});
