import { z } from 'zod';
import { instant, page } from './page.ts';

export const BackupView = z.strictObject({
  /** The folder's name. */
  name: z.string(),
  madeAt: instant,
  version: z.string(),
  rows: z.number().int(),
  bytes: z.number().int(),
  /** It was restored into a database of its own, and all rows came back. */
  restored: z.boolean(),
  /** Why it could only be read back, where the server allows no test restore. */
  unable: z.string().nullable(),
});
export type BackupView = z.infer<typeof BackupView>;

/** GET /api/v1/backups; POST /api/v1/backups makes one now (role engineer). Newest first. */
export const BackupsView = page(BackupView).extend({
  /** Null where no backups are configured. */
  folder: z.string().nullable(),
  cron: z.string().nullable(),
  keep: z.number().int().nullable(),
});
export type BackupsView = z.infer<typeof BackupsView>;
