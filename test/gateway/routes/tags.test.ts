import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { TagImport } from '../../../gateway/api/tags.ts';
import { createCurrent } from '../../../gateway/current.ts';
import type { Current } from '../../../gateway/current.ts';
import { PlantModel } from '../../../gateway/plant/model.ts';
import { plantModel } from '../../../gateway/routes/plant-model.ts';
import { sourceSettings } from '../../../gateway/routes/source-settings.ts';
import { tagRoutes } from '../../../gateway/routes/tags.ts';
import { createArrivals } from '../../../gateway/runtime/arrivals.ts';
import { createLedger } from '../../../gateway/store/ledger.ts';
import { selectPlant, upsertPlant } from '../../../gateway/store/plant.ts';
import { selectAudit } from '../../../platform/access/store/audit.ts';
import type { Database } from '../../../platform/database/db.ts';
import type { Web } from '../../../platform/web/web.ts';
import { noOutbox } from '../../../sync/edge/store/outbox.ts';
import { aDatabase } from '../../support/database.ts';
import { gatewayMigrations } from '../../support/models.ts';
import { aPlantFile } from '../../support/plant.ts';
import { aWeb, silent } from '../../support/web.ts';

let db: Database;
let web: Web;
let current: Current;
let folder: string;

const start = () =>
  createCurrent({
    ...{ dataFolder: folder, findSecret: () => undefined, log: silent, publish: () => undefined },
    ...{ hold: () => Promise.resolve(), save: () => Promise.resolve(), observe: () => undefined },
    ...{ ledger: createLedger(), arrivals: createArrivals() },
  });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'penstock-tags-'));
  db = await aDatabase({ migrations: gatewayMigrations });
  const { sources, ...rest } = aPlantFile();
  const idle = sources.map((source) => ({ ...source, enabled: false }));
  await upsertPlant(db, PlantModel.parse({ ...rest, sources: idle }));
  current = start();
  await current.replace({ plant: (await selectPlant(db))!, openAlarms: [] });
  web = await aWeb({
    routes: [
      ...tagRoutes(db, current, noOutbox, ['fast']),
      ...sourceSettings(db, current),
      ...plantModel(db, current, noOutbox, ['fast']),
    ],
  });
});
afterAll(async () => {
  await web[Symbol.asyncDispose]();
  await current[Symbol.asyncDispose]();
  await db[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

type Body = Record<string, unknown>;
async function ask(method: string, path: string, body?: unknown, role = 'engineer') {
  const answer = await fetch(`${web.address}/api/v1/${path}`, {
    method,
    headers: { authorization: `Bearer ${role}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await answer.text();
  const json = answer.headers.get('content-type')?.includes('json') === true;
  return { status: answer.status, text, body: (json ? JSON.parse(text) : {}) as Body };
}
const tags = () => current.operation().plant.tags;
const tagOf = (name: string) => tags().find((tag) => tag.name === name)!;
const audited = async () =>
  (await selectAudit(db, { limit: 100, offset: 0 })).items.map(({ action }) => action);
const aTag = (name: string, register: number) => ({
  ...{ name, area: 'Reactor', source: 'plc' },
  address: { register, type: 'int16' },
});

test('one tag is shown and changed as plant.yaml has it, at once and on record', async () => {
  const path = `tags/${tagOf('TI-1').id}/settings`;
  const { body } = await ask('GET', path);
  expect(body).toMatchObject({ name: 'TI-1', range: [0, 200], alarms: [{ kind: 'high', limit: 80 }] });
  const answer = await ask('PUT', path, { ...body, range: [0, 300], description: 'Reactor' });
  expect(answer).toMatchObject({ status: 200, body: { range: [0, 300], description: 'Reactor' } });
  expect(tagOf('TI-1')).toMatchObject({ range: [0, 300], description: 'Reactor' });
  expect((await selectPlant(db))?.tags.find(({ name }) => name === 'TI-1')?.range).toEqual([0, 300]);
  expect(await audited()).toContain('change a tag');
});

test('what a tag cannot be is refused with its name, field and remedy, and nothing changes', async () => {
  const path = `tags/${tagOf('TI-1').id}/settings`;
  const { body } = await ask('GET', path);
  const before = tagOf('TI-1');
  const bad = await ask('PUT', path, { ...body, range: [9, 1], area: 'Nowhere' });
  expect(bad).toMatchObject({
    status: 422,
    body: { faults: [{ field: 'TI-1.range' }, { field: 'TI-1.area' }] },
  });
  expect(await ask('PUT', path, { ...body, name: 'TI-9' })).toMatchObject({ status: 422 });
  expect(await ask('PUT', 'tags/9999/settings', body)).toMatchObject({ status: 404 });
  expect((await ask('PUT', path, body, 'operator')).status).toBe(403);
  expect(tagOf('TI-1')).toEqual(before);
});

test('changes that come at the same time are all kept', async () => {
  const both = await Promise.all(
    ['TI-1', 'PI-2'].map(async (name) => {
      const path = `tags/${tagOf(name).id}/settings`;
      return { path, body: (await ask('GET', path)).body };
    }),
  );
  await Promise.all(both.map(({ path, body }) => ask('PUT', path, { ...body, description: 'both' })));
  expect(tags().filter(({ description }) => description === 'both')).toHaveLength(2);
});

test('a source, a tag and the model that are changed at the same time are all kept, and what runs is what is stored', async () => {
  const path = `tags/${tagOf('TI-1').id}/settings`;
  const { body } = await ask('GET', path);
  for (let pollMs = 2001; pollMs <= 2005; pollMs++) {
    const config = { host: '127.0.0.1', port: 5020, pollMs };
    const name = `Area ${pollMs}`;
    const answers = await Promise.all([
      ask('PUT', 'sources/plc/settings', { protocol: 'modbus', config, enabled: false }),
      ask('PUT', path, { ...body, description: name }),
      ask('PUT', 'plant', `{ site: { name: Test works }, areas: [{ name: ${name} }] }`),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([204, 200, 200]);
    const { plant } = current.operation();
    expect(plant.sources).toMatchObject([{ config: { pollMs } }]);
    expect(tagOf('TI-1').description).toBe(name);
    expect(plant.areas.map((area) => area.name)).toContain(name);
    expect(plant).toEqual(await selectPlant(db));
  }
});

test('nothing is changed while no plant is known yet', async () => {
  await using unknown = start();
  const work = vi.fn<Parameters<Current['change']>[1]>();
  await expect(unknown.change(db, work)).rejects.toThrow('No plant is known yet');
  expect(work).not.toHaveBeenCalled();
});

test('tags that were found by browsing are added, all or none', async () => {
  expect(await ask('POST', 'tags', [aTag('LI-3', 4), aTag('LI-4', 6)])).toMatchObject({ body: { added: 2 } });
  const twice = await ask('POST', 'tags', [aTag('LI-5', 8), aTag('LI-3', 10)]);
  expect(twice).toMatchObject({ status: 422, body: { faults: [{ field: 'LI-3.name' }] } });
  expect(tags().map(({ name }) => name)).toEqual(['TI-1', 'PI-2', 'LI-3', 'LI-4']);
  expect(await audited()).toContain('add tags');
});

test('the table goes out, is previewed with its changes, and comes in', async () => {
  const { text } = await ask('GET', 'tags.csv');
  expect(text).toContain('TI-1');
  const csv =
    'name,area,source,address,unit\nPI-2,Reactor,plc,,bar\nLI-6,Reactor,plc,"{""register"":12,""type"":""int16""}",m\n';
  const wrong = TagImport.parse((await ask('POST', 'tags/import?preview=true', csv)).body);
  expect(wrong.faults).toMatchObject([{ row: 2, column: 'address' }]);
  const right = csv.replace(
    'PI-2,Reactor,plc,,',
    'PI-2,Reactor,plc,"{""register"":2,""type"":""float32""}",',
  );
  const preview = TagImport.parse((await ask('POST', 'tags/import?preview=true', right)).body);
  expect(preview).toMatchObject({ imported: false, added: ['LI-6'], changed: [{ columns: ['unit'] }] });
  expect(tagOf('PI-2').unit).toBe('kPa');
  const done = TagImport.parse((await ask('POST', 'tags/import', right)).body);
  expect(done).toMatchObject({ imported: true, added: ['LI-6'], faults: [] });
  expect(tagOf('PI-2').unit).toBe('bar');
  expect(tagOf('LI-6')).toMatchObject({ unit: 'm' });
  expect(await audited()).toContain('import tags');
});

test('a table that is no UTF-8 is refused with what to save it as', async () => {
  const answer = await fetch(`${web.address}/api/v1/tags/import`, {
    method: 'POST',
    headers: { authorization: 'Bearer engineer', 'content-type': 'text/csv' },
    body: Uint8Array.of(0x6e, 0xb0, 0x0a),
  });
  expect(answer.status).toBe(400);
  expect(await answer.text()).toContain('CSV UTF-8');
});

test('the schema that a form needs names the settings', async () => {
  const { body } = await ask('GET', 'tags.schema.json');
  expect(Object.keys(body['properties'] as object)).toEqual(
    expect.arrayContaining(['alarms', 'thin', 'write']),
  );
});

test('a class of retention that the configuration does not have is refused, whichever way it comes', async () => {
  const [first] = tags();
  const remedy = expect.stringContaining("'fats' is no class of retention.classes") as unknown;
  const settings = await ask('GET', `tags/${first!.id}/settings`);
  const named = (retention: string) => ({ ...settings.body, retention });
  const changed = await ask('PUT', `tags/${first!.id}/settings`, named('fats'));
  expect(changed).toMatchObject({
    status: 422,
    body: { faults: [{ field: `${first!.name}.retention`, remedy }] },
  });
  const added = await ask('POST', 'tags', [{ ...named('fats'), name: 'TI-99' }]);
  expect(added).toMatchObject({ status: 422, body: { faults: [{ field: 'TI-99.retention', remedy }] } });
  const table = await ask('POST', 'tags/import?preview=true', `name,retention\n${first!.name},fats\n`);
  expect(table.body).toMatchObject({
    imported: false,
    faults: [{ row: 2, column: 'retention', value: 'fats', message: remedy }],
  });
  const plant = await ask('GET', 'plant');
  const name = `- name: ${first!.name}\n`;
  const whole = await ask('PUT', 'plant', plant.text.replace(name, `${name}    retention: fats\n`));
  expect(whole).toMatchObject({ status: 400 });
  expect(whole.text).toContain("tags.0.retention: 'fats' is no class");
  expect((await ask('PUT', `tags/${first!.id}/settings`, named('fast'))).status).toBe(200);
});
