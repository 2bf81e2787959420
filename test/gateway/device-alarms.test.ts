import { StatusCodes } from 'node-opcua-client';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { AlarmView } from '../../gateway/api/alarms.ts';
import { createCurrent } from '../../gateway/current.ts';
import type { Current } from '../../gateway/current.ts';
import { PlantModel } from '../../gateway/plant/model.ts';
import { alarms } from '../../gateway/routes/alarms.ts';
import { createArrivals } from '../../gateway/runtime/arrivals.ts';
import { selectOpenAlarms } from '../../gateway/store/alarms.ts';
import { flushTo } from '../../gateway/store/flush.ts';
import { createLedger } from '../../gateway/store/ledger.ts';
import { selectPlant, upsertPlant } from '../../gateway/store/plant.ts';
import { selectAudit } from '../../platform/access/store/audit.ts';
import { page } from '../../platform/api/page.ts';
import { ProblemBody } from '../../platform/api/problem.ts';
import type { Database } from '../../platform/database/db.ts';
import { outbox } from '../../sync/edge/store/outbox.ts';
import { syncEdgeMigrations } from '../../sync/edge/store/migrations.ts';
import { EventsPayload } from '../../sync/wire.ts';
import { withSwitch } from '../support/access.ts';
import { aDatabase } from '../support/database.ts';
import { gatewayMigrations } from '../support/models.ts';
import { alarmPlant } from '../support/opcua-alarms.ts';
import type { AlarmPlant } from '../support/opcua-alarms.ts';
import { aRelay } from '../support/relay.ts';
import type { Relay } from '../support/relay.ts';
import { aWeb, silent } from '../support/web.ts';
import { aFolderFor, aWriter, removeFolder } from '../support/writer.ts';

const soon = { timeout: 20_000, interval: 30 };
let db: Database;
let device: AlarmPlant;
let relay: Relay;
let folder: string;
let writer: Awaited<ReturnType<typeof aWriter>>;
let current: Current;
let power: { on: boolean };
let web: Awaited<ReturnType<typeof aWeb>>;
const told = { published: 0, doubted: 0 };

const model = (config: object = {}) =>
  PlantModel.parse({
    site: { name: 'Works' },
    areas: [{ name: 'Hall' }, { name: 'Tank farm' }],
    sources: [
      {
        ...{ name: 'plc', protocol: 'opcua' },
        config: { endpoint: `opc.tcp://127.0.0.1:${relay.port}`, publishingMs: 50, ...config },
      },
    ],
    tags: [
      {
        ...{ name: 'LI-1', description: 'Level of the tank', area: 'Hall', source: 'plc' },
        address: { node: 'nsu=urn:test:plant;s=tank.Level' },
      },
    ],
  });
const watching = { alarms: { area: 'Tank farm' } };

const start = () =>
  createCurrent({
    ...{ dataFolder: folder, findSecret: () => undefined, log: silent },
    ...{ ledger: createLedger(), arrivals: createArrivals(), observe: () => undefined },
    save: writer.save,
    hold: () => Promise.resolve(),
    publish: (_, changes) => void (told.published += changes.length),
    doubted: () => {
      told.doubted++;
    },
  });

beforeAll(async () => {
  [db, device, folder] = await Promise.all([
    aDatabase({ migrations: [...gatewayMigrations, syncEdgeMigrations] }),
    alarmPlant(),
    aFolderFor(),
  ]);
  relay = await aRelay('127.0.0.1', Number(new URL(device.endpoint.replace('opc.tcp', 'http')).port));
  await upsertPlant(db, model(watching));
  writer = await aWriter({ db, folder, flush: flushTo(outbox) });
  current = start();
  await current.replace({ plant: (await selectPlant(db))!, openAlarms: [] });
  const { db: switched, power: theirs } = withSwitch(db);
  power = theirs;
  web = await aWeb({ routes: alarms(switched, () => current.operation()) });
});
afterAll(async () => {
  await web[Symbol.asyncDispose]();
  await current[Symbol.asyncDispose]();
  await writer[Symbol.asyncDispose]();
  await relay[Symbol.asyncDispose]();
  await device[Symbol.asyncDispose]();
  await db[Symbol.asyncDispose]();
  await removeFolder(folder);
});

async function ask(path: string, body?: object) {
  const answer = await fetch(`${web.address}/api/v1/alarms${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: 'Bearer operator', 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: answer.status, body: await answer.json() };
}
const list = async (state = 'open') => page(AlarmView).parse((await ask(`?state=${state}`)).body).items;
const named = async (name: string, state?: string) =>
  (await list(state)).find(({ condition }) => condition === name);
const acknowledge = (id: string, comment?: string) => ask(`/${id}/acknowledgement`, { comment });
const journal = async (id: string) =>
  (
    await db.query<{ event: string }>('select event from alarm_journal where alarm_id = $1 order by line', [
      id,
    ])
  ).map(({ event }) => event);
const until = (name: string, expected: object) =>
  vi.waitFor(async () => expect(await named(name)).toMatchObject(expected), soon);

test('an alarm of a device stands in the list, with the tag that it is of, and is sent to the centre', async () => {
  await vi.waitFor(() => expect(told.doubted).toBeGreaterThan(0), soon);
  device.setLevel(95);
  await until('Level', { state: 'active', kind: 'device', source: 'plc', tagName: 'LI-1', uncertain: false });
  const alarm = await named('Level');
  expect(alarm).toMatchObject({ rule: null, limit: null, priority: 4, severity: 150, area: 'Hall' });
  expect(alarm?.description).toContain('HighHigh');
  expect(await journal(alarm!.id)).toEqual(['raised']);
  device.trip(true);
  await until('Trip', { state: 'active', tag: null, area: 'Tank farm' });
  expect(told.published).toBeGreaterThan(1);
  const segments = await db.query<{ payload: Buffer }>(
    `select payload from sync_outbox where stream = 'events' order by seq`,
  );
  const events = segments.flatMap(({ payload }) => EventsPayload.parse(JSON.parse(payload.toString())));
  expect(events.map((event) => (event.type === 'device-alarm' ? [event.name, event.event] : []))).toEqual([
    ['Level', 'raised'],
    ['Trip', 'raised'],
  ]);
});

test('an operator acknowledges it at its server, and is on record with it', async () => {
  const alarm = await named('Level');
  expect(await acknowledge(alarm!.id, 'seen')).toMatchObject({ status: 200, body: { acknowledged: true } });
  expect(await named('Level')).toMatchObject({
    ...{ state: 'acknowledged', acknowledgedBy: 'operator', comment: 'seen' },
  });
  expect((await acknowledge(alarm!.id)).status).toBe(409);
  const { items } = await selectAudit(db, { limit: 2, offset: 0 });
  expect(items).toMatchObject([
    { action: 'acknowledge an alarm', who: 'operator', new: { alarm: alarm!.id, comment: 'seen' } },
    { action: 'send an acknowledgement', who: 'operator', subject: items[0]?.subject },
  ]);
  expect(items[0]?.subject).toContain('plc');
});

test('what cannot be put on record is not acknowledged at the server', async () => {
  const trip = await named('Trip');
  power.on = false;
  const { status } = await acknowledge(trip!.id);
  power.on = true;
  expect(status).toBe(503);
  expect(await named('Trip')).toMatchObject({ state: 'active', uncertain: false });
});

test('while the line is cut alarms are as last known and uncertain, and what ended meanwhile ends', async () => {
  const alarm = await named('Level');
  const trip = await named('Trip');
  const doubted = told.doubted;
  await relay.cut();
  await until('Level', { state: 'acknowledged', uncertain: true });
  expect(told.doubted).toBeGreaterThan(doubted);
  const { status, body } = await acknowledge(trip!.id);
  expect(status).toBe(502);
  expect(ProblemBody.parse(body).detail).toContain('acknowledge it when the connection is back');
  expect(await named('Trip')).toMatchObject({ state: 'active', acknowledgedBy: null });
  device.setLevel(50);
  device.acknowledgeThere('alone');
  await relay.restore();
  await until('Trip', { state: 'active', uncertain: false, id: trip!.id });
  await vi.waitFor(async () => expect(await named('Level')).toBeUndefined(), soon);
  expect(await named('Level', 'all')).toMatchObject({ id: alarm!.id, state: 'normal', uncertain: false });
  expect(await journal(alarm!.id)).toEqual(['raised', 'acknowledged', 'cleared']);
});

test('a refusal of the server reaches the operator, and nothing changes', async () => {
  const trip = await named('Trip');
  device.setEnabled(true);
  device.refuse(StatusCodes.BadUserAccessDenied);
  const { status, body } = await acknowledge(trip!.id);
  expect(status).toBe(409);
  expect(ProblemBody.parse(body).detail).toContain('Give that user the right at the server');
  expect(await journal(trip!.id)).toEqual(['raised']);
  expect((await selectAudit(db, { limit: 1, offset: 0 })).items).toMatchObject([
    { action: 'an acknowledgement was refused', result: 'refused', new: { alarm: trip!.id } },
  ]);
  device.refuse(undefined);
});

test('after a restart of the gateway it is the same alarm, uncertain until its server has told', async () => {
  const trip = await named('Trip');
  await current[Symbol.asyncDispose]();
  await relay.cut();
  current = start();
  const known = { plant: (await selectPlant(db))!, openAlarms: await selectOpenAlarms(db) };
  expect(known.openAlarms).toMatchObject([{ id: trip!.id, state: 'active', device: { name: 'Trip' } }]);
  await current.replace(known);
  expect(await named('Trip')).toMatchObject({ state: 'active', uncertain: true });
  await relay.restore();
  await until('Trip', { state: 'active', uncertain: false, id: trip!.id });
  expect((await acknowledge(trip!.id)).status).toBe(200);
  expect(await named('Trip')).toMatchObject({ state: 'acknowledged', acknowledgedBy: 'operator' });
  expect(await journal(trip!.id)).toEqual(['raised', 'acknowledged']);
});

test('an acknowledgement whose answer is lost is told as not known, and is the operator’s when it turns out done', async () => {
  device.trip(false);
  await vi.waitFor(async () => expect(await named('Trip')).toBeUndefined(), soon);
  device.trip(true);
  await until('Trip', { state: 'active' });
  const trip = await named('Trip');
  device.duringAcknowledge(() => {
    relay.silence();
    setTimeout(() => void relay.restore(), 50);
  });
  const { status, body } = await acknowledge(trip!.id, 'in the dark');
  device.refuse(undefined);
  expect(status).toBe(504);
  expect(ProblemBody.parse(body).detail).toContain('not known whether the device has taken');
  await until('Trip', { state: 'acknowledged', acknowledgedBy: 'operator', comment: 'in the dark' });
  const { items } = await selectAudit(db, { limit: 3, offset: 0 });
  expect(items.map(({ action }) => action)).toEqual(
    expect.arrayContaining(['an acknowledgement may have arrived', 'acknowledge an alarm']),
  );
});

test('when the alarms of a source are no longer taken over, they end, and say so', async () => {
  const trip = await named('Trip');
  await current.change(db, async (tx) => {
    await upsertPlant(tx, model());
    return (await selectPlant(tx))!;
  });
  await vi.waitFor(async () => expect(await list()).toEqual([]), soon);
  const [line] = await db.query<{ comment: string }>(
    `select comment from alarm_journal where alarm_id = $1 and event = 'cleared'`,
    [trip!.id],
  );
  expect(line?.comment).toContain('no longer taken over');
});

test('an area that the plant does not have is a fault of the model', () => {
  expect(() => model({ alarms: { area: 'Roof' } })).toThrow('no area has this name');
});
