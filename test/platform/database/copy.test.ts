import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CopyTarget, Database } from '../../../platform/database/db.ts';
import { encodeRows } from '../../../platform/database/encode.ts';
import { instant } from '../../../platform/database/instant.ts';
import { aDatabase } from '../../support/database.ts';

const everything: CopyTarget = {
  table: 'everything',
  columns: {
    n: 'int4',
    small: 'int2',
    big: 'int8',
    real: 'float8',
    words: 'text',
    raw: 'bytea',
    at: 'timestamptz',
    yes: 'bool',
    doc: 'jsonb',
    id: 'uuid',
  },
};

let db: Database;
beforeAll(async () => {
  db = await aDatabase();
  await db.query(`create table everything (n int4, small int2, big int8, real float8, words text,
    raw bytea, at timestamptz, yes bool, doc jsonb, id uuid)`);
});
afterAll(async () => {
  await db[Symbol.asyncDispose]();
});

/** Whole microseconds since the epoch, as a bigint, become milliseconds with a fraction. */
const millis = (micros: bigint) => Number(micros / 1000n) + Number(micros % 1000n) / 1000;
// 1990 to 2100: there a double holds each microsecond.
const micros = fc.bigInt(631_152_000_000_000n, 4_102_444_800_000_000n);
const words = fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0'));
const orNull = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { freq: 8 });

const aRow = fc.record({
  small: orNull(fc.integer({ min: -32_768, max: 32_767 })),
  big: orNull(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n)),
  real: orNull(fc.double()),
  words: orNull(words),
  raw: orNull(fc.uint8Array({ maxLength: 300 })),
  at: orNull(micros),
  yes: orNull(fc.boolean()),
  doc: orNull(fc.record({ key: words, list: fc.array(fc.integer()) })),
  id: orNull(fc.uuid()),
});

test('every value of every type comes back from a bulk load as it went in', { timeout: 60_000 }, async () => {
  const property = fc.asyncProperty(fc.array(aRow, { maxLength: 40 }), async (rows) => {
    await db.query('truncate everything');
    await db.copy(
      everything,
      rows.map((row, n) => [
        n,
        row.small,
        row.big,
        row.real,
        row.words,
        row.raw,
        row.at === null ? null : millis(row.at),
        row.yes,
        row.doc,
        row.id,
      ]),
    );
    const stored = await db.query(
      `select small, big::text as big, real, words, raw, yes, doc, id,
         (extract(epoch from at) * 1000000)::int8::text as at from everything order by n`,
    );
    expect(stored).toEqual(
      rows.map((row) => ({
        ...row,
        big: row.big?.toString() ?? null,
        at: row.at?.toString() ?? null,
        raw: row.raw === null ? null : Buffer.from(row.raw),
      })),
    );
  });
  await fc.assert(property, { numRuns: 40 });
});

test('a time with microseconds is the same by bulk load and as a parameter', async () => {
  const at = 1_700_000_000_000.123;
  await db.query('truncate everything');
  await db.copy({ table: 'everything', columns: { at: 'timestamptz' } }, [[at], [new Date(0)]]);
  const rows = await db.query('select at from everything where at = $1', [instant(at)]);
  expect(rows).toEqual([{ at: new Date(1_700_000_000_000) }]);
  expect(instant(1_699_999_999_999.9998)).toBe('2023-11-14T22:13:20.000000Z');
});

test('a bulk load inside a transaction is rolled back with it', async () => {
  await db.query('truncate everything');
  const failing = db.transaction(async (tx) => {
    await tx.copy({ table: 'everything', columns: { n: 'int4' } }, [[1], [2]]);
    expect(await tx.query('select count(*) from everything')).toEqual([{ count: 2 }]);
    throw new Error('no more');
  });
  await expect(failing).rejects.toThrow('no more');
  expect(await db.query('select count(*) from everything')).toEqual([{ count: 0 }]);
});

test('a bulk load that breaks a rule of the table fails as a whole, and the connection goes on', async () => {
  await db.query('create table if not exists once (n int primary key)');
  const target: CopyTarget = { table: 'once', columns: { n: 'int4' } };
  await expect(db.copy(target, [[1], [2], [1]])).rejects.toThrow('duplicate key');
  await expect(db.copy({ table: 'nowhere', columns: { n: 'int4' } }, [[1]])).rejects.toThrow(
    'does not exist',
  );
  await db.copy(target, [[7]]);
  expect(await db.query('select n from once')).toEqual([{ n: 7 }]);
});

test('inside a transaction a bulk load that fails leaves it as it was', async () => {
  await db.query('create table if not exists once (n int primary key)');
  await db.query('truncate once');
  const target: CopyTarget = { table: 'once', columns: { n: 'int4' } };
  await db.transaction(async (tx) => {
    await tx.copy(target, [[1]]);
    await expect(tx.copy(target, [[2], [1]])).rejects.toThrow('duplicate key');
    await expect(tx.copy(target, [['two']])).rejects.toThrow('Row 0 for once.n');
    await tx.copy(target, [[3]]);
  });
  expect(await db.query('select n from once order by n')).toEqual([{ n: 1 }, { n: 3 }]);
});

test('a bulk load and other statements may be under way together', async () => {
  await db.query('truncate everything');
  const rows = Array.from({ length: 100 }, (_, n) => [n]);
  const target: CopyTarget = { table: 'everything', columns: { n: 'int4' } };
  const work = [1, 2, 3].flatMap(() => [db.copy(target, rows), db.query('select pg_sleep(0.01)')]);
  await Promise.all(work);
  expect(await db.query('select count(*) from everything')).toEqual([{ count: 300 }]);
});

test('a large bulk load arrives whole', async () => {
  await db.query('truncate everything');
  const rows = Array.from({ length: 30_000 }, (_, n) => [n, `row ${n}`]);
  await db.copy({ table: 'everything', columns: { n: 'int4', words: 'text' } }, rows);
  const [sum] = await db.query('select count(*), sum(n) as total from everything');
  expect(sum).toEqual({ count: 30_000, total: 449_985_000 });
});

test.each([
  [{ n: 'int4' }, [1.5], 'Row 0 for t.n: expected a whole number from -2147483648 to 2147483647.'],
  [{ n: 'int2' }, [40_000], 'Row 0 for t.n: expected a whole number from -32768 to 32767.'],
  [{ n: 'int8' }, [2 ** 60], 'Row 0 for t.n: expected a safe whole number or a bigint of 64 bits.'],
  [{ n: 'float8' }, ['1'], 'Row 0 for t.n: expected a number.'],
  [{ n: 'timestamptz' }, [NaN], 'Row 0 for t.n: expected a time in milliseconds since the epoch, or a Date.'],
  [{ n: 'text' }, ['a\0'], 'Row 0 for t.n: expected a string without NUL characters'],
  [{ n: 'uuid' }, ['xyz'], 'Row 0 for t.n: expected a uuid.'],
  [{ n: 'text' }, ['a', 'b'], 'Row 0 for t has 2 values; 1 are due.'],
] as const)('a value that does not fit %o is named with row and column', (columns, row, message) => {
  expect(() => encodeRows({ table: 't', columns }, [row])).toThrow(message);
});
