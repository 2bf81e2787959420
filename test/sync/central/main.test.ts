import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import type { Database } from '../../../platform/database/db.ts';
import { createLog } from '../../../platform/log.ts';
import { Invitation } from '../../../sync/central/api/fleet.ts';
import type { FleetTrainingView, SiteTagView, SiteView } from '../../../sync/central/api/fleet.ts';
import { CentralConfig } from '../../../sync/central/config.ts';
import { runCentral } from '../../../sync/central/main.ts';
import type { Instruction } from '../../../sync/edge/downlink.ts';
import { openLink } from '../../../sync/edge/link.ts';
import { enqueueEvent, enqueueReadings } from '../../../sync/edge/store/outbox.ts';
import { aDatabaseAddress, testServer } from '../../support/database.ts';
import { setUpCodeIn } from '../../support/daemon.ts';
import { aFolder } from '../../support/folder.ts';
import { anAlarm, anEdgeDatabase, anOrder, aTag, readingsOf, START } from '../../support/sync.ts';

const log = createLog('test', 'silent');
const soon = { timeout: 25_000, interval: 50 };
const TOKEN = 'a-token-for-unattended-roll-outs';

let folder: Awaited<ReturnType<typeof aFolder>>;
let server: Awaited<ReturnType<typeof aDatabaseAddress>> | undefined;
let edge: Database;
let config: CentralConfig;
let central: { address: string; end(): Promise<void> };
let cookie: string;

/** Starts the daemon, and settles once it listens. */
async function start(): Promise<typeof central> {
  const stop = new AbortController();
  let running: Promise<void> = Promise.resolve();
  const address = await new Promise<string>((resolve, reject) => {
    running = runCentral(config, log, stop.signal, resolve);
    running.catch(reject);
  });
  return {
    address,
    async end() {
      stop.abort();
      await running;
    },
  };
}

const call = (method: string, path: string, body?: unknown) =>
  fetch(`${central.address}${path}`, {
    method,
    headers: { 'content-type': 'application/json', cookie },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
const get = async <T>(path: string): Promise<T> => (await call('GET', path)).json() as Promise<T>;
const theSite = async (name: string) =>
  (await get<{ items: SiteView[] }>('/api/v1/sites')).items.find((site) => site.name === name)!;

beforeAll(async () => {
  folder = await aFolder();
  server = testServer === undefined ? undefined : await aDatabaseAddress(testServer);
  await mkdir(join(folder.path, 'secrets'));
  await writeFile(join(folder.path, 'secrets', 'roll-out'), TOKEN);
  config = CentralConfig.parse({
    mode: 'evaluation',
    data: folder.path,
    web: { port: 0, transport: 'node' },
    database: { url: server?.url ?? 'embedded' },
    enrolment: [{ site: 'Works', token: { secret: 'roll-out' } }],
  });
  edge = await anEdgeDatabase();
  cookie = '';
  central = await start();
  await vi.waitFor(async () => expect((await fetch(`${central.address}/health`)).status).toBe(200), soon);
  const code = await setUpCodeIn(folder.path);
  const signedIn = await call('POST', '/api/v1/setup', {
    code,
    name: 'Ada',
    password: 'a long password',
  });
  cookie = signedIn.headers.getSetCookie()[0]!.split(';')[0]!;
});
afterAll(async () => {
  await central.end();
  await edge[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

test('a site of the configuration enrols, is seen with its tags and alarms, and gets the model it ordered', async () => {
  const applied: Instruction[] = [];
  await using site = await aFolder();
  await using link = openLink({
    ...{ db: edge, url: central.address, folder: site.path, token: TOKEN, log },
    apply: (instruction) => Promise.resolve(void applied.push(instruction)),
    tags: () => Promise.resolve([aTag(1)]),
    waits: { idleMs: 10, firstMs: 10, longestMs: 50 },
  });
  const order = anOrder({ to: START + 7_200_000 });
  const wave = readingsOf(1, 7201).map((one, i) => ({ ...one, value: i % 60, cleaned: i % 60 }));
  await edge.transaction(async (tx) => {
    await enqueueReadings(tx, wave);
    await enqueueEvent(tx, anAlarm(), order);
  });

  await vi.waitFor(
    async () =>
      expect(await theSite('Works')).toMatchObject({
        state: 'connected',
        tags: 1,
        readings: 7201,
        openAlarms: 1,
      }),
    soon,
  );
  const works = await theSite('Works');
  expect(works.arrivedTo).toBe(new Date(START + 7_200_000).toISOString());
  const tags = await get<{ items: SiteTagView[] }>(`/api/v1/sites/${works.id}/tags`);
  expect(tags.items).toMatchObject([{ name: 'TAG-1', unit: 'bar', value: 0, quality: 0 }]);

  await vi.waitFor(() => expect(applied.at(-1)).toMatchObject({ type: 'model', training: order.id }), soon);
  expect(applied.map((one) => (one.type === 'model' ? 'model' : one.state))).toEqual([
    'queued',
    'running',
    'model',
  ]);
  expect(await get<FleetTrainingView>(`/api/v1/trainings/${order.id}`)).toMatchObject({
    ...{ siteName: 'Works', tagName: 'TAG-1', state: 'succeeded', attempts: 1, executor: 'local' },
    metrics: { mae: expect.any(Number) as number },
  });
  expect((await call('GET', `/api/v1/trainings/${order.id}/log`)).status).toBe(200);
  expect(link.state().state).toBe('connected');
});

test('a person invites a site once by its name, sees it, and revokes it', async () => {
  const answer = await call('POST', '/api/v1/sites', { name: 'North' });
  const { site, token } = Invitation.parse(await answer.json());
  expect([answer.status, site.state, token.length > 20]).toEqual([201, 'invited', true]);
  expect((await call('POST', '/api/v1/sites', { name: 'North' })).status).toBe(409);
  const revoked = (await (await call('POST', `/api/v1/sites/${site.id}/revocation`)).json()) as SiteView;
  expect(revoked.state).toBe('revoked');
  const again = Invitation.parse(await (await call('POST', `/api/v1/sites/${site.id}/invitations`)).json());
  expect(again.token).not.toBe(token);
});

test('whoever has not signed in sees no site, and who is no site sends nothing', async () => {
  expect((await fetch(`${central.address}/api/v1/sites`)).status).toBe(401);
  expect((await fetch(`${central.address}/sync/v1/messages?after=0`)).status).toBe(401);
  const segment =
    '/sync/v1/streams/readings/7f1c0d0e-0000-4000-8000-000000000000/1?kind=readings-1&n=1&tMin=0&tMax=0&crc=0';
  const sent = await fetch(`${central.address}${segment}`, { method: 'POST', body: 'x' });
  expect([sent.status, ((await sent.json()) as { detail: string }).detail]).toEqual([
    401,
    expect.stringMatching(/not signed/),
  ]);
});

test('a screen in the room of the sites hears that one has been invited', async () => {
  const socket = new WebSocket(`${central.address.replace('http', 'ws')}/api/v1/live`, {
    headers: { cookie, origin: central.address },
  });
  const rooms: unknown[] = [];
  socket.on('message', (text: Buffer) => rooms.push(JSON.parse(text.toString())));
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'join', rooms: ['sites'] }));
  await call('POST', '/api/v1/sites', { name: 'South' });
  await vi.waitFor(() => expect(rooms).toContainEqual({ type: 'room', room: 'sites' }), soon);
  socket.terminate();
});

test('the interface describes itself, the part of the sites included', async () => {
  const { openapi, paths } = await get<{ openapi: string; paths: object }>('/api/v1/openapi.json');
  expect(openapi).toMatch(/^3\.1/);
  expect(Object.keys(paths)).toEqual(
    expect.arrayContaining(['/api/v1/sites/{id}/tags', '/api/v1/trainings/{id}/log', '/sync/v1/enrolments']),
  );
});

test('the centre ends and starts again with all it had', async () => {
  await central.end();
  central = await start();
  await vi.waitFor(async () => expect((await theSite('Works')).readings).toBe(7201), soon);
});
