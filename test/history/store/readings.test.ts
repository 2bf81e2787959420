import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Quality, Reading } from '../../../history/reading.ts';
import { countLosses, insertLoss } from '../../../history/store/losses.ts';
import { insertReadings, selectLast, selectReadings } from '../../../history/store/readings.ts';
import type { Database } from '../../../platform/database/db.ts';
import { anyReading } from '../../support/history.ts';
import { aReading, everySecond, NOON, TAG } from '../../support/readings.ts';
import { aStore, countOf, tagNumbers } from '../../support/store.ts';

let db: Database;
const newTag = tagNumbers();
beforeAll(async () => {
  db = await aStore();
});
afterAll(async () => {
  await db[Symbol.asyncDispose]();
});

const store = (batch: readonly Reading[]) => db.transaction((tx) => insertReadings(tx, batch));
const stored = (tag: Reading['tag'], from = NOON, to = NOON + 86_400_000) =>
  selectReadings(db, { tag, from, to, limit: 1000 });

test('a reading comes back with every bit, its microseconds and its text', async () => {
  const tag = newTag();
  const batch = [
    aReading({ tag, at: NOON + 0.001, value: -0 }),
    aReading({ tag, at: NOON + 0.25, value: Infinity, quality: 260 as Quality, cleaned: 4.5 }),
    aReading({ tag, at: NOON + 1, value: '9007199254740993' }),
    aReading({ tag, at: NOON + 2, value: null }),
    aReading({ tag, at: NOON + 3, value: 0.1 + 0.2 }),
  ];
  expect(await store(batch)).toBe(5);
  expect(await stored(tag)).toStrictEqual(batch);
});

test('a second delivery is a no-op, whatever else comes with it', async () => {
  const tag = newTag();
  const first = everySecond([1, 2, 3], { tag }).map((each, i) => ({ ...each, at: NOON + i * 1000.001 }));
  await store(first);
  const again = [{ ...first[1]!, value: 99 }, aReading({ tag, at: NOON + 9000, value: -0 })];
  expect(await store(again)).toBe(1);
  expect(await stored(tag)).toStrictEqual([...first, again[1]]);
});

test('of two readings for one instant in a batch the last is stored', async () => {
  const tag = newTag();
  const at = NOON + 0.5;
  expect(await store([aReading({ tag, at, value: 1 }), aReading({ tag, at: at + 0.0002, value: 2 })])).toBe(
    1,
  );
  expect((await stored(tag)).map(({ value }) => value)).toStrictEqual([2]);
});

test('NUL in a text is stored as its picture', async () => {
  const tag = newTag();
  await store([aReading({ tag, value: 'OPEN\0\0' })]);
  expect((await stored(tag))[0]?.value).toBe('OPEN\u2400\u2400');
});

test('a batch that fails leaves nothing behind, and the next one works', async () => {
  const tag = newTag();
  await expect(store([aReading({ tag }), aReading({ tag, at: -8.64e15 })])).rejects.toThrow(/out of range/);
  expect(await stored(tag)).toStrictEqual([]);
  expect(await store([aReading({ tag })])).toBe(1);
});

test('any batch is stored once, however often parts of it are delivered', async () => {
  const anyBatch = fc.array(
    anyReading(
      3,
      fc.nat({ max: 20 }).map((ms) => NOON + ms),
    ),
    { maxLength: 15 },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(anyBatch, { maxLength: 4 }), async (batches) => {
      await db.query('delete from readings where tag_id <= 3');
      const expected = new Map<string, Reading>();
      for (const batch of batches) {
        await store(batch);
        const fresh = new Map(batch.map((each) => [`${each.tag} ${each.at}`, each]));
        for (const [key, each] of fresh) if (!expected.has(key)) expected.set(key, each);
      }
      expect(await countOf(db, 'readings where tag_id <= 3')).toBe(expected.size);
    }),
    { numRuns: 25 },
  );
});

test('pages by key go through all readings once', async () => {
  const tag = newTag();
  const batch = Array.from({ length: 25 }, (_, i) => aReading({ tag, at: NOON + i * 0.001, value: i }));
  await store(batch);
  const seen: Reading[] = [];
  for (let from = NOON; ;) {
    const page = await selectReadings(db, { tag, from, to: NOON + 1, limit: 10 });
    seen.push(...page);
    if (page.length === 0) break;
    from = page.at(-1)!.at + 0.001;
  }
  expect(seen).toStrictEqual(batch);
});

test('the newest reading of each tag is found, also where it is years old or ahead of the clock', async () => {
  const [old, live, late] = [newTag(), newTag(), newTag()];
  const now = Math.floor(Date.now());
  await store([
    aReading({ tag: old, at: Date.UTC(2019, 5, 1), value: 'closed' }),
    aReading({ tag: live, at: now - 1000, value: 1 }),
    aReading({ tag: live, at: now + 3_600_000, value: 2 }),
    aReading({ tag: late, at: NOON, value: 3 }),
  ]);
  expect((await selectLast(db, [old, late])).map(({ value }) => value)).toStrictEqual(['closed', 3]);
  const all = new Map((await selectLast(db)).map(({ tag, value }) => [tag, value]));
  expect([all.get(old), all.get(live), all.get(late)]).toStrictEqual(['closed', 2, 3]);
});

test('a loss is on record with its cause', async () => {
  const cause = 'The queue of the server overflowed.';
  await insertLoss(db, { source: 1, tag: TAG, from: NOON, to: NOON + 5000, cause, count: 17 });
  await insertLoss(db, { source: null, tag: null, from: NOON, to: NOON, cause: 'unknown', count: null });
  expect(await countLosses(db)).toBe(2);
  const [loss] = await db.query(
    'select source_id, tag_id, from_time, to_time, cause, count from losses order by id',
  );
  expect(loss).toStrictEqual({
    ...{
      source_id: 1,
      tag_id: TAG,
      from_time: new Date(NOON),
      to_time: new Date(NOON + 5000),
      cause,
      count: 17,
    },
  });
});
