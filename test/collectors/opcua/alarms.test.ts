import { StatusCodes } from 'node-opcua-client';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { OpcuaAddress, OpcuaConfig } from '../../../collectors/opcua/config.ts';
import { opcua } from '../../../collectors/opcua/opcua.ts';
import { aPoint, aReport, collect } from '../../support/collecting.ts';
import { alarmPlant } from '../../support/opcua-alarms.ts';
import type { AlarmPlant } from '../../support/opcua-alarms.ts';
import { opcuaPlant } from '../../support/opcua-plant.ts';
import { scratchFolder } from '../../support/opcua-server.ts';
import { aRelay } from '../../support/relay.ts';

const soon = { timeout: 15_000, interval: 20 };
const signal = new AbortController().signal;
const LEVEL = 'nsu=urn:test:plant;s=tank.LevelAlarm';
let plant: AlarmPlant;
let pki: Awaited<ReturnType<typeof scratchFolder>>;

beforeAll(async () => {
  [plant, pki] = await Promise.all([alarmPlant(), scratchFolder()]);
});
afterAll(async () => {
  await plant[Symbol.asyncDispose]();
  await pki[Symbol.asyncDispose]();
});

const refusal = (why: string) => ({ state: 'refused', why: expect.stringContaining(why) as string });

/** A source that follows the alarms of a server, as often as it is asked to. */
function follow(alarms: object = {}, endpoint = plant.endpoint) {
  const config = OpcuaConfig.parse({ endpoint, publishingMs: 50, alarms });
  const points = [aPoint(7, OpcuaAddress.parse({ node: 'nsu=urn:test:plant;s=tank.Level' }))];
  const run = collect(opcua, { config, points, pkiFolder: pki.path, dataFolder: pki.path });
  onTestFinished(async () => {
    await run.stop();
    plant.setLevel(50);
    plant.trip(false);
    plant.acknowledgeThere('cleaned up');
  });
  const heard = () => run.news.flatMap(({ conditions }) => conditions);
  const newest = (key = LEVEL) => heard().findLast((one) => one.key === key);
  return {
    ...run,
    heard,
    newest,
    /** Waits until the server has told all it has, so often. */
    told: (times = 1) =>
      vi.waitFor(() => expect(run.news.filter(({ all }) => all).length).toBeGreaterThanOrEqual(times), soon),
    is: (state: string, key?: string) => vi.waitFor(() => expect(newest(key)?.state).toBe(state), soon),
    branch: () => heard().findLast(({ branchOf }) => branchOf !== null),
    acknowledge: (comment: string | null = null, key = LEVEL) =>
      run.collector.acknowledge!({ key, by: 'ada', comment }, signal),
  };
}

test('an alarm is raised, acknowledged from here and over, as its server says', async () => {
  const run = follow();
  await run.told();
  plant.setLevel(95);
  await run.is('active');
  expect(run.newest()).toMatchObject({ name: 'Level', tag: 7, severity: 150, priority: 4, why: null });
  expect(run.newest()?.message).toContain('HighHigh');
  expect(await run.acknowledge('seen')).toEqual({ state: 'accepted' });
  await run.is('acknowledged');
  expect(run.newest()?.comment).toBe('ada: seen');
  plant.setLevel(50);
  await run.is('normal');
  expect(await run.acknowledge()).toEqual(refusal('has not told of this alarm'));
  expect(run.faults).toEqual([]);
});

test('what an operator at the server does is heard, and so is a return that nobody has acknowledged', async () => {
  const run = follow();
  await run.told();
  plant.setLevel(15);
  await run.is('active');
  plant.setLevel(50);
  await vi.waitFor(() => expect(run.branch()).toMatchObject({ state: 'returned', branchOf: LEVEL }), soon);
  expect(await run.acknowledge('late', run.branch()!.key)).toEqual({ state: 'accepted' });
  await vi.waitFor(() => expect(run.branch()?.state).toBe('normal'), soon);
  plant.setLevel(85);
  await run.is('active');
  plant.acknowledgeThere('from the panel');
  await vi.waitFor(
    () =>
      expect(run.heard()).toContainEqual(
        expect.objectContaining({ key: LEVEL, state: 'acknowledged', comment: 'from the panel' }),
      ),
    soon,
  );
  plant.trip(true);
  await run.is('active', 'nsu=urn:test:plant;s=tank.PumpAlarm');
  expect(run.newest('nsu=urn:test:plant;s=tank.PumpAlarm')).toMatchObject({ name: 'Trip', tag: null });
});

test('severities become priorities, and what falls below the least one is over here', async () => {
  const run = follow({ minSeverity: 200, priority1From: 900, priority2From: 600, priority3From: 400 });
  await run.told();
  const priorityAt = async (severity: number) => {
    plant.setSeverity(severity, `at ${severity}`);
    await vi.waitFor(() => expect(run.newest()?.message).toBe(`at ${severity}`), soon);
    return run.newest();
  };
  plant.setSeverity(1000, 'at first');
  plant.setLevel(95);
  for (const [severity, priority] of [
    [900, 1],
    [899, 2],
    [600, 2],
    [400, 3],
    [200, 4],
  ] as const)
    expect(await priorityAt(severity)).toMatchObject({ severity, priority, state: 'active' });
  expect(await priorityAt(199)).toMatchObject({
    ...{ state: 'normal', why: 'Its severity fell below the least that is taken over.' },
  });
});

test('an alarm that is disabled at the server is over, and says why', async () => {
  const run = follow();
  await run.told();
  plant.setLevel(95);
  await run.is('active');
  plant.setEnabled(false);
  await run.is('normal');
  expect(run.newest()?.why).toContain('disabled');
  plant.setEnabled(true);
});

test('an overflow of events, and a server that asks for it, has all alarms told again', async () => {
  const run = follow();
  await run.told();
  plant.setLevel(95);
  await run.is('active');
  plant.overflow();
  await run.told(2);
  const last = run.news.findLast(({ all }) => all);
  expect(last?.conditions.map(({ key, state }) => [key, state])).toEqual([[LEVEL, 'active']]);
});

test('what ended and what began while the line was cut is told when it is back', async () => {
  const relay = await aRelay('127.0.0.1', Number(new URL(plant.endpoint.replace('opc.tcp', 'http')).port));
  onTestFinished(() => relay[Symbol.asyncDispose]());
  const endpoint = `opc.tcp://127.0.0.1:${relay.port}`;
  const run = follow({}, endpoint);
  await run.told();
  plant.setLevel(95);
  await run.is('active');
  await relay.cut();
  expect(await run.ended).toBeInstanceOf(Error);
  await expect(run.acknowledge()).rejects.toThrow('not connected');
  plant.acknowledgeThere('alone');
  plant.setLevel(50);
  plant.trip(true);
  await relay.restore();

  const next = follow({}, endpoint);
  await next.told();
  const all = next.news.find((news) => news.all);
  expect(all?.conditions.map(({ name, state }) => [name, state])).toContainEqual(['Trip', 'active']);
  expect(all?.conditions.filter(({ key, state }) => key === LEVEL && state !== 'normal')).toEqual([]);
});

test('a server that was killed and started again tells what it has now, and it is acknowledged there', async () => {
  const first = await alarmPlant();
  const port = Number(new URL(first.endpoint.replace('opc.tcp', 'http')).port);
  const run = follow({}, first.endpoint);
  await run.told();
  first.setLevel(95);
  await run.is('active');
  await first[Symbol.asyncDispose]();
  expect(await run.ended).toBeInstanceOf(Error);
  await using second = await alarmPlant({ port });
  const next = follow({}, second.endpoint);
  await next.told();
  expect(next.news.find(({ all }) => all)?.conditions).toEqual([]);
  second.setLevel(5);
  await next.is('active');
  expect(await next.acknowledge('again')).toEqual({ state: 'accepted' });
  await next.is('acknowledged');
  await next.stop();
});

test('a server without alarms and conditions is told as a fault with its remedy, and its readings come in', async () => {
  await using bare = await opcuaPlant();
  const config = OpcuaConfig.parse({
    endpoint: bare.endpoint,
    publishingMs: 50,
    alarms: { notifiers: ['i=2253', 'ns=1;s=nobody', 'nsu=urn:nobody;s=x'] },
  });
  const points = [aPoint(7, OpcuaAddress.parse({ node: 'nsu=urn:test:plant;s=pump.Speed' }))];
  const run = collect(opcua, { config, points, pkiFolder: pki.path, dataFolder: pki.path });
  await vi.waitFor(() => expect(run.of(7).length).toBeGreaterThan(0), soon);
  await vi.waitFor(() => expect(run.faults).toHaveLength(3), soon);
  const said = run.faults.map(({ what }) => what).join('\n');
  expect(said).toContain('no events of ns=1;s=nobody (BadNodeIdUnknown)');
  expect(said).toContain('no events of nsu=urn:nobody;s=x (the server has no such namespace)');
  expect(said).toContain('ConditionRefresh');
  expect(run.faults[0]?.remedy).toContain('alarms.notifiers');
  expect(run.news.every(({ all }) => !all)).toBe(true);
  expect(await run.stop()).toBeUndefined();
});

test('an acknowledgement that was sent and not answered is neither accepted nor refused', async () => {
  const patience = new AbortController();
  const run = follow();
  await run.told();
  plant.setLevel(95);
  await run.is('active');
  plant.duringAcknowledge(() => patience.abort());
  onTestFinished(() => plant.refuse(undefined));
  const order = { key: LEVEL, by: 'ada', comment: null };
  expect(await run.collector.acknowledge!(order, patience.signal)).toMatchObject({ state: 'unknown' });
});

test('a refusal of the server says what to do, and changes nothing here', async () => {
  await using stubborn = await alarmPlant();
  const run = follow({}, stubborn.endpoint);
  await run.told();
  stubborn.setLevel(95);
  await run.is('active');
  for (const [status, remedy] of [
    [StatusCodes.BadConditionBranchAlreadyAcked, 'Somebody at the server was quicker'],
    [StatusCodes.BadEventIdUnknown, 'Look at the list again'],
    [StatusCodes.BadUserAccessDenied, 'Give that user the right at the server'],
    [StatusCodes.BadMethodInvalid, 'Acknowledge it at the device itself'],
    [StatusCodes.BadOutOfMemory, 'BadOutOfMemory'],
  ] as const) {
    stubborn.refuse(status);
    expect(await run.acknowledge()).toEqual(refusal(remedy));
  }
  expect(run.newest()?.state).toBe('active');
  await run.told(2); // what the server knows better is asked for
  await run.stop();
});

test('a dry run says whether a server has alarms to take over', async () => {
  const at = (alarms: object) => {
    const config = OpcuaConfig.parse({ endpoint: plant.endpoint, alarms });
    const plan = { config, points: [], pkiFolder: pki.path, dataFolder: pki.path };
    return opcua.open(plan, aReport().report).test!(signal);
  };
  expect((await at({})).at(-1)).toMatchObject({ what: 'Look for its alarms', ok: true });
  const notifiers = ['i=2253', 'nsu=urn:test:plant;s=tank.Level', 'ns=1;s=nobody'];
  const last = (await at({ notifiers })).at(-1);
  expect(last).toMatchObject({ ok: false });
  expect(last?.detail).toContain('s=tank.Level (BadAttributeIdInvalid), ns=1;s=nobody (BadNodeIdUnknown)');
  expect(last?.remedy).toContain('alarms.notifiers');
});
