import { z } from 'zod';
import { instant } from '../../platform/api/page.ts';

const Days = {
  readingsDays: z.number(),
  minutesDays: z.number(),
  hoursDays: z.number(),
  maxBytes: z.number().nullable(),
};

/** GET /api/v1/storage: what is kept, how much of it, and what still waits. What is null is not known just now. */
export const StorageView = z.strictObject({
  readingsPerSecond: z.number(),
  /** Null while the database is away. */
  database: z
    .strictObject({
      engine: z.string(),
      bytes: z.number(),
      growthPerDay: z.number(),
      /** Free where the database lies: only where that is on this machine. */
      freeBytes: z.number().nullable(),
      /** Days until its disk is full; null where that is not known, or never: retention drops as much as comes. */
      daysLeft: z.number().nullable(),
      compression: z.strictObject({ before: z.number(), after: z.number() }).nullable(),
      tables: z.array(
        z.strictObject({
          name: z.string(),
          bytes: z.number(),
          chunks: z.number().nullable(),
          compressed: z.number().nullable(),
          from: instant.nullable(),
          to: instant.nullable(),
        }),
      ),
    })
    .nullable(),
  retention: z.strictObject({
    ...Days,
    /** What is older was dropped; null while nothing was, or while the database is away. */
    readingsFrom: instant.nullable(),
    minutesFrom: instant.nullable(),
    hoursFrom: instant.nullable(),
    classes: z.array(z.strictObject({ name: z.string(), tags: z.number().int(), ...Days })),
    /** Classes that tags name and the configuration does not have: these tags are kept as all others. */
    unknown: z.array(z.strictObject({ name: z.string(), tags: z.number().int() })),
  }),
  spool: z.strictObject({
    batches: z.number(),
    bytes: z.number(),
    maxBytes: z.number(),
    fill: z.number(),
    level: z.enum(['roomy', 'filling', 'nearly full', 'full']),
  }),
  /** The disk of the data folder, with the spool. */
  disk: z
    .strictObject({
      state: z.enum(['roomy', 'low', 'full']),
      freeBytes: z.number(),
      totalBytes: z.number(),
      ballastBytes: z.number(),
    })
    .nullable(),
  /** What waits for the centre; null where there is none, or while the database is away. */
  outbox: z
    .strictObject({
      segments: z.number(),
      bytes: z.number(),
      maxBytes: z.number(),
      /** Segments whose readings are taken from the store again when they are sent. */
      emptied: z.number(),
      oldest: instant.nullable(),
    })
    .nullable(),
  /** Pieces put aside since the start because they cannot be stored. */
  quarantined: z.number(),
});
export type StorageView = z.infer<typeof StorageView>;
