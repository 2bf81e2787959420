import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { OpcuaAddress, OpcuaConfig } from '../../../collectors/opcua/config.ts';
import { opcua } from '../../../collectors/opcua/opcua.ts';
import { aPoint, collect } from '../../support/collecting.ts';
import { alarmPlant } from '../../support/opcua-alarms.ts';
import type { AlarmPlant } from '../../support/opcua-alarms.ts';
import { scratchFolder } from '../../support/opcua-server.ts';

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

/** A source that follows the alarms of a server, as often as it is asked to. */
function follow(alarms: object = {}, endpoint = plant.endpoint) {
  const config = OpcuaConfig.parse({ endpoint, publishingMs: 50, alarms });
  const points = [aPoint(7, OpcuaAddress.parse({ node: 'nsu=urn:test:plant;s=tank.Level' }))];
  const run = collect(opcua, { config, points, pkiFolder: pki.path, dataFolder: pki.path });
  onTestFinished(async () => {
    await run.stop();
    plant.setLevel(50);
    plant.trip(false);
  });
  const newest = (key = LEVEL) =>
    run.news.flatMap(({ conditions }) => conditions).findLast((one) => one.key === key);
  return {
    ...run,
    newest,
    /** Waits until the server has told all it has, so often. */
    told: (times = 1) =>
      vi.waitFor(() => expect(run.news.filter(({ all }) => all).length).toBeGreaterThanOrEqual(times), soon),
    is: (state: string, key?: string) => vi.waitFor(() => expect(newest(key)?.state).toBe(state), soon),
    acknowledge: (comment: string | null = null) =>
      run.collector.acknowledge!({ key: LEVEL, by: 'ada', comment }, signal),
  };
}

test('an alarm is raised, acknowledged from here and over, as its server says', async () => {
  const run = follow();
  await run.told();
  plant.setLevel(95);
  await run.is('active');
  expect(run.newest()).toMatchObject({ name: 'Level', tag: 7, severity: 150, priority: 4, why: null });
  expect(run.newest()?.message).toContain('HighHigh');
  expect(await run.acknowledge('seen')).toBeNull();
  await run.is('acknowledged');
  expect(run.newest()?.comment).toBe('ada: seen');
  plant.setLevel(50);
  await run.is('normal');
  expect(await run.acknowledge()).toContain('has not told of this alarm');
  expect(run.faults).toEqual([]);
});
