import { z } from 'zod';

/** How a table is written. */
export const CsvFormat = z.strictObject({
  delimiter: z.string().length(1).default(','),
  quote: z.string().length(1).default('"'),
  /** What stands before the decimals of a number. */
  decimal: z.enum(['.', ',']).default('.'),
  encoding: z.enum(['utf-8', 'latin1', 'utf-16le']).default('utf-8'),
  /** Whether the first row names the columns. Without: columns go by their number, the first is 1. */
  header: z.boolean().default(true),
  /** Lines before the table. */
  skip: z.number().int().min(0).max(10_000).default(0),
});
export type CsvFormat = z.infer<typeof CsvFormat>;

/** A column by its name in the header, or by its number from 1. */
export const Column = z.union([z.string().min(1).max(500), z.number().int().min(1).max(10_000)]);
export type Column = z.infer<typeof Column>;
