import { randomUUID } from 'node:crypto';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Database } from '../../../platform/database/db.ts';
import { createLog } from '../../../platform/log.ts';
import { NumberTaken, receiver, UnknownTags } from '../../../sync/central/ingest.ts';
import type { Receive } from '../../../sync/central/ingest.ts';
import { syncMetrics } from '../../../sync/central/metrics.ts';
import { pruneLedger } from '../../../sync/central/store/ledger.ts';
import { selectMessages } from '../../../sync/central/store/messages.ts';
import { countQuarantined } from '../../../sync/central/store/quarantine.ts';
import { selectSummary } from '../../../sync/central/store/sites.ts';
import type { SiteEvent } from '../../../sync/wire.ts';
import {
  aCentralDatabase,
  anAlarm,
  anEventsSegment,
  anOrder,
  aReadingsSegment,
  aSite,
  aTag,
  countReadings,
  readingsOf,
  START,
} from '../../support/sync.ts';

let db: Database;
let receive: Receive;
let site: string;
let epoch: string;
beforeAll(async () => {
  db = await aCentralDatabase();
  receive = receiver(db, createLog('test', 'silent'), syncMetrics(new Registry()));
});
afterAll(() => db[Symbol.asyncDispose]());
beforeEach(async () => {
  await db.query(`truncate readings, sync_quarantine`);
  site = await aSite(db);
  epoch = randomUUID();
});

const events = (seq: number, ...content: SiteEvent[]) => anEventsSegment({ site, epoch, seq }, content);
const dictionary = (...ids: number[]) =>
  receive(events(1, { type: 'tags', tags: ids.map((id) => aTag(id)) }));
const readings = (seq: number, n = 5) =>
  aReadingsSegment({ site, epoch, seq }, readingsOf(1, n, START + seq * 1_000_000));
const completeTo = async () => (await selectSummary(db, site))!.arrived_to?.getTime();

test('a segment that comes twice is stored once', async () => {
  await dictionary(1);
  expect(await receive(readings(1))).toEqual({ state: 'stored' });
  expect(await receive(readings(1))).toEqual({ state: 'duplicate' });
  expect([await countReadings(db), (await selectSummary(db, site))!.readings]).toEqual([5, 5]);
});

test('a segment that comes eight times at once is stored once', async () => {
  await dictionary(1);
  const outcomes = await Promise.all(Array.from({ length: 8 }, () => receive(readings(1))));
  expect(outcomes.filter(({ state }) => state === 'stored')).toHaveLength(1);
  expect(await countReadings(db)).toBe(5);
});

test('segments may come in any order, and the site is complete only up to the first gap', async () => {
  await dictionary(1);
  for (const seq of [2, 4]) await receive(readings(seq));
  expect(await completeTo()).toBeUndefined();
  await receive(readings(1));
  expect(await completeTo()).toBe(START + 2_000_000 + 4_000);
  await receive(readings(3));
  expect(await completeTo()).toBe(START + 4_000_000 + 4_000);
});

test('two sites may use the same tag numbers without seeing each other', async () => {
  await dictionary(1);
  await receive(readings(1));
  site = await aSite(db);
  await dictionary(1);
  await receive(readings(1));
  expect(await countReadings(db)).toBe(10);
});

test('readings of an unknown tag ask for the dictionary, and are taken once it has come', async () => {
  await expect(receive(readings(1))).rejects.toThrow(UnknownTags);
  await dictionary(1);
  expect(await receive(readings(1))).toEqual({ state: 'stored' });
});

test('a renamed tag keeps its readings', async () => {
  await dictionary(1);
  await receive(events(2, { type: 'tags', tags: [aTag(1, { name: 'NEW' })] }));
  const tags = await db.query(`select name from site_tags where site = $1`, [site]);
  expect(tags).toEqual([{ name: 'NEW' }]);
});

test('another segment under a number that was used is refused, and the first one stays', async () => {
  await dictionary(1);
  await receive(readings(1));
  await expect(receive(readings(1, 6))).rejects.toThrow(NumberTaken);
  expect(await countReadings(db)).toBe(5);
});

test.each<[string, (arrival: ReturnType<typeof readings>) => ReturnType<typeof readings>, RegExp]>([
  ['is damaged', (a) => ({ ...a, payload: Buffer.from('damaged') }), /checksum/],
  ['is of an unknown kind', (a) => ({ ...a, segment: { ...a.segment, kind: 'readings-99' } }), /not known/],
  [
    'holds fewer readings than announced',
    (a) => ({ ...a, segment: { ...a.segment, n: 99 } }),
    /99 were announced/,
  ],
])('a segment that %s is kept aside, acknowledged, and stops nothing', async (_, spoil, reason) => {
  await dictionary(1);
  const answer = await receive(spoil(readings(1)));
  expect(answer).toEqual({ state: 'quarantined', reason: expect.stringMatching(reason) as string });
  expect(await receive(readings(2))).toEqual({ state: 'stored' });
  expect(await countQuarantined(db)).toBe(1);
});

test('an event that the database cannot hold is kept aside with its neighbours', async () => {
  await dictionary(1);
  const answer = await receive(events(2, anAlarm({ comment: 'a\0b' })));
  expect(answer.state).toBe('quarantined');
  expect(await db.query(`select 1 from site_alarms where site = $1`, [site])).toEqual([]);
});

test('an alarm that was raised and returned is open until it is normal again', async () => {
  await dictionary(1);
  const alarm = anAlarm();
  const openAlarms = async () => (await selectSummary(db, site))!.open_alarms;
  await receive(events(2, alarm));
  expect(await openAlarms()).toBe(1);
  await receive(
    events(
      3,
      { ...alarm, event: 'acknowledged', state: 'acknowledged', by: 'Ada' },
      { ...alarm, event: 'cleared', state: 'normal' },
    ),
  );
  expect(await openAlarms()).toBe(0);
  expect(
    await db.query(`select event from site_alarm_changes where alarm = $1 order by id`, [alarm.id]),
  ).toEqual([{ event: 'raised' }, { event: 'acknowledged' }, { event: 'cleared' }]);
});

test('an alarm that a device watches itself is kept in that device’s words, and is open until it is normal', async () => {
  await dictionary(1);
  const id = randomUUID();
  const words = {
    source: 'plc',
    name: 'Level',
    of: 'Tank',
    area: 'Hall',
    message: 'Too high',
    severity: 800,
  };
  const alarm: SiteEvent = {
    ...{ type: 'device-alarm', id, ...words, tag: null, priority: 1, event: 'raised', state: 'active' },
    ...{ at: START, by: null, comment: null },
  };
  const openAlarms = async () => (await selectSummary(db, site))!.open_alarms;
  await receive(events(2, alarm));
  expect(await openAlarms()).toBe(1);
  await receive(
    events(
      3,
      { ...alarm, event: 'changed', priority: 2, message: 'Far too high', at: START + 1 },
      { ...alarm, event: 'acknowledged', state: 'acknowledged', by: 'Ada', tag: 1, at: START + 2 },
      { ...alarm, event: 'cleared', state: 'normal', at: START + 3 },
    ),
  );
  expect(await openAlarms()).toBe(0);
  expect(
    await db.query(`select event, message from site_alarm_changes where alarm = $1 order by id`, [id]),
  ).toMatchObject([{ event: 'raised' }, { message: 'Far too high' }, { event: 'acknowledged' }, {}]);
  expect(
    await db.query(`select kind, device ->> 'source' as source from site_alarms where id = $1`, [id]),
  ).toEqual([{ kind: 'device', source: 'plc' }]);
});

test('an order that comes twice, in two segments, is one training and one message', async () => {
  await dictionary(1);
  const order = anOrder();
  await receive(events(2, order));
  await receive(events(3, order));
  expect(await db.query(`select state from trainings where id = $1`, [order.id])).toEqual([
    { state: 'queued' },
  ]);
  const { messages } = await selectMessages(db, site, { epoch: undefined, after: 0 });
  expect(messages).toEqual([
    { seq: 1, body: { type: 'training-status', id: order.id, state: 'queued', error: null } },
  ]);
});

test('the ledger forgets what arrived without a gap, and takes no number of then again', async () => {
  await dictionary(1);
  for (const seq of [1, 2, 3, 5]) await receive(readings(seq));
  const complete = await completeTo();
  const later = new Date(Date.now() + 60_000);
  await pruneLedger(db, later);
  const left = async () =>
    (await db.query<{ seq: number }>(`select seq from sync_ledger where site = $1 order by seq`, [site])).map(
      ({ seq }) => seq,
    );
  expect(await left()).toStrictEqual([5]);
  await expect(receive(readings(2))).rejects.toThrow(NumberTaken);
  expect(await countReadings(db)).toBe(20);
  await receive(readings(4));
  expect(await completeTo()).toBeGreaterThan(complete ?? Infinity);
  await receive(readings(6));
  await pruneLedger(db, later);
  expect(await left()).toStrictEqual([]);
  expect(await receive(readings(7))).toEqual({ state: 'stored' });
});

test('what arrived lately stays in the ledger, so that it may come again', async () => {
  await dictionary(1);
  await receive(readings(1));
  expect(await pruneLedger(db, new Date(Date.now() - 60_000))).toBe(0);
  expect(await receive(readings(1))).toEqual({ state: 'duplicate' });
});
