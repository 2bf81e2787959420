import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { instant } from '../api/page.ts';

export const MANIFEST = 'manifest.json';

const size = z.number().int().min(0);
const FileFacts = { bytes: size, sha256: z.string().regex(/^[0-9a-f]{64}$/) };
/** Relative, and never out of the folder. */
const path = z
  .string()
  .min(1)
  .refine((value) => value.split('/').every((part) => part !== '' && part !== '.' && part !== '..'), {
    message: 'must be a relative path',
  });

const TableFile = z.strictObject({
  table: z.string().min(1),
  columns: z.array(z.string().min(1)).min(1),
  /** Gzip of COPY's text form. */
  file: path,
  ...FileFacts,
  rows: size,
  /** Sum of the CRC-32 of all rows, in whatever order. */
  sum: size,
});
export type TableFile = z.infer<typeof TableFile>;

const DataFile = z.strictObject({ path, ...FileFacts });
export type DataFile = z.infer<typeof DataFile>;

export const SequenceState = z.strictObject({
  table: z.string(),
  column: z.string(),
  last: z.string().regex(/^-?\d+$/),
  called: z.boolean(),
});
export type SequenceState = z.infer<typeof SequenceState>;

/** What a backup holds. It is written last: a folder without it is no backup. */
export const Manifest = z.strictObject({
  format: z.literal(1),
  daemon: z.enum(['gateway', 'central']),
  /** The version of Penstock that made it. */
  version: z.string(),
  madeAt: instant,
  engine: z.enum(['embedded', 'native']),
  server: z.string(),
  /** All tables are of one instant. False: readings went on being stored while they were read. */
  oneInstant: z.boolean(),
  migrations: z.array(z.strictObject({ module: z.string(), name: z.string(), checksum: z.string() })),
  tables: z.array(TableFile),
  sequences: z.array(SequenceState),
  /** Of the data folder: keys, secrets, certificates. */
  files: z.array(DataFile),
});
export type Manifest = z.infer<typeof Manifest>;

/** The folder is no backup, or not what was once written into it. */
export class DamagedBackup extends Error {
  override name = 'DamagedBackup';
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** The manifest with its own checksum. */
export const encodeManifest = (manifest: Manifest): string =>
  `${JSON.stringify({ sha256: sha256(JSON.stringify(manifest)), manifest }, null, 1)}\n`;

const Envelope = z.strictObject({ sha256: z.string(), manifest: z.unknown() });
const Format = z.looseObject({ format: z.number() });

export function decodeManifest(text: string, where: string): Manifest {
  try {
    const envelope = Envelope.parse(JSON.parse(text));
    if (sha256(JSON.stringify(envelope.manifest)) !== envelope.sha256)
      throw new DamagedBackup(`${where} was changed after it was written. Take another backup.`);
    const { format } = Format.parse(envelope.manifest);
    if (format > 1)
      throw new DamagedBackup(
        `${where} is of format ${format}, which this version does not know. Install a newer Penstock.`,
      );
    return Manifest.parse(envelope.manifest);
  } catch (cause) {
    if (cause instanceof DamagedBackup) throw cause;
    throw new DamagedBackup(`${where} is damaged. Take another backup.`, { cause });
  }
}

/** Rejects with `DamagedBackup` where `folder` is no whole backup. */
export async function readManifest(folder: string): Promise<Manifest> {
  const file = join(folder, MANIFEST);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw new DamagedBackup(
      `${folder} holds no backup: ${file} cannot be read. Name the folder of a backup that was finished.`,
      { cause },
    );
  }
  return decodeManifest(text, file);
}
