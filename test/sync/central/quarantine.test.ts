import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { encodeBatch } from '../../../history/batch.ts';
import type { Database } from '../../../platform/database/db.ts';
import { Problem } from '../../../platform/web/problem.ts';
import type { WebRequest } from '../../../platform/web/server.ts';
import { contentOf, openGate } from '../../../sync/central/gate.ts';
import { receiver, retryQuarantined } from '../../../sync/central/ingest.ts';
import { syncMetrics } from '../../../sync/central/metrics.ts';
import { quarantineRoutes } from '../../../sync/central/routes/quarantine.ts';
import { selectQuarantined } from '../../../sync/central/store/quarantine.ts';
import { selectSummary } from '../../../sync/central/store/sites.ts';
import {
  aCentralDatabase,
  anEventsSegment,
  aReadingsSegment,
  aSite,
  aTag,
  countReadings,
  readingsOf,
} from '../../support/sync.ts';
import { silent } from '../../support/web.ts';

let db: Database;
beforeAll(async () => {
  db = await aCentralDatabase();
});
afterAll(() => db[Symbol.asyncDispose]());

/** A site that has sent a segment whose count is wrong. */
async function aPoisonedSite(): Promise<{ site: string; id: string }> {
  const receive = receiver(db, silent, syncMetrics(new Registry()));
  const site = await aSite(db);
  const epoch = randomUUID();
  await receive(anEventsSegment({ site, epoch, seq: 1 }, [{ type: 'tags', tags: [aTag(1)] }]));
  const good = aReadingsSegment({ site, epoch, seq: 1 }, readingsOf(1, 5));
  await receive({ ...good, segment: { ...good.segment, n: 6 } });
  const { rows } = await selectQuarantined(db, { site, limit: 10, offset: 0 });
  return { site, id: rows[0]!.id };
}

/** What a person of this role gets. */
async function ask(method: string, path: string, id: string) {
  const route = quarantineRoutes(db, () => undefined).find(
    (each) => each.method === method && each.path.endsWith(path),
  );
  const request = { method, headers: new Map(), remoteAddress: '::1', signal: new AbortController().signal };
  const user = { id: 'a', name: 'Ada', role: 'engineer', kind: 'person' } as const;
  const params: Record<string, string> = path === '/quarantine' ? {} : { id };
  return route!
    .answer({ request: request as unknown as WebRequest, params, query: {}, user, correlationId: 'c' })
    .catch((err: unknown) => (err as Problem).details);
}

test('a segment that still cannot be read stays, and the answer says why', async () => {
  const { site, id } = await aPoisonedSite();
  expect(await ask('POST', '/retry', id)).toMatchObject({
    status: 422,
    detail: expect.stringMatching(/6 were announced/) as string,
  });
  expect((await selectQuarantined(db, { site, limit: 1, offset: 0 })).total).toBe(1);
});

test('one that can be read by now is taken in, once, and is quarantined no more', async () => {
  const { site, id } = await aPoisonedSite();
  await db.query(`update sync_quarantine set n = 5 where id = $1`, [id]);
  const before = await countReadings(db);
  expect(await ask('POST', '/retry', id)).toMatchObject({ status: 204 });
  expect(await ask('POST', '/retry', id)).toMatchObject({ status: 404 });
  expect((await countReadings(db)) - before).toBe(5);
  expect((await selectSummary(db, site))!.readings).toBe(5);
  expect(await retryQuarantined(db, id)).toBe(false);
});

test('deleting one leaves its reason in the audit trail', async () => {
  const { site, id } = await aPoisonedSite();
  expect(await ask('DELETE', '/{id}', id)).toMatchObject({ status: 204 });
  expect((await selectQuarantined(db, { site, limit: 1, offset: 0 })).total).toBe(0);
  const [act] = await db.query(
    `select who, old ->> 'reason' as reason from audit where action like 'delete%'`,
  );
  expect(act).toEqual({ who: 'Ada', reason: expect.stringMatching(/announced/) as string });
});

test('corrections take the place of what is there, and take nothing away', async () => {
  const receive = receiver(db, silent, syncMetrics(new Registry()));
  const site = await aSite(db);
  const epoch = randomUUID();
  await receive(anEventsSegment({ site, epoch, seq: 1 }, [{ type: 'tags', tags: [aTag(1)] }]));
  await receive(aReadingsSegment({ site, epoch, seq: 1 }, readingsOf(1, 5)));
  const corrected = readingsOf(1, 7)
    .slice(3)
    .map((one) => ({ ...one, value: 99 }));
  const { segment, ...rest } = aReadingsSegment({ site, epoch, seq: 2 }, corrected);
  expect(await receive({ ...rest, segment: { ...segment, kind: 'corrections-1' } })).toEqual({
    state: 'stored',
  });
  const values = await db.query<{ value: number }>(
    `select value from readings where tag_id = (select tag from site_tags where site = $1) order by time`,
    [site],
  );
  expect(values.map(({ value }) => value)).toEqual([0, 1, 2, 99, 99, 99, 99]);
  expect((await selectSummary(db, site))!.readings).toBe(7);
});

test('a segment of several numbers counts for all of them, and none of them is taken again', async () => {
  const receive = receiver(db, silent, syncMetrics(new Registry()));
  const site = await aSite(db);
  const epoch = randomUUID();
  await receive(anEventsSegment({ site, epoch, seq: 1 }, [{ type: 'tags', tags: [aTag(1)] }]));
  const merged = aReadingsSegment({ site, epoch, seq: 2 }, readingsOf(1, 5));
  await receive({ ...merged, segment: { ...merged.segment, through: 4 } });
  const next = (seq: number) => receive(aReadingsSegment({ site, epoch, seq }, readingsOf(1, 2)));
  await next(1);
  const [progress] = await db.query(
    `select up_to from sync_progress where site = $1 and stream = 'readings'`,
    [site],
  );
  expect(progress).toEqual({ up_to: 4 });
  await expect(next(3)).rejects.toThrow(/Count anew/);
  expect(await next(5)).toEqual({ state: 'stored' });
});

const aRequest = (length: string, body: AsyncIterable<Uint8Array> = Readable.from([])) =>
  ({ method: 'POST', headers: new Map([['content-length', length]]), body }) as unknown as WebRequest;
const statusOf = (work: () => unknown): number => {
  try {
    work();
    return 200;
  } catch (err) {
    return (err as Problem).details.status;
  }
};

test('what is too much at a time is told to come later, before its content is read', () => {
  const gate = openGate({ requests: 2, bytes: 100, requestsOfSite: 1 });
  const first = gate.enter(aRequest('60'), 1_000);
  expect(statusOf(() => gate.enter(aRequest('60'), 1_000))).toBe(429);
  const second = gate.enter(aRequest('40'), 1_000);
  expect(statusOf(() => gate.enter(aRequest('0'), 1_000))).toBe(429);
  second[Symbol.dispose]();
  first[Symbol.dispose]();
  expect(statusOf(() => gate.enter(aRequest('1001'), 1_000))).toBe(413);
  const own = gate.enterSite('a');
  expect(statusOf(() => gate.enterSite('a'))).toBe(429);
  expect(statusOf(() => gate.enterSite('b'))).toBe(200);
  own[Symbol.dispose]();
  expect(statusOf(() => gate.enterSite('a'))).toBe(200);
});

test('content that stops coming is given up', async () => {
  const body = (async function* () {
    yield new Uint8Array(encodeBatch(readingsOf(1, 1)));
    await new Promise(() => undefined);
  })();
  const given = await contentOf(aRequest('100', body), 20).catch((err: unknown) => err);
  expect(given).toBeInstanceOf(Problem);
  expect((given as Problem).details.status).toBe(408);
});
