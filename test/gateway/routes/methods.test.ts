import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { CallResult, PreparedCall } from '../../../gateway/api/methods.ts';
import { turnsOfSources } from '../../../gateway/commands/turns.ts';
import { createCurrent } from '../../../gateway/current.ts';
import type { Current } from '../../../gateway/current.ts';
import { PlantModel } from '../../../gateway/plant/model.ts';
import { methodRoutes } from '../../../gateway/routes/methods.ts';
import { Unable } from '../../../gateway/runtime/ask.ts';
import { createArrivals } from '../../../gateway/runtime/arrivals.ts';
import type { LiveSource } from '../../../gateway/sources.ts';
import { createLedger } from '../../../gateway/store/ledger.ts';
import { selectPlant, upsertPlant } from '../../../gateway/store/plant.ts';
import { selectAudit } from '../../../platform/access/store/audit.ts';
import type { Database } from '../../../platform/database/db.ts';
import { ThreadEnded } from '../../../platform/thread.ts';
import type { Web } from '../../../platform/web/web.ts';
import { withSwitch } from '../../support/access.ts';
import { aDatabase } from '../../support/database.ts';
import { gatewayMigrations } from '../../support/models.ts';
import { opcuaPlant } from '../../support/opcua-plant.ts';
import type { OpcuaPlant } from '../../support/opcua-plant.ts';
import { aWeb, silent } from '../../support/web.ts';

let db: Database;
let web: Web;
let current: Current;
let plant: OpcuaPlant;
let folder: string;
let switched: Database;
let power: { on: boolean };
const turnOf = turnsOfSources();
/** Answers in the place of the plant, where one is set. */
let device: LiveSource['invoke'] | undefined;
beforeEach(() => {
  device = undefined;
});

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'penstock-methods-'));
  plant = await opcuaPlant();
  db = await aDatabase({ migrations: gatewayMigrations });
  const model = {
    site: { name: 'Works' },
    areas: [{ name: 'Hall' }],
    sources: [
      { name: 'pump', protocol: 'opcua', config: { endpoint: plant.endpoint, history: false } },
      { name: 'none', protocol: 'modbus', config: { host: '127.0.0.1', port: 9 }, enabled: false },
    ],
    tags: [
      { name: 'Speed', area: 'Hall', source: 'pump', address: { node: 'nsu=urn:test:plant;s=pump.Speed' } },
    ],
  };
  await upsertPlant(db, PlantModel.parse(model));
  current = createCurrent({
    ...{ dataFolder: folder, findSecret: () => undefined, log: silent, publish: () => undefined },
    ...{ hold: () => Promise.resolve(), save: () => Promise.resolve(), observe: () => undefined },
    ...{ ledger: createLedger(), arrivals: createArrivals() },
  });
  await current.replace({ plant: (await selectPlant(db))!, openAlarms: [] });
  ({ db: switched, power } = withSwitch(db));
  const source = (name: string) => {
    const live = current.operation().source(name);
    const invoke: LiveSource['invoke'] = (order) => device?.(order) ?? live.invoke(order);
    return { source: live.source, invoke };
  };
  web = await aWeb({ routes: methodRoutes({ db: switched, source, turnOf, log: silent }) });
  const state = () => current.operation().source('pump').view().state;
  await vi.waitFor(() => expect(state()).toBe('connected'), 40_000);
}, 60_000);
afterAll(async () => {
  await web[Symbol.asyncDispose]();
  await current[Symbol.asyncDispose]();
  await db[Symbol.asyncDispose]();
  await plant[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

async function post(path: string, body: unknown, role = 'engineer') {
  const answer = await fetch(`${web.address}/api/v1/sources/${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${role}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: answer.status, body: await answer.json() };
}
const start = (inputs: unknown[]) => ({
  ...{ object: 'nsu=urn:test:plant;s=pump', method: 'nsu=urn:test:plant;s=pump.Start' },
  inputs,
});
async function prepare(inputs: unknown[]) {
  const { status, body } = await post('pump/calls', start(inputs));
  expect(status).toBe(201);
  return PreparedCall.parse(body).token;
}
const audited = async () =>
  (await selectAudit(db, { limit: 100, offset: 0 })).items.map(
    ({ action, result }) => `${action}: ${result}`,
  );

test('a method is called after its confirmation, once, and both steps are on record', async () => {
  const before = plant.calls.length;
  const token = await prepare([1200, 5]);
  expect(plant.calls).toHaveLength(before);
  const { status, body } = await post('pump/calls/confirm', { token });
  expect(status).toBe(200);
  expect(CallResult.parse(body).outputs[0]).toBe(true);
  expect(plant.calls).toHaveLength(before + 1);
  expect((await post('pump/calls/confirm', { token })).status).toBe(409);
  expect(plant.calls).toHaveLength(before + 1);
  expect(await audited()).toEqual(
    expect.arrayContaining([
      'prepare a method call: done',
      'call a method: done',
      'a method has answered: done',
    ]),
  );
});

test('what the device refuses is told with its reason, and on record', async () => {
  const token = await prepare([9000, 1]);
  const refused = await post('pump/calls/confirm', { token });
  expect(refused).toMatchObject({
    status: 502,
    body: { detail: expect.stringContaining('BadOutOfRange') as string },
  });
  expect(await audited()).toContain('a method has answered: refused');
});

test('nobody else confirms a call, and no operator prepares one', async () => {
  const token = await prepare([1200, 5]);
  expect((await post('pump/calls/confirm', { token }, 'administrator')).status).toBe(409);
  expect((await post('none/calls/confirm', { token })).status).toBe(409);
  expect((await post('pump/calls', start([1, 1]), 'operator')).status).toBe(403);
  expect((await post('nowhere/calls', start([1, 1]))).status).toBe(404);
});

test('a method that was called is told so though it cannot be recorded yet, and is on record later', async () => {
  device = () => {
    power.on = false;
    setTimeout(() => (power.on = true), 50);
    return Promise.resolve({ state: 'done', outputs: ['away'] });
  };
  const token = await prepare([1200, 5]);
  const answer = await post('pump/calls/confirm', { token });
  expect(answer).toEqual({ status: 200, body: { outputs: ['away'] } });
  const newest = async () => (await selectAudit(db, { limit: 1, offset: 0 })).items[0];
  await vi.waitFor(
    async () =>
      expect(await newest()).toMatchObject({
        ...{ action: 'a method has answered', result: 'done', new: { outputs: ['away'] } },
      }),
    5_000,
  );
});

test('while nothing can be recorded no method is called', async () => {
  const invoke = vi.fn<LiveSource['invoke']>();
  device = invoke;
  const token = await prepare([1200, 5]);
  power.on = false;
  expect((await post('pump/calls/confirm', { token })).status).toBe(503);
  power.on = true;
  expect(invoke).not.toHaveBeenCalled();
});

test.each([
  ['a device that does not answer', () => Promise.reject(new Unable('no answer', 'Nothing within 15 s.'))],
  ['a driver that ends meanwhile', () => Promise.reject(new ThreadEnded('The thread ended.'))],
  ['a link that is lost meanwhile', () => Promise.resolve({ state: 'unknown' as const, why: 'cut' })],
])('%s: nobody is told that the method was, or was not, carried out', async (_, behaviour) => {
  device = behaviour;
  const token = await prepare([1200, 5]);
  const { status, body } = await post('pump/calls/confirm', { token });
  expect(status).toBe(504);
  expect(body).toMatchObject({ detail: expect.stringContaining('not known whether') as string });
  expect((await audited())[0]).toBe('a method may have been called: done');
});

test('a source that is busy with a command is not asked for a method meanwhile', async () => {
  let called = 0;
  device = () => {
    called++;
    return Promise.resolve({ state: 'done', outputs: [] });
  };
  let over: () => void = () => undefined;
  const command = () => new Promise<void>((resolve) => (over = resolve));
  const busy = turnOf(current.operation().source('pump').source.id)(command);
  const token = await prepare([1200, 5]);
  const answer = post('pump/calls/confirm', { token });
  // Another source is not waited for: its answer comes after ours had its chance.
  const other = await post('none/calls', start([1, 1]));
  await post('none/calls/confirm', { token: PreparedCall.parse(other.body).token });
  expect(called).toBe(1);
  over();
  await busy;
  expect((await answer).status).toBe(200);
  expect(called).toBe(2);
});
