import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Reading, TagId } from '../../../history/reading.ts';
import { selectAt } from '../../../history/store/at.ts';
import { estimateReadings } from '../../../history/store/estimate.ts';
import { selectKept } from '../../../history/store/kept.ts';
import { selectPages } from '../../../history/store/pages.ts';
import type { ReadingPage } from '../../../history/store/pages.ts';
import { insertReadings, selectReadings } from '../../../history/store/readings.ts';
import { rollUp } from '../../../history/store/roll-ups.ts';
import type { Database } from '../../../platform/database/db.ts';
import { anyReading } from '../../support/history.ts';
import { aReading, everySecond, NOON } from '../../support/readings.ts';
import { aStore, tagNumbers } from '../../support/store.ts';

let db: Database;
const newTag = tagNumbers();
const { signal } = new AbortController();
beforeAll(async () => {
  db = await aStore();
});
afterAll(async () => {
  await db[Symbol.asyncDispose]();
});
const store = (batch: readonly Reading[]) => db.transaction((tx) => insertReadings(tx, batch));
const orNull = (value: number | undefined) => (value === undefined || Number.isNaN(value) ? null : value);

const readingsOf = ({ tag, count, micros, values, texts, qualities, cleaned }: ReadingPage) =>
  Array.from({ length: count }, (_, i) => ({
    ...{ tag, at: (micros[i] ?? 0) / 1000, value: texts?.[i] ?? orNull(values[i]) },
    ...{ quality: qualities[i], cleaned: orNull(cleaned[i]) },
  }));

test('pages of any size hold every reading once, to the last bit, tag by tag in the order of time', async () => {
  const pageRows = fc.integer({ min: 1, max: 20 });
  await fc.assert(
    fc.asyncProperty(fc.array(anyReading(3), { maxLength: 60 }), pageRows, async (batch, rows) => {
      const tags = [newTag(), newTag(), newTag()];
      await store(batch.map((each) => ({ ...each, tag: tags[each.tag - 1]! })));
      const range = { from: 0, to: Date.UTC(2999, 1, 1) };
      const expected: Reading[] = [];
      for (const tag of tags) expected.push(...(await selectReadings(db, { tag, ...range, limit: 100 })));
      const found: unknown[] = [];
      for await (const page of selectPages(db, { tags, ...range, pageRows: rows }, signal)) {
        expect(page.count).toBeLessThanOrEqual(rows);
        found.push(...readingsOf(page));
      }
      expect(found).toStrictEqual(expected);
    }),
    { numRuns: 20 },
  );
});

test('many tags with few readings, late ones and texts among them, come whole and in order', async () => {
  const tags = Array.from({ length: 40 }, newTag);
  const values = [...Array.from({ length: 25 }, (_, i) => i), 'a'.repeat(200_000), 'b', 'é'.repeat(90_000)];
  const of = (i: number) => (i % 9 === 4 ? values : values.slice(0, (i * 7) % 25));
  const batch = tags.flatMap((tag, i) =>
    of(i).map((value, n) => aReading({ tag, at: NOON + n * 1000 + i, value, cleaned: null })),
  );
  // The newest first: in the table they lie the wrong way round.
  for (const part of [batch.filter((_, i) => i % 2 === 0), batch.filter((_, i) => i % 2 === 1)])
    await store(part.toReversed());
  for (const pageRows of [7, 60, 10_000]) {
    const found: unknown[] = [];
    const range = { tags: tags.toReversed(), from: NOON, to: NOON + 3_600_000, pageRows };
    for await (const page of selectPages(db, range, signal))
      found.push(...readingsOf(page).map(({ tag, at, value }) => ({ tag, at, value })));
    expect(found).toStrictEqual(batch.map(({ tag, at, value }) => ({ tag, at, value })));
  }
});

test('pages end with the reason when they are cancelled between two, and no query goes on', async () => {
  const tag = newTag();
  await store(
    everySecond(
      Array.from({ length: 30 }, (_, i) => i),
      { tag },
    ),
  );
  const stop = new AbortController();
  const read = async () => {
    for await (const page of selectPages(
      db,
      { tags: [tag], from: NOON, to: NOON + 60_000, pageRows: 10 },
      stop.signal,
    ))
      if (page.count > 0) stop.abort(new Error('Enough.'));
  };
  await expect(read()).rejects.toThrow('Enough.');
  expect(await db.query('select 1 as one')).toStrictEqual([{ one: 1 }]);
});

test('what tags were at an instant is the last reading at or before it', async () => {
  const [one, two, none] = [newTag(), newTag(), newTag()] as [TagId, TagId, TagId];
  await store([
    aReading({ tag: one, at: NOON, value: 1 }),
    aReading({ tag: one, at: NOON + 0.25, value: 2 }),
    aReading({ tag: one, at: NOON + 0.251, value: 3 }),
    aReading({ tag: two, at: NOON - 40 * 86_400_000, value: 'closed' }),
    aReading({ tag: none, at: NOON + 1, value: 9 }),
  ]);
  const found = await selectAt(db, [one, two, none], NOON + 0.25);
  expect(found.map(({ tag, at, value }) => ({ tag, at, value }))).toStrictEqual([
    { tag: one, at: NOON + 0.25, value: 2 },
    { tag: two, at: NOON - 40 * 86_400_000, value: 'closed' },
  ]);
});

test('about as many readings are expected as there are, rolled up or not', async () => {
  const tag = newTag();
  const values = Array.from({ length: 3 * 3600 }, (_, i) => i);
  await store(everySecond(values, { tag }));
  const ask = async (from: number, to: number) =>
    estimateReadings(db, { tags: [tag], from, to }, await selectKept(db));
  await rollUp(db, Date.now(), signal);
  await store(everySecond([1, 2, 3], { tag }).map((each) => ({ ...each, at: Date.now() + each.at - NOON })));
  expect(await ask(NOON + 600_500, NOON + 1_200_500)).toBe(600);
  expect(await ask(NOON - 30 * 86_400_000, NOON + 1800_000)).toBe(1800);
  expect(await ask(NOON - 300 * 86_400_000, NOON + 86_400_000 / 2)).toBe(10_800);
  expect(await ask(NOON - 86_400_000 / 2, Date.now() + 60_000)).toBe(10_803);
});
