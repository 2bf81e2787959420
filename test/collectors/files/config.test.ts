import { expect, test } from 'vitest';
import { FilesConfig } from '../../../collectors/files/config.ts';
import { matcher } from '../../../collectors/files/folder.ts';

test('a pattern of names means what it says', () => {
  const matches = matcher('export-?_*(1).csv');
  expect(
    ['export-1_x(1).csv', 'export-12_x(1).csv', 'export-1_x(1)xcsv', '.export-1_(1).csv'].map(matches),
  ).toEqual([true, false, false, false]);
});

test.each<[object, string]>([
  [{ folder: 'in', timeColumn: 'T' }, 'from the root on'],
  [{ folder: '/in', timeColumn: 'T', csv: { header: false } }, 'must be numbers from 1'],
  [{ folder: '/in', timeColumn: 'T', doneFolder: '/in' }, 'another one'],
  [{ folder: '/in', timeColumn: 'T', match: '../*.csv' }, 'the name of a file'],
  [{ folder: '/in', timeColumn: 'T', time: { format: 'dd.MM.yyyy' } }, 'forty instants'],
])('a wrong configuration is refused with what was expected', (config, message) => {
  expect(FilesConfig.safeParse(config).error?.message).toContain(message);
});
