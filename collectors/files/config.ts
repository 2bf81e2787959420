import { isAbsolute, join } from 'node:path';
import { z } from 'zod';
import { Column, CsvFormat } from '../csv-format.ts';
import { TimeFormat } from '../wall-time.ts';

const folder = z
  .string()
  .refine(isAbsolute, { message: 'must be a folder from the root on, like /srv/plant/in' });

interface Columns {
  readonly timeColumn: Column | readonly [Column, Column];
  readonly long?: { readonly tag: Column; readonly value: Column } | undefined;
}
const columnsOf = ({ timeColumn, long }: Columns): Column[] => [
  ...(Array.isArray(timeColumn) ? (timeColumn as readonly Column[]) : [timeColumn as Column]),
  ...(long === undefined ? [] : [long.tag, long.value]),
];

/** A folder into which somebody puts files: each is read once and then moved away. */
export const FilesConfig = z
  .strictObject({
    folder,
    match: z
      .string()
      .min(1)
      .regex(/^[^/\0]+$/, 'must be the name of a file, with * and ? for anything')
      .default('*.csv')
      .describe('Which of its files: `*` and `?` stand for anything.'),
    pollMs: z
      .number()
      .int()
      .min(100)
      .max(86_400_000)
      .default(5000)
      .describe('How often the folder is looked into; a notice of the system makes it sooner.'),
    ready: z
      .enum(['still', 'done-file'])
      .default('still')
      .describe('When a file is complete: its size has held still, or `NAME.done` lies beside it.'),
    stillMs: z.number().int().min(100).max(3_600_000).default(2000),
    format: z.enum(['csv', 'jsonl']).default('csv'),
    csv: CsvFormat.prefault({}),
    timeColumn: z
      .union([Column, z.tuple([Column, Column])])
      .describe("Where a row's time stands; two columns are read as one text with a space between."),
    time: TimeFormat.prefault({}),
    long: z
      .strictObject({ tag: Column, value: Column })
      .optional()
      .describe('A row holds one value, and a column says of which tag. Without: a column per tag.'),
    doneFolder: folder.optional(),
    failedFolder: folder.optional(),
  })
  .refine(
    ({ csv, format, ...config }) =>
      format === 'jsonl' || csv.header || columnsOf(config).every((column) => typeof column === 'number'),
    {
      path: ['timeColumn'],
      message: 'and the columns of `long` must be numbers from 1: without a header columns have no names',
    },
  )
  .refine((config) => ![config.doneFolder, config.failedFolder].includes(config.folder), {
    path: ['folder'],
    message: 'must be another one than doneFolder and failedFolder',
  });
export type FilesConfig = z.infer<typeof FilesConfig>;

/** A column, perhaps only of the rows that say so; or a name in the tag column of a long table. */
export const FilesAddress = z.union([
  z.strictObject({
    column: Column,
    time: Column.optional().describe('Where this column has a time of its own.'),
    where: z
      .record(z.string(), z.string())
      .default({})
      .describe('Only rows in which these columns hold these texts.'),
  }),
  z.strictObject({ tag: z.string().min(1).max(500) }),
]);
export type FilesAddress = z.infer<typeof FilesAddress>;

export const endpoint = (config: FilesConfig): string => `file://${join(config.folder, config.match)}`;

export const doneFolder = (config: FilesConfig): string => config.doneFolder ?? join(config.folder, 'done');
export const failedFolder = (config: FilesConfig): string =>
  config.failedFolder ?? join(config.folder, 'failed');
