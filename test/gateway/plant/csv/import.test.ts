import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { columns } from '../../../../gateway/plant/csv/columns.ts';
import { propose } from '../../../../gateway/plant/csv/import.ts';
import { writeCsv } from '../../../../gateway/plant/csv/write.ts';
import type { Plant } from '../../../../gateway/store/plant.ts';
import { PlantModel } from '../../../../gateway/plant/model.ts';
import { toFile } from '../../../../gateway/plant/file.ts';
import type { TagId } from '../../../../history/reading.ts';
import { aPlantFile } from '../../../support/plant.ts';

let plant: Plant;
beforeAll(() => {
  const { tags, sources, areas, site } = PlantModel.parse(aPlantFile());
  plant = {
    site,
    areas: areas.map(({ name }, i) => ({ id: i + 1, name })),
    sources: sources.map((source, i) => ({ ...source, id: i + 1, config: source.config })),
    tags: tags.map(({ range, forecast, scale, normal, clamp, thin, write, stuckMs, ...tag }, i) => ({
      ...tag,
      id: (i + 1) as TagId,
      source: 1,
      ...{ range: range ?? null, forecast: forecast ?? null, scale: scale ?? null, normal: normal ?? null },
      ...{ clamp: clamp ?? null, thin: thin ?? null, write: write ?? null, stuckMs: stuckMs ?? null },
    })),
    rules: [],
  };
});
const csvOf = (given: Plant) => writeCsv((toFile(given) as { tags: Record<string, unknown>[] }).tags);
const HEAD = 'name,area,source,address,range.low,range.high';
const ADDRESS = '"{""register"":4,""type"":""int16""}"';
const faultsOf = (text: string) => propose(plant, text, null).report.faults;

test('what was exported is imported again without any change', () => {
  const { report, model } = propose(plant, csvOf(plant), null);
  expect(report).toEqual({ rows: 2, added: [], changed: [], unchanged: 2, faults: [] });
  expect(model?.tags).toMatchObject([{ name: 'TI-1', range: [0, 200] }, { name: 'PI-2' }]);
});

test('a table of some columns changes these and leaves the others; a new name is a new tag', () => {
  const { report, model } = propose(
    plant,
    `${HEAD}\nTI-1,Reactor,plc,"{""register"":0,""type"":""int16""}",0,150\nTI-3,Reactor,plc,${ADDRESS},,\n`,
    null,
  );
  expect(report).toMatchObject({
    added: ['TI-3'],
    changed: [{ name: 'TI-1', columns: ['range.high'] }],
    faults: [],
  });
  expect(model?.tags.find(({ name }) => name === 'TI-1')).toMatchObject({ unit: '°C', range: [0, 150] });
});

test('a spreadsheet’s own ways are understood: mark, semicolons, decimal comma, CRLF, empty rows at the end', () => {
  const text = `\uFEFFname;unit;range.low;range.high;spike\r\nTI-1;°C;-0,5;200,25;FALSCH\r\n;;;;\r\n`;
  const { report, model } = propose(plant, text, null);
  expect(report.faults).toEqual([]);
  expect(model?.tags[0]).toMatchObject({ range: [-0.5, 200.25], spike: false });
});

test('each fault is named by row and column, all at once, and nothing is imported', () => {
  const text = [
    `${HEAD},expectedMs,colour`,
    `TI-1,Nowhere,plc,${ADDRESS},0,,1000,red`,
    `TI-4,Reactor,plc,{broken,0,1,soon,`,
    `TI-5,Reactor,plc,"{""register"":70000,""type"":""int16""}",9,1,1000,`,
    `TI-5,Reactor,plc,${ADDRESS},,,1000,`,
    `,Reactor,plc,${ADDRESS},,,1000,`,
  ].join('\n');
  const { report, model } = propose(plant, text, null);
  expect(model).toBeNull();
  const found = report.faults.map(({ row, column, value }) => `${row} ${column} ${value}`);
  expect([...new Set(found)].sort()).toEqual([
    '1 colour colour',
    '2 area Nowhere',
    '2 range.high ',
    '3 address {broken',
    '3 expectedMs soon',
    '4 address {"register":70000,"type":"int16"}',
    '4 range.low 9',
    '5 name TI-5',
    '6 name ',
  ]);
});

test('a quote that is never closed, and a table without names, are told', () => {
  expect(faultsOf('name,unit\nTI-1,"kPa\n')).toMatchObject([
    { message: expect.stringContaining('quotes') as string },
  ]);
  expect(faultsOf('unit\nkPa\n')).toContainEqual(expect.objectContaining({ row: 1, column: 'name' }));
});

test('a text that a spreadsheet would compute is guarded, and comes back as it was', () => {
  const evil = ['=HYPERLINK("http://x")', '+1', '-1', '@SUM(A1)', "'quoted", "'=1", 'plain'];
  const tags = plant.tags.map((tag, i) => ({ ...tag, description: evil[i] ?? '' }));
  for (const description of evil) {
    const given = { ...plant, tags: tags.map((tag) => ({ ...tag, description })) };
    const text = csvOf(given);
    expect(text).not.toMatch(/[\n,]"?[=+@-]/);
    expect(propose(plant, text, null).model?.tags[0]?.description).toBe(description);
  }
});

test('any description survives the way out and in', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (description) => {
      const given = { ...plant, tags: plant.tags.map((tag) => ({ ...tag, description })) };
      const found = propose(plant, csvOf(given), null).model?.tags[0]?.description;
      expect(found).toBe(description.trim() === '' ? '' : description);
    }),
  );
});

test('any table is read, or its faults told; it never fails in another way', () => {
  const cell = fc.constantFrom(
    '',
    '"',
    '""',
    '{}',
    '1',
    '-',
    'TI-1',
    '=1',
    '\n',
    '\r\n',
    ';',
    ',',
    'name',
    '__proto__',
    'x',
  );
  fc.assert(
    fc.property(fc.array(cell), fc.boolean(), (cells, headed) => {
      const text = `${headed ? columns.map(({ name }) => name).join(',') : ''}\n${cells.join('')}`;
      const { report, model } = propose(plant, text, null);
      expect(model === null).toBe(report.faults.length > 0);
    }),
    { numRuns: 300 },
  );
});
