import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BroadcastChannel } from 'node:worker_threads';
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { hostStarter } from '../../gateway/runtime/host.ts';
import type { Database } from '../../platform/database/db.ts';
import { aDatabase } from '../support/database.ts';
import { aDevice } from '../support/field.ts';
import { aFolder } from '../support/folder.ts';
import { freePort } from '../support/foreign.ts';
import { aServer, json } from '../support/http.ts';
import { expectBalance } from '../support/ledger.ts';
import { reply } from '../support/modbus-device.ts';
import { listening } from '../support/modbus-plc.ts';
import { gatewayMigrations } from '../support/models.ts';
import { opcuaServer } from '../support/opcua-server.ts';
import { aPlantAtWork, expectAllStored } from '../support/plant-at-work.ts';

// Each protocol meets its faults with the whole walk behind it: what came must be found again, to the last reading.
const soon = { timeout: 60_000, interval: 50 };

let db: Database;
beforeAll(async () => {
  db = await aDatabase({ migrations: gatewayMigrations });
});
afterAll(() => db[Symbol.asyncDispose]());
beforeEach(async () => {
  await db.query('truncate readings, losses, tags, sources, areas cascade');
});

type Given = Parameters<typeof aPlantAtWork>[2];

/** A plant with one source. */
async function oneSource(source: object, tags: readonly object[], given?: Given) {
  const model = {
    site: { name: 'Works' },
    areas: [{ name: 'Hall' }],
    sources: [{ name: 'only', ...source }],
    tags: tags.map((tag) => ({ area: 'Hall', source: 'only', spike: false, ...tag })),
  };
  const plant = await aPlantAtWork(db, model, given);
  onTestFinished(() => plant[Symbol.asyncDispose]());
  const ledger = () => plant.ledgers()[0]!;
  return {
    ...plant,
    ledger,
    more: async (count: number) => {
      const { stored } = ledger();
      await vi.waitFor(() => expect(ledger().stored).toBeGreaterThan(stored + count), soon);
    },
    async settled() {
      await plant.current[Symbol.asyncDispose]();
      await vi.waitFor(() => expectAllStored(plant.ledgers(), db), soon);
      return ledger();
    },
  };
}

/** The different values that are stored of a tag, other than none. */
const values = async (tag: string) =>
  (
    await db.query<{ value: number }>(
      `select distinct value from readings r join tags t on t.id = r.tag_id
       where t.name = $1 and value is not null order by value`,
      [tag],
    )
  ).map(({ value }) => value);

test('Modbus: a dead unit, answers twice, late and out of order, hang-ups and a database that is away', async () => {
  const dead = new Set<number>();
  let nth = 0;
  let late: Buffer | undefined;
  const device = await listening((request, socket) => {
    if (dead.has(request[6] ?? 0)) return;
    const answer = reply(request);
    nth++;
    if (nth % 11 === 0) return void (late = answer); // comes after the next request, too late
    if (nth % 31 === 0) return void socket.destroy();
    if (late !== undefined) socket.write(late);
    late = undefined;
    socket.write(answer);
    if (nth % 3 === 0) socket.write(answer);
  });
  onTestFinished(() => device[Symbol.asyncDispose]());
  const config = { host: '127.0.0.1', port: device.port, pollMs: 100, timeoutMs: 150 };
  const TEN = Array.from({ length: 10 }, (_, i) => i + 1);
  const plant = await oneSource(
    { protocol: 'modbus', config },
    TEN.map((unit) => ({ name: `U-${unit}`, address: { register: 10 * unit, unit, type: 'uint16' } })),
  );
  await plant.more(30);
  dead.add(4);
  await plant.more(60);
  plant.server.away = true;
  await vi.waitFor(() => expect(plant.ledger().spooled).toBeGreaterThan(30), soon);
  expectBalance(plant.ledger());
  dead.delete(4);
  plant.server.away = false;
  await plant.more(60);
  await plant.settled();
  expect(plant.losses('only')).toBeGreaterThan(0);
  // Never the value of another register, unit or moment.
  for (const unit of TEN) expect(await values(`U-${unit}`)).toEqual([10 * unit]);
});

test('HTTP: answers cut, malformed, refused and given twice; thinned readings are accounted for', async () => {
  const count = 120;
  const start = Date.now();
  const records = Array.from({ length: count }, (_, i) => ({ t: start + i, n: i, level: 50 }));
  let asked = 0;
  const { url } = await aServer((request, response) => {
    asked++;
    const known = records.slice(0, 10 * asked);
    if (asked % 5 === 1) response.writeHead(500).end();
    else if (asked % 5 === 2) response.end('[{"t":');
    else if (asked % 5 === 3) request.socket.destroy();
    else json(known)(request, response);
  });
  const time = { format: 'ms' };
  const requests = { all: { each: '$', timeAt: 't', time } };
  const plant = await oneSource(
    { protocol: 'http', config: { url, pollMs: 100, timeoutMs: 2000, requests } },
    [
      { name: 'N', address: { request: 'all', value: 'n' } },
      { name: 'L', address: { request: 'all', value: 'level' }, thin: { by: 'deadband', deadband: 1 } },
    ],
  );
  await vi.waitFor(async () => expect(await values('N')).toHaveLength(count), soon);
  const { thinned, duplicate } = await plant.settled();
  expect(duplicate).toBeGreaterThan(0);
  expect(thinned).toBeGreaterThan(0);
});

test('files: rows that cannot be used, the same file twice, and a reader that dies in the middle of one', async () => {
  const folder = await aFolder();
  onTestFinished(() => folder[Symbol.asyncDispose]());
  const start = Date.parse('2026-07-01T10:00:00Z');
  const row = (i: number) => `${new Date(start + i * 1000).toISOString()},${i}`;
  const rows = Array.from({ length: 40_000 }, (_, i) => row(i));
  rows.splice(100, 0, 'yesterday,1', '2026-07-01T10:00:00Z');
  const put = (name: string, lines: readonly string[]) =>
    writeFile(join(folder.path, name), `Time,Flow\n${lines.join('\n')}\n`);
  const config = { folder: folder.path, pollMs: 100, stillMs: 100, timeColumn: 'Time' };
  const entry = new URL('../support/faulty-host-entry.ts', import.meta.url);
  const plant = await oneSource({ protocol: 'files', config }, [{ name: 'F', address: { column: 'Flow' } }], {
    startHost: hostStarter(entry),
  });
  const gone = (name: string) =>
    vi.waitFor(() => expect(existsSync(join(folder.path, name))).toBe(false), soon);
  await put('a.csv', rows);
  await vi.waitFor(() => expect(plant.ledger().collected).toBeGreaterThan(0), soon);
  const channel = new BroadcastChannel('faults of files');
  channel.postMessage('exits');
  channel.close();
  await vi.waitFor(() => expect(plant.losses('only')).toBe(1), soon);
  await gone('a.csv');
  await put('b.csv', rows.slice(0, 1000));
  await gone('b.csv');
  const { stored, duplicate } = await plant.settled();
  expect(stored).toBe(40_000);
  expect(duplicate).toBeGreaterThan(1000);
});

test('MQTT: damaged payloads, messages that come twice, and a publisher that is cut off', async () => {
  const port = await freePort();
  const broker = { port, users: [{ name: 'field', password: { secret: 'field' } }] };
  const plant = await oneSource(
    { protocol: 'mqtt', config: { broker } },
    [{ name: 'M', address: { topic: 'm', value: '$.v', time: '$.t' } }],
    { secrets: { field: 'field-password' } },
  );
  const start = Date.now();
  const message = (i: number) => JSON.stringify({ v: i, t: start + i });
  for (let run = 0; run < 3; run++) {
    const device = await aDevice(port, 'field-password');
    const from = 40 * run;
    // The last ten of the run before come again, as after a loss.
    for (let i = Math.max(0, from - 10); i < from + 40; i++) {
      await device.publishAsync('m', message(i), { qos: 1 });
      if (i % 8 === 0) await device.publishAsync('m', '{"v":', { qos: 1 });
      if (i % 9 === 0) await device.publishAsync('m', '{"v":"much"}', { qos: 1 });
    }
    device.stream.destroy();
    await device.endAsync(true);
  }
  await vi.waitFor(async () => expect(await values('M')).toHaveLength(120), soon);
  const { duplicate } = await plant.settled();
  expect(duplicate).toBe(20);
});

test('OPC UA: a server that is killed and started again', { timeout: 90_000 }, async () => {
  let server = await opcuaServer();
  onTestFinished(() => server[Symbol.asyncDispose]());
  const { port, endpoint } = server;
  await server.set('level', 0);
  const plant = await oneSource(
    { protocol: 'opcua', config: { endpoint, publishingMs: 50, security: 'None' } },
    [{ name: 'O', address: { node: 'nsu=urn:test:plant;s=level', queueSize: 100 } }],
  );
  const rise = async (to: number) => {
    await vi.waitFor(() => expect(plant.view('only').state).toBe('connected'), soon);
    for (let value = to - 20; value <= to; value++) await server.set('level', value);
    await vi.waitFor(async () => expect(await values('O')).toContain(to), soon);
  };
  await rise(20);
  const lost = plant.losses('only');
  await server.kill();
  await vi.waitFor(() => expect(plant.losses('only')).toBeGreaterThan(lost), soon);
  server = await opcuaServer({ port });
  await server.set('level', 21);
  await rise(40);
  await plant.settled();
});
