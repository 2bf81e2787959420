import { z } from 'zod';

/** How a table is written. */
export const CsvFormat = z.strictObject({
  delimiter: z.string().length(1).default(','),
  quote: z.string().length(1).default('"'),
  decimal: z.enum(['.', ',']).default('.').describe('What stands before the decimals of a number.'),
  encoding: z.enum(['utf-8', 'latin1', 'utf-16le']).default('utf-8'),
  header: z
    .boolean()
    .default(true)
    .describe(
      'Whether the first row names the columns. Without: columns go by their number, the first is 1.',
    ),
  skip: z.number().int().min(0).max(10_000).default(0).describe('Lines before the table.'),
});
export type CsvFormat = z.infer<typeof CsvFormat>;

/** A column by its name in the header, or by its number from 1. */
export const Column = z.union([z.string().min(1).max(500), z.number().int().min(1).max(10_000)]);
export type Column = z.infer<typeof Column>;
