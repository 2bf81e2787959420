import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { CallResult, PreparedCall } from '../../../gateway/api/methods.ts';
import { createCurrent } from '../../../gateway/current.ts';
import type { Current } from '../../../gateway/current.ts';
import { PlantModel } from '../../../gateway/plant/model.ts';
import { methodRoutes } from '../../../gateway/routes/methods.ts';
import { createArrivals } from '../../../gateway/runtime/arrivals.ts';
import { createLedger } from '../../../gateway/store/ledger.ts';
import { selectPlant, upsertPlant } from '../../../gateway/store/plant.ts';
import { selectAudit } from '../../../platform/access/store/audit.ts';
import type { Database } from '../../../platform/database/db.ts';
import type { Web } from '../../../platform/web/web.ts';
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
  web = await aWeb({ routes: methodRoutes(db, current.operation) });
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
