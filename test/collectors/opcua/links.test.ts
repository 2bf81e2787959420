import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import type { Raw } from '../../../history/reading.ts';
import { OpcuaAddress, OpcuaConfig } from '../../../collectors/opcua/config.ts';
import { opcua } from '../../../collectors/opcua/opcua.ts';
import { aPoint, aReport } from '../../support/collecting.ts';
import { opcuaServer, scratchFolder } from '../../support/opcua-server.ts';
import { aRelay } from '../../support/relay.ts';

let pki: Awaited<ReturnType<typeof scratchFolder>>;
beforeAll(async () => {
  pki = await scratchFolder();
});
afterAll(() => pki[Symbol.asyncDispose]());

const WAIT = { timeout: 20_000 };
const level = (tag: number, node = 'level') =>
  aPoint(tag, OpcuaAddress.parse({ node: `nsu=urn:test:plant;s=${node}` }));

/** A source that can be run again and again, as the supervisor does: its driver is opened for each run. */
function source(endpoint: string, more: Record<string, unknown> = {}, points = [level(1)]) {
  const { report, faults, losses, lines } = aReport();
  const config = OpcuaConfig.parse({ endpoint, publishingMs: 100, ...more });
  const plan = { config, points, pkiFolder: pki.path, dataFolder: endpoint };
  const readings: Raw[] = [];
  const start = () => {
    const stop = new AbortController();
    const driver = opcua.open(plan, report);
    const emit = (batch: readonly Raw[]) => {
      readings.push(...batch);
      return Promise.resolve();
    };
    const ended = driver.run(emit, stop.signal).then(
      () => undefined,
      (err: unknown) => err,
    );
    const over = async () => {
      stop.abort();
      return await ended;
    };
    onTestFinished(over as () => Promise<never>);
    return { driver, ended, stop: over };
  };
  const values = () => readings.map(({ value }) => value);
  const subscribed = () => lines.filter(({ msg }) => msg === 'Subscribed at the OPC UA server.').length;
  return { start, readings, values, faults, losses, lines, subscribed };
}
const last = (values: readonly unknown[]) => values.at(-1);

test('after a short loss of the line the session and its subscriptions go on, and nothing is missing', async () => {
  await using server = await opcuaServer({ capabilities: { maxSessions: 1 } });
  await using relay = await aRelay('127.0.0.1', server.port);
  const { start, values, losses, subscribed } = source(`opc.tcp://127.0.0.1:${relay.port}`, {
    samplingMs: 0,
  });
  const first = start();
  await vi.waitFor(() => expect(values()).toEqual([12.5]), WAIT);
  await vi.waitFor(() => expect(subscribed()).toBe(1), WAIT);
  await relay.cut();
  expect(await first.ended).toBeInstanceOf(Error);
  await server.set('level', 1);
  await relay.restore();
  const second = start();
  await vi.waitFor(() => expect(last(values())).toBe(1), WAIT);
  await server.set('level', 3);
  await vi.waitFor(() => expect(last(values())).toBe(3), WAIT);
  expect(subscribed()).toBe(1); // not made anew: the server has room for one session only
  expect(losses).toEqual([]);
  await second.stop();
});

test('what the server sent into a dead line is sent again', { timeout: 40_000 }, async () => {
  await using server = await opcuaServer();
  await using relay = await aRelay('127.0.0.1', server.port);
  const { start, values, losses, subscribed } = source(`opc.tcp://127.0.0.1:${relay.port}`);
  const first = start();
  await vi.waitFor(() => expect(values()).toEqual([12.5]), WAIT);
  await vi.waitFor(() => expect(subscribed()).toBe(1), WAIT);
  relay.silence();
  await server.set('level', 21); // answers a request that it has had: the server believes it delivered
  expect(await first.ended).toMatchObject({
    message: expect.stringContaining('not even a keep-alive') as string,
  });
  await relay.restore();
  const second = start();
  await server.set('level', 22);
  await vi.waitFor(() => expect(values()).toEqual(expect.arrayContaining([21, 22])), WAIT);
  expect(subscribed()).toBe(1);
  expect(losses).toEqual([]);
  await second.stop();
});

test('a server that comes back with its namespaces renumbered is read on', async () => {
  const server = await opcuaServer();
  const { start, values } = source(server.endpoint);
  const first = start();
  await vi.waitFor(() => expect(values()).toEqual([12.5]), WAIT);
  await server.kill();
  expect(await first.ended).toBeInstanceOf(Error);
  await using reborn = await opcuaServer({ port: server.port, strangers: 3 });
  await reborn.set('level', 44);
  const second = start();
  await vi.waitFor(() => expect(last(values())).toBe(44), WAIT);
  await second.stop();
  await server[Symbol.asyncDispose]();
});

test('a stopped source leaves no session behind, and a full server is told from a dead one', async () => {
  await using server = await opcuaServer({ capabilities: { maxSessions: 1 } });
  const { start, values } = source(server.endpoint);
  for (let round = 1; round <= 3; round++) {
    const run = start();
    await vi.waitFor(() => expect(values()).toHaveLength(round), WAIT);
    if (round === 3) {
      const other = source(server.endpoint, { samplingMs: 50 }).start();
      expect(await other.ended).toMatchObject({
        message: expect.stringMatching(/BadTooManySessions.*session/s) as string,
      });
    }
    await run.stop();
  }
});

test(
  'of redundant servers the one with the highest service level is read, and the next when it drops',
  { timeout: 60_000 },
  async () => {
    await using main = await opcuaServer();
    await using spare = await opcuaServer();
    await main.setServiceLevel(210);
    await spare.setServiceLevel(250);
    await main.set('level', 1);
    await spare.set('level', 2);
    const { start, values, lines } = source(main.endpoint, { endpoints: [spare.endpoint] });
    const run = start();
    await vi.waitFor(() => expect(values()).toEqual([2]), WAIT);
    await spare.setServiceLevel(100);
    await vi.waitFor(() => expect(last(values())).toBe(1), WAIT);
    expect(lines.some(({ msg }) => String(msg).includes('service level 100'))).toBe(true);

    await main.kill();
    expect(await run.ended).toBeInstanceOf(Error);
    const next = start();
    await vi.waitFor(() => expect(last(values())).toBe(2), WAIT);
    await next.stop();
  },
);

test('history of a gap arrives newest first with its status, while live values go on', async () => {
  await using server = await opcuaServer({ limits: { maxNodesPerHistoryReadData: 1 } });
  const points = [level(1), level(2, 'many-1'), level(3, 'many-2'), level(4, 'missing')];
  const { start, values, faults } = source(server.endpoint, {}, points);
  const now = Date.now();
  const minute = (n: number) => now - n * 60_000;
  for (let n = 40; n > 0; n--) await server.set('level', n, { at: minute(n) });
  await server.set('level', 0, { at: now, status: 'BadSensorFailure' });
  const { driver, stop } = start();
  await vi.waitFor(() => expect(values().length).toBeGreaterThan(3), WAIT);
  const told = faults.length;

  const batches: Raw[][] = [];
  const emit = (batch: readonly Raw[]) => {
    batches.push([...batch]);
    return Promise.resolve();
  };
  const gap = { from: minute(30.5), to: now };
  const signal = new AbortController().signal;
  const { readings } = await driver.readHistory!(gap, emit, signal);
  const own = batches.flat().filter(({ tag, value }) => tag === 1 && value !== 12.5); // which it started with
  expect(own.map(({ value }) => value).sort((a, b) => Number(a) - Number(b))).toEqual([
    ...Array.from({ length: 31 }, (_, i) => i),
  ]);
  expect(own.find(({ value }) => value === 0)?.status).toBe('bad');
  expect(readings).toBe(batches.flat().length);
  const firsts = batches.filter((batch) => batch[0]?.tag === 1).map((batch) => batch[0]!.at);
  expect(firsts).toEqual([...firsts].sort((a, b) => b - a));
  expect(firsts.length).toBeGreaterThan(1);
  expect(faults.length).toBe(told); // nodes without history are no fault
  await server.set('level', 99);
  await vi.waitFor(() => expect(last(values())).toBe(99), WAIT);
  await stop();
});

test('history in many pages is read to its end', async () => {
  await using server = await opcuaServer();
  const { start, values } = source(server.endpoint);
  const { driver, stop } = start();
  await vi.waitFor(() => expect(values()).toHaveLength(1), WAIT);
  const from = Date.now() - 600_000;
  for (let i = 0; i < 1500; i++) await server.set('level', i, { at: from + i * 100 });
  const seen: Raw[] = [];
  const emit = (batch: readonly Raw[]) => {
    seen.push(...batch);
    return Promise.resolve();
  };
  await driver.readHistory!({ from, to: from + 200_000 }, emit, new AbortController().signal);
  expect(new Set(seen.map(({ value }) => value)).size).toBe(1500);
  await stop();
});

test('history that nobody waits for any more ends at once', async () => {
  await using server = await opcuaServer();
  const { start, values } = source(server.endpoint);
  const { driver, stop } = start();
  await vi.waitFor(() => expect(values()).toHaveLength(1), WAIT);
  const over = new AbortController();
  const reading = driver.readHistory!(
    { from: Date.now() - 3_600_000, to: Date.now() },
    () => {
      over.abort();
      return Promise.resolve();
    },
    over.signal,
  );
  await expect(reading).rejects.toMatchObject({ name: 'AbortError' });
  await stop();
  await expect(
    driver.readHistory!({ from: 0, to: 1 }, () => Promise.resolve(), new AbortController().signal),
  ).rejects.toThrow('not connected');
});
