import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CsvFormat } from '../../collectors/csv-format.ts';
import { BrokenTable, cellOf, csvRows } from '../../collectors/csv.ts';
import type { Row } from '../../collectors/csv.ts';

async function* inPieces(bytes: Uint8Array, size: number) {
  for (let i = 0; i < bytes.length; i += size) yield await Promise.resolve(bytes.subarray(i, i + size));
}

async function rows(text: string | Uint8Array, format: Partial<CsvFormat> = {}, size = 3) {
  const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text;
  const read: Row[] = [];
  for await (const row of csvRows(inPieces(bytes, size), CsvFormat.parse(format))) read.push(row);
  return read;
}

const cell = fc.string({ unit: 'grapheme', maxLength: 12 }).map((text) =>
  text
    .trim()
    .replaceAll('\0', '')
    .replace(/^\uFEFF/, ''),
);
const table = fc.array(fc.array(cell, { minLength: 2, maxLength: 5 }), { minLength: 1, maxLength: 10 });
const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;

test('what was written is read again, however it arrives', async () => {
  await fc.assert(
    fc.asyncProperty(table, fc.integer({ min: 1, max: 50 }), async (written, size) => {
      const text = written.map((one) => one.map(quoted).join(';')).join('\r\n');
      const read = await rows(text, { delimiter: ';' }, size);
      expect(read.map(({ cells }) => cells)).toEqual(written);
    }),
    { numRuns: 100 },
  );
});

test('a row says in which line of the file it stands', async () => {
  const read = await rows('Plant 7\nexport\n\na;b\n1;2\n\n"x\ny";4\n', { delimiter: ';', skip: 2 });
  expect(read).toEqual([
    { line: 4, cells: ['a', 'b'] },
    { line: 5, cells: ['1', '2'] },
    { line: 8, cells: ['x\ny', '4'] },
  ]);
});

test('umlauts of old programs and byte order marks are read', async () => {
  expect((await rows(Buffer.from('Kühlung,°C\n', 'latin1'), { encoding: 'latin1' }))[0]?.cells).toEqual([
    'Kühlung',
    '°C',
  ]);
  expect((await rows('\uFEFFKühlung,1\n'))[0]?.cells).toEqual(['Kühlung', '1']);
  expect((await rows(Buffer.from('\uFEFFa,ß\n', 'utf16le'), { encoding: 'utf-16le' }))[0]?.cells).toEqual([
    'a',
    'ß',
  ]);
});

test.each([
  ['a,b\n1,"2\n3,4\n', 'a quotation mark is opened and never closed'],
  [`a,b\n1,"${'x'.repeat(1_200_000)}`, 'longer than'],
  ['a,b\n1,x"y"\n', 'line 2'],
])('a table that cannot be read further says where', async (text, why) => {
  const failed = await rows(text, {}, 65_536).catch((err: unknown) => err);
  expect(failed).toBeInstanceOf(BrokenTable);
  expect((failed as Error).message).toContain(why);
});

test('a column goes by its name or by its number from 1', () => {
  expect(cellOf('b', ['a', 'b'])?.(['1', '2'])).toBe('2');
  expect(cellOf(1, undefined)?.(['1', '2'])).toBe('1');
  expect(cellOf(3, undefined)?.(['1', '2'])).toBeUndefined();
  expect(cellOf('c', ['a', 'b'])).toBeUndefined();
});
