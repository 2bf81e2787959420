import { createHash } from 'node:crypto';
import { mkdir, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import type { HttpConfig } from './config.ts';

const pack = promisify(gzip);
const unpack = promisify(gunzip);

/** The raw documents of a source: `documents/REQUEST/TIME-PAGE.json.gz`, within bounds of bytes and age. */
export interface Documents {
  /** Keeps a document, unless it is the same as the one before. */
  keep(document: RawDocument): Promise<void>;
  /** The newest one of a request. */
  newest(request: string): Promise<Buffer | undefined>;
}
export interface RawDocument {
  readonly request: string;
  readonly at: number;
  readonly page: number;
  readonly ending: 'json' | 'csv';
  readonly body: Buffer;
}

interface Kept {
  readonly path: string;
  readonly at: number;
  readonly bytes: number;
}

/** More files make a folder slow. */
const MOST = 20_000;
const DAY_MS = 86_400_000;

export async function documents(
  dataFolder: string | undefined,
  { megabytes, days }: HttpConfig['documents'],
): Promise<Documents> {
  if (dataFolder === undefined || megabytes === 0 || days === 0) return lastOnly();
  const folder = join(dataFolder, 'documents');
  const kept = await keptIn(folder);
  const last = new Map<string, string>();
  let bytes = kept.reduce((sum, one) => sum + one.bytes, 0);

  const prune = async (now: number) => {
    for (let oldest = kept[0]; oldest !== undefined; oldest = kept[0]) {
      if (bytes <= megabytes * 1_000_000 && kept.length <= MOST && oldest.at >= now - days * DAY_MS) return;
      // Before anything is waited for: another document may be kept meanwhile.
      kept.shift();
      bytes -= oldest.bytes;
      await rm(oldest.path, { force: true });
    }
  };
  return {
    async keep({ request, at, page, ending, body }) {
      const key = `${request} ${page}`;
      const hash = createHash('sha256').update(body).digest('base64');
      if (last.get(key) === hash) return;
      const packed = await pack(body);
      await mkdir(join(folder, request), { recursive: true });
      const time = new Date(at).toISOString().replaceAll(':', '');
      const path = join(folder, request, `${time}-${String(page).padStart(4, '0')}.${ending}.gz`);
      await writeFile(`${path}.draft`, packed, { mode: 0o600 });
      await rename(`${path}.draft`, path);
      kept.push({ path, at, bytes: packed.length });
      bytes += packed.length;
      last.set(key, hash);
      await prune(at);
    },
    async newest(request) {
      const path = kept.findLast((one) => one.path.startsWith(join(folder, request, '/')))?.path;
      return path === undefined ? undefined : unpack(await readFile(path));
    },
  };
}

/** In memory, one per request: for those who only want to look. */
function lastOnly(): Documents {
  const last = new Map<string, Buffer>();
  return {
    keep({ request, body }) {
      last.set(request, body);
      return Promise.resolve();
    },
    newest: (request) => Promise.resolve(last.get(request)),
  };
}

async function keptIn(folder: string): Promise<Kept[]> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  const kept: Kept[] = [];
  for (const name of names) {
    const path = join(folder, name);
    if (name.endsWith('.draft')) await rm(path, { force: true });
    if (!name.endsWith('.gz')) continue;
    const { size, mtimeMs } = await stat(path);
    kept.push({ path, at: mtimeMs, bytes: size });
  }
  return kept.sort((a, b) => a.at - b.at);
}
