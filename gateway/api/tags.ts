import { z } from 'zod';

/**
 * What is not stored though it was read. Alarms and screens see every reading; the store keeps those that say
 * something: `deadband`, a change larger than that; `swinging door`, what is needed so that straight lines between the
 * stored readings miss none by more than `error`. At least one reading is stored in each `heartbeatMs`.
 */
export const ThinSettings = z.discriminatedUnion('by', [
  z.strictObject({
    by: z.literal('deadband'),
    deadband: z.number().min(0),
    heartbeatMs: z.number().int().min(1000).max(86_400_000).default(600_000),
  }),
  z.strictObject({
    by: z.literal('swinging door'),
    error: z.number().positive(),
    heartbeatMs: z.number().int().min(1000).max(86_400_000).default(600_000),
  }),
]);
export type ThinSettings = z.infer<typeof ThinSettings>;

/**
 * GET /api/v1/tags.csv: all tags, one a row; an address or a settings object is JSON in its cell, a limit has a cell.
 * POST /api/v1/tags/import?preview=true|false (engineer), the same CSV: faults name row and column; with a fault
 * nothing is imported. GET and PUT /api/v1/tags/{id}/settings: one tag as plant.yaml has it.
 * POST /api/v1/tags (engineer): adds tags, as plant.yaml has them.
 */
export const TagImport = z.strictObject({
  rows: z.number().int(),
  added: z.array(z.string()),
  changed: z.array(z.strictObject({ name: z.string(), columns: z.array(z.string()) })),
  unchanged: z.number().int(),
  faults: z.array(
    z.strictObject({
      /** As a spreadsheet counts: the head is row 1. */
      row: z.number().int(),
      column: z.string(),
      value: z.string(),
      message: z.string(),
    }),
  ),
  imported: z.boolean(),
});
export type TagImport = z.infer<typeof TagImport>;
