import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import {
  AggregatesAnswer,
  AtAnswer,
  ExportPlan,
  ExportView,
  RawAnswer,
} from '../../../gateway/api/history.ts';
import { TrendAnswer } from '../../../gateway/api/readings.ts';
import { createCurrent } from '../../../gateway/current.ts';
import type { Current } from '../../../gateway/current.ts';
import { createFeed } from '../../../gateway/live/feed.ts';
import { PlantModel } from '../../../gateway/plant/model.ts';
import { aggregateRoutes } from '../../../gateway/routes/aggregates.ts';
import { exportRoutes } from '../../../gateway/routes/exports.ts';
import { historyRoutes } from '../../../gateway/routes/history.ts';
import { readings } from '../../../gateway/routes/readings.ts';
import { createArrivals } from '../../../gateway/runtime/arrivals.ts';
import { createLedger } from '../../../gateway/store/ledger.ts';
import { selectPlant, upsertPlant } from '../../../gateway/store/plant.ts';
import type { TagId } from '../../../history/reading.ts';
import { insertLoss } from '../../../history/store/losses.ts';
import { insertReadings } from '../../../history/store/readings.ts';
import { rollUp } from '../../../history/store/roll-ups.ts';
import type { Database } from '../../../platform/database/db.ts';
import type { Web } from '../../../platform/web/web.ts';
import { aDatabase } from '../../support/database.ts';
import { gatewayMigrations } from '../../support/models.ts';
import { aPlantFile } from '../../support/plant.ts';
import { everySecond, NOON } from '../../support/readings.ts';
import { aWeb, silent } from '../../support/web.ts';

let db: Database;
let web: Web;
let current: Current;
let folder: string;
let tags: TagId[];
const SECONDS = 11 * 3600;
/** Long texts, so many that they do not fit into what lies between two processes. */
const TEXTS = { rows: 30_000, length: 1000, from: NOON + 5 * 86_400_000 };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'penstock-history-'));
  db = await aDatabase({ migrations: gatewayMigrations });
  const { sources, ...rest } = aPlantFile();
  const idle = sources.map((source) => ({ ...source, enabled: false }));
  await upsertPlant(db, PlantModel.parse({ ...rest, sources: idle }));
  current = createCurrent({
    ...{ dataFolder: folder, findSecret: () => undefined, log: silent, publish: () => undefined },
    ...{ hold: () => Promise.resolve(), save: () => Promise.resolve(), observe: () => undefined },
    ...{ ledger: createLedger(), arrivals: createArrivals() },
  });
  const plant = (await selectPlant(db))!;
  await current.replace({
    plant: { ...plant, site: { name: 'Pläne', timeZone: 'Europe/Berlin' } },
    openAlarms: [],
  });
  tags = current.operation().plant.tags.map(({ id }) => id);
  const values = Array.from({ length: SECONDS }, (_, i) => i);
  await db.transaction((tx) => insertReadings(tx, everySecond(values, { tag: tags[0]! })));
  await db.query(
    `insert into readings (time, tag_id, text, quality)
     select $2::timestamptz + i * interval '1 second', $1, i || repeat(md5(i::text), $3::int), 0 from generate_series(1, $4::int) as i`,
    [tags[1], new Date(TEXTS.from), Math.floor(TEXTS.length / 32), TEXTS.rows],
  );
  await rollUp(db, Date.now(), new AbortController().signal);
  const operation = () => current.operation();
  web = await aWeb({
    routes: [
      ...readings(db, createFeed(), operation),
      ...historyRoutes(db, operation),
      ...aggregateRoutes(db, operation),
      ...exportRoutes(db, operation, silent),
    ],
  });
});
afterAll(async () => {
  await web[Symbol.asyncDispose]();
  await current[Symbol.asyncDispose]();
  await db[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const iso = (at: number) => new Date(at).toISOString();
const fetchPath = (path: string, query: Record<string, string>, options: RequestInit = {}, role = 'viewer') =>
  fetch(`${web.address}/api/v1/${path}?${new URLSearchParams(query).toString()}`, {
    headers: { authorization: `Bearer ${role}` },
    ...options,
  });
async function ask(path: string, query: Record<string, string>, options: RequestInit = {}, role = 'viewer') {
  const answer = await fetchPath(path, query, options, role);
  const body = (await answer.json()) as { detail: string; faults: { field: string; value: unknown }[] };
  return { status: answer.status, body };
}
const range = { from: iso(NOON), to: iso(NOON + SECONDS * 1000) };
const long = { from: iso(TEXTS.from), to: iso(TEXTS.from + 86_400_000) };
const idOf = (name: string) => `${name}-0123456789abcdef`;

test('an export is all readings, with a name for its file and how many are expected', async () => {
  const answer = await fetchPath('readings/export', { tags: String(tags[0]), ...range, zone: 'plant' });
  expect(answer.headers.get('content-disposition')).toMatch(/filename="[\w.-]+_20260101T120000Z_\w+\.csv"/);
  expect(Number(answer.headers.get('x-rows-expected'))).toBeGreaterThan(0);
  const lines = (await answer.text()).trimEnd().split('\r\n');
  expect(lines).toHaveLength(SECONDS + 1);
  expect(lines[0]).toBe('time,tag,value,quality,reason,cleaned');
  expect(lines[1]).toMatch(/^2026-01-01T13:00:00\.000\+01:00,[^,]+,0,good,,0$/);
});

test('how far an export is can be asked, and it can be ended before it is done', async () => {
  const id = idOf('cancelled');
  const answer = await fetchPath('readings/export', { tags: String(tags[1]), ...long, id });
  const reader = answer.body!.getReader();
  await reader.read();
  const { body } = await ask(`readings/exports/${id}`, {});
  expect(ExportView.parse(body)).toMatchObject({ id, state: 'running' });
  expect((await ask(`readings/exports/${id}`, {}, {}, 'engineer')).status).toBe(404);
  expect((await ask(`readings/exports/${id}`, {}, { method: 'DELETE' })).status).toBe(200);
  const rest = async () => {
    while (!(await reader.read()).done);
  };
  await expect(rest()).rejects.toThrow();
  const state = async () => ExportView.parse((await ask(`readings/exports/${id}`, {})).body).state;
  await vi.waitFor(async () => expect(await state()).toBe('cancelled'), 10_000);
});

test('an export whose reader has left ends, and its place is free again', async () => {
  for (const name of ['left-1', 'left-2', 'left-3']) {
    const id = idOf(name);
    const leave = new AbortController();
    const answer = await fetchPath(
      'readings/export',
      { tags: String(tags[1]), ...long, id },
      { headers: { authorization: 'Bearer viewer' }, signal: leave.signal },
    );
    await answer.body!.getReader().read();
    leave.abort();
    const state = async () => ExportView.parse((await ask(`readings/exports/${id}`, {})).body).state;
    await vi.waitFor(async () => expect(await state()).toBe('cancelled'), 10_000);
  }
});

test('what a file would be is told before it is asked for', async () => {
  const query = { tags: `${tags[0]},${tags[1]}`, ...range, format: 'parquet' };
  const { body } = await ask('readings/export/plan', query);
  expect(ExportPlan.parse(body)).toStrictEqual({
    file: `Plane-2-tags_20260101T120000Z_${iso(NOON + SECONDS * 1000).replace(/[-:]|\.\d+/g, '')}.parquet`,
    rows: SECONDS,
  });
});

test.each([
  ['readings/export', { tags: '999999', ...range }, 'query.tags', '999999'],
  ['readings/export', { tags: '1', from: range.to, to: range.from }, 'query.from', range.to],
  ['readings/export', { tags: '1', ...range, zone: 'Mars/Base' }, 'query.zone', 'Mars/Base'],
  ['readings/aggregates', { tags: '1', ...range, every: '1ms' }, 'query.every', '1ms'],
  ['readings/aggregates', { tags: '1', ...range, every: 'fortnight' }, 'query.every', 'fortnight'],
  ['readings/raw', { tag: '1', ...range, limit: '1000000' }, 'query.limit', '1000000'],
  ['readings/at', { tags: '1,x', at: range.from }, 'query.tags', '1,x'],
  ['readings', { tags: '1', from: range.to, to: range.from }, 'query.from', range.to],
])('%s with %o is refused with field, value and remedy', async (path, query, field, value) => {
  const { status, body } = await ask(path, { ...query, ...('tag' in query ? { tag: String(tags[0]) } : {}) });
  expect(status).toBe(400);
  expect(body.faults).toContainEqual(
    expect.objectContaining({ field, value, remedy: expect.any(String) as string }),
  );
});

test('what tags were at an instant comes with its age; a tag that was not yet has nothing', async () => {
  const { body } = await ask('readings/at', { tags: `${tags[0]},${tags[1]}`, at: iso(NOON + 5500) });
  expect(AtAnswer.parse(body).items).toStrictEqual([
    { tag: tags[0], at: NOON + 5000, ageMs: 500, value: 5, cleaned: 5, quality: 0 },
    { tag: tags[1], at: null, ageMs: null, value: null, cleaned: null, quality: null },
  ]);
});

test('readings are read page by page, each once', async () => {
  const values: unknown[] = [];
  for (let after: string | null = ''; after !== null;) {
    const query = { tag: String(tags[0]), from: iso(NOON), to: iso(NOON + 10_000), limit: '4' };
    const { body } = await ask('readings/raw', { ...query, ...(after === '' ? {} : { after }) });
    const { items, next } = RawAnswer.parse(body);
    values.push(...items.map(({ value }) => value));
    after = next;
  }
  expect(values).toStrictEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test('figures come by the days of the plant, and only those asked for', async () => {
  const { body } = await ask('readings/aggregates', {
    ...{ tags: String(tags[0]), from: range.from, to: iso(NOON + 3_600_000) },
    ...{ every: 'day', functions: 'count,max,timeWeightedAvg,total' },
  });
  const { zone, starts, ends, aggregates } = AggregatesAnswer.parse(body);
  expect([zone, starts.map(iso), ends.map(iso)]).toStrictEqual([
    'Europe/Berlin',
    ['2025-12-31T23:00:00.000Z'],
    ['2026-01-01T23:00:00.000Z'],
  ]);
  expect(aggregates).toStrictEqual([
    {
      tag: tags[0],
      ...{ count: [SECONDS], max: [SECONDS - 1], timeWeightedAvg: [(SECONDS - 1) / 2], total: [SECONDS - 1] },
      quality: [0],
    },
  ]);
});

test('trends of several tags come in one answer, with the losses known in their range', async () => {
  const source = current.operation().plant.tags[0]!.source;
  const loss = { source, tag: null, from: NOON + 1000, to: NOON + 2000, cause: 'The gateway was off.' };
  await insertLoss(db, { ...loss, count: null });
  await insertLoss(db, { ...loss, count: null, from: NOON - 2000, to: NOON - 1000 });
  const { body } = await ask('readings', {
    ...{ tags: `${tags[0]},${tags[1]}`, ...range, pixels: '400', with: 'losses,forecasts' },
  });
  const { trends, losses, forecasts } = TrendAnswer.parse(body);
  expect(trends.map(({ tag, resolution }) => [tag, resolution])).toStrictEqual([
    [tags[0], 'envelope'],
    [tags[1], 'raw'],
  ]);
  expect([losses, forecasts]).toStrictEqual([[loss], []]);
});
