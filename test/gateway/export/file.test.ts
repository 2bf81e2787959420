import { gunzipSync } from 'node:zlib';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { parquetReadObjects } from 'hyparquet';
import { expect, test } from 'vitest';
import { fileOf } from '../../../gateway/export/body.ts';
import { reasonOf, statusOf } from '../../../history/reading.ts';
import type { Reading, TagId } from '../../../history/reading.ts';
import type { ReadingPage } from '../../../history/store/pages.ts';
import { micros } from '../../../history/times.ts';
import { offsetOf } from '../../../platform/zone.ts';
import type { Offset } from '../../../platform/zone.ts';
import { anyReading } from '../../support/history.ts';
import { aReading, NOON } from '../../support/readings.ts';

const compressors = { GZIP: (bytes: Uint8Array) => gunzipSync(bytes) };
const NAMES = ['TI-1', '=cmd|calc!A1', 'a "b", c'];
const nameOf = (tag: number) => NAMES[tag - 1] ?? '';

function pageOf(readings: readonly Reading[]): ReadingPage {
  const number = (value: Reading['value']) => (typeof value === 'number' ? value : NaN);
  const texts = readings.map(({ value }) => (typeof value === 'string' ? value : null));
  return {
    tag: readings[0]!.tag,
    count: readings.length,
    micros: Float64Array.from(readings, ({ at }) => micros(at)),
    values: Float64Array.from(readings, ({ value }) => number(value)),
    texts: texts.some((text) => text !== null) ? texts : null,
    qualities: Int16Array.from(readings, ({ quality }) => quality),
    cleaned: Float64Array.from(readings, ({ cleaned }) => number(cleaned)),
  };
}

async function written(
  pages: readonly ReadingPage[],
  format: 'csv' | 'parquet',
  offset: Offset | null = null,
) {
  const source = async function* () {
    for (const page of pages) yield await Promise.resolve(page);
  };
  const pieces: Uint8Array[] = [];
  let rows = 0;
  const how = { format, offset, nameOf, wrote: (more: number) => (rows += more) };
  for await (const piece of fileOf(source(), how)) pieces.push(piece);
  return { bytes: Buffer.concat(pieces), rows };
}
const csvOf = async (pages: readonly ReadingPage[], offset?: Offset) => {
  const { bytes } = await written(pages, 'csv', offset);
  return parse<Record<string, string>>(bytes, { columns: true });
};

const somePages = fc
  .array(fc.array(anyReading(1), { minLength: 1, maxLength: 30 }), { maxLength: 4 })
  .map((lists) => lists.map((list, i) => list.map((each) => ({ ...each, tag: ((i % 3) + 1) as TagId }))));

/** A text that a spreadsheet would compute has a quote before it. */
const unguarded = (cell: string) => cell.replace(/^'(?=[=+\-@\t\r'])/, '');

test('CSV gives back every reading: its time to the microsecond, its value to the last bit, its text', async () => {
  await fc.assert(
    fc.asyncProperty(somePages, async (lists) => {
      const rows = await csvOf(lists.map(pageOf));
      const all = lists.flat();
      expect(rows).toHaveLength(all.length);
      for (const [i, row] of rows.entries()) {
        const { tag, at, value, quality, cleaned } = all[i]!;
        expect(Date.parse(row['time']!)).toBe(Math.floor(micros(at) / 1000));
        expect(unguarded(row['tag']!)).toBe(nameOf(tag));
        if (typeof value === 'number') expect(Number(row['value'])).toBe(value === 0 ? 0 : value);
        else expect(unguarded(row['value']!)).toBe(value ?? '');
        expect(row['quality']).toBe(statusOf(quality));
        expect(row['reason']).toBe(reasonOf(quality) === 'none' ? '' : reasonOf(quality));
        expect(row['cleaned'] === '' ? null : Number(row['cleaned'])).toBe(cleaned === 0 ? 0 : cleaned);
      }
    }),
  );
});

test('no cell of CSV is a formula', async () => {
  const texts = ['=1+1', '+SUM(A1)', '-2+3', '@x', '\t=1', "'=1", '=a","=b'];
  const readings = texts.map((value, i) => aReading({ tag: 2 as TagId, at: NOON + i, value }));
  const rows = await csvOf([pageOf(readings)]);
  for (const { value, tag } of rows) {
    expect(value).not.toMatch(/^[=+\-@\t\r]/);
    expect(tag).not.toMatch(/^[=+\-@\t\r]/);
  }
  const [big] = await csvOf([pageOf([aReading({ tag: 1 as TagId, value: '-9223372036854775807' })])]);
  expect(big?.['value']).toBe('-9223372036854775807');
});

test('times are in UTC, or as the clocks of the plant show them with their offset, twice in the hour that comes twice', async () => {
  const at = Date.UTC(2026, 9, 25, 0, 30, 0, 5);
  const readings = [at, at + 3_600_000, at + 7_200_000.001].map((each) =>
    aReading({ tag: 1 as TagId, at: each }),
  );
  const times = async (offset?: Offset) => (await csvOf([pageOf(readings)], offset)).map(({ time }) => time);
  expect(await times()).toStrictEqual([
    '2026-10-25T00:30:00.005Z',
    '2026-10-25T01:30:00.005Z',
    '2026-10-25T02:30:00.005001Z',
  ]);
  expect(await times(offsetOf('Europe/Berlin'))).toStrictEqual([
    '2026-10-25T02:30:00.005+02:00',
    '2026-10-25T02:30:00.005+01:00',
    '2026-10-25T03:30:00.005001+01:00',
  ]);
  expect((await times(offsetOf('America/St_Johns')))[0]).toBe('2026-10-24T22:00:00.005-02:30');
});

test('Parquet gives back every reading, a row group a page', async () => {
  await fc.assert(
    fc.asyncProperty(somePages, async (lists) => {
      const { bytes, rows } = await written(lists.map(pageOf), 'parquet');
      const all = lists.flat();
      expect(rows).toBe(all.length);
      const file = new Uint8Array(bytes).buffer;
      const found = await parquetReadObjects({ file, compressors });
      expect(found).toHaveLength(all.length);
      for (const [i, row] of found.entries()) {
        const { tag, at, value, quality, cleaned } = all[i]!;
        expect((row['time'] as Date).getTime()).toBe(Math.floor(micros(at) / 1000));
        expect(row['tag']).toBe(nameOf(tag));
        expect(row['value'] ?? null).toBe(typeof value === 'number' ? value : null);
        expect(row['text'] ?? null).toBe(typeof value === 'string' ? value : null);
        expect(row['quality']).toBe(statusOf(quality));
        expect(row['cleaned'] ?? null).toBe(cleaned);
      }
    }),
  );
});

test('a Parquet file without readings is one all the same', async () => {
  const { bytes } = await written([], 'parquet');
  expect(await parquetReadObjects({ file: new Uint8Array(bytes).buffer, compressors })).toStrictEqual([]);
});
