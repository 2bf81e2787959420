import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { rowsDigest } from '../../../platform/backup/digest.ts';
import { DamagedBackup } from '../../../platform/backup/manifest.ts';
import { createRowsFile, readRows } from '../../../platform/backup/rows-file.ts';
import { readPages, readWhole } from '../../../platform/backup/store/rows.ts';
import { fixTextForm, selectTables } from '../../../platform/backup/store/tables.ts';
import type { CopyTarget, Database } from '../../../platform/database/db.ts';
import { rowsOfTable } from '../../support/backup.ts';
import { aDatabase } from '../../support/database.ts';
import { aFolder } from '../../support/folder.ts';

let db: Database;
let folder: Awaited<ReturnType<typeof aFolder>>;
const everything: CopyTarget = {
  table: 'everything',
  columns: {
    ...{ words: 'text', n: 'int4', small: 'int2', big: 'int8', real: 'float8', raw: 'bytea' },
    ...{ at: 'timestamptz', yes: 'bool', doc: 'jsonb', id: 'uuid' },
  },
};
beforeAll(async () => {
  [db, folder] = await Promise.all([aDatabase(), aFolder()]);
  for (const table of ['everything', 'again'])
    await db.query(`create table ${table} (words text, n int generated always as identity, small int2, big int8,
      real float8, raw bytea, at timestamptz, yes bool, doc jsonb, id uuid, list float8[],
      twice int8 generated always as (small * 2) stored, primary key (words, n))`);
});
afterAll(async () => {
  await db[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

const lines = fc.array(
  fc.string().map((line) => line.replaceAll('\n', ' ')),
  { maxLength: 30 },
);
const digestOf = (pieces: readonly Uint8Array[]) => {
  const digest = rowsDigest();
  for (const piece of pieces) digest.update(piece);
  return digest.result();
};

test('the digest of rows does not depend on how they were cut or in which order they came', () => {
  fc.assert(
    fc.property(lines, fc.integer({ min: 1, max: 20 }), (rows, size) => {
      const bytes = Buffer.from(rows.map((row) => `${row}\n`).join(''));
      const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
        bytes.subarray(i * size, (i + 1) * size),
      );
      const turned = Buffer.from(
        rows
          .toReversed()
          .map((row) => `${row}\n`)
          .join(''),
      );
      expect(digestOf(pieces)).toEqual(digestOf([turned]));
      expect(digestOf(pieces).rows).toBe(rows.length);
    }),
  );
});

const words = fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0'));
const orNull = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { freq: 6 });
const aRow = fc.record({
  words: fc.oneof(words, fc.constantFrom('\\N', 'a\tb', "it's", '\\', '\\.', 'x\n\\.\n', '\r\n\b\f\v')),
  small: orNull(fc.integer({ min: -16_000, max: 16_000 })),
  big: orNull(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n)),
  real: orNull(fc.double()),
  raw: orNull(fc.uint8Array({ maxLength: 100 })),
  at: orNull(fc.oneof(fc.integer({ min: -2e12, max: 8e12 }), fc.constantFrom(Infinity, -Infinity))),
  yes: orNull(fc.boolean()),
  doc: orNull(fc.jsonValue().filter((value) => !JSON.stringify(value).includes('\\u0000'))),
  id: orNull(fc.uuid()),
});

test(
  'rows of every type come back from a backup as they were, read at one go or in pages',
  { timeout: 120_000 },
  async () => {
    let round = 0;
    const property = fc.asyncProperty(
      fc.array(aRow, { minLength: 1, maxLength: 300 }),
      fc.boolean(),
      async (rows, paged) => {
        await db.query('truncate everything, again');
        await db.copy(
          everything,
          rows.map((row, n) => [
            row.words,
            n,
            row.small,
            row.big,
            row.real,
            row.raw,
            row.at,
            row.yes,
            row.doc,
            row.id,
          ]),
        );
        await db.query(`update everything set list = array[real, small, null]`);
        const [table] = (await selectTables(db)).filter(({ name }) => name === 'everything');
        if (table === undefined) throw new Error('no table');
        await using file = createRowsFile(join(folder.path, `${++round}.gz`));
        await (paged ? readPages : readWhole)(db, table, file.write);
        const facts = {
          table: 'again',
          columns: [...table.columns],
          file: `${round}.gz`,
          ...(await file.finish()),
        };
        await db.transaction(async (tx) => {
          await fixTextForm(tx);
          await readRows(folder.path, facts, (text) => tx.copyIn('again', facts.columns, text));
        });
        expect(await rowsOfTable(db, 'again')).toEqual(await rowsOfTable(db, 'everything'));
        expect(facts.rows).toBe(rows.length);
      },
    );
    await fc.assert(property, { numRuns: 30 });
  },
);

test('pages go on behind the last row, whatever its key holds, and no row comes twice', async () => {
  await db.query('truncate everything');
  await db.query(
    `insert into everything (words, small) select repeat(E'\\\\\\t', n % 7), n from generate_series(1, 3000) n`,
  );
  const [table] = (await selectTables(db)).filter(({ name }) => name === 'everything');
  const digest = rowsDigest();
  await readPages(db, table!, (text) => {
    digest.update(text);
    return Promise.resolve();
  });
  expect(digest.result().rows).toBe(3000);
});

async function aRowsFile(name: string) {
  await using file = createRowsFile(join(folder.path, name));
  await file.write(Buffer.from('1\ta\n2\tb\n'));
  return { table: 't', columns: ['n', 'words'], file: name, ...(await file.finish()) };
}

test('a file of rows that was torn or changed anywhere is refused', async () => {
  const facts = await aRowsFile('whole.gz');
  const whole = await readFile(join(folder.path, 'whole.gz'));
  await fc.assert(
    fc.asyncProperty(
      fc.nat({ max: whole.length - 1 }),
      fc.integer({ min: 1, max: 255 }),
      async (at, flip) => {
        const changed = Buffer.from(whole);
        changed[at] = (changed[at] ?? 0) ^ flip;
        for (const bytes of [changed, whole.subarray(0, at)]) {
          await writeFile(join(folder.path, 'torn.gz'), bytes);
          const read = readRows(folder.path, { ...facts, file: 'torn.gz' }, () => Promise.resolve());
          await expect(read).rejects.toThrow(DamagedBackup);
        }
      },
    ),
    { numRuns: 60 },
  );
  await expect(readRows(folder.path, { ...facts, file: 'none.gz' }, () => Promise.resolve())).rejects.toThrow(
    'damaged or missing',
  );
});

test('what goes wrong with rows that are read is not blamed on the file', async () => {
  const facts = await aRowsFile('good.gz');
  const failing = readRows(folder.path, facts, () => Promise.reject(new Error('The server is away.')));
  await expect(failing).rejects.toThrow('The server is away.');
});

test('a connection whose reader gave up is used again', async () => {
  const failing = db.copyOut('select generate_series(1, 100000)', () =>
    Promise.reject(new Error('disk full')),
  );
  await expect(failing).rejects.toThrow('disk full');
  expect(await db.query('select 1 as one')).toEqual([{ one: 1 }]);
});
