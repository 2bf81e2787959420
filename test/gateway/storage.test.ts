import { join } from 'node:path';
import { expect, test } from 'vitest';
import { StorageView } from '../../gateway/api/storage.ts';
import { migrations } from '../../gateway/migrations.ts';
import { retentionOf, unknownClasses } from '../../gateway/retention.ts';
import { daysLeft, storageView } from '../../gateway/storage.ts';
import { insertReadings } from '../../history/store/readings.ts';
import { compressOld } from '../../history/store/retention.ts';
import { guardDisk } from '../../platform/disk.ts';
import { createLog } from '../../platform/log.ts';
import { outbox } from '../../sync/edge/store/outbox.ts';
import { aDatabase } from '../support/database.ts';
import { aFolder } from '../support/folder.ts';
import { hold } from '../support/hold.ts';
import { aReading, aTag, TAG } from '../support/readings.ts';
import { aWriter } from '../support/writer.ts';

const DAY = 86_400_000;
const log = createLog('test', 'silent');

function expectTables(view: StorageView['database'], canCompress: boolean): void {
  const table = view?.tables.find(({ name }) => name === 'readings');
  expect(table?.chunks).toBeGreaterThan(0);
  expect(table?.bytes).toBeGreaterThan(1000);
  expect(table?.compressed).toBe(canCompress ? table?.chunks : 0);
  expect((view?.compression?.after ?? 0) > 0).toBe(canCompress);
}

test('the storage view tells size, growth, compression, retention, spool, disk and outbox', async () => {
  const db = hold(await aDatabase({ migrations }));
  const folder = hold(await aFolder());
  const disk = hold(await guardDisk({ folder: folder.path, log, ballastBytes: 1024 ** 2 }));
  const writer = hold(await aWriter({ db, folder: join(folder.path, 'spool'), maxBytes: 1e6 }));
  const now = Date.now();
  const readings = Array.from({ length: 2000 }, (_, i) => aReading({ at: now - 2 * DAY - i * 1000 }));
  await db.transaction(async (tx) => {
    await insertReadings(tx, readings);
    await outbox.segmentsOf(readings)(tx);
  });
  await compressOld(db, now, new AbortController().signal);
  const config = { readingsDays: 90, minutesDays: 730, hoursDays: 3650, maxGigabytes: 10 };
  const view = await storageView({
    db: Object.assign(Object.create(db) as typeof db, { migrated: Promise.resolve() }),
    ...{ writer, disk, outboxBytes: 5000 },
    retention: () => {
      const retention = { ...config, classes: { fast: { readingsDays: 7 } } };
      const tags = [aTag({ id: TAG, retention: 'fast' }), aTag({ retention: 'fats' }), aTag()];
      return { ...retentionOf(retention, tags), unknown: unknownClasses(retention, tags) };
    },
  });
  expect(StorageView.parse(view)).toStrictEqual(view);
  expect(view.database?.bytes).toBeGreaterThan(1e6);
  expect(view.database?.growthPerDay).toBeGreaterThan(1000);
  expectTables(view.database, db.edition?.compression === true);
  expect(view.retention).toMatchObject({
    ...{ readingsDays: 90, maxBytes: 10 * 1024 ** 3, readingsFrom: null },
    unknown: [{ name: 'fats', tags: 1 }],
    classes: [{ name: 'fast', tags: 1, readingsDays: 7, minutesDays: 730, maxBytes: null }],
  });
  expect(view.spool).toMatchObject({ batches: 0, maxBytes: 1e6, fill: 0, level: 'roomy' });
  expect(view.disk?.totalBytes).toBeGreaterThan(0);
  expect(view.outbox).toMatchObject({ segments: 1, emptied: 0, maxBytes: 5000 });
});

test('days are told only where the disk fills up before retention drops as much as comes', () => {
  expect(daysLeft({ growth: 10, freeBytes: 300, untilSteady: 60 })).toBe(30);
  expect(daysLeft({ growth: 10, freeBytes: 300, untilSteady: 20 })).toBeNull();
  expect(daysLeft({ growth: 10, freeBytes: null, untilSteady: 60 })).toBeNull();
  expect(daysLeft({ growth: 0, freeBytes: 300, untilSteady: 60 })).toBeNull();
});
