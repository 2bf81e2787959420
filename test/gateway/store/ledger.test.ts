import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { createLedger } from '../../../gateway/store/ledger.ts';
import type { Reading, TagId } from '../../../history/reading.ts';
import type { Database } from '../../../platform/database/db.ts';
import { aReading, NOON } from '../../support/readings.ts';
import {
  aDatabaseToWrite,
  aFolderFor,
  aWriter,
  callable,
  flush,
  removeFolder,
} from '../../support/writer.ts';

let db: Database;
let folder: string;
beforeAll(async () => {
  db = await aDatabaseToWrite();
});
afterAll(() => db[Symbol.asyncDispose]());
beforeEach(async () => {
  folder = await aFolderFor();
});
afterEach(() => removeFolder(folder));

let tags = 9000;
const newTag = () => ++tags as TagId;
const soon = { timeout: 10_000 };
const some = (tag: TagId, count: number, from = 0): Reading[] =>
  Array.from({ length: count }, (_, i) => aReading({ tag, at: NOON + from + i }));
const stored = async (tag: TagId) => {
  const [row] = await db.query<{ count: number }>(
    'select count(*)::int as count from readings where tag_id = $1',
    [tag],
  );
  return row?.count;
};

/** What is known of a tag, and whether it adds up. */
function book(tag: TagId) {
  const ledger = createLedger();
  const enter = (readings: readonly Reading[]) => {
    ledger.collected(readings);
    return readings;
  };
  const balance = () => {
    const { collected, ...places } = ledger.of([tag]);
    expect(Object.values(places).reduce((sum, count) => sum + count, 0)).toBe(collected);
    return places;
  };
  return { ledger, enter, balance };
}
const NONE = { pending: 0, stored: 0, duplicate: 0, quarantined: 0, spooled: 0 };

test('every reading is stored or a duplicate, and the table agrees', async () => {
  const tag = newTag();
  const { ledger, enter, balance } = book(tag);
  await using writer = await aWriter({ db, folder, ledger });
  await writer.save(enter(some(tag, 100)), []);
  await writer.save(enter(some(tag, 30, 90)), []);
  const twice = aReading({ tag, at: NOON + 5000 });
  await writer.save(enter([twice, twice]), []);
  expect(balance()).toEqual({ ...NONE, stored: 121, duplicate: 11 });
  expect(await stored(tag)).toBe(121);
});

test('what cannot be kept is counted as put aside', async () => {
  const tag = newTag();
  const { ledger, enter, balance } = book(tag);
  await using writer = await aWriter({ db, folder, ledger });
  await writer.save(enter([...some(tag, 3), aReading({ tag, at: NaN })]), []);
  expect(balance()).toEqual({ ...NONE, stored: 3, quarantined: 1 });
});

test('what waits in the spool is counted there, and in the store when it has got there', async () => {
  const tag = newTag();
  const { ledger, enter, balance } = book(tag);
  const server = callable(db);
  await using writer = await aWriter({ db: server.db, folder, ledger });
  await writer.save(enter(some(tag, 5)), []);
  server.away = true;
  await writer.save(enter(some(tag, 10, 3)), []);
  expect(balance()).toEqual({ ...NONE, stored: 5, spooled: 10 });
  server.away = false;
  await expect.poll(balance, soon).toEqual({ ...NONE, stored: 13, duplicate: 2 });
  expect(await stored(tag)).toBe(13);
});

test('a slow transaction whose batch went to the spool as well is counted once', async () => {
  const tag = newTag();
  const { ledger, enter, balance } = book(tag);
  let letGo: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (letGo = resolve));
  await using writer = await aWriter({
    ...{ db, folder, ledger, slowMs: 50 },
    flush: (batch) => async (tx) => {
      const duplicates = await flush(batch)(tx);
      await held;
      return duplicates;
    },
  });
  const slow = writer.save(enter(some(tag, 4)), []);
  expect(balance()).toEqual({ ...NONE, pending: 4 });
  await slow;
  expect(balance()).toEqual({ ...NONE, spooled: 4 });
  letGo();
  await expect.poll(() => writer.figures().spooledBatches, soon).toBe(0);
  expect(balance()).toEqual({ ...NONE, stored: 4 });
});

test('what an earlier run left in the spool is none of this one', async () => {
  const tag = newTag();
  const server = callable(db);
  server.away = true;
  {
    await using writer = await aWriter({ db: server.db, folder });
    await writer.save(some(tag, 7), []);
  }
  const { ledger, enter, balance } = book(tag);
  await using writer = await aWriter({ db, folder, ledger });
  await writer.save(enter(some(tag, 2, 100)), []);
  await expect.poll(() => stored(tag), soon).toBe(9);
  expect(balance()).toEqual({ ...NONE, stored: 2 });
});
