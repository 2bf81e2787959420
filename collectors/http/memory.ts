import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Point } from '../collector.ts';
import { replaceFile } from '../replace-file.ts';
import type { HttpAddress } from './config.ts';

/** What is known of a request from the last time. */
const Known = z.object({
  /** The newest time of a reading that is safe. */
  newest: z.number().optional(),
  /** Of the last document, and the address that it was found under. */
  etag: z.string().optional(),
  lastModified: z.string().optional(),
  url: z.string().optional(),
  /** Which tags took something from it: others need the whole document. */
  tags: z.string().optional(),
});
export type Known = z.infer<typeof Known>;

export interface Memory {
  get(request: string): Known;
  /** Settles when a restart would find it. */
  set(request: string, known: Known): Promise<void>;
}

const FILE = 'requests.json';

/** Without a folder it lasts as long as the run. */
export async function memory(folder: string | undefined): Promise<Memory> {
  const known = new Map<string, Known>(folder === undefined ? [] : Object.entries(await read(folder)));
  let writing: Promise<void> = Promise.resolve();
  return {
    get: (request) => known.get(request) ?? {},
    async set(request, next) {
      if (JSON.stringify(known.get(request)) === JSON.stringify(next)) return;
      known.set(request, next);
      if (folder === undefined) return;
      writing = writing.catch(() => undefined).then(() => write(folder, Object.fromEntries(known)));
      await writing;
    },
  };
}

/** What cannot be read is asked for anew: no reading comes twice, so that only costs time. */
async function read(folder: string): Promise<Record<string, Known>> {
  try {
    const text = await readFile(join(folder, FILE), 'utf8');
    return z.record(z.string(), Known).parse(JSON.parse(text));
  } catch {
    return {};
  }
}

async function write(folder: string, known: Record<string, Known>): Promise<void> {
  await mkdir(folder, { recursive: true });
  await replaceFile(join(folder, FILE), JSON.stringify(known));
}

/** Changes when a request serves other tags than before. */
export const fingerprint = (points: readonly Point<HttpAddress>[]): string =>
  createHash('sha256')
    .update(JSON.stringify(points.map(({ tag, address, kind }) => [tag, address, kind])))
    .digest('base64')
    .slice(0, 16);
