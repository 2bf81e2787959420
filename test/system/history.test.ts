import { afterAll, beforeAll, expect, test } from 'vitest';
import { fileOf } from '../../gateway/export/body.ts';
import type { TagId } from '../../history/reading.ts';
import { selectPages } from '../../history/store/pages.ts';
import { insertReadings } from '../../history/store/readings.ts';
import { rollUp } from '../../history/store/roll-ups.ts';
import { selectTrends } from '../../history/store/trend.ts';
import type { Database } from '../../platform/database/db.ts';
import { DAY_MS, fillHistory, tagsOf } from '../bench/history-fill.ts';
import { explained } from '../support/explained.ts';
import { aReading } from '../support/readings.ts';
import { aStore } from '../support/store.ts';

// A tenth of a year of a hundred tags at ten seconds: 31 million readings.
const DAYS = 36;
const tags = tagsOf(100);
const to = Math.floor(Date.now() / DAY_MS) * DAY_MS;
const from = to - DAYS * DAY_MS;
const HOUR = 3_600_000;
const PIXELS = 2000;
const going = new AbortController().signal;
const spike = { tag: 58 as TagId, at: from + 23.7 * DAY_MS + 1234, value: 99_999 };

let db: Database;
beforeAll(async () => {
  db = await aStore();
  await fillHistory(db, { tags, from, days: DAYS, say: () => undefined });
  await db.transaction((tx) => insertReadings(tx, [aReading(spike)]));
  await rollUp(db, Date.now(), going);
}, 900_000);
afterAll(async () => {
  await db[Symbol.asyncDispose]();
});

const asked = [3, 17, 25, 44, spike.tag, 61, 77, 92].map((tag) => tag as TagId);
/** The greatest number of readings and roll-ups that an answer goes through. */
const MOST_ROWS = 80_000;

test.each([0.02, 1, 6, 11, 15, 21, 30, 60, 120, 160, 240, 480, 24 * DAYS])(
  'eight tags of %s hours at 2000 pixels are answered from a bounded number of rows, without a temporary file',
  async (hours) => {
    const length = hours * HOUR;
    const start = Math.min(Math.max(from, spike.at - 0.4 * length), to - length);
    const query = { tags: asked, from: start, to: start + length, pixels: PIXELS };
    const { answer, work } = await explained(db, (own) => selectTrends(own, query));
    expect(work.spilledPages).toBe(0);
    expect(work.rows).toBeLessThanOrEqual(MOST_ROWS);
    expect(work.statements).toBeLessThanOrEqual(5);
    for (const { at, max, tag } of answer) {
      expect(at.length).toBeLessThanOrEqual(2 * PIXELS + 4);
      // As fine as a third of the pixels, or as the readings are.
      expect(at.length).toBeGreaterThanOrEqual(Math.min(PIXELS / 3, length / 10_000 - 2));
      expect(Math.max(...max.map((value) => value ?? -Infinity)) === spike.value).toBe(tag === spike.tag);
    }
    // Roll-ups are read from the index, where a tag's lie side by side.
    const others = [...work.scans].filter((scan) => /readings_(1m|10m|1h)/.test(scan));
    for (const scan of others) expect(scan).toMatch(/^Index Only Scan/);
  },
);

test.each(['csv', 'parquet'] as const)(
  'a day of all tags as %s is whole, a few pages at a time',
  async (format) => {
    let [rows, bytes, most] = [0, 0, 0];
    const pages = selectPages(db, { tags, from: to - DAY_MS, to }, going);
    const how = {
      format,
      offset: null,
      nameOf: (tag: number) => `TI-${tag}`,
      wrote: (more: number) => (rows += more),
    };
    const before = process.memoryUsage().arrayBuffers;
    for await (const piece of fileOf(pages, how)) {
      bytes += piece.byteLength;
      most = Math.max(most, process.memoryUsage().arrayBuffers - before);
    }
    expect(rows).toBe(tags.length * 8640);
    expect(bytes).toBeGreaterThan(5_000_000);
    expect(most).toBeLessThan(150_000_000);
  },
);
