import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { ProtocolView, SourceSettings, TestResult } from '../../../gateway/api/sources.ts';
import { SourceView } from '../../../gateway/api/plant.ts';
import { createCurrent } from '../../../gateway/current.ts';
import type { Current } from '../../../gateway/current.ts';
import { PlantModel } from '../../../gateway/plant/model.ts';
import { protocolRoutes } from '../../../gateway/routes/protocols.ts';
import { secrets } from '../../../gateway/routes/secrets.ts';
import { sourceSettings } from '../../../gateway/routes/source-settings.ts';
import { sourceTest } from '../../../gateway/routes/source-test.ts';
import { sources } from '../../../gateway/routes/sources.ts';
import type { LinkEvent } from '../../../gateway/runtime/status.ts';
import { createArrivals } from '../../../gateway/runtime/arrivals.ts';
import { createLedger } from '../../../gateway/store/ledger.ts';
import { selectPlant, upsertPlant } from '../../../gateway/store/plant.ts';
import type { Reading } from '../../../history/reading.ts';
import { selectAudit } from '../../../platform/access/store/audit.ts';
import { findSecret } from '../../../platform/config.ts';
import { ProblemBody } from '../../../platform/api/problem.ts';
import type { Database } from '../../../platform/database/db.ts';
import type { Web } from '../../../platform/web/web.ts';
import { aDatabase } from '../../support/database.ts';
import { modbusDevice } from '../../support/modbus-device.ts';
import { gatewayMigrations } from '../../support/models.ts';
import { aWeb, silent } from '../../support/web.ts';

let db: Database;
let web: Web;
let current: Current;
let device: Awaited<ReturnType<typeof modbusDevice>>;
let folder: string;
const stored: Reading[] = [];
const events: (LinkEvent & { source: string })[] = [];

const polling = () => ({ host: '127.0.0.1', port: device.port, pollMs: 100, timeoutMs: 2000 });
const aTag = (name: string, source: string, register: number) => ({
  ...{ name, area: 'Hall', source, expectedMs: 100, spike: false },
  address: { register, type: 'uint16' },
});

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'penstock-sources-'));
  device = await modbusDevice({ holding: new Map([[4, 42]]) });
  db = await aDatabase({ migrations: gatewayMigrations });
  const model = {
    site: { name: 'Works' },
    areas: [{ name: 'Hall' }],
    sources: [
      { name: 'press', protocol: 'modbus', config: polling() },
      { name: 'oven', protocol: 'modbus', config: polling() },
    ],
    tags: [aTag('P-1', 'press', 4), aTag('O-1', 'oven', 4)],
  };
  await upsertPlant(db, PlantModel.parse(model));
  const keeper = { dataFolder: folder, findSecret: (name: string) => findSecret(name, folder, {}) };
  current = createCurrent({
    ...{ ...keeper, log: silent, publish: () => undefined, hold: () => Promise.resolve() },
    ...{ ledger: createLedger(), arrivals: createArrivals() },
    save: (readings) => {
      stored.push(...readings);
      return Promise.resolve();
    },
    observe: ({ name: source }, event) => void events.push({ ...event, source }),
  });
  await current.replace({ plant: (await selectPlant(db))!, openAlarms: [] });
  web = await aWeb({
    routes: [
      ...protocolRoutes(),
      ...sources(db, current.operation),
      ...sourceSettings(db, current),
      ...sourceTest(db, keeper, silent),
      ...secrets(db, current.operation, keeper),
    ],
  });
});
afterAll(async () => {
  await web[Symbol.asyncDispose]();
  await current[Symbol.asyncDispose]();
  await db[Symbol.asyncDispose]();
  await device[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

async function ask(method: string, path: string, body?: unknown, role = 'engineer') {
  const answer = await fetch(`${web.address}/api/v1/${path}`, {
    method,
    headers: { authorization: `Bearer ${role}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, body: text === '' ? undefined : (JSON.parse(text) as unknown) };
}
const settings = (name: string) => `sources/${name}/settings`;
const view = (name: string) => current.operation().source(name).view();
const oven = () => events.filter((event) => event.source === 'oven');
const audited = async () =>
  (await selectAudit(db, { limit: 100, offset: 0 })).items.map(({ action }) => action);

test('the protocols come with the JSON Schemas that a form needs', async () => {
  const { body } = await ask('GET', 'protocols', undefined, 'viewer');
  const all = ProtocolView.array().parse(body);
  const modbus = all.find(({ name }) => name === 'modbus');
  expect(all.map(({ name }) => name)).toEqual(expect.arrayContaining(['opcua', 'modbus', 'mqtt']));
  expect(JSON.stringify(modbus?.config)).toContain('"pollMs"');
  expect(JSON.stringify(modbus?.address)).toContain('"register"');
});

test('a source is stopped, started and set up anew while the other one loses no reading', async () => {
  await vi.waitFor(() => expect(view('oven').state).toBe('connected'), 15_000);
  await vi.waitFor(() => expect(view('press').state).toBe('connected'), 15_000);
  const connectedSince = view('oven').since;

  expect(await ask('POST', 'sources/press/stop')).toMatchObject({ status: 204 });
  expect(view('press')).toMatchObject({ state: 'disabled', enabled: false });
  expect((await selectPlant(db))?.sources.find(({ name }) => name === 'press')?.enabled).toBe(false);
  expect((await ask('GET', 'sources/press/browse')).status).toBe(409);

  await ask('POST', 'sources/press/start');
  await vi.waitFor(() => expect(view('press').state).toBe('connected'), 15_000);
  await ask('POST', 'sources/press/restart');
  await vi.waitFor(() => expect(view('press').state).toBe('connected'), 15_000);
  const changed = { protocol: 'modbus', config: { ...polling(), pollMs: 200 }, enabled: true };
  expect(await ask('PUT', settings('press'), changed)).toMatchObject({ status: 204 });
  expect(SourceSettings.parse((await ask('GET', settings('press'))).body)).toEqual(changed);
  await vi.waitFor(() => expect(view('press').state).toBe('connected'), 15_000);

  const id = current.operation().plant.tags.find(({ name }) => name === 'O-1')!.id;
  const collected = () => stored.filter(({ tag }) => tag === id).length;
  const before = collected();
  await vi.waitFor(() => expect(collected()).toBeGreaterThan(before + 2), 10_000);
  expect(view('oven').collected).toBe(collected());
  expect(oven().filter(({ type }) => type !== 'contact')).toEqual([]);
  expect(view('oven').since).toBe(connectedSince);
  expect(await audited()).toEqual(
    expect.arrayContaining(['stop a source', 'start a source', 'restart a source', 'change a source']),
  );
});

test('a new source collects at once, and one without tags can be deleted', async () => {
  const created = { protocol: 'modbus', config: polling(), enabled: true };
  expect(await ask('PUT', settings('new%20one'), created)).toMatchObject({ status: 204 });
  const { body } = await ask('GET', 'sources');
  const listed = SourceView.array().parse((body as { items: unknown }).items);
  expect(listed.map(({ name }) => name)).toEqual(['press', 'oven', 'new one']);
  expect(await ask('DELETE', 'sources/new%20one')).toMatchObject({ status: 204 });
  const refusal = await ask('DELETE', 'sources/press');
  expect(refusal.status).toBe(409);
  expect(ProblemBody.parse(refusal.body).detail).toContain('P-1');
  expect((await ask('DELETE', 'sources/nobody')).status).toBe(404);
});

test('settings with faults change nothing, and each fault has its place', async () => {
  const wrong = { protocol: 'modbus', config: { ...polling(), port: -1, colour: 'red' }, enabled: true };
  const { status, body } = await ask('PUT', settings('press'), wrong);
  expect(status).toBe(400);
  const fields = ProblemBody.parse(body).faults?.map(({ field }) => field);
  expect(fields).toEqual(expect.arrayContaining(['body.config.port', 'body.config.colour']));
  const other = { protocol: 'opcua', config: { endpoint: 'opc.tcp://127.0.0.1:1' }, enabled: true };
  const tags = ProblemBody.parse((await ask('PUT', settings('press'), other)).body).faults;
  expect(tags?.some(({ field }) => field.startsWith('tags.P-1.address'))).toBe(true);
  const open = {
    protocol: 'opcua',
    config: { endpoint: 'opc.tcp://h:1', user: { name: 'u', password: 'p' } },
    enabled: true,
  };
  expect(JSON.stringify((await ask('PUT', settings('fresh'), open)).body)).toContain('secret');
  expect((await ask('PUT', settings('press'), wrong, 'operator')).status).toBe(403);
});

test('a secret is kept for the gateway alone, and never told', async () => {
  expect(await ask('PUT', 'secrets/press-password', { value: 'open sesame' })).toMatchObject({ status: 204 });
  const file = join(folder, 'secrets', 'press-password');
  expect(await readFile(file, 'utf8')).toBe('open sesame');
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  const trail = JSON.stringify(await selectAudit(db, { limit: 100, offset: 0 }));
  expect(trail).toContain('press-password');
  expect(trail).not.toContain('open sesame');
  expect((await ask('PUT', 'secrets/..%2Fpasswd', { value: 'x' })).status).toBe(400);
});

test('a dry run says what is wrong, and saves nothing', async () => {
  const order = { protocol: 'modbus', config: { ...polling(), port: 1 } };
  const { status, body } = await ask('POST', 'sources/test', order);
  expect(status).toBe(200);
  const result = TestResult.parse(body);
  expect(result.ok).toBe(false);
  expect(result.steps.at(-1)).toMatchObject({ ok: false, remedy: expect.any(String) as string });
  const faulty = await ask('POST', 'sources/test', { protocol: 'modbus', config: { port: 'x' } });
  expect(faulty.status).toBe(400);
  const client = {
    url: 'mqtt://127.0.0.1:1',
    clientId: 'works',
    password: { secret: 'nowhere-to-be-found' },
  };
  const secret = await ask('POST', 'sources/test', { protocol: 'mqtt', config: { client } });
  expect(secret.status).toBe(400);
  expect(ProblemBody.parse(secret.body).detail).toContain('nowhere-to-be-found');
});

test('a secret is not tried where it would be shown, and a dry run leaves it on no record', async () => {
  const secrets = { key: 'open sesame' };
  const stray = { protocol: 'modbus', config: { ...polling(), host: { secret: 'key' } }, secrets };
  const refused = await ask('POST', 'sources/test', stray);
  expect(refused.status).toBe(400);
  expect(ProblemBody.parse(refused.body).faults?.[0]?.field).toBe('body.config.host');
  const url = 'http://127.0.0.1:1/plant';
  const config = { url, requests: { now: { query: { appid: { secret: 'key' } } } } };
  const { status, body } = await ask('POST', 'sources/test', { protocol: 'http', config, secrets });
  expect(status).toBe(200);
  const { items } = await selectAudit(db, { limit: 100, offset: 0 });
  expect(items[0]).toMatchObject({ action: 'test a source', subject: url });
  expect(JSON.stringify([refused.body, body, items])).not.toContain('sesame');
});
